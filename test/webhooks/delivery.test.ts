// Deliveries to a receiver that misbehaves; the clock stands still and is moved by hand.
import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { postVetted } from '../../src/base/vetted-post.ts'
import { e1 } from '../experiments/e1.ts'
import { e2 } from '../experiments/e2.ts'
import { createStillClock, OWNER, until } from '../support/job-house.ts'
import type { WebhookHouseOptions } from '../support/webhook-house.ts'
import { type Manner, OK, type Receiver } from '../support/webhook-receiver.ts'
import { createScene } from '../support/webhook-scene.ts'

const { receiver, house } = createScene()

describe('delivery', () => {
  test('the body has the original’s fields and the standard’s; filters take either name and a star', async () => {
    const all = await receiver()
    const some = await receiver()
    const { register, recorder, dispatcher, emit } = house()
    await register(all.url)
    await register(some.url, ['job.*', 'project_saved'])
    recorder.record((trail) => trail.notify('job_completed', () => ({ job_id: 'j' })))
    recorder.record((trail) => trail.notify('project_saved', () => ({ version: 2 })))
    await emit('project_loaded', { a: 1 })
    await dispatcher.step()
    expect(all.received.map((one) => JSON.parse(one.body))).toMatchObject([
      { event: 'job_completed', type: 'job.completed', timestamp: 1_700_000_000, n: 1 },
      { event: 'project_saved', type: 'project.saved', data: { version: 2 }, n: 2 },
      { event: 'project_loaded', data: { a: 1 }, n: 3 },
    ])
    const [first] = all.received
    expect(JSON.parse(first!.body).id).toBe(first!.headers['webhook-id'])
    expect(first!.headers['webhook-id']).toMatch(/^msg_[0-9a-f]{32}$/)
    expect(some.received.map((one) => JSON.parse(one.body).event)).toEqual([
      'job_completed',
      'project_saved',
    ])
  })

  test.each<[string, Manner, string, number | null]>([
    ['a redirect is not followed', { status: 307, headers: { Location: '/x' } }, 'redirect', 307],
    ['500 is a failure', { status: 500, text: 'no' }, 'status', 500],
    ['a dropped connection', 'drop', 'network', null],
    ['half an answer', 'half', 'cut_off', null],
    ['hints without an end, long before the time is over', 'hints', 'network', null],
    ['silence', 'silent', 'timeout', null],
  ])('%s, and the next try has the same id', async (_name, manner, error, status) => {
    const clock = createStillClock()
    const target = await receiver((n) => (n === 0 ? manner : OK))
    const { register, emit, dispatcher, webhooks } = house({ clock, timeoutMs: 200 })
    const { id } = await register(target.url)
    await emit('project_loaded')
    await dispatcher.step()
    expect(target.received).toHaveLength(1)
    clock.advance(6_000)
    await dispatcher.step()
    const ids = target.received.map((one) => one.headers['webhook-id'])
    expect(ids).toHaveLength(2)
    expect(ids[1]).toBe(ids[0])
    const [delivery] = webhooks.deliveries(id, { state: null, limit: 10 })
    expect(delivery).toMatchObject({
      state: 'delivered',
      attempts: [{ error, status }, { error: null }],
    })
  })

  test('of a long answer 1 KiB is kept, without secrets; more than 64 KiB is not read', async () => {
    const text = `whsec_${'A'.repeat(40)} ${'x'.repeat(5_000_000)}`
    const target = await receiver(() => ({ status: 200, text }))
    const { register, emit, dispatcher, webhooks } = house()
    const { id } = await register(target.url)
    await emit('project_loaded')
    await dispatcher.step()
    const [delivery] = webhooks.deliveries(id, { state: 'delivered', limit: 10 })
    expect(delivery!.response).toMatch(/^whsec_\[hidden\] x+$/)
    expect(delivery!.response!.length).toBeLessThanOrEqual(1024)
    const answer = await postVetted({
      url: new URL(target.url),
      headers: {},
      body: Buffer.from('{}'),
      connectMs: 1_000,
      timeoutMs: 5_000,
      maxBytes: 65_536,
      allow: () => true,
    })
    expect(answer.bytes.length).toBe(65_536)
  })

  test('an answer that wants another protocol is a failure at once, and holds up neither others nor the stop', async () => {
    const clock = createStillClock()
    const odd = await Promise.all(
      Array.from({ length: 4 }, () => receiver((n) => (n === 0 ? 'upgrade' : OK))),
    )
    const good = await receiver()
    const { register, emit, dispatcher, webhooks } = house({ clock })
    const { id } = await register(odd[0]!.url)
    for (const one of [...odd.slice(1), good]) await register(one.url)
    await emit('project_loaded')
    await dispatcher.step()
    expect(good.received).toHaveLength(1)
    expect(webhooks.deliveries(id, { state: 'waiting', limit: 1 })[0]!.attempts).toMatchObject([
      { status: 101, error: 'status' },
    ])
    clock.advance(10_000)
    await dispatcher.step()
    expect(odd.map(({ received }) => received.length)).toEqual([2, 2, 2, 2])
    await dispatcher.stop(0)
  })

  test('two secrets sign while one replaces the other, for a day', async () => {
    const clock = createStillClock()
    const target = await receiver()
    const { register, emit, dispatcher, webhooks } = house({ clock })
    const { id } = await register(target.url)
    await webhooks.rotate(id, OWNER)
    await emit('project_loaded')
    await dispatcher.step()
    clock.advance(86_400_001)
    await emit('project_loaded')
    await dispatcher.step()
    const counts = target.received.map(
      (one) => String(one.headers['webhook-signature']).split(' ').length,
    )
    expect(counts).toEqual([2, 1])
  })

  test('in strict order a message that fails holds up those after it; without, it does not', async () => {
    const clock = createStillClock()
    const { emit, dispatcher, webhooks } = house({ clock, chance: () => 0.5 })
    const strict = await receiver((n) => (n === 0 ? { status: 500 } : OK))
    const loose = await receiver((n) => (n === 0 ? { status: 500 } : OK))
    await webhooks.register({ url: strict.url, events: null, strictOrder: true }, OWNER)
    await webhooks.register({ url: loose.url, events: null }, OWNER)
    for (let n = 1; n <= 3; n++) await emit('project_loaded', { n })
    await dispatcher.step()
    const order = (target: Receiver): number[] =>
      target.received.map((one) => JSON.parse(one.body).data.n)
    expect(order(strict)).toEqual([1])
    expect(order(loose)).toEqual([1, 2, 3])
    clock.advance(6_000)
    await dispatcher.step()
    expect(order(strict)).toEqual([1, 1, 2, 3])
    expect(order(loose)).toEqual([1, 2, 3, 1])
    const isStrict = new Map(webhooks.list().map((one) => [one.url, one.strictOrder]))
    expect([isStrict.get(strict.url), isStrict.get(loose.url)]).toEqual([true, false])
  })

  test('an endpoint that asks for it gets Ed25519 signatures under the key that it was told', async () => {
    const target = await receiver()
    const { emit, dispatcher, webhooks } = house()
    const input = { url: target.url, events: null, asymmetric: true }
    const { publicKey } = await webhooks.register(input, OWNER)
    await emit('project_loaded')
    await dispatcher.step()
    const { headers, body } = target.received[0]!
    const signature = /v1a,(\S+)/.exec(String(headers['webhook-signature']))![1]!
    const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
    const x = Buffer.from(publicKey!.slice('whpk_'.length), 'base64').toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    expect(verify(null, content, key, Buffer.from(signature, 'base64'))).toBe(true)
    expect(verify(null, Buffer.from(`${content} `), key, Buffer.from(signature, 'base64'))).toBe(
      false,
    )
    // The same key while it is wanted, none when it is not, another when it is wanted again.
    expect((await webhooks.register(input, OWNER)).publicKey).toBe(publicKey)
    expect((await webhooks.register({ ...input, asymmetric: false }, OWNER)).publicKey).toBe(null)
    expect((await webhooks.register(input, OWNER)).publicKey).not.toBe(publicKey)
  })

  test('A10: the clock set a day forward and back makes no storm, and nothing waits a day longer', async () => {
    const clock = createStillClock()
    const target = await receiver(() => ({ status: 500 }))
    const { register, emit, dispatcher } = house({ clock })
    await register(target.url)
    for (let n = 0; n < 4; n++) await emit('project_loaded', { n })
    await dispatcher.step()
    expect(target.received).toHaveLength(4)
    const day = 86_400_000
    const waits = (): number => dispatcher.nextAt()! - clock.now()
    expect(waits()).toBeLessThanOrEqual(6_000)
    clock.set(clock.now() - day)
    await dispatcher.step()
    expect(target.received).toHaveLength(4)
    expect(waits()).toBeLessThanOrEqual(6_000)
    // Forward everything is due: each message is tried once, and its next wait is as long as it would have been.
    clock.set(clock.now() + day)
    await dispatcher.step()
    await dispatcher.step()
    expect(target.received.length).toBeLessThanOrEqual(8)
    clock.set(clock.now() - day)
    await dispatcher.step()
    expect(target.received.length).toBeLessThanOrEqual(8)
    expect(waits()).toBeLessThanOrEqual(360_000)
  })

  test('at most 32 at once, and one per endpoint', async () => {
    let now = 0
    let most = 0
    const perEndpoint = new Map<string, number>()
    const { register, emit, dispatcher } = house({
      post: async ({ url }) => {
        now++
        most = Math.max(most, now)
        const here = (perEndpoint.get(url.pathname) ?? 0) + 1
        perEndpoint.set(url.pathname, here)
        expect(here).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 5))
        now--
        perEndpoint.set(url.pathname, 0)
        return { status: 200, header: () => null, bytes: new Uint8Array(0) }
      },
    })
    for (let n = 0; n < 40; n++) await register(`http://127.0.0.1:9/${n}`)
    for (let n = 0; n < 3; n++) await emit('project_loaded', { n })
    await dispatcher.step()
    expect(most).toBe(32)
  })

  describe('a receiver that answers, beside twelve that accept and never do', () => {
    async function told(options: Partial<WebhookHouseOptions>) {
      const hanging = await Promise.all(
        Array.from({ length: 12 }, () => receiver(() => 'silent' as const)),
      )
      const good = await receiver()
      const { register, emit, dispatcher, webhooks } = house({ clock: systemClock, ...options })
      const ids: string[] = []
      for (const one of hanging) ids.push((await register(one.url)).id)
      dispatcher.start()
      await emit('project_loaded', { n: 1 })
      const held = Math.min(12, ((options.slots ?? 32) * 3) / 4)
      const heldNow = () => hanging.flatMap(({ received }) => received).length
      await until(() => heldNow() === held)
      await register(good.url)
      for (let n = 2; n <= 4; n++) await emit('project_loaded', { n })
      return { good, dispatcher, heldNow, attempts: () => ids.map(tried) }

      function tried(id: string): number {
        const waiting = webhooks.deliveries(id, { state: 'waiting', limit: 9 })
        return waiting.flatMap(({ attempts }) => attempts).length
      }
    }

    test('is told at once and in order, while they still hang with one message each', async () => {
      const { good, dispatcher, heldNow, attempts } = await told({})
      await until(() => good.received.length === 3)
      expect(good.received.map((one) => JSON.parse(one.body).data.n)).toEqual([2, 3, 4])
      expect(heldNow()).toBe(12)
      expect(attempts()).toEqual(Array(12).fill(0))
      await dispatcher.stop(0)
    })

    test('control: with four slots it waits for them', async () => {
      const { good, dispatcher, heldNow } = await told({ slots: 4 })
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect([good.received.length, heldNow()]).toEqual([0, 3])
      await dispatcher.stop(0)
    })
  })

  describe('forty that accept and never answer', () => {
    /** `failures` in a row of each of the forty; then they hang, and another loop takes over, as after a restart. */
    async function hanging(failures: number) {
      const clock = createStillClock()
      const under = new Map<string, () => void>()
      const told: string[] = []
      let hang = false
      const post: WebhookHouseOptions['post'] = async ({ url, signal }) => {
        const { pathname } = url
        const answer = { status: 200, header: () => null, bytes: new Uint8Array(0) }
        if (pathname.startsWith('/good')) {
          told.push(pathname)
          const isFifth = told.filter((one) => one === pathname).length % 5 === 0
          return pathname === '/good/4-of-5' && isFifth ? { ...answer, status: 500 } : answer
        }
        if (!hang) throw new Error('down')
        await new Promise<void>((resolve, reject) => {
          under.set(pathname, resolve)
          signal?.addEventListener('abort', () => reject(signal.reason))
        })
        under.delete(pathname)
        return answer
      }
      const made = house({ clock, post })
      for (let n = 0; n < 40; n++) await made.register(`http://127.0.0.1:9/bad/${n}`)
      for (let n = 0; n < failures; n++) {
        await made.emit('project_loaded', { n })
        await made.dispatcher.step()
      }
      hang = true
      const loop = made.openDispatcher()
      clock.advance(10_000)
      const steps = [loop.step()]
      await new Promise((resolve) => setTimeout(resolve, 50))
      return {
        ...made,
        under,
        loop,
        /** A step of the same loop, as the one that its timer makes. */
        step: () => void steps.push(loop.step()),
        countOf: (name: string) => told.filter((one) => one === `/good/${name}`).length,
        async end() {
          await loop.stop(0)
          await Promise.all(steps)
        },
      }
    }

    test.each([
      ['failed again and again', 3, 16],
      ['failed once', 1, 16],
      ['are new', 0, 24],
    ])(
      'hold no more than their share when they %s, also after a restart',
      async (_, failures, share) => {
        const { register, emit, under, loop, step, countOf, end } = await hanging(failures)
        if (failures === 0) {
          await emit('project_loaded')
          step()
        }
        await until(() => under.size === share)
        // Nothing to be begun: a loop that took them for due would spin.
        expect(loop.nextAt()).toBeNull()
        await register('http://127.0.0.1:9/good/new')
        await emit('project_loaded')
        // Who is new does not wait for those that failed, but for as many that are new like itself.
        step()
        if (failures > 0) await until(() => countOf('new') === 1)
        expect(under.size).toBe(share)
        // When one ends, the next of them has its slot.
        const first = [...under.keys()]
        under.get(first[0]!)!()
        await until(() => [...under.keys()].some((path) => !first.includes(path)))
        // That one answered, so its next message takes none of theirs.
        await until(() => under.has(first[0]!))
        expect([...under.keys()].filter((path) => path !== first[0])).toHaveLength(share)
        await end()
      },
    )

    test('do not hold up one that fails a call in five', async () => {
      const { register, emit, under, step, countOf, webhooks, end } = await hanging(3)
      const { id } = await register('http://127.0.0.1:9/good/4-of-5')
      for (let n = 1; n <= 20; n++) {
        await emit('project_loaded')
        step()
        await until(() => countOf('4-of-5') === n, 1_000)
      }
      await until(() => webhooks.list().find((one) => one.id === id)!.delivered === 16)
      expect(under.size).toBe(16)
      await end()
    })
  })

  test.each([
    ['that answer', false, 0],
    ['that failed last', true, 10_000],
  ])(
    'more endpoints %s than slots take turns, however much each has waiting',
    async (_, isDown, laterMs) => {
      const clock = createStillClock()
      const asked: string[] = []
      let isHeard = false
      const post: WebhookHouseOptions['post'] = async ({ url }) => {
        if (isHeard) asked.push(url.pathname)
        if (isDown) throw new Error('down')
        return { status: 200, header: () => null, bytes: new Uint8Array(0) }
      }
      const { register, emit, dispatcher } = house({ clock, post, slots: 2 })
      for (let n = 0; n < 6; n++) await register(`http://127.0.0.1:9/${n}`)
      await emit('project_loaded', { n: 0 })
      await dispatcher.step()
      clock.advance(laterMs)
      for (let n = 1; n <= 3; n++) await emit('project_loaded', { n })
      isHeard = true
      await dispatcher.step()
      const turns = [asked.slice(0, 6), asked.slice(6, 12), asked.slice(12, 18)]
      expect(turns.map((turn) => new Set(turn).size)).toEqual([6, 6, 6])
    },
  )

  test('cut off in the middle, the message goes out again under the same id', async () => {
    const target = await receiver((n) => (n === 0 ? 'silent' : OK))
    const { register, emit, dispatcher, openDispatcher, webhooks } = house()
    const { id } = await register(target.url)
    await emit('project_loaded')
    const turn = dispatcher.step()
    await until(() => target.received.length === 1)
    await dispatcher.stop(0)
    await turn
    expect(webhooks.deliveries(id, { state: 'waiting', limit: 1 })[0]!.attempts).toEqual([])
    await openDispatcher().step()
    const ids = target.received.map((one) => one.headers['webhook-id'])
    expect(ids).toHaveLength(2)
    expect(ids[1]).toBe(ids[0])
    expect(webhooks.list()[0]!.delivered).toBe(1)
  })

  test('the loop wakes by itself and sleeps when stopped', async () => {
    const target = await receiver()
    const { register, emit, dispatcher } = house({ clock: systemClock })
    await register(target.url)
    dispatcher.start()
    await emit('project_loaded', { n: 1 })
    await until(() => target.received.length === 1)
    await dispatcher.stop()
    await emit('project_loaded', { n: 2 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(target.received).toHaveLength(1)
  })

  test('E1: nothing is lost at a hostile receiver', { timeout: 120_000 }, async () => {
    const outcome = await e1.run({ seed: 1, quick: true, trials: 40 })
    expect([outcome.failures, outcome.control.ok]).toEqual([0, true])
  })

  test('E2: schedule, breaker, disabling, replay, three days off', async () => {
    const outcome = await e2.run({ seed: 1, quick: true })
    expect([outcome.failures, outcome.control.ok]).toEqual([0, true])
  })
})
