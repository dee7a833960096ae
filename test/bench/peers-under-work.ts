// What a client waits while a large result is fetched and while two real jobs compute in threads.
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { writeSample } from '../../scripts/make-sample.ts'
import { SAMPLE } from '../../scripts/sample/town.ts'
import { median, type PeerRow, startOurs, stopSide, TOKEN } from './server-sides.ts'

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })

function call(port: number, method: string, target: string, body?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'X-SisRua-Token': TOKEN,
      ...(body === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
    }
    const request = http.request(
      { host: '127.0.0.1', port, method, path: target, headers, agent },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const all = Buffer.concat(chunks)
          if (response.statusCode === 200) resolve(all)
          else reject(new Error(`${method} ${target}: ${response.statusCode} ${all}`))
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** p50 and p99 of the server's event loop delay since the last look, milliseconds. */
async function loopDelay(port: number): Promise<[number, number]> {
  const text = String(await call(port, 'GET', '/metrics'))
  const at = (quantile: string): number =>
    1000 *
    Number(
      new RegExp(`event_loop_delay_seconds\\{quantile="${quantile}"\\} (\\S+)`).exec(text)?.[1],
    )
  return [at('0.5'), at('0.99')]
}

async function newJob(port: number, body: object): Promise<string> {
  return JSON.parse(String(await call(port, 'POST', '/api/v1/jobs/prepare', JSON.stringify(body))))
    .job_id
}

/** Looks every 10 ms until the jobs are done; how long each look took, milliseconds. */
async function watch(port: number, ids: string[]): Promise<number[]> {
  const waits: number[] = []
  const open = new Set(ids)
  while (open.size > 0) {
    for (const id of open) {
      const begun = performance.now()
      const { jobs } = JSON.parse(String(await call(port, 'GET', '/api/v1/jobs?limit=10')))
      waits.push(performance.now() - begun)
      const { status, error } = jobs.find((job: { job_id: string }) => job.job_id === id)
      if (status === 'failed') throw new Error(error)
      if (status === 'completed') open.delete(id)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return waits
}

/** Makes the lowering of a thread's priority do nothing, in the process and its threads. */
const NO_PRIORITY = `--import=data:text/javascript,${encodeURIComponent(
  `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module'
   os.setPriority = () => {}; syncBuiltinESMExports()`,
)}`
const PAIRS = 3

/** The figures with the threads' priority lowered, and the same without as the peer; the two in turn, the median of each. */
export async function benchUnderWork(): Promise<PeerRow[]> {
  const lowered: PeerRow[][] = []
  const equal: PeerRow[][] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    lowered.push(await measure({}))
    equal.push(await measure({ NODE_OPTIONS: NO_PRIORITY }))
  }
  const middle = (runs: PeerRow[][], i: number): number => median(runs.map((rows) => rows[i]!.ours))
  return lowered[0]!.map((row, i) => {
    const [ours, peer] = [middle(lowered, i), middle(equal, i)]
    const better = row.unit === 'ms' ? peer / ours : ours / peer
    return { ...row, name: `${row.name} [threads at equal priority]`, ours, peer, ratio: better }
  })
}

/** A result of 50 MB, and looks at jobs while two of them compute. The targets are milliseconds. */
async function measure(env: Record<string, string>): Promise<PeerRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  writeSample(folder, { ...SAMPLE, radiusMeters: 2_500 })
  const side = await startOurs(folder, {
    SISRUA_OSM_LIBRARY: path.join(folder, 'osm'),
    SISRUA_DEM_LIBRARY: path.join(folder, 'dem'),
    SISRUA_THREADS: '2',
    ...env,
  })
  const { port } = side
  const plain = (name: string, ours: number, unit: string): PeerRow => {
    return { name, ours, peer: null, ratio: null, unit }
  }
  try {
    const features = Array.from({ length: 90_000 }, (_, i) => ({
      type: 'Feature',
      properties: { name: `Poste ${i}` },
      geometry: { type: 'Point', coordinates: [-41.3 + (i % 300) / 1e4, -21.7 - i / 3e6] },
    }))
    const geojson = { type: 'FeatureCollection', features }
    const id = await newJob(port, { kind: 'geojson', geojson })
    await watch(port, [id])
    await loopDelay(port)
    const begun = performance.now()
    let bytes = 0
    for (let i = 0; i < 5; i++) bytes += (await call(port, 'GET', `/api/v1/jobs/${id}`)).length
    const seconds = (performance.now() - begun) / 1000
    const fetching = await loopDelay(port)
    const job = { kind: 'osm', latitude: SAMPLE.latitude, longitude: SAMPLE.longitude }
    const ids = [
      await newJob(port, { ...job, radius: 2_400, contour_interval: 1 }),
      await newJob(port, { ...job, radius: 2_399, contour_interval: 1 }),
    ]
    const waits = (await watch(port, ids)).sort((a, b) => a - b)
    const computing = await loopDelay(port)
    const size = `${(bytes / 5e6).toFixed(0)} MB`
    return [
      plain(`GET a finished result of ${size}`, bytes / 1e6 / seconds, 'MB/s'),
      plain('loop delay p99 meanwhile (target < 50)', fetching[1], 'ms'),
      plain('GET jobs p50 while two compute', waits[waits.length >> 1]!, 'ms'),
      plain(
        'GET jobs p99 while two compute (target < 150)',
        waits[Math.floor(waits.length * 0.99)]!,
        'ms',
      ),
      plain('loop delay p50 while two compute', computing[0], 'ms'),
      plain('loop delay p99 while two compute (target < 50)', computing[1], 'ms'),
    ]
  } finally {
    await stopSide(side)
    rmSync(folder, { recursive: true, force: true })
  }
}
