// A receiver of webhooks on loopback that counts what comes and misbehaves as it is told.
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Received {
  path: string
  headers: http.IncomingHttpHeaders
  body: string
  /** When it was here, milliseconds UTC. */
  at: number
  /** After how many milliseconds the sender closed the connection before it was answered; null when it did not. */
  leftAfterMs: number | null
}

/** A status with headers, at once or `afterMs`, or a way not to answer. */
export type Manner =
  | { status: number; headers?: Record<string, string>; text?: string; afterMs?: number }
  | 'drop'
  | 'reset'
  | 'half'
  | 'silent'
  | 'upgrade'
  | 'hints'

export const OK: Manner = { status: 200, text: 'thanks' }

export interface Receiver {
  readonly port: number
  readonly url: string
  readonly received: Received[]
  /** Connections opened, whether or not something was sent on them. */
  connections(): number
  close(): Promise<void>
}

/** `manner` decides from what came and how many came before it. */
export async function startReceiver(
  manner: (message: Received, count: number) => Manner = () => OK,
  host = '127.0.0.1',
  port = 0,
): Promise<Receiver> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const began = performance.now()
      const message: Received = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        at: Date.now(),
        leftAfterMs: null,
      }
      received.push(message)
      response.on('close', () => {
        if (!response.writableEnded) message.leftAfterMs = performance.now() - began
      })
      const how = manner(message, received.length - 1)
      if (how === 'silent') return
      if (how === 'drop') request.socket.destroy()
      else if (how === 'reset') request.socket.resetAndDestroy()
      else if (how === 'upgrade') {
        const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
        request.socket.write(head)
      } else if (how === 'hints') {
        const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'.repeat(100)
        const more = (): void => {
          while (!request.socket.destroyed && request.socket.write(hints));
          request.socket.once('drain', more)
        }
        more()
      } else if (how === 'half') {
        response.writeHead(200, { 'Content-Length': '1000' })
        response.write('half', () => request.socket.destroy())
      } else {
        const answer = () => response.writeHead(how.status, how.headers).end(how.text ?? '')
        if (how.afterMs === undefined) answer()
        else setTimeout(() => response.destroyed || answer(), how.afterMs).unref()
      }
    })
  })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const at = (server.address() as AddressInfo).port
  return {
    port: at,
    url: `http://127.0.0.1:${at}/hook`,
    received,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
