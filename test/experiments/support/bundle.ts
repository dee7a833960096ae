// Export bundles in folders, and the Python verifier that travels with them, run as a third party would.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { BundleFile } from '../../../src/audit/bundle.ts'

/** Writes the files; answers the folder. */
export function writeBundle(folder: string, files: readonly BundleFile[]): string {
  mkdirSync(folder, { recursive: true })
  for (const { name, chunks } of files) {
    const handle = openSync(path.join(folder, name), 'w')
    for (const chunk of chunks) writeSync(handle, chunk)
    closeSync(handle)
  }
  return folder
}

export interface PythonVerdict {
  code: number
  first_bad: number | null
  reason: string
  size: number
  /** Kilobytes of resident memory at the most. */
  peakKilobytes: number
  /** Seconds of CPU, Python's own start counted. */
  cpuSeconds: number
}

const LIMIT_MS = 600_000
const WRAPPER = `
import resource, runpy, sys
sys.argv = sys.argv[1:]
try: runpy.run_path(sys.argv[0], run_name='__main__')
finally:
  used = resource.getrusage(resource.RUSAGE_SELF)
  print(used.ru_maxrss)
  print(used.ru_utime + used.ru_stime)
`

/** Runs `verify.py` of this or another folder on a bundle. */
export function runPython(script: string, bundle: string): Promise<PythonVerdict> {
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/python3', ['-c', WRAPPER, script, bundle], { timeout: LIMIT_MS })
    let said = ''
    let complaint = ''
    child.stdout.on('data', (piece) => {
      said += piece
    })
    child.stderr.on('data', (piece) => {
      complaint += piece
    })
    child.on('error', reject)
    child.on('close', (code) => {
      const [verdict, peak, cpu] = said.trim().split('\n')
      try {
        const found = JSON.parse(verdict ?? '') as PythonVerdict
        if (found.code !== code) throw new Error(`exit ${code}`)
        resolve({ ...found, peakKilobytes: Number(peak), cpuSeconds: Number(cpu) })
      } catch (error) {
        reject(new Error(`verify.py: ${(error as Error).message} ${complaint}`))
      }
    })
  })
}
