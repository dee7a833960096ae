// E2: schedule, breaker, disabling, enabling, replay, and three days off: on a clock that stands still until told otherwise, with real
// requests, and at the real program whose date is moved (e2-program.ts).
import { DELAYS_MS } from '../../src/webhooks/schedule.ts'
import { createStillClock, OWNER } from '../support/job-house.ts'
import { createWebhookHouse } from '../support/webhook-house.ts'
import { type Manner, OK, startReceiver } from '../support/webhook-receiver.ts'
import { atProgram } from './e2-program.ts'
import { complain, createChance, type Experiment } from './support/experiment.ts'

const DAY = 86_400_000

/** One receiver that answers as `state.manner` says, one endpoint, a still clock. */
async function setUp(seed: number) {
  const state: { manner: Manner } = { manner: OK }
  const clock = createStillClock(Date.UTC(2026, 0, 5))
  const receiver = await startReceiver(() => state.manner)
  const house = createWebhookHouse({ clock, chance: createChance(seed).next })
  const { id } = await house.register(receiver.url)
  let loop = house.dispatcher
  return {
    state,
    clock,
    receiver,
    house,
    id,
    endpoint: () => house.webhooks.list()[0]!,
    /** Goes from one due time to the next until nothing waits or `until` is reached; answers the times of the tries. */
    async play(until = Number.POSITIVE_INFINITY): Promise<number[]> {
      const times: number[] = []
      for (;;) {
        const next = loop.nextAt()
        if (next === null || next > until) return times
        if (next > clock.now()) clock.advance(next - clock.now())
        const before = receiver.received.length
        await loop.step()
        for (let n = before; n < receiver.received.length; n++) times.push(clock.now())
      }
    },
    /** Switched off for a while and on again. */
    async restart(offMs: number) {
      await loop.stop(0)
      clock.advance(offMs)
      loop = house.openDispatcher()
      loop.start()
      // Only the spreading is wanted; time goes on by hand.
      await loop.stop(0)
      loop = house.openDispatcher()
    },
    async close() {
      await loop.stop(0)
      await receiver.close()
      await house.close()
    },
  }
}
type Scene = Awaited<ReturnType<typeof setUp>>
type Figures = Record<string, string | number>

/** Each throws what did not hold. */
const SCENES: Record<string, (scene: Scene, figures: Figures) => Promise<void>> = {
  async schedule({ state, house, play, endpoint }, figures) {
    state.manner = { status: 500 }
    await house.emit('project_loaded')
    const times = await play()
    const gaps = times.slice(1).map((time, n) => time - times[n]!)
    const off = gaps.map((gap, n) => gap / DELAYS_MS[n + 1]! - 1)
    must(times.length === 10, `tried ${times.length} times`)
    // The breaker rests 60 s after the fifth failure; every later step is longer than that.
    must(
      off.every((share) => Math.abs(share) <= 0.2001),
      `steps off by ${Math.max(...off.map(Math.abs))}`,
    )
    must(endpoint().givenUp === 1, 'not listed as given up')
    figures['tries before giving up'] = times.length
    figures['days until then'] = ((times[9]! - times[0]!) / DAY).toFixed(2)
  },
  async retryAfter({ state, house, play, clock, receiver }) {
    state.manner = { status: 429, headers: { 'Retry-After': '7200' } }
    await house.emit('project_loaded', { n: 1 })
    await play(clock.now())
    await house.emit('project_loaded', { n: 2 })
    const from = clock.now()
    must((await play(from + 7_199_000)).length === 0, 'a busy endpoint was not left alone')
    state.manner = OK
    const times = await play()
    must(times.length === 2 && times[0]! - from >= 7_200_000, 'not sent after the wait')
    must(receiver.received.length === 3, 'sent too often')
  },
  async breaker({ state, house, play, clock, receiver }, figures) {
    state.manner = { status: 500 }
    for (let n = 0; n < 20; n++) await house.emit('project_loaded', { n })
    const from = clock.now()
    await play(from)
    const first = receiver.received.length
    must(first === 5, `${first} tries before the breaker opened`)
    await play(from + 59_999)
    must(receiver.received.length === 5, 'tried while the breaker was open')
    await play(from + 60_000)
    must(receiver.received.length === 6, 'not one probe after 60 s')
    state.manner = OK
    await play(from + 130_000)
    must(house.webhooks.list()[0]!.delivered >= 14, 'did not close after a good probe')
    figures['tries before the breaker opens'] = first
  },
  async disable({ state, house, play, clock, id, endpoint }, figures) {
    state.manner = { status: 500 }
    const from = clock.now()
    for (let day = 0; day < 7 && endpoint().state === 'enabled'; day++) {
      await house.emit('project_loaded', { day })
      await play(from + (day + 1) * DAY)
      clock.advance(Math.max(0, from + (day + 1) * DAY - clock.now()))
    }
    must(endpoint().state === 'disabled', 'not disabled after a week of failures')
    const since = endpoint().failingSince!
    const disabledAt = Math.max(
      ...house.webhooks
        .deliveries(id, { state: null, limit: 100 })
        .flatMap((d) => d.attempts.map((a) => a.at)),
    )
    must(disabledAt - since >= 5 * DAY, 'disabled too early')
    const [entry] = house.audited('webhook.disabled')
    must(entry?.reason === 'failing', 'no audit entry')
    figures['days of only failures before disabling'] = ((disabledAt - since) / DAY).toFixed(2)
    // Enabled again: what still waits goes on, and recovery sends what was given up.
    state.manner = OK
    await house.webhooks.recover(id, from, OWNER)
    await play()
    must(endpoint().state === 'enabled' && endpoint().givenUp === 0, 'not recovered')
    must(endpoint().waiting === 0, 'something still waits')
  },
  async twoMessages({ state, house, play, endpoint }) {
    // Five days and more of failures, but of one message: that is no reason yet.
    state.manner = { status: 500 }
    for (let n = 0; n < 2; n++) {
      await house.emit('project_loaded', { n })
      await play()
    }
    must(endpoint().state === 'enabled', 'disabled by two messages')
  },
  async gone({ state, house, play, endpoint, receiver, clock, id }) {
    const from = clock.now()
    state.manner = { status: 410 }
    await house.emit('project_loaded', { n: 1 })
    await house.emit('project_loaded', { n: 2 })
    await play()
    must(endpoint().state === 'disabled' && receiver.received.length === 1, '410 was not heeded')
    must(house.audited('webhook.disabled')[0]?.reason === 'gone', 'no audit entry')
    await house.emit('project_loaded', { n: 3 })
    await play()
    must(receiver.received.length === 1, 'a disabled endpoint was told')
    // The first was answered 410, the second waited at that time, the third was told after it.
    must(endpoint().waiting === 0 && endpoint().givenUp === 3, 'what it was not told is not listed')
    state.manner = OK
    must((await house.webhooks.recover(id, from, OWNER)) === 3, 'not all to be told again')
    await play()
    const got = receiver.received.map((one) => JSON.parse(one.body).data.n)
    must(endpoint().delivered === 3, 'not recovered')
    must(got.slice(1).join() === '1,2,3', `told ${got.join()} after it was back`)
  },
  async replay({ house, play, receiver, id }) {
    await house.emit('project_loaded', { n: 1 })
    await play()
    const [sent] = house.webhooks.deliveries(id, { state: null, limit: 1 })
    await house.webhooks.replay(sent!.messageId, OWNER)
    await play()
    const ids = receiver.received.map((one) => one.headers['webhook-id'])
    must(ids.length === 2 && ids[0] === ids[1], 'replay has another id')
    must(
      house.webhooks.deliveries(id, { state: null, limit: 1 })[0]!.attempts.length === 2,
      'replay is not in the log',
    )
  },
  async threeDaysOff({ state, house, play, restart, clock, endpoint }, figures) {
    // Down, but only just: messages wait for their second and later tries when the computer is switched off.
    state.manner = 'drop'
    for (let n = 0; n < 60; n++) await house.emit('project_loaded', { n })
    await play(clock.now() + 400_000)
    state.manner = OK
    await restart(3 * DAY)
    const from = clock.now()
    const times = await play()
    const span = times.at(-1)! - from
    const firstTenth = times.filter((time) => time - from < 6_000).length
    must(times.length === 60 && endpoint().delivered === 60, `${times.length} of 60 arrived`)
    must(span <= 60_000 && span > 30_000, `spread over ${span} ms`)
    must(firstTenth < 20, `${firstTenth} of 60 in the first 6 s`)
    figures['60 overdue messages spread over'] =
      `${(span / 1000).toFixed(1)} s, ${firstTenth} in the first 6 s`
  },
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** Without the restart's spreading the same messages go out in one burst. */
async function burst(seed: number): Promise<number> {
  const scene = await setUp(seed)
  try {
    scene.state.manner = 'drop'
    for (let n = 0; n < 60; n++) await scene.house.emit('project_loaded', { n })
    await scene.play(scene.clock.now() + 400_000)
    scene.state.manner = OK
    scene.clock.advance(3 * DAY)
    const from = scene.clock.now()
    return (await scene.play()).filter((time) => time - from < 6_000).length
  } finally {
    await scene.close()
  }
}

export const e2: Experiment = {
  id: 'E2',
  title: 'schedule, breaker, disabling, replay, three days off',
  async run({ trials, seed, quick }) {
    const rounds = trials ?? (quick ? 1 : 25)
    const figures: Figures = {}
    let failures = 0
    for (let round = 0; round < rounds; round++) {
      for (const [name, play] of Object.entries(SCENES)) {
        const scene = await setUp(seed + round)
        try {
          await play(scene, figures)
          must(scene.house.errors.length === 0, String(scene.house.errors[0]))
        } catch (error) {
          failures++
          complain('E2', seed + round, round, `${name}: ${String(error)}`)
        } finally {
          await scene.close()
        }
      }
    }
    const atOnce = await burst(seed)
    // quick.test.ts has a short pass of this by itself, where libfaketime is.
    const real = quick ? null : await atProgram(seed, 4)
    const seen = Object.entries(real?.seen ?? {})
    return {
      trials: rounds * Object.keys(SCENES).length + (real?.trials ?? 0),
      failures: failures + (real?.failures ?? 0),
      control: {
        expected: 'without each protection its scene shows that it is missing',
        seen: [
          `${atOnce} of 60 in the first 6 s without spreading`,
          ...seen.map(([what]) => `the program ${what}`),
        ].join('; '),
        ok: atOnce === 60 && seen.every(([, ok]) => ok),
      },
      figures: {
        ...figures,
        ...real?.figures,
      },
    }
  },
}
