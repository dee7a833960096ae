// `npm run demo`: the real daemon as a child process, the main job on the synthetic town, progress from its WebSocket, the files
// in demo-out/. With --lat --lon --radius the same job runs live against Overpass.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import WebSocket from 'ws'
import { bar } from '../src/cli/terminal.ts'
import { writeSample } from './make-sample.ts'
import { type DaemonProcess, startDaemon } from './sample/daemon-process.ts'
import { SAMPLE } from './sample/town.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const OUT = path.join(ROOT, 'demo-out')
const FILES = ['drawing.dxf', 'features.geojson', 'preview.svg']
/** The sample town reaches a little further than this. */
const SAMPLE_RADIUS_METERS = 950
const JOB_LIMIT_MS = 300_000

interface Job {
  job_id: string
  status: string
  error: string | null
  message: string
}

interface Result {
  crs_out: string
  vertical_datum?: string | null
  features: { layer: string; elevation_min?: number | null; elevation_max?: number | null }[]
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      lat: { type: 'string' },
      lon: { type: 'string' },
      radius: { type: 'string' },
      'dem-dir': { type: 'string' },
      program: { type: 'string' },
    },
  })
  const live = values.lat !== undefined && values.lon !== undefined
  const place = {
    latitude: Number(values.lat ?? SAMPLE.latitude),
    longitude: Number(values.lon ?? SAMPLE.longitude),
    radius: Number(values.radius ?? (live ? 500 : SAMPLE_RADIUS_METERS)),
  }
  const work = mkdtempSync(path.join(tmpdir(), 'sisrua-demo-'))
  let daemon: DaemonProcess | null = null
  try {
    const env: Record<string, string> = { HOME: work, SISRUA_LANG: 'en' }
    if (live) {
      console.log(
        `Live: ${place.latitude}, ${place.longitude}, ${place.radius} m, asking Overpass.`,
      )
    } else {
      const { ways, nodes } = writeSample(path.join(work, 'sample'))
      console.log(`Sample town: ${ways} ways, ${nodes} nodes, made from seed ${SAMPLE.seed}.`)
      env.SISRUA_OSM_LIBRARY = path.join(work, 'sample', 'osm')
      env.SISRUA_DEM_LIBRARY = path.join(work, 'sample', 'dem')
      env.SISRUA_OVERPASS_URLS = ','
    }
    if (values['dem-dir'] !== undefined) env.SISRUA_DEM_LIBRARY = path.resolve(values['dem-dir'])
    daemon = await startDaemon({
      dataDir: path.join(work, 'data'),
      env,
      ...(values.program === undefined ? {} : { command: [path.resolve(values.program)] }),
    })
    console.log(`Daemon ${daemon.ready.version} on ${daemon.url}, process ${daemon.ready.pid}.`)
    const begin = performance.now()
    const job = await runJob(daemon, place)
    const seconds = (performance.now() - begin) / 1_000
    if (job.status !== 'completed') {
      console.error(`The job failed: ${job.message} (${job.error})`)
      return 1
    }
    const result = (await (await daemon.call(`/api/v1/jobs/${job.job_id}/result`)).json()) as Result
    await fetchFiles(daemon, job.job_id)
    printTable(result, seconds)
  } finally {
    const code = daemon === null ? null : await daemon.stop()
    if (daemon !== null) console.log(`Daemon stopped, exit code ${code}.`)
    rmSync(work, { recursive: true, force: true })
  }
  return 0
}

/** Submits the job and follows it on the WebSocket until it has ended. */
async function runJob(
  daemon: DaemonProcess,
  place: { latitude: number; longitude: number; radius: number },
): Promise<Job> {
  const socket = new WebSocket(`${daemon.url.replace('http', 'ws')}/api/v1/ws`, {
    headers: { 'X-SisRua-Token': daemon.token, 'Accept-Language': 'en' },
  })
  try {
    let id = ''
    const ended = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the job took too long')), JOB_LIMIT_MS)
      socket.on('error', reject)
      socket.on('close', () => clearTimeout(timer))
      socket.on('message', (data) => {
        const event = JSON.parse(String(data)) as Record<string, unknown>
        if (typeof event.progress !== 'number' || event.job_id !== id) return
        showProgress(event.progress, String(event.message))
        if (event.status === 'completed' || event.status === 'failed') resolve()
      })
    })
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    const response = await daemon.call('/api/v1/jobs/prepare', {
      method: 'POST',
      body: JSON.stringify({ kind: 'osm', ...place, geojson: null }),
    })
    const job = (await response.json()) as Job
    if (!response.ok) throw new Error(`the job was refused: ${JSON.stringify(job)}`)
    id = job.job_id
    // Events between creation and now would be missed without asking again from the start.
    socket.send(JSON.stringify({ type: 'subscribe', after: 0 }))
    await ended
    process.stdout.write('\n')
    return await finalState(daemon, id)
  } finally {
    socket.close()
  }
}

async function finalState(daemon: DaemonProcess, id: string): Promise<Job> {
  return (await (await daemon.call(`/api/v1/jobs/${id}`)).json()) as Job
}

let lastShown = ''
function showProgress(fraction: number, message: string): void {
  const line = `${bar(fraction)} ${message}`
  if (line === lastShown) return
  lastShown = line
  process.stdout.write(process.stdout.isTTY ? `\r\x1b[2K${line}` : `${line}\n`)
}

async function fetchFiles(daemon: DaemonProcess, id: string): Promise<void> {
  mkdirSync(OUT, { recursive: true })
  for (const name of FILES) {
    const response = await daemon.call(`/api/v1/jobs/${id}/artifacts/${name}`)
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`)
    writeFileSync(path.join(OUT, name), new Uint8Array(await response.arrayBuffer()))
  }
}

function printTable(result: Result, seconds: number): void {
  const perLayer = new Map<string, number>()
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { layer, elevation_min, elevation_max } of result.features) {
    perLayer.set(layer, (perLayer.get(layer) ?? 0) + 1)
    low = Math.min(low, elevation_min ?? low)
    high = Math.max(high, elevation_max ?? high)
  }
  const rows: [string, string][] = [...perLayer].map(([layer, count]) => [layer, String(count)])
  const heights =
    low <= high
      ? `${low.toFixed(1)} … ${high.toFixed(1)} m, ${result.vertical_datum ?? 'datum not stated'}`
      : 'no terrain'
  rows.push(['features', String(result.features.length)], ['CRS', result.crs_out])
  rows.push(['heights', heights], ['seconds', seconds.toFixed(2)])
  const width = Math.max(...rows.map(([label]) => label.length))
  for (const [label, value] of rows) console.log(`  ${label.padEnd(width)}  ${value}`)
  for (const name of FILES) {
    if (existsSync(path.join(OUT, name))) console.log(path.relative(ROOT, path.join(OUT, name)))
  }
}

process.exitCode = await main()
