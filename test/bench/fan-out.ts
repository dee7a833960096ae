// One side of the fan-out bench, as a process of its own: a hundred sockets, and as many messages as its standard input asks for.
// `hub` is ours; `each` sends every message to every socket with the ws package, as servers usually do.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../src/base/clock.ts'
import { createEvents, type JobProgress } from '../../src/base/events.ts'
import { eventMessage } from '../../src/http/contract/events.ts'
import { createHub } from '../../src/http/progress.ts'

/** Messages between two looks at the sockets. */
const BATCH = 20

const events = createEvents(() => {})
const server = http.createServer()
const sockets = new Set<WebSocket>()
if (process.argv[2] === 'hub') {
  const jobs = { latestSeq: () => 0, eventsSince: () => ({ events: [], resync: false }) }
  const hub = createHub({ jobs: jobs as never, events, clock: systemClock, bootId: 'bench' })
  server.on('upgrade', (request, socket, head) =>
    hub.accept(request, socket, head, { id: 'owner', role: 'admin' }, 'en'),
  )
} else {
  const plain = new WebSocketServer({ server, perMessageDeflate: false })
  plain.on('connection', (socket) => sockets.add(socket))
  events.on('job.progress', (progress) => {
    const text = JSON.stringify(eventMessage(progress, 'en'))
    for (const socket of sockets) socket.send(text)
  })
}
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))

const message: JobProgress = {
  jobId: '0b6a1f0e-4e0e-4a57-9a7c-6a2b3b1c5d7e',
  state: 'running',
  step: 'computing',
  progress: 0.5,
  at: 0,
}

process.stdin.on('data', (text) => {
  let left = Number(String(text))
  const begun = process.cpuUsage()
  const more = (): void => {
    for (let i = 0; i < BATCH && left > 0; i++, left--) {
      events.emit('job.progress', { ...message, at: left })
    }
    if (left > 0) setImmediate(more)
    else {
      const { user, system } = process.cpuUsage(begun)
      console.log((user + system) / 1e6)
    }
  }
  more()
})
