// The token exchange of later stock plugins: a client connects to a fixed pipe, writes GET_TOKEN, reads the token once.
// Off unless asked for: Node cannot restrict a Windows pipe to one user, so anybody on the machine may read the token.
import { rmSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'

const QUESTION = 'GET_TOKEN'
/** A probe connects and leaves without a word; a client that dawdles is cut off. */
const IDLE_MS = 5_000

export interface CompatPipe {
  /** Where it listens. */
  readonly place: string
  close(): Promise<void>
}

/** The plugin's fixed name on Windows; elsewhere a socket in the user's own data folder, so that it can be tested. */
export function compatPipePlace(dataFolder: string): string {
  return process.platform === 'win32'
    ? '\\\\.\\pipe\\sisrua_backend'
    : path.join(dataFolder, 'sisrua_backend.sock')
}

/** Serves `token` to every client that asks in the plugin's words; everything else is closed without an answer. */
export async function openCompatPipe(place: string, token: string): Promise<CompatPipe> {
  const open = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    open.add(socket)
    let asked = ''
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    socket.on('data', (chunk) => {
      asked += chunk.toString('latin1')
      if (asked === QUESTION) socket.end(token, 'utf8')
      else if (!QUESTION.startsWith(asked)) socket.destroy()
    })
  })
  // A socket file that a killed process left behind; the instance lock says that nobody listens there.
  if (process.platform !== 'win32') rmSync(place, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, resolve)
  })
  return {
    place,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
