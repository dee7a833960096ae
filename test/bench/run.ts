// `npm run bench`: end-to-end seconds and peak memory of `prepare osm` on synthetic towns, start to first health, and requests a
// second of the running daemon (client and server share the machine). Measured, not tested.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { writeSample } from '../../scripts/make-sample.ts'
import {
  CHECKOUT_PROGRAM,
  type DaemonProcess,
  startDaemon,
} from '../../scripts/sample/daemon-process.ts'
import { radiusForWays, SAMPLE } from '../../scripts/sample/town.ts'

const root = path.resolve(import.meta.dirname, '../..')
const EXECUTABLE = path.join(root, 'dist', 'sisrua')
const CONNECTIONS = 32
const LOAD_MS = 3_000
const STARTS = 7

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Peak resident memory of a process in MiB so far; 0 where /proc does not tell. */
function peakMiB(pid: number): number {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(found?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Runs the program and answers seconds and the highest memory seen. */
async function measure(args: string[], home: string): Promise<{ seconds: number; peak: number }> {
  const begin = performance.now()
  const [node, entry] = CHECKOUT_PROGRAM as [string, string]
  const child = spawn(node, [entry, ...args], {
    env: { PATH: '', HOME: home, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, peakMiB(child.pid!))
  }, 20)
  const code = await new Promise((resolve) => child.once('exit', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`sisrua ${args.join(' ')} ended with ${code}`)
  return { seconds: (performance.now() - begin) / 1_000, peak }
}

async function benchTowns(work: string, sizes: number[]): Promise<void> {
  for (const ways of sizes) {
    const folder = path.join(work, String(ways))
    const radiusMeters = radiusForWays(ways)
    const town = writeSample(folder, { ...SAMPLE, radiusMeters })
    const runs: { seconds: number; peak: number }[] = []
    for (let i = 0; i < 3; i++) {
      runs.push(
        await measure(
          [
            ...['prepare', 'osm', '--quiet', '--osm-file', town.file],
            ...['--lat', String(SAMPLE.latitude), '--lon', String(SAMPLE.longitude)],
            ...['--radius', String(Math.min(5_000, radiusMeters)), '--dxf', '-o', folder],
            ...['--dem-dir', path.join(folder, 'dem')],
          ],
          work,
        ),
      )
    }
    const seconds = median(runs.map((run) => run.seconds))
    const peak = Math.max(...runs.map((run) => run.peak))
    console.log(
      `prepare osm, ${String(town.ways).padStart(6)} ways (${(town.bytes / 1e6).toFixed(1)} MB): ${seconds.toFixed(2)} s, peak ${peak.toFixed(0)} MiB`,
    )
  }
}

async function firstHealth(command: readonly string[], work: string): Promise<number> {
  const dataDir = mkdtempSync(path.join(work, 'start-'))
  const begin = performance.now()
  const daemon = await startDaemon({ command, dataDir, env: { HOME: work } })
  await (await fetch(`${daemon.url}/api/v1/health`)).text()
  const milliseconds = performance.now() - begin
  await daemon.stop()
  return milliseconds
}

async function benchStart(work: string): Promise<void> {
  const programs: [string, readonly string[]][] = [['node, checkout', CHECKOUT_PROGRAM]]
  if (existsSync(EXECUTABLE)) programs.push(['executable', [EXECUTABLE]])
  else console.log('start of the executable: dist/sisrua is missing (npm run build:exe)')
  for (const [name, command] of programs) {
    const times: number[] = []
    try {
      for (let i = 0; i < STARTS; i++) times.push(await firstHealth(command, work))
    } catch (error) {
      console.log(`start of ${name}: ${(error as Error).message}`)
      continue
    }
    console.log(
      `start to first health, ${name}: first ${times[0]!.toFixed(0)} ms, median ${median(times.slice(1)).toFixed(0)} ms`,
    )
  }
}

/** Requests a second over keep-alive connections. */
async function load(daemon: DaemonProcess, place: string): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const end = performance.now() + LOAD_MS
  let done = 0
  const once = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'X-SisRua-Token': daemon.token }
      const request = http.get(`${daemon.url}${place}`, { agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${place}: ${response.statusCode}`))
        response.resume()
        response.once('end', resolve)
      })
      request.once('error', reject)
    })
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      await once()
      done++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
  agent.destroy()
  return done / (LOAD_MS / 1_000)
}

async function benchRequests(work: string): Promise<void> {
  const daemon = await startDaemon({
    dataDir: path.join(work, 'load'),
    env: { HOME: work, SISRUA_JOB_RATE: '0', SISRUA_READ_RATE: '0', SISRUA_OVERPASS_URLS: ',' },
  })
  try {
    const response = await daemon.call('/api/v1/jobs/prepare', {
      method: 'POST',
      body: JSON.stringify({
        kind: 'geojson',
        geojson: {
          type: 'LineString',
          coordinates: [
            [-41.3235, -21.7634],
            [-41.32, -21.76],
          ],
        },
      }),
    })
    const { job_id: id } = (await response.json()) as { job_id: string }
    await load(daemon, '/api/v1/health')
    for (const [name, place] of [
      ['GET health', '/api/v1/health'],
      ['GET auth/check', '/api/v1/auth/check'],
      ['GET job', `/api/v1/jobs/${id}`],
    ] as const) {
      console.log(`${name}: ${(await load(daemon, place)).toFixed(0)} requests/s`)
    }
    console.log(`daemon peak memory: ${peakMiB(daemon.child.pid!).toFixed(0)} MiB`)
  } finally {
    await daemon.stop()
  }
}

const { values } = parseArgs({ options: { ways: { type: 'string' } } })
const sizes = (values.ways ?? '1000,10000,100000').split(',').map(Number)
const work = mkdtempSync(path.join(os.tmpdir(), 'sisrua-bench-'))
try {
  console.log(
    `${os.cpus()[0]?.model}, ${os.availableParallelism()} cores, Node ${process.versions.node}, load ${os.loadavg()[0]?.toFixed(1)}`,
  )
  await benchTowns(work, sizes)
  await benchStart(work)
  await benchRequests(work)
} finally {
  rmSync(work, { recursive: true, force: true })
}
