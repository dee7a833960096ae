// The real program as a child process on a free port, and words to it over HTTP. The experiments kill it.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'

export const TOKEN = 'experiment-token-0123456789'

export interface StartOptions {
  /** Bundled main file or executable. */
  main: string
  dataFolder: string
  env?: Record<string, string>
  /** Instead of starting the program directly: `['unshare', '-m', …]`. */
  through?: string[]
}

export interface Program {
  child: ChildProcess
  port: number
  /** From spawn to the ready line, milliseconds. */
  bootMs: number
  ready: { storage: string; audit: { size: number; state: string } }
  /** Exit code, or null after a signal. */
  ended: Promise<number | null>
  errors(): string
  kill(): Promise<void>
}

/** The program said that it does not start, or ended before the ready line. */
export class NotStarted extends Error {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly said: string
  constructor(exitCode: number | null, signal: NodeJS.Signals | null, said: string) {
    super(`the program did not start (${exitCode ?? signal}): ${said.slice(0, 400)}`)
    this.exitCode = exitCode
    this.signal = signal
    this.said = said
  }
}

/** The command line of a program: bundles run under this Node, executables by themselves. */
export function commandOf(main: string): string[] {
  return /\.(cjs|ts|js)$/.test(main) ? [process.execPath, main] : [main]
}

export function startProgram(options: StartOptions): Promise<Program> {
  const { main, dataFolder, env = {}, through = [] } = options
  const words = [...through, ...commandOf(main), '--port', '0', '--data-dir', dataFolder]
  const began = performance.now()
  const child = spawn(words[0]!, words.slice(1), {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: path.dirname(dataFolder),
      SISRUA_AUTH_TOKEN: TOKEN,
      SISRUA_OVERPASS_URLS: ',',
      SISRUA_JOB_RATE: '0',
      SISRUA_READ_RATE: '0',
      SISRUA_THREADS: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000)
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
    let said = ''
    child.once('error', reject)
    void ended.then((code) => {
      clearTimeout(late)
      reject(new NotStarted(code, child.signalCode, `${said} ${errors}`))
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      said += line
      let word: { ready?: boolean; port: number } & Program['ready']
      try {
        word = JSON.parse(line)
      } catch {
        return
      }
      if (word.ready !== true) return
      clearTimeout(late)
      resolve({
        child,
        port: word.port,
        ready: word,
        bootMs: performance.now() - began,
        ended,
        errors: () => errors,
        async kill() {
          child.kill('SIGKILL')
          await ended
        },
      })
    })
  })
}

/** Whether the thread that moves the write-ahead log is there: then the log is open twice. Asks /proc, so on Linux. */
export function movesItsLog({ child }: Program): boolean {
  const folder = `/proc/${child.pid}/fd`
  let open = 0
  for (const name of readdirSync(folder)) {
    try {
      if (readlinkSync(`${folder}/${name}`).endsWith('/sisrua.db-wal')) open++
    } catch {
      // Closed meanwhile.
    }
  }
  return open > 1
}

export interface Answer {
  status: number
  text: string
}

/** One request; rejects when the connection breaks or nothing comes for ten seconds. */
export function call(
  port: number,
  method: string,
  target: string,
  body?: string,
  headers: Record<string, string> = {},
  agent?: http.Agent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: target,
        ...(agent === undefined ? { agent: false } : { agent }),
        headers: {
          'X-SisRua-Token': TOKEN,
          ...(body === undefined
            ? {}
            : {
                'Content-Type': 'application/json',
                'Content-Length': String(Buffer.byteLength(body)),
              }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('aborted', () => reject(new Error('aborted')))
        response.on('end', () =>
          resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString('utf8') }),
        )
      },
    )
    request.setTimeout(10_000, () => request.destroy(new Error('silent for 10 s')))
    request.on('error', reject)
    request.end(body)
  })
}

/** Everything of a job list, or throws. */
export async function listJobs(port: number, state: string): Promise<{ job_id: string }[]> {
  const answer = await call(port, 'GET', `/api/v1/jobs?limit=1000&state=${state}`)
  if (answer.status !== 200) throw new Error(`jobs: ${answer.status} ${answer.text.slice(0, 200)}`)
  return (JSON.parse(answer.text) as { jobs: { job_id: string }[] }).jobs
}

/** Waits until nothing waits or runs. */
export async function drain(port: number, timeoutMs = 120_000): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    let open = 0
    for (const state of ['queued', 'running', 'cancelling', 'retry_wait'])
      open += (await listJobs(port, state)).length
    if (open === 0) return
    if (performance.now() > end) throw new Error(`${open} jobs still open after ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
