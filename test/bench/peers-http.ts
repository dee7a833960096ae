// The server against FastAPI and bare node:http: requests and messages per second of the server's own processor time, so that a busy
// machine weighs on both sides alike; then what a client waits while results are fetched and jobs compute.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { writeSample } from '../../scripts/make-sample.ts'
import { SAMPLE } from '../../scripts/sample/town.ts'

export interface PeerRow {
  name: string
  ours: number
  peer: number | null
  /** How many times better than the peer. */
  ratio: number | null
  unit: string
}

const TOKEN = 'bench-token-123456'
const PYTHON = '/usr/bin/python3'
const ROUNDS = 3
/** Ticks of the processor time in /proc. */
const TICKS_PER_SECOND = 100

const FASTAPI = `
import hmac
from fastapi import FastAPI, Header, HTTPException
app = FastAPI()
@app.get("/api/v1/auth/check")
async def check(x_sisrua_token: str = Header(default="")):
    if not hmac.compare_digest(x_sisrua_token, "${TOKEN}"):
        raise HTTPException(status_code=401, detail="Unauthorized")
    return {"status": "ok"}
@app.get("/api/v1/health")
async def health():
    return {"status": "ok"}
`
const BARE = `
const http = require('node:http'), crypto = require('node:crypto')
const digest = (text) => crypto.createHash('sha256').update(text).digest()
const own = digest('${TOKEN}')
http.createServer((request, response) => {
  const good = request.url.endsWith('health') || crypto.timingSafeEqual(digest(String(request.headers['x-sisrua-token'])), own)
  response.writeHead(good ? 200 : 401, { 'Content-Type': 'application/json' })
  response.end('{"status":"ok"}')
}).listen(+process.argv[1], '127.0.0.1')
`

interface Side {
  child: ChildProcess
  port: number
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startSide(
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

const startOurs = (folder: string, env: Record<string, string> = {}): Promise<Side> =>
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

async function stopSide({ child }: Side): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await gone
  clearTimeout(timer)
}

/** Seconds of processor time that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Requests per second of the server's processor time, by wrk: one thread, 32 connections. */
async function requestsPerCpuSecond({ child, port }: Side, target: string): Promise<number> {
  const url = `http://127.0.0.1:${port}${target}`
  const begun = cpuSeconds(child.pid!)
  const wrk = spawn('wrk', ['-t1', '-c32', '-d2s', '-H', `X-SisRua-Token: ${TOKEN}`, url])
  let text = ''
  wrk.stdout.on('data', (chunk) => {
    text += chunk
  })
  await new Promise((resolve) => wrk.once('close', resolve))
  if (/Non-2xx/.test(text)) throw new Error(`refused: ${text}`)
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  return requests / (cpuSeconds(child.pid!) - begun)
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

/** Requests/s of health and of the token check, each side in turn. */
export async function benchRequests(): Promise<{ rows: PeerRow[]; missing: string[] }> {
  const missing = absent()
  if (missing.includes('wrk')) return { rows: [], missing }
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  const sides: Side[] = []
  try {
    const ours = await startOurs(folder)
    sides.push(ours)
    const bare = await startSide((port) => [process.execPath, ['-e', BARE, String(port)]])
    sides.push(bare)
    let fastapi: Side | null = null
    if (!missing.includes('python3-fastapi') && !missing.includes('python3-uvicorn')) {
      writeFileSync(path.join(folder, 'app.py'), FASTAPI)
      const words = ['-m', 'uvicorn', 'app:app', '--log-level', 'critical', '--no-access-log']
      fastapi = await startSide((port) => [PYTHON, [...words, '--port', String(port)]], {
        cwd: folder,
      })
      sides.push(fastapi)
    }
    const rows: PeerRow[] = []
    for (const [name, target] of [
      ['GET health with token check', '/api/v1/auth/check'],
      ['GET health', '/api/v1/health'],
    ] as const) {
      const figures = new Map<Side, number[]>(sides.map((side) => [side, []]))
      for (const side of sides) await requestsPerCpuSecond(side, target)
      for (let round = 0; round < ROUNDS; round++) {
        for (const side of sides) {
          figures.get(side)!.push(await requestsPerCpuSecond(side, target))
        }
      }
      const mine = median(figures.get(ours)!)
      for (const [peerName, side] of [
        ['FastAPI, uvicorn', fastapi],
        ['bare node:http', bare],
      ] as const) {
        if (side === null) continue
        const peer = median(figures.get(side)!)
        const unit = 'requests/CPU s'
        rows.push({ name: `${name} [${peerName}]`, ours: mine, peer, ratio: mine / peer, unit })
      }
    }
    return { rows, missing }
  } finally {
    for (const side of sides) await stopSide(side)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Peers and tools that this machine lacks; nothing is installed here. */
function absent(): string[] {
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

const CLIENTS = 100
const MESSAGES = 5_000

/** Messages per second of processor time to a hundred sockets that read. */
export async function benchFanOut(): Promise<PeerRow[]> {
  const ours: number[] = []
  const each: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await fanOut('hub'))
    each.push(await fanOut('each'))
  }
  const [mine, peer] = [median(ours), median(each)]
  return [
    {
      name: 'WebSocket fan-out to 100 clients [ws, socket by socket]',
      ours: mine,
      peer,
      ratio: mine / peer,
      unit: 'messages/CPU s',
    },
  ]
}

async function fanOut(side: 'hub' | 'each'): Promise<number> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'fan-out.ts'), side], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const port = Number((await lines.next()).value)
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => rawSocket(port)))
    const begun = cpuSeconds(child.pid!)
    child.stdin.write(`${MESSAGES}\n`)
    await lines.next()
    // Everything written is read before the time is taken.
    let before = -1
    for (let read = 0; read !== before; ) {
      before = read
      await new Promise((resolve) => setTimeout(resolve, 200))
      read = sockets.reduce((sum, socket) => sum + socket.bytesRead, 0)
    }
    const seconds = cpuSeconds(child.pid!) - begun
    for (const socket of sockets) socket.destroy()
    return (CLIENTS * MESSAGES) / seconds
  } finally {
    child.kill('SIGKILL')
  }
}

/** A socket after the upgrade that reads and forgets. */
function rawSocket(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.write(
      `GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    socket.on('error', reject)
    socket.once('data', () => {
      socket.resume()
      resolve(socket)
    })
  })
}

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

/** p99 of the server's event loop delay since the last look, milliseconds. */
async function loopDelay(port: number): Promise<number> {
  const text = String(await call(port, 'GET', '/metrics'))
  return 1000 * Number(/event_loop_delay_seconds\{quantile="0.99"\} (\S+)/.exec(text)?.[1])
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

/** A result of 50 MB, and looks at jobs while two of them compute. No peer: the targets are milliseconds. */
export async function benchUnderWork(): Promise<PeerRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  writeSample(folder, { ...SAMPLE, radiusMeters: 2_500 })
  const side = await startOurs(folder, {
    SISRUA_OSM_LIBRARY: path.join(folder, 'osm'),
    SISRUA_DEM_LIBRARY: path.join(folder, 'dem'),
    SISRUA_THREADS: '2',
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
      plain('loop delay p99 meanwhile (target < 50)', fetching, 'ms'),
      plain(
        `GET jobs p99 of ${waits.length} while two compute (target < 150)`,
        waits[Math.floor(waits.length * 0.99)]!,
        'ms',
      ),
      plain('loop delay p99 while two compute (target < 50)', computing, 'ms'),
    ]
  } finally {
    await stopSide(side)
    rmSync(folder, { recursive: true, force: true })
  }
}
