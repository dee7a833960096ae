// The server against FastAPI on uvicorn (with uvloop and httptools where they are installed) and bare node:http: requests per second
// of the server's own processor time.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  absent,
  cpuSeconds,
  median,
  type PeerRow,
  PYTHON,
  type Side,
  startOurs,
  startSide,
  stopSide,
  TOKEN,
} from './server-sides.ts'

const ROUNDS = 5

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
