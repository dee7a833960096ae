// Waits of messages and the clock on the wall: spread in slices after a time off, set back with the clock, and never asleep
// through a message because somebody set the clock forward.
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createStillClock, until } from '../support/job-house.ts'
import { createWebhookHouse } from '../support/webhook-house.ts'
import { startReceiver } from '../support/webhook-receiver.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** What one turn of the event loop may write. */
const SLICE = 150

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** Three endpoints that nobody answers for, with so many messages each, and a day off since. */
async function setUp(messages: number) {
  const clock = createStillClock()
  let posts = 0
  const made = createWebhookHouse({
    clock,
    chance: Math.random,
    post: async () => {
      posts++
      throw new Error('away')
    },
  })
  open.push(made)
  const { store } = made
  const ids: string[] = []
  for (let n = 0; n < 3; n++) ids.push((await made.register(`http://127.0.0.1:9/${n}`)).id)
  const writtenAt = clock.now()
  store.transaction(() => {
    for (let n = 0; n < messages; n++) store.outbox.addFor(ids, `msg_${n}`, 'x', '{}', writtenAt)
  })
  clock.advance(DAY_MS)
  const waiting = () => store.deliveries.waitingAfter({ messageId: '', endpointId: '' }, 1_000_000)
  return {
    ...made,
    clock,
    posts: () => posts,
    waiting,
    late: () => waiting().filter(({ nextAt }) => nextAt < clock.now() - MINUTE_MS).length,
  }
}

describe('what came due while nobody was there', () => {
  test('is spread a slice a turn, nothing goes out before, and the stop may come in between', async () => {
    const { openDispatcher, clock, late, waiting, posts } = await setUp(1_000)
    expect(late()).toBe(3_000)
    let before = late()
    const first = openDispatcher()
    first.start()
    for (let slices = 0; slices < 3; ) {
      // Turn by turn: who looks less often sees two slices at once on a busy machine.
      await new Promise(setImmediate)
      const now = late()
      expect(before - now).toBeLessThanOrEqual(SLICE)
      if (now < before) slices++
      before = now
    }
    expect(before).toBeGreaterThan(0)
    expect(posts()).toBe(0)
    await first.stop(0)
    const kept = late()
    expect(kept).toBeGreaterThan(0)
    const second = openDispatcher()
    second.start()
    await until(() => late() === 0)
    await second.stop(0)
    expect(new Set(waiting().map((one) => `${one.messageId} ${one.endpointId}`)).size).toBe(3_000)
    const inMinute = waiting().filter(({ nextAt }) => nextAt >= clock.now())
    expect(inMinute.every(({ nextAt }) => nextAt < clock.now() + MINUTE_MS)).toBe(true)
    expect(inMinute.length).toBeGreaterThanOrEqual(3_000 - 3 * 2)
  })

  test('ends although the clock is set back in the middle, and none waits a day longer', async () => {
    const { openDispatcher, clock, late, waiting } = await setUp(1_000)
    const loop = openDispatcher()
    loop.start()
    await until(() => late() < 2_800)
    clock.set(clock.now() - 3 * DAY_MS)
    const isThrough = () =>
      waiting().every(({ nextAt }) => Math.abs(nextAt - clock.now()) <= 6 * MINUTE_MS)
    expect(isThrough()).toBe(false)
    loop.wake()
    await until(isThrough)
    expect(late()).toBe(0)
    await loop.stop(0)
  })
})

test('set back while a delivery fails: its next try is where it was, neither at once nor a day later', async () => {
  const clock = createStillClock()
  let fail = () => {}
  const made = createWebhookHouse({
    clock,
    post: () =>
      new Promise((_, reject) => {
        fail = () => reject(new Error('down'))
      }),
  })
  open.push(made)
  await made.register('http://127.0.0.1:9/')
  await made.emit('project_loaded')
  const step = made.dispatcher.step()
  await new Promise((resolve) => setTimeout(resolve, 20))
  clock.set(clock.now() - DAY_MS)
  fail()
  await step
  await made.dispatcher.step()
  expect(made.dispatcher.nextAt()! - clock.now()).toBe(5_000)
})

test('set back while the program was not running, waits are not longer; nor shorter at the start after', async () => {
  const clock = createStillClock()
  const made = createWebhookHouse({ clock, post: () => Promise.reject(new Error('down')) })
  open.push(made)
  await made.register('http://127.0.0.1:9/')
  await made.emit('project_loaded')
  const waits = () => made.store.deliveries.firstPerEndpoint()[0]!.nextAt - clock.now()
  await made.dispatcher.step()
  expect(waits()).toBe(5_000)
  clock.set(clock.now() - DAY_MS)
  expect(waits()).toBe(DAY_MS + 5_000)
  for (let run = 1; run <= 2; run++) {
    const loop = made.openDispatcher()
    loop.start()
    await until(() => waits() <= 5_000)
    await loop.stop(0)
    expect(waits()).toBe(5_000)
  }
})

test('a message goes out at once although the clock was set forward while the loop slept', async () => {
  const target = await startReceiver()
  open.push(target)
  let ahead = 0
  const made = createWebhookHouse({
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
  })
  open.push(made)
  await made.register(target.url)
  made.dispatcher.start()
  await made.emit('project_loaded', { n: 1 })
  await until(() => target.received.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  ahead = 3_600_000
  await made.emit('project_loaded', { n: 2 })
  await until(() => target.received.length === 2, 2_000)
  await made.dispatcher.stop(0)
})
