// Start to the first 200 of health, CPU of --version, idle memory and size of the executable; beside it the original's
// own start: Debian's Python with what its backend imports, behind uvicorn.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../scripts/free-port.ts'

const executable = path.resolve(import.meta.dirname, '../../dist/sisrua')
const STARTS = 20
const PEER_STARTS = 5
const ORIGINAL = `
import sys
import pyproj, shapely.geometry, rasterio, osmnx
from fastapi import FastAPI
import uvicorn
app = FastAPI()
@app.get('/api/v1/health')
def health():
    return {'status': 'ok'}
uvicorn.run(app, host='127.0.0.1', port=int(sys.argv[1]), log_level='warning')
`

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Milliseconds from spawn to the first 200 of health; the process is handed to `use` before it is killed. */
async function start(
  command: string,
  words: (port: number) => string[],
  env: Record<string, string>,
  use: (child: ChildProcess) => Promise<void> = async () => {},
): Promise<number> {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(command, words(port), { env, stdio: 'ignore' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let took = Number.NaN
  while (performance.now() - begun < 60_000 && child.exitCode === null) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`)
      if (answer.ok) {
        took = performance.now() - begun
        break
      }
    } catch {
      await sleep(4)
    }
  }
  await use(child)
  child.kill('SIGKILL')
  await exited
  return took
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

interface Row {
  name: string
  ours: number
  peer: number | null
  ratio: number | null
  unit: string
}

/** Median of 20 starts, warm; first runs with an empty cache; idle memory five seconds after the start. */
export async function peersStart(): Promise<{ rows: Row[]; missing: string[] }> {
  if (!fs.existsSync(executable)) return { rows: [], missing: ['dist/sisrua: npm run build:exe'] }
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-start-'))
  const env = {
    PATH: '',
    HOME: home,
    SISRUA_AUTH_TOKEN: 'bench-token-0123456789',
    SISRUA_OVERPASS_URLS: ',',
  }
  const words = (port: number): string[] => [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--log-level',
    'warning',
  ]
  const missing: string[] = []
  try {
    const first: number[] = []
    for (let i = 0; i < 5; i++) {
      fs.rmSync(home, { recursive: true, force: true })
      fs.mkdirSync(home)
      first.push(await start(executable, words, env))
    }
    const warm: number[] = []
    for (let i = 0; i < STARTS; i++) warm.push(await start(executable, words, env))
    let idle = Number.NaN
    await start(executable, words, env, async ({ pid }) => {
      await sleep(5000)
      idle = residentMiB(pid!)
    })
    const cpu = Array.from({ length: STARTS }, () => {
      const { stdout } = spawnSync(
        '/bin/sh',
        ['-c', `'${executable}' --version >/dev/null; times`],
        { env, encoding: 'utf8' },
      )
      const [, minutes, seconds, systemMinutes, system] =
        /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(stdout) ?? []
      return (
        1000 *
        (Number(minutes) * 60 + Number(seconds) + Number(systemMinutes) * 60 + Number(system))
      )
    })
    const peer: number[] = []
    const python = '/usr/bin/python3'
    if (
      spawnSync(python, ['-c', 'import fastapi, uvicorn, pyproj, shapely, rasterio, osmnx'])
        .status === 0
    ) {
      for (let i = 0; i < PEER_STARTS; i++) {
        peer.push(
          await start(python, (port) => ['-c', ORIGINAL, String(port)], {
            PATH: '/usr/bin:/bin',
            HOME: home,
          }),
        )
      }
    } else
      missing.push(
        "python3-fastapi, -uvicorn, -osmnx, -pyproj, -rasterio, -shapely: no figure for the original's start",
      )
    const original = peer.length > 0 ? median(peer) : null
    const against = (ours: number) => ({
      ours,
      peer: original,
      ratio: original === null ? null : original / ours,
    })
    const alone = (name: string, ours: number, unit: string): Row => ({
      name,
      ours,
      peer: null,
      ratio: null,
      unit,
    })
    return {
      rows: [
        {
          name: 'start to health, warm [original’s imports under uvicorn]',
          ...against(median(warm)),
          unit: 'ms',
        },
        { name: 'start to health, first run', ...against(median(first)), unit: 'ms' },
        alone('CPU of --version', median(cpu), 'ms'),
        alone('resident memory idle', idle, 'MiB'),
        alone('size of the executable', fs.statSync(executable).size / 2 ** 20, 'MiB'),
      ],
      missing,
    }
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}
