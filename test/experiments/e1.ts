// E1B: E1 in one process, at four endpoints: a hostile receiver - dropped, reset and half answers, 500, 429, redirects, silence -
// while the delivery loop is cut off and started again over the same database. Every message arrives or is listed as given up; copies share one id; signatures hold.
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { systemClock } from '../../src/base/clock.ts'
import { createWebhookHouse } from '../support/webhook-house.ts'
import { type Manner, OK, type Received, startReceiver } from '../support/webhook-receiver.ts'
import {
  complain,
  createChance,
  type Experiment,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { FAULT_SHARE, FAULTS } from './support/receiver-faults.ts'

/** The real ten steps, shortened: the shape is E2's matter. */
const DELAYS_MS = [0, 20, 30, 40, 50, 60, 70, 80, 90, 100]
const TIMEOUT_MS = 150
const ENDPOINTS = 4
const LONGEST_MS = 240_000

export const e1: Experiment = {
  id: 'E1B',
  title: 'hostile webhook receiver',
  run: (options) =>
    withFolder('e1', async (folder) => {
      const messages = trialsOf(options, 400, 60)
      const kills = options.quick ? 3 : 50
      const chance = createChance(options.seed)
      let faults = 0
      const thanked = new Map<string, number>()
      const seenBefore = new Set<string>()
      const receiver = await startReceiver((message): Manner => {
        if (message.path === '/elsewhere') return OK
        // A message is refused for good by the endpoint that is told so, to see it listed.
        if (JSON.parse(message.body).data.hopeless === true) return { status: 500 }
        const key = `${message.path} ${String(message.headers['webhook-id'])}`
        const first = !seenBefore.has(key)
        seenBefore.add(key)
        if (!first || chance.next() >= FAULT_SHARE) {
          thanked.set(key, (thanked.get(key) ?? 0) + 1)
          return OK
        }
        faults++
        return FAULTS[chance.below(FAULTS.length)]!
      })
      // The breaker's minute would make this run last hours.
      const clock = {
        now: systemClock.now,
        monotonic: () => systemClock.monotonic() * 200,
      }
      const house = createWebhookHouse({
        clock,
        dataFolder: folder,
        delays: DELAYS_MS,
        timeoutMs: TIMEOUT_MS,
        chance: chance.next,
      })
      const secrets = new Map<string, string>()
      try {
        for (let n = 0; n < ENDPOINTS; n++) {
          const { secret } = await house.register(`http://127.0.0.1:${receiver.port}/hook-${n}`)
          secrets.set(`/hook-${n}`, secret!)
        }
        for (let n = 0; n < messages; n++) {
          await house.emit('project_loaded', { n, ...(n % 20 === 19 && { hopeless: true }) })
        }
        const ends = performance.now() + LONGEST_MS
        let killed = 0
        let loop = house.openDispatcher()
        while (performance.now() < ends) {
          // Cut off in the middle: what is under way is neither waited for nor written down.
          const turn = loop.step()
          if (killed < kills) {
            await Promise.race([turn, sleep(5 + chance.below(60))])
            killed++
            await loop.stop(0)
            loop = house.openDispatcher()
            continue
          }
          await turn
          const next = loop.nextAt()
          if (next === null) break
          await sleep(Math.min(Math.max(next - clock.now(), 1), 50))
        }
        await loop.stop(0)
        return judge(options.seed, {
          messages,
          faults,
          thanked,
          killed,
          received: receiver.received,
          secrets,
          house,
        })
      } finally {
        await receiver.close()
        await house.close()
      }
    }),
}

function judge(
  seed: number,
  found: {
    messages: number
    faults: number
    /** Copies answered with 200, by endpoint and id. */
    thanked: Map<string, number>
    killed: number
    received: Received[]
    secrets: Map<string, string>
    house: ReturnType<typeof createWebhookHouse>
  },
) {
  const { messages, received, secrets, house } = found
  const hooks = received.filter((one) => secrets.has(one.path))
  const redirected = received.length - hooks.length
  let failures = redirected
  const idsByMessage = new Map<string, Set<string>>()
  for (const [n, one] of hooks.entries()) {
    const secret = secrets.get(one.path)!
    const id = String(one.headers['webhook-id'])
    const body = JSON.parse(one.body) as { id: string; data: { n: number } }
    try {
      new Webhook(secret).verify(one.body, one.headers as Record<string, string>)
    } catch {
      failures++
      complain('E1B', seed, n, 'signature not accepted by standardwebhooks')
    }
    const hex = createHmac('sha256', secret).update(one.body).digest('hex')
    if (hex !== one.headers['x-webhook-signature'] || body.id !== id) failures++
    const key = `${one.path} ${body.data.n}`
    idsByMessage.set(key, (idsByMessage.get(key) ?? new Set()).add(id))
  }
  let delivered = 0
  let listed = 0
  for (const endpoint of house.webhooks.list()) {
    const rows = house.webhooks.deliveries(endpoint.id, { state: null, limit: 100_000 })
    if (rows.length !== messages) failures++
    for (const row of rows) {
      if (row.state === 'delivered') delivered++
      else if (row.state === 'given_up') listed++
      else failures++
    }
  }
  const expected = messages * secrets.size
  if (idsByMessage.size !== expected) failures++
  for (const ids of idsByMessage.values()) if (ids.size !== 1) failures++
  if (house.errors.length > 0) {
    failures++
    complain('E1B', seed, 0, String(house.errors[0]))
  }
  const hopeless = Math.floor(messages / 20) * secrets.size
  if (listed !== hopeless) failures++
  // The control delivers once and forgets, as the original does: what was faulty the first time never arrives.
  const firstFaulty = found.faults
  let again = 0
  for (const count of found.thanked.values()) again += count - 1
  return {
    trials: expected,
    failures,
    control: {
      expected: 'one try without an outbox loses what was refused the first time',
      seen: `${firstFaulty} of ${expected} first tries were spoilt by the receiver`,
      ok: firstFaulty > 0,
    },
    figures: {
      delivered,
      'listed as given up': listed,
      'loops cut off': found.killed,
      'requests at the receiver': received.length,
      'redirects followed': redirected,
      'duplicates per 1,000': Math.round((again / (expected - hopeless)) * 1000),
    },
  }
}
