// The daemon as a child process, started and stopped as the plugin does it: token on standard input, ready line on standard output.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { createInterface } from 'node:readline'

export interface DaemonProcess {
  /** `http://127.0.0.1:port` */
  url: string
  token: string
  child: ChildProcessWithoutNullStreams
  ready: Record<string, unknown>
  /** A request with the token. */
  call(path: string, init?: RequestInit): Promise<Response>
  /** Asks for an orderly stop and answers the exit code; kills after 5 s. */
  stop(): Promise<number | null>
}

export interface DaemonProcessOptions {
  /** Command that starts the program; the checkout's own when absent. */
  command?: readonly string[]
  args?: readonly string[]
  dataDir: string
  env?: Record<string, string>
}

/** This Node and the checkout's entry. */
export const CHECKOUT_PROGRAM: readonly string[] = [
  process.execPath,
  path.resolve(import.meta.dirname, '../../bin/sisrua.ts'),
]
const READY_MS = 20_000
const STOP_MS = 5_000

export async function startDaemon(options: DaemonProcessOptions): Promise<DaemonProcess> {
  const { command = CHECKOUT_PROGRAM, args = [], dataDir, env = {} } = options
  const token = randomBytes(32).toString('base64url')
  const [program, ...first] = command as [string, ...string[]]
  const child = spawn(
    program,
    [...first, 'serve', '--port', '0', '--bootstrap-stdin', '--data-dir', dataDir, ...args],
    { env: { PATH: '', NODE_NO_WARNINGS: '1', ...env }, stdio: 'pipe' },
  )
  let complaints = ''
  child.stderr.on('data', (piece) => {
    complaints += piece
  })
  child.stdin.on('error', () => {})
  child.stdin.write(`${JSON.stringify({ v: 1, token })}\n`)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no ready line in time')), READY_MS)
    createInterface({ input: child.stdout }).once('line', (text) => {
      clearTimeout(timer)
      resolve(text)
    })
    void exited.then((code) => {
      clearTimeout(timer)
      reject(new Error(`the daemon ended with ${code} before it was ready: ${complaints}`))
    })
  })
  const ready = JSON.parse(line) as Record<string, unknown>
  if (ready.ready !== true) throw new Error(`the daemon did not start: ${line} ${complaints}`)
  const url = `http://127.0.0.1:${ready.port}`
  const call = (place: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${place}`, {
      ...init,
      headers: { 'X-SisRua-Token': token, 'Content-Type': 'application/json', ...init.headers },
    })
  return {
    url,
    token,
    child,
    ready,
    call,
    async stop() {
      const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await call('/api/v1/management/shutdown', { method: 'POST' }).catch(() => {})
      const code = await exited
      clearTimeout(killer)
      return code
    },
  }
}
