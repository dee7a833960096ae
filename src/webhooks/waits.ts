// Keeps the waits of messages in step with the clock on the wall, on which they are written down so that they outlive the program.
// Tens of thousands may wait, so it is done in slices, each its own transaction; the stop may come between any two.
import type { Clock } from '../base/clock.ts'
import type { DeliveryName } from '../store/deliveries.ts'
import type { Store } from '../store/store.ts'
import { OVERDUE_MS, spreadAt } from './schedule.ts'

export interface Waits {
  /**
   * What waits for an endpoint that is disabled is to be given up: listed, and there for `recover`. As waiting it would be gone
   * through at every start and, enabled again after weeks, flood its receiver unasked.
   */
  giveUp(): void
  /** What is long overdue did not wait for its receiver but for us: it is to go out over the next minute, not at once. */
  spread(): void
  /**
   * Looks at the clock. Set back a day, waits would last a day longer, so they are to be set back too: those of endpoints at once,
   * those of messages in slices. Set forward, or after a sleep of the computer, they are overdue, which is the other's matter.
   */
  follow(): void
  /** Does a slice of what is to be done; false when nothing is left. Until then the waits say nothing. */
  slice(): boolean
}

/** Some 5 ms of work: as long as a request may be held up for it. */
const SLICE = 150
/** Of `meta`, while waits are set back: the clock that those of endpoints follow already. */
const PAUSES_SEEN_AT = 'webhooks.pauses_seen_at'

export function createWaits(options: {
  store: Store
  clock: Clock
  chance: () => number
  /** What is being told: its next wait is written by the new clock when it ends. */
  underWay(): Iterable<DeliveryName>
}): Waits {
  const { store, clock, chance, underWay } = options
  const { deliveries, webhooks, meta } = store
  /** The clock at the last look, in this run or the one before; it only comes back when somebody sets it back. */
  let seenAt = Math.max(clock.now(), webhooks.latestChange())
  /** The same for the waits of endpoints: earlier when a run before was ended between theirs and the last one of a message. */
  let pausesSeenAt = Math.min(seenAt, Number(meta.get(PAUSES_SEEN_AT) ?? Number.POSITIVE_INFINITY))
  /**
   * What is overdue, seen from when that began: whatever the clock does meanwhile, what was spread is later than what was not.
   * `done` of `total` went before, so each slice has a part of the minute for itself, and its rows lie side by side on the disk.
   */
  let overdue: { from: number; total: number | null; done: number } | null = null
  let isGivingUp = false
  let shift: { by: number; after: DeliveryName; except: ReadonlySet<string> } | null = null

  const keyOf = ({ messageId, endpointId }: DeliveryName): string => `${messageId} ${endpointId}`

  function shiftSlice({ by, after, except }: NonNullable<typeof shift>): void {
    const rows = deliveries.waitingAfter(after, SLICE)
    store.transaction(() => {
      // With the last of them; a stop before that makes some of them be tried early.
      if (rows.length < SLICE) {
        webhooks.comeBack(clock.now())
        meta.remove(PAUSES_SEEN_AT)
      }
      for (const row of rows) {
        if (!except.has(keyOf(row))) deliveries.postpone(row, row.nextAt - by)
      }
    })
    shift = rows.length < SLICE ? null : { by, after: rows.at(-1)!, except }
  }

  function spreadSlice(job: NonNullable<typeof overdue>): void {
    const { from, done } = job
    const total = job.total ?? deliveries.countOverdue(from - OVERDUE_MS)
    const late = deliveries.overdue(from - OVERDUE_MS, SLICE)
    const share = (): number => Math.min(1, (done + chance() * late.length) / total)
    store.transaction(() => {
      for (const one of late) deliveries.postpone(one, spreadAt(from, share()))
    })
    overdue = late.length < SLICE ? null : { from, total, done: done + late.length }
  }

  /** False when there was nothing to be given up. */
  function giveUpSlice(): boolean {
    const count = isGivingUp ? deliveries.giveUpDisabled(SLICE, clock.now()) : 0
    isGivingUp = count === SLICE
    return count > 0
  }

  function slice(): boolean {
    if (shift !== null) shiftSlice(shift)
    else if (!giveUpSlice() && overdue !== null) spreadSlice(overdue)
    return shift !== null || isGivingUp || overdue !== null
  }

  return {
    giveUp() {
      isGivingUp = true
    },
    spread() {
      // Counted at its first slice: what is given up before that does not go out.
      overdue = { from: clock.now(), total: null, done: 0 }
    },
    follow() {
      const now = clock.now()
      const by = Math.round(seenAt - now)
      const pausesBy = Math.round(pausesSeenAt - now)
      if (by > OVERDUE_MS) {
        store.transaction(() => {
          if (pausesBy > 0) webhooks.shiftPauses(pausesBy)
          meta.set(PAUSES_SEEN_AT, String(now))
        })
      }
      seenAt = now
      pausesSeenAt = now
      if (by <= OVERDUE_MS) return
      // Twice in a second: the one before must be through, since it began from another clock.
      while (shift !== null) shiftSlice(shift)
      if (overdue !== null) overdue.from -= by
      shift = {
        by,
        after: { messageId: '', endpointId: '' },
        except: new Set(Array.from(underWay(), keyOf)),
      }
    },
    slice,
  }
}
