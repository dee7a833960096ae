// What waits when an endpoint is disabled, and what is told after that: kept and listed, not sent, sent by `recover`; and however
// much it is, others don't wait.
import { afterEach, expect, test } from 'vitest'
import { createStillClock, OWNER, until } from '../support/job-house.ts'
import { createWebhookHouse } from '../support/webhook-house.ts'

const DAY_MS = 86_400_000
const MANY = 20_000

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** An endpoint that answers 410 until it is told otherwise, and another that takes everything. */
async function setUp() {
  const clock = createStillClock()
  const told: Record<string, number[]> = { '/gone': [], '/good': [] }
  const state = { status: 410 }
  const made = createWebhookHouse({
    clock,
    post: async ({ url, body }) => {
      told[url.pathname]!.push(JSON.parse(Buffer.from(body).toString()).data.n)
      const status = url.pathname === '/gone' ? state.status : 200
      return { status, header: () => null, bytes: new Uint8Array(0) }
    },
  })
  open.push(made)
  const { id } = await made.register('http://127.0.0.1:9/gone')
  await made.register('http://127.0.0.1:9/good')
  await made.emit('project_loaded', { n: 0 })
  await made.dispatcher.step()
  const endpoint = () => made.webhooks.list().find((one) => one.id === id)!
  expect(endpoint().state).toBe('disabled')
  return { ...made, clock, told, state, id, endpoint }
}

test('is listed as given up without an attempt, and sent once by recover, in order', async () => {
  const { emit, dispatcher, webhooks, clock, told, state, id, endpoint } = await setUp()
  const from = clock.now()
  for (let n = 1; n <= 3; n++) {
    clock.advance(DAY_MS)
    await emit('project_loaded', { n })
    await dispatcher.step()
  }
  expect([told['/gone'], told['/good']]).toEqual([[0], [0, 1, 2, 3]])
  expect(endpoint()).toMatchObject({ waiting: 0, delivered: 0, givenUp: 4 })
  const kept = webhooks.deliveries(id, { state: 'given_up', limit: 10 })
  expect(kept.map(({ n, attempts }) => [n, attempts.length])).toEqual([
    [4, 0],
    [3, 0],
    [2, 0],
    [1, 1],
  ])
  // Enabling alone sends nothing of them, nor does a restart.
  state.status = 200
  await webhooks.enable(id, OWNER)
  await dispatcher.step()
  expect(told['/gone']).toEqual([0])
  expect(await webhooks.recover(id, from + 1, OWNER)).toBe(3)
  await dispatcher.step()
  expect(told['/gone']).toEqual([0, 1, 2, 3])
  expect(await webhooks.recover(id, from + 1, OWNER)).toBe(0)
  expect(endpoint()).toMatchObject({ state: 'enabled', waiting: 0, delivered: 3, givenUp: 1 })
})

test('what waited then is given up too, with the attempts it had: in slices, and on after a kill in the middle', async () => {
  const { dispatcher, webhooks, store, clock, told, state, id, endpoint, openDispatcher } =
    await setUp()
  await webhooks.recover(id, 0, OWNER)
  state.status = 500
  await dispatcher.step()
  expect([endpoint().waiting, told['/gone']]).toEqual([1, [0, 0]])
  store.transaction(() => {
    for (let n = 1; n <= 400; n++) {
      store.outbox.addFor([id], `msg_${n}`, 'x', JSON.stringify({ n }), clock.now())
    }
  })
  const waiting = () => store.deliveries.waitingAfter({ messageId: '', endpointId: '' }, 1_000)
  expect(waiting()).toHaveLength(401)
  // As a program that is killed between the transaction that disables it and the last slice: most still waits.
  store.webhooks.disable(id, clock.now())
  expect(store.deliveries.giveUpDisabled(150, clock.now())).toBe(150)
  expect(waiting()).toHaveLength(251)
  const loop = openDispatcher()
  loop.start()
  await until(() => waiting().length === 0)
  await loop.stop(0)
  expect(endpoint()).toMatchObject({ waiting: 0, givenUp: 401 })
  expect(webhooks.deliveries(id, { state: 'given_up', limit: 500 }).at(-1)!.attempts).toHaveLength(
    2,
  )
  // The receiver says "gone" while others wait: the same at once.
  state.status = 200
  await webhooks.recover(id, 0, OWNER)
  state.status = 410
  clock.advance(60_000)
  const last = openDispatcher()
  await last.step()
  expect(endpoint()).toMatchObject({ state: 'disabled', waiting: 0, givenUp: 401 })
  expect(told['/gone']).toHaveLength(3)
  // Neither a test nor a replay makes anything wait for it; nor does enabling alone send something.
  await webhooks.test(id, OWNER)
  expect(await webhooks.replay('msg_1', OWNER)).toBe(0)
  state.status = 200
  await webhooks.enable(id, OWNER)
  await last.step()
  expect([endpoint().waiting, endpoint().givenUp, told['/gone']!.length]).toEqual([0, 402, 3])
  expect(await webhooks.recover(id, 0, OWNER)).toBe(402)
  await last.step()
  expect(endpoint()).toMatchObject({ waiting: 0, delivered: 402, givenUp: 0 })
})

test('is kept for its filter only, for 30 days, and not beyond its removal', async () => {
  const { emit, store, webhooks, clock, id, register } = await setUp()
  await register('http://127.0.0.1:9/gone', ['project_loaded'])
  store.webhooks.disable(id, clock.now())
  await emit('project_loaded', { n: 1 })
  await emit('other', { n: 2 })
  const kept = () => webhooks.deliveries(id, { state: null, limit: 10 }).map(({ n }) => n)
  expect(kept()).toEqual([2, 1])
  clock.advance(30 * DAY_MS + 1)
  await emit('project_loaded', { n: 3 })
  store.transaction(() => store.retention.prune(clock.now()))
  expect(kept()).toEqual([3])
  expect(await webhooks.recover(id, 0, OWNER)).toBe(1)
  await webhooks.remove(id, OWNER)
  await emit('project_loaded', { n: 4 })
  expect(store.deliveries.counts(id)).toEqual([])
})

test('holds up nobody, however much it is: neither the start of the loop nor a message to another', async () => {
  const { store, clock, told, endpoint, openDispatcher, recorder, webhooks, id } = await setUp()
  recorder.record((trail) => {
    for (let n = 1; n <= MANY; n++) trail.notify('project_loaded', () => ({ n }))
  })
  const good = webhooks.list().find((one) => one.id !== id)!
  expect([endpoint().givenUp, good.waiting]).toEqual([MANY + 1, MANY])
  // The other took them.
  store.transaction(() => {
    for (const { messageId, endpointId } of store.deliveries.waitingAfter(
      { messageId: '', endpointId: '' },
      MANY,
    )) {
      const at = { nextAt: 0, status: 200, response: null, now: clock.now() }
      store.deliveries.settle({ messageId, endpointId, state: 'delivered', ...at })
    }
  })
  clock.advance(DAY_MS)
  // Nothing of it is gone through at the start (or when the clock is set), and the loop's question costs what it costs without.
  expect(store.deliveries.countOverdue(clock.now())).toBe(0)
  expect(store.deliveries.waitingAfter({ messageId: '', endpointId: '' }, 1)).toEqual([])
  const begun = performance.now()
  for (let i = 0; i < 1_000; i++) store.deliveries.firstPerEndpoint()
  expect(performance.now() - begun).toBeLessThan(1_000)
  const loop = openDispatcher()
  loop.start()
  recorder.record((trail) => trail.notify('project_loaded', () => ({ n: MANY + 1 })))
  await until(() => told['/good']!.at(-1) === MANY + 1)
  await loop.stop(0)
  expect(told['/gone']).toEqual([0])
})
