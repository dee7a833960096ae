// Progress to a hundred WebSockets that read: our hub, the ws package socket by socket, and FastAPI with uvicorn. Messages per second
// of the server's own processor time, the sides in turn.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import {
  absent,
  cpuSeconds,
  median,
  type PeerRow,
  PYTHON,
  startSide,
  stopSide,
} from './server-sides.ts'

const ROUNDS = 5
const CLIENTS = 100
const MESSAGES = 2_000

const FASTAPI = `
import json
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
app = FastAPI()
clients = []
@app.websocket("/api/v1/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    clients.append(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        clients.remove(socket)
@app.post("/go/{count}")
async def go(count: int):
    for i in range(count):
        text = json.dumps({"type": "progress", "job_id": "0b6a1f0e-4e0e-4a57-9a7c-6a2b3b1c5d7e", "state": "running",
            "progress": 0.5, "message": "Processing", "at": i})
        for client in clients:
            await client.send_text(text)
    return {"status": "ok"}
@app.get("/api/v1/health")
async def health():
    return {"status": "ok"}
`

type Side = 'hub' | 'each' | 'fastapi'

/** Messages per second of processor time to a hundred sockets that read. */
export async function benchFanOut(): Promise<{ rows: PeerRow[]; missing: string[] }> {
  const missing = absent().filter((name) => /fastapi|uvicorn|websockets/.test(name))
  const sides: Side[] = missing.length > 0 ? ['hub', 'each'] : ['hub', 'each', 'fastapi']
  const figures = new Map<Side, number[]>(sides.map((side) => [side, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of sides) {
      figures.get(side)!.push(await (side === 'fastapi' ? fanOutOfPython() : fanOut(side)))
    }
  }
  const ours = median(figures.get('hub')!)
  const rows = (
    [
      ['FastAPI, uvicorn', 'fastapi'],
      ['ws, socket by socket', 'each'],
    ] as const
  ).flatMap(([name, side]): PeerRow[] => {
    const values = figures.get(side)
    if (values === undefined) return []
    const peer = median(values)
    const label = `WebSocket fan-out to ${CLIENTS} clients [${name}]`
    return [{ name: label, ours, peer, ratio: ours / peer, unit: 'messages/CPU s' }]
  })
  return { rows, missing }
}

async function fanOut(side: Exclude<Side, 'fastapi'>): Promise<number> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'fan-out.ts'), side], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const port = Number((await lines.next()).value)
    return await rateOf(child, port, async () => {
      child.stdin.write(`${MESSAGES}\n`)
      await lines.next()
    })
  } finally {
    child.kill('SIGKILL')
  }
}

async function fanOutOfPython(): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  writeFileSync(path.join(folder, 'app.py'), FASTAPI)
  const words = ['-m', 'uvicorn', 'app:app', '--log-level', 'critical', '--no-access-log']
  const side = await startSide((port) => [PYTHON, [...words, '--port', String(port)]], {
    cwd: folder,
  })
  try {
    return await rateOf(side.child, side.port, async () => {
      const answer = await fetch(`http://127.0.0.1:${side.port}/go/${MESSAGES}`, { method: 'POST' })
      await answer.text()
    })
  } finally {
    await stopSide(side)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Opens the sockets, lets the server `send`, waits until everything is read. Each socket must have got all messages. */
async function rateOf(
  child: ChildProcess,
  port: number,
  send: () => Promise<void>,
): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => rawSocket(port)))
  const begun = cpuSeconds(child.pid!)
  await send()
  let before = -1
  for (let read = 0; read !== before; ) {
    before = read
    await new Promise((resolve) => setTimeout(resolve, 200))
    read = sockets.reduce((sum, socket) => sum + socket.bytesRead, 0)
  }
  const seconds = cpuSeconds(child.pid!) - begun
  const least = Math.min(...sockets.map((socket) => socket.bytesRead))
  for (const socket of sockets) socket.destroy()
  if (least < MESSAGES * 100) throw new Error(`a socket got ${least} bytes only`)
  return (CLIENTS * MESSAGES) / seconds
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
