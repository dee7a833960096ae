// A reader of another program that never ends keeps the write-ahead log from being emptied: told once to health, webhooks
// and the audit log, over when the reader is gone, told again when it comes back; and nobody waits for such a reader.
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createStillClock } from '../support/job-house.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

/** Longer than the pause between two rounds of maintenance. */
const ROUND_MS = 31_000
/** Far more than anything here takes on an idle machine. */
const LIMIT_MS = 30_000
let house: TestDaemon
let target: Receiver
let clock: ReturnType<typeof createStillClock>
let readers: Database.Database[]
beforeEach(async () => {
  clock = createStillClock()
  readers = []
  house = await startDaemon({}, { clock })
  target = await startReceiver()
  await house.call('POST', '/api/v1/webhooks/register', { url: target.url })
})
afterEach(async () => {
  for (const reader of readers) reader.close()
  await house.stop()
  await target.close()
})

/** Opens the database as a backup program would, and stays inside its first look. */
function readWithoutEnd(): Database.Database {
  const file = path.join(house.config.folders.data, 'sisrua.db')
  const reader = new Database(file, { readonly: true })
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM audit_log').get()
  readers.push(reader)
  return reader
}

/** About 80 MiB through the audit log. */
async function writeMuch(): Promise<void> {
  const body = { event_type: 'seen', entity_type: 'test', data: { text: 'x'.repeat(60_000) } }
  for (let i = 0; i < 26; i++) {
    await Promise.all(Array.from({ length: 50 }, () => house.call('POST', '/api/audit', body)))
  }
}

const health = async () =>
  (await house.call('GET', '/api/v1/health/detailed')).json.components.database as {
    status: string
    details: string
  }

/** One round of maintenance, and the time that the loop needs for it. */
async function round(): Promise<void> {
  clock.advance(ROUND_MS)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
}

async function told() {
  const log = await house.call('GET', '/api/audit?event_type=storage.degraded')
  const hooks = target.received.map(({ body }) => JSON.parse(body))
  return {
    audit: log.json.logs.map(({ data }: { data: { troubles: string[] } }) => data.troubles),
    hooks: hooks.filter(({ event }) => event === 'storage.degraded').map(({ data }) => data),
  }
}

test('a write-ahead log that cannot be emptied is told once, and again when it comes back', async () => {
  const reader = readWithoutEnd()
  await writeMuch()
  await round()
  const once = { audit: [['wal_large']], hooks: [{ troubles: ['wal_large'] }] }
  await expect.poll(told, { timeout: LIMIT_MS }).toEqual(once)
  expect(await health()).toMatchObject({
    status: 'degraded',
    details: expect.stringContaining('write-ahead log'),
  })
  await round()
  await round()
  expect(await told()).toEqual(once)

  reader.close()
  await round()
  await expect.poll(async () => (await health()).status, { timeout: LIMIT_MS }).toBe('up')
  await round()
  expect(await told()).toEqual(once)

  readWithoutEnd()
  await writeMuch()
  await round()
  await expect
    .poll(async () => (await told()).audit, { timeout: LIMIT_MS })
    .toEqual([['wal_large'], ['wal_large']])
}, 240_000)

test('control: the same writing without such a reader is told to nobody', async () => {
  await writeMuch()
  await round()
  expect((await health()).status).toBe('up')
  expect(await told()).toEqual({ audit: [], hooks: [] })
}, 240_000)

test('neither a request nor the stop waits for the reader', async () => {
  readWithoutEnd()
  await house.call('POST', '/api/audit', { event_type: 'seen', entity_type: 'test' })
  // An idle program empties the log every five minutes.
  clock.advance(5 * 60_000)
  let longest = 0
  for (const end = performance.now() + 3_000; performance.now() < end; ) {
    const begun = performance.now()
    await house.call('GET', '/api/v1/health')
    longest = Math.max(longest, performance.now() - begun)
  }
  // The busy timeout of the database; it was waited for to its end, once a round and once at the stop.
  expect(longest).toBeLessThan(5_000)
  const begun = performance.now()
  await house.daemon.stop('test')
  expect(performance.now() - begun).toBeLessThan(5_000)
})
