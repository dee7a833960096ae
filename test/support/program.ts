// The real program as a child process, in an empty home of its own.
import { spawn } from 'node:child_process'
import path from 'node:path'

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export const PROGRAM = path.resolve(import.meta.dirname, '../../bin/sisrua.ts')
const LIMIT_MS = 60_000

export interface RunOptions {
  env?: Record<string, string>
  input?: string
  cwd?: string
  /** Sends SIGINT as soon as this is true; asked every 20 ms. */
  interruptWhen?: () => boolean
}

/** Runs `sisrua …args` to its end. `home` holds every folder the program may write. */
export function runProgram(
  args: readonly string[],
  home: string,
  options: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: options.cwd ?? home,
      env: { PATH: '', HOME: home, SISRUA_LANG: 'en', SISRUA_OVERPASS_URLS: ',', ...options.env },
      stdio: 'pipe',
    })
    const killer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const { interruptWhen } = options
    const watch = setInterval(() => {
      if (interruptWhen?.() !== true) return
      clearInterval(watch)
      child.kill('SIGINT')
    }, 20)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (piece) => {
      stdout += piece
    })
    child.stderr.on('data', (piece) => {
      stderr += piece
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(killer)
      clearInterval(watch)
      resolve({ code, stdout, stderr })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}
