// The delivery loop: takes what is due from the outbox, one per endpoint at a time and so many in all, and writes down what
// became of it. Everything it must remember is in rows; what it keeps in memory only makes it slower, never forgetful.
import type { Recorder } from '../audit/record.ts'
import { type Breaker, createBreaker } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { DueRow } from '../store/deliveries.ts'
import type { Store } from '../store/store.ts'
import type { EndpointRow } from '../store/webhooks.ts'
import { type DeliverOptions, deliver, type Outcome } from './delivery.ts'
import { DELAYS_MS, nextDelayMs, OVERDUE_MS } from './schedule.ts'
import { createSlots } from './slots.ts'
import { createWaits } from './waits.ts'

export interface Dispatcher {
  start(): void
  /** Takes nothing more; what is under way gets `graceMs`, then is dropped and tried again after the next start. */
  stop(graceMs?: number): Promise<void>
  /** Tries everything that is due now and waits for it; for tests and experiments that move the clock themselves. */
  step(): Promise<void>
  /** When something is to be begun next, milliseconds UTC; null when nothing waits, or not for its time. */
  nextAt(): number | null
  /** Looks at the outbox again, soon. */
  wake(): void
}

export interface DispatcherOptions extends DeliverOptions {
  store: Store
  recorder: Recorder
  events: Events
  clock: Clock
  onError(error: unknown): void
  chance?: () => number
  /** Waits before attempt 1, 2 …, milliseconds. */
  delays?: readonly number[]
  /** Deliveries under way at once. */
  slots?: number
}

/** Under way at once: as many sockets, and some 100 KiB of memory each. */
const SLOTS = 32
const BREAKER = { failures: 5, restMs: 60_000 }
/** Never sleeps longer: the computer may have slept meanwhile, or its clock been set. */
const LONGEST_SLEEP_MS = 60_000
const DISABLE_AFTER_MS = 5 * 86_400_000
const DISABLE_AFTER_MESSAGES = 3
const SYSTEM = { id: 'system', role: 'system' }

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, recorder, events, clock, onError } = options
  const { chance = Math.random, delays = DELAYS_MS } = options
  const { deliveries, webhooks } = store
  const slots = createSlots(options.slots ?? SLOTS)
  /** By endpoint. */
  const busy = new Map<string, { due: DueRow; work: Promise<void> }>()
  const waits = createWaits({
    store,
    clock,
    chance,
    underWay: () => Array.from(busy.values(), ({ due }) => due),
  })
  /** The number of the newest attempt, and of the last one at each endpoint. */
  let newestAttempt = 0
  const lastAttempts = new Map<string, number>()
  const breakers = new Map<string, Breaker>()
  /** What became of the last attempt could not be written down: until then, monotonic, nothing is told. */
  const quietUntil = new Map<string, number>()
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let plannedAt = 0
  /** The next look is made at once. */
  let isSoon = false
  let running = false
  let silence = (): void => {}

  const breakerOf = (id: string): Breaker => {
    const breaker = breakers.get(id) ?? createBreaker(BREAKER)
    breakers.set(id, breaker)
    return breaker
  }

  /** When the most urgent message of an endpoint may be tried. */
  const readyAt = (due: DueRow, now: number): number =>
    Math.max(
      due.nextAt,
      due.pausedUntil ?? 0,
      now + (quietUntil.get(due.endpointId) ?? 0) - clock.monotonic(),
      now + breakerOf(due.endpointId).restMs(clock.monotonic()),
    )

  /**
   * What may be begun as soon as its time has come; the end of any delivery is a reason to look again. Those whose time has come
   * take turns: else a few that always have more would keep the slots from the others for ever.
   */
  function startable(): { due: DueRow; at: number }[] {
    const now = clock.now()
    const turnOf = ({ endpointId }: DueRow): number => lastAttempts.get(endpointId) ?? 0
    return deliveries
      .firstPerEndpoint()
      .filter((due) => !busy.has(due.endpointId) && slots.isOpenTo(due))
      .map((due) => ({ due, at: readyAt(due, now) }))
      .sort((a, b) => a.at - b.at || turnOf(a.due) - turnOf(b.due))
  }

  /** Starts what may start; true when something did. */
  function pump(): boolean {
    let started = false
    for (const { due, at } of startable()) {
      if (at > clock.now() || stopping.signal.aborted) break
      const endpoint = webhooks.byId(due.endpointId)
      if (endpoint === undefined || !slots.isOpenTo(due)) continue
      started = true
      const leave = slots.take(due)
      lastAttempts.set(due.endpointId, ++newestAttempt)
      const work = attempt(due, endpoint).finally(() => {
        busy.delete(due.endpointId)
        leave()
        if (running) wake()
      })
      busy.set(due.endpointId, { due, work })
    }
    return started
  }

  async function attempt(due: DueRow, endpoint: EndpointRow): Promise<void> {
    try {
      const outcome = await deliver(due, endpoint, options, stopping.signal)
      const breaker = breakerOf(endpoint.id)
      if (outcome.kind === 'delivered') breaker.succeeded()
      else breaker.failed(clock.monotonic())
      if (outcome.kind === 'delivered') slots.delivered(endpoint.id)
      waits.follow()
      if (await writeDown(due, endpoint, outcome)) waits.giveUp()
    } catch (error) {
      // Dropped at the stop: nothing is written, so the same message goes out again after the next start.
      if (stopping.signal.aborted) return
      onError(error)
      // The store did not take it. Leave the endpoint alone for a while instead of telling it the same again at once.
      quietUntil.set(endpoint.id, clock.monotonic() + LONGEST_SLEEP_MS)
    }
  }

  /** Answers whether that disabled the endpoint. */
  function writeDown(due: DueRow, endpoint: EndpointRow, outcome: Outcome): Promise<boolean> {
    const { kind, status, error, durationMs } = outcome
    const { messageId, endpointId } = due
    const now = clock.now()
    return recorder.recordGrouped((trail) => {
      // Removed meanwhile: there is nobody left to write about.
      const current = webhooks.byId(endpointId)
      if (current === undefined) return false
      // Erased while it was told: the answer may repeat it.
      const isSame = store.outbox.message(messageId)?.payload === due.payload
      const row = { messageId, endpointId, status, response: isSame ? outcome.response : null }
      deliveries.log({ ...row, at: now, durationMs, error })
      const delay =
        kind === 'failed' ? nextDelayMs(due.attempt + 1, outcome.pauseMs, chance, delays) : null
      deliveries.settle({
        ...row,
        state: kind === 'delivered' ? 'delivered' : delay === null ? 'given_up' : 'waiting',
        nextAt: now + (delay ?? 0),
        now,
      })
      if (kind === 'delivered') {
        webhooks.succeeded(endpointId, now)
        return false
      }
      const pauseMs =
        outcome.pauseMs === null ? null : nextDelayMs(0, outcome.pauseMs, chance, delays)
      const pausedUntil = pauseMs === null ? null : now + pauseMs
      webhooks.failed({ id: endpointId, pausedUntil, now })
      const since = current.failingSince ?? now
      const hopeless =
        now - since >= DISABLE_AFTER_MS &&
        deliveries.triedSince(endpointId, since) >= DISABLE_AFTER_MESSAGES
      if (kind !== 'gone' && !hopeless) return false
      webhooks.disable(endpointId, now)
      const { host } = new URL(endpoint.url)
      const reason = kind === 'gone' ? 'gone' : 'failing'
      trail.audit({
        eventType: 'webhook.disabled',
        entityType: 'webhook',
        entityId: endpointId,
        actor: SYSTEM,
        data: { host, reason, failures: current.failures + 1 },
      })
      trail.emit('webhook.disabled', { webhookId: endpointId, host, reason, at: now })
      return true
    })
  }

  function plan(delayMs: number): void {
    clearTimeout(timer)
    plannedAt = clock.now() + delayMs
    isSoon = delayMs === 0
    timer = setTimeout(turn, delayMs)
    timer.unref()
  }

  function turn(): void {
    if (!running) return
    isSoon = false
    try {
      waits.follow()
      if (clock.now() - plannedAt > OVERDUE_MS) waits.spread()
      if (waits.slice()) {
        plan(0)
        return
      }
      pump()
      const next = nextAt()
      if (next === null) plan(LONGEST_SLEEP_MS)
      else plan(Math.min(Math.max(next - clock.now(), 5), LONGEST_SLEEP_MS))
    } catch (error) {
      onError(error)
      plan(LONGEST_SLEEP_MS)
    }
  }

  function wake(): void {
    // A turn later, so that a burst of events is one look.
    if (running && !isSoon) plan(0)
  }

  const underWay = () => Array.from(busy.values(), ({ work }) => work)
  const nextAt = (): number | null => startable()[0]?.at ?? null

  return {
    start() {
      running = true
      try {
        waits.follow()
        // The program may have been killed in the middle of it.
        waits.giveUp()
        waits.spread()
        waits.slice()
      } catch (error) {
        // No room on the disk is no reason not to start; the next look tries again.
        onError(error)
      }
      silence = events.on('outbox.ready', wake)
      plan(0)
    },
    async stop(graceMs = 400) {
      running = false
      silence()
      clearTimeout(timer)
      const grace = setTimeout(() => stopping.abort(), graceMs)
      await Promise.allSettled(underWay())
      clearTimeout(grace)
      stopping.abort()
    },
    async step() {
      waits.follow()
      while (waits.slice());
      while (pump() || busy.size > 0) await Promise.race(underWay())
      while (waits.slice());
    },
    nextAt,
    wake,
  }
}
