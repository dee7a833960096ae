// A reader that stops reading: what waits for it is bounded, progress is kept to the newest, and it is let go with 1013.
import http from 'node:http'
import type { AddressInfo, Socket as NetSocket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../../src/base/clock.ts'
import { createEvents, type Events, type JobEvent } from '../../src/base/events.ts'
import { createHub, type Hub } from '../../src/http/progress.ts'

const MIB = 2 ** 20
let close: (() => void) | null = null
afterEach(() => close?.())

/** The hub on a bare server, with the event bus in the test's hand and the server's end of each socket. */
async function startHub() {
  const events: Events = createEvents(() => {})
  const jobs = { latestSeq: () => 0, eventsSince: () => ({ events: [], resync: false }) }
  const hub: Hub = createHub({ jobs: jobs as never, events, clock: systemClock, bootId: 'b' })
  const ends: NetSocket[] = []
  const server = http.createServer()
  server.on('upgrade', (request, socket, head) => {
    ends.push(socket as NetSocket)
    hub.accept(request, socket, head, { id: 'owner', role: 'admin' }, 'en')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const open = async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}`)
    const seen = { numbers: [] as number[], progress: new Map<string, number>(), code: 0 }
    ws.on('message', (data) => {
      const { type, seq, job_id: id, progress } = JSON.parse(String(data))
      if (type === 'job.progress') seen.progress.set(id, progress)
      else if (typeof seq === 'number') seen.numbers.push(seq)
    })
    ws.on('close', (code) => {
      seen.code = code
    })
    ws.on('error', () => {})
    await new Promise((resolve) => ws.once('open', resolve))
    return { ws, seen }
  }
  close = () => {
    hub.close()
    server.closeAllConnections()
    server.close()
    for (const end of ends) end.destroy()
  }
  return { hub, events, ends, open }
}

const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
const event = (seq: number): JobEvent =>
  ({
    seq,
    type: 'job.retry_wait',
    jobId: `job-${seq}-${'x'.repeat(200)}`,
    state: 'retry_wait',
    step: 'queued',
    progress: 0,
    at: 0,
    error: null,
  }) as unknown as JobEvent

test('events: never more than 8 MiB wait, the others hear everything, the stuck one reads 1013 in the end', async () => {
  const { hub, events, ends, open } = await startHub()
  const stuck = await open()
  const lively = await open()
  stuck.ws.pause()
  let most = 0
  const COUNT = 100_000
  for (let seq = 1; seq <= COUNT; seq++) {
    events.emit('job.event', event(seq))
    most = Math.max(most, ends[0]!.writableLength)
    // As events come in life: not all in one turn of the loop.
    if (seq % 200 === 0) await pause()
  }
  expect(most).toBeGreaterThan(8 * MIB)
  expect(most).toBeLessThan(8 * MIB + 64 * 1024)
  expect(hub.count()).toBe(1)
  for (let i = 0; i < 500 && lively.seen.numbers.at(-1) !== COUNT; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(lively.seen.numbers.filter((seq) => seq > 0)).toHaveLength(COUNT)
  stuck.ws.resume()
  await new Promise((resolve) => stuck.ws.once('close', resolve))
  expect(stuck.seen.code).toBe(1013)
})

test('progress: a slow reader gets the newest of each job, not all of them', async () => {
  const { hub, events, ends, open } = await startHub()
  const slow = await open()
  slow.ws.pause()
  let most = 0
  for (let i = 1; i <= 100_000; i++) {
    events.emit('job.progress', {
      jobId: `${i % 3}-${'x'.repeat(200)}`,
      state: 'running',
      step: 'computing',
      progress: i / 100_000,
      at: 0,
    } as never)
    most = Math.max(most, ends[0]!.writableLength)
    if (i % 200 === 0) await pause()
  }
  expect(most).toBeGreaterThan(MIB)
  expect(most).toBeLessThan(MIB + 64 * 1024)
  expect(hub.count()).toBe(1)
  slow.ws.resume()
  for (let i = 0; i < 500 && Math.max(...slow.seen.progress.values()) !== 1; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect([...slow.seen.progress.values()].sort()).toEqual([0.99998, 0.99999, 1])
  slow.ws.terminate()
})
