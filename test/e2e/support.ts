// The built executable as a child process: nothing on PATH, an empty home, a working directory that is not ours.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const EXECUTABLE = path.resolve(import.meta.dirname, '../../dist/sisrua')
export const TOKEN = '0123456789abcdef0123456789abcdef'

export interface Run {
  child: ChildProcess
  exit: Promise<number | null>
  stdout(): string
  stderr(): string
}

/** Starts it with `home` as its whole world. */
export function run(home: string, args: string[], env: Record<string, string> = {}): Run {
  const cwd = path.join(home, 'somewhere else')
  mkdirSync(cwd, { recursive: true })
  const child = spawn(EXECUTABLE, args, {
    cwd,
    env: { PATH: '', HOME: home, SISRUA_LANG: 'en', SISRUA_OVERPASS_URLS: ',', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout!.on('data', (chunk) => {
    out += chunk
  })
  child.stderr!.on('data', (chunk) => {
    err += chunk
  })
  child.stdin!.on('error', () => {})
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, exit, stdout: () => out, stderr: () => err }
}

/** The first line on standard output, parsed. */
export async function readyLine(started: Run): Promise<Record<string, unknown>> {
  for (let i = 0; i < 1200; i++) {
    const end = started.stdout().indexOf('\n')
    if (end >= 0) return JSON.parse(started.stdout().slice(0, end)) as Record<string, unknown>
    if (started.child.exitCode !== null)
      throw new Error(`exit ${started.child.exitCode}: ${started.stderr()}`)
    await sleep(25)
  }
  throw new Error('no ready line within 30 s')
}

export async function status(
  port: number,
  target: string,
  token: string | null = TOKEN,
  method = 'GET',
): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${target}`, {
    method,
    headers: token === null ? {} : { 'X-SisRua-Token': token },
    signal: AbortSignal.timeout(1500),
  })
  await answer.arrayBuffer()
  return answer.status
}

/** Health as the plugin asks for it: every 250 ms, 1.5 s a try. */
export async function healthy(port: number, withinMs = 20_000): Promise<boolean> {
  const until = performance.now() + withinMs
  while (performance.now() < until) {
    try {
      if ((await status(port, '/api/v1/health', null)) === 200) return true
    } catch {
      // Not listening yet.
    }
    await sleep(250)
  }
  return false
}
