// Drives an executable as the stock plugin does: `npm run smoke:exe -- dist/sisrua [--through wine]`.
// Start order, main job from files, WebSocket, kill and go on, ordered stop; one line a step, exit 1 at the first failure.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { freePort } from './free-port.ts'
import { writeSample } from './make-sample.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { through: { type: 'string' } },
})
const executable = path.resolve(positionals[0] ?? 'dist/sisrua')
const through = values.through
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua smoke João Ávila '))
const token = randomBytes(32).toString('base64url')

/** Under Wine a Unix path is the drive Z:. */
const place = (file: string): string => (through ? `Z:${file.replaceAll('/', '\\')}` : file)

interface Running {
  process: ChildProcess
  url: string
  exited: Promise<number | null>
}

/** The plugin's words: port of its own choosing, token by environment, working directory not ours, nothing on PATH. */
async function start(): Promise<Running> {
  const port = await freePort()
  const words = ['--host', '127.0.0.1', '--port', String(port), '--log-level', 'warning']
  const settings = {
    SISRUA_AUTH_TOKEN: token,
    SISRUA_DATA_DIR: place(path.join(folder, 'data')),
    SISRUA_OSM_LIBRARY: place(path.join(folder, 'sample', 'osm')),
    SISRUA_DEM_LIBRARY: place(path.join(folder, 'sample', 'dem')),
    SISRUA_OVERPASS_URLS: ',',
    SISRUA_JOB_RATE: '0',
  }
  const log = fs.openSync(path.join(folder, `output-${port}.txt`), 'w')
  const cwd = path.join(folder, 'empty')
  fs.mkdirSync(cwd, { recursive: true })
  const env = through
    ? { ...process.env, WINEDEBUG: '-all', ...settings }
    : process.platform === 'win32'
      ? { SystemRoot: process.env.SystemRoot, TEMP: os.tmpdir(), LOCALAPPDATA: folder, ...settings }
      : { PATH: '', HOME: folder, ...settings }
  const child = spawn(through ?? executable, through ? [executable, ...words] : words, {
    cwd,
    env: env as NodeJS.ProcessEnv,
    stdio: ['ignore', log, log],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}; see ${folder}`)
    try {
      const answer = await fetch(`${url}/api/v1/health`)
      if (answer.ok) {
        assert.equal(await answer.text(), '{"status":"ok"}')
        break
      }
    } catch {
      if (performance.now() - began > 30_000)
        throw new Error(`no health within 30 s; see ${folder}`)
    }
    await sleep(25)
  }
  say(`healthy after ${Math.round(performance.now() - began)} ms`)
  return { process: child, url, exited }
}

const headers = { 'X-SisRua-Token': token, 'Content-Type': 'application/json' }
const say = (line: string): void => console.log(`ok  ${line}`)

async function call<T>(url: string, method: string, body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${text.slice(0, 300)}`)
  return JSON.parse(text) as T
}

interface JobAnswer {
  job_id: string
  status: string
  error: string | null
  result: { crs_out: string; features: { coords_xy: number[][] | null }[] } | null
}

async function finished(url: string, id: string): Promise<JobAnswer> {
  for (let i = 0; i < 480; i++) {
    const job = await call<JobAnswer>(`${url}/api/v1/jobs/${id}`, 'GET')
    if (job.status === 'completed' || job.status === 'failed') return job
    await sleep(250)
  }
  throw new Error(`job ${id} did not end within two minutes`)
}

async function heard(url: string, until: () => boolean): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/ws`, ['sisrua.v1'], {
    headers: { 'X-SisRua-Token': token },
  })
  let messages = 0
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('message', () => {
    messages++
  })
  while (!until()) await sleep(50)
  socket.close()
  return messages
}

async function main(): Promise<void> {
  const town = writeSample(path.join(folder, 'sample'))
  const job = { kind: 'osm', latitude: -21.7634, longitude: -41.3235, radius: 500, geojson: null }

  const first = await start()
  const refused = await fetch(`${first.url}/api/v1/auth/check`)
  assert.equal(refused.status, 401)
  await call(`${first.url}/api/v1/auth/check`, 'GET')
  say('token: 401 without, 200 with')
  let done = false
  const messages = heard(first.url, () => done)
  const { job_id: id } = await call<JobAnswer>(`${first.url}/api/v1/jobs/prepare`, 'POST', job)
  const result = await finished(first.url, id)
  done = true
  assert.equal(result.status, 'completed', result.error ?? '')
  assert.equal(result.result!.crs_out, 'EPSG:31984')
  assert.ok(result.result!.features.length > 500)
  say(
    `main job: ${result.result!.features.length} features of ${town.ways} ways; ${await messages} messages on the WebSocket`,
  )
  assert.ok((await messages) > 0, 'the WebSocket stayed silent')
  const drawing = await fetch(`${first.url}/api/v1/jobs/${id}/artifacts/drawing.dxf`, { headers })
  assert.ok(drawing.ok && (await drawing.text()).trimEnd().endsWith('EOF'))
  say('drawing.dxf downloaded')

  const { job_id: second } = await call<JobAnswer>(`${first.url}/api/v1/jobs/prepare`, 'POST', {
    ...job,
    radius: 900,
  })
  first.process.kill('SIGKILL')
  await first.exited
  if (through) await sleep(2000)
  const again = await start()
  assert.equal((await call<JobAnswer>(`${again.url}/api/v1/jobs/${id}`, 'GET')).status, 'completed')
  assert.equal((await finished(again.url, second)).status, 'completed')
  say('killed in mid-job, started again: the finished job is there, the other one went on')

  const twin = await call<{ job_id: string }>(`${again.url}/api/v1/jobs/prepare`, 'POST', {
    kind: 'geojson',
    latitude: null,
    longitude: null,
    radius: null,
    geojson: JSON.stringify(
      JSON.stringify({
        type: 'LineString',
        coordinates: [
          [-41.32, -21.76],
          [-41.31, -21.75],
        ],
        properties: { id: randomUUID() },
      }),
    ),
  })
  assert.equal((await finished(again.url, twin.job_id)).status, 'completed')
  say('doubly encoded GeoJSON drawn')

  const asked = performance.now()
  await call(`${again.url}/api/v1/management/shutdown`, 'POST')
  const code = await Promise.race([again.exited, sleep(10_000).then(() => 'late' as const)])
  assert.equal(code, 0, `exit ${code}`)
  const seconds = (performance.now() - asked) / 1000
  assert.ok(seconds < 3, `stopped after ${seconds} s`)
  say(`stopped ${seconds.toFixed(2)} s after being asked`)
}

try {
  await main()
  fs.rmSync(folder, { recursive: true, force: true })
} catch (error) {
  console.error(`FAILED  ${(error as Error).message}\nleft for you: ${folder}`)
  process.exitCode = 1
} finally {
  setTimeout(() => process.exit(), 1000).unref()
}
