// What the benches of the server share: a side is a process with a port; its processor time is what its work is measured by, so that
// a busy machine weighs on both sides alike.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { freePort } from '../../scripts/free-port.ts'

export interface PeerRow {
  name: string
  ours: number
  peer: number | null
  /** How many times better than the peer. */
  ratio: number | null
  unit: string
}

export const TOKEN = 'bench-token-123456'
export const PYTHON = '/usr/bin/python3'
/** Ticks of the processor time in /proc. */
const TICKS_PER_SECOND = 100

export interface Side {
  child: ChildProcess
  port: number
}

export async function startSide(
  command: (port: number) => [string, string[]],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Side> {
  const port = await freePort()
  const [program, words] = command(port)
  const env = { PATH: process.env.PATH ?? '', ...options.env }
  const child = spawn(program, words, { stdio: 'ignore', ...options, env })
  for (let i = 0; i < 300; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const status = await fetch(`http://127.0.0.1:${port}/api/v1/health`).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status === 200) return { child, port }
    if (child.exitCode !== null) break
  }
  child.kill('SIGKILL')
  throw new Error(`${program} did not start`)
}

export const startOurs = (folder: string, env: Record<string, string> = {}): Promise<Side> =>
  startSide(
    (port) => [
      process.execPath,
      [path.resolve(import.meta.dirname, '../../bin/sisrua.ts'), '--port', String(port)],
    ],
    {
      env: {
        SISRUA_AUTH_TOKEN: TOKEN,
        SISRUA_DATA_DIR: path.join(folder, 'data'),
        SISRUA_OVERPASS_URLS: ',',
        SISRUA_JOB_RATE: '0',
        SISRUA_READ_RATE: '0',
        SISRUA_LOG_LEVEL: 'error',
        ...env,
      },
    },
  )

export async function stopSide({ child }: Side): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await gone
  clearTimeout(timer)
}

/** Seconds of processor time that a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[values.length >> 1]!

/** Peers and tools that this machine lacks; nothing is installed here. */
export function absent(): string[] {
  const has = (program: string, words: string[]): boolean => {
    try {
      execFileSync(program, words, { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
  const module = (name: string): boolean => has(PYTHON, ['-c', `import ${name}`])
  const missing: string[] = []
  if (!has('/bin/sh', ['-c', 'command -v wrk'])) missing.push('wrk')
  for (const name of ['fastapi', 'uvicorn', 'uvloop', 'httptools']) {
    if (!module(name)) missing.push(`python3-${name}`)
  }
  if (!module('websockets') && !module('wsproto')) {
    missing.push('python3-websockets (FastAPI has no WebSocket without it)')
  }
  return missing
}
