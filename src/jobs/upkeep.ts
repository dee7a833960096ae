// The housekeeping of the store, a step now and then from the runner's tick: old rows, unused blobs, a daily backup, the
// write-ahead log, a look at some blobs. What would hold up a request waits until no job runs.
import { type Clock, createTerms } from '../base/clock.ts'
import type { Store } from '../store/store.ts'
import type { StorageWatch } from './storage-watch.ts'

const MINUTE_MS = 60_000
const RETENTION_MS = 60 * MINUTE_MS
const IDLE_CHECKPOINT_MS = 5 * MINUTE_MS
/** Nothing but the start itself happens in the first minutes of a program that somebody waits for. */
const SETTLE_MS = 5 * MINUTE_MS
const DAY_MS = 24 * 60 * MINUTE_MS
/** A backup this late is made even while jobs run. */
const OVERDUE_MS = 36 * 60 * MINUTE_MS
/** Stops trying for a while after a failure. */
const BACKUP_PAUSE_MS = 60 * MINUTE_MS
/** Jobs thrown away in one commit when there is hardly room for the commit. */
const SMALL_BATCH = 20
const BLOBS_SAMPLED = 50

export interface Upkeep {
  /** After the runner's maintenance. `isIdle`: no job runs. Never rejects. */
  turn(isIdle: boolean): Promise<void>
}

export function createUpkeep(options: {
  store: Store
  clock: Clock
  watch: StorageWatch
  onError: (error: unknown) => void
}): Upkeep {
  const { store, clock, watch, onError } = options
  const startedAt = clock.monotonic()
  const terms = createTerms(clock)
  let prunedAt = Number.NEGATIVE_INFINITY
  let checkpointedAt = startedAt
  let sampledAt = Number.NEGATIVE_INFINITY
  let backupFailedAt = Number.NEGATIVE_INFINITY
  let busy = false

  /** Once an hour, batch by batch while there is something to throw away; each batch its own commit. */
  async function prune(now: number): Promise<void> {
    if (now - prunedAt < RETENTION_MS) return
    if ((await store.group(() => store.retention.prune(terms.earliest()))) > 0) return
    prunedAt = now
    store.blobs.collect()
    await store.blobs.collectFiles(terms.earliest())
  }

  /** The disk is short: what may be thrown away goes now, in steps small enough for the room that the reserve gave back. */
  async function makeRoom(): Promise<void> {
    store.moveWal()
    while ((await store.group(() => store.retention.prune(terms.earliest(), SMALL_BATCH))) > 0) {
      store.blobs.collect()
      store.moveWal()
    }
    store.walCheckpoint()
    store.disk.refresh()
  }

  /** A day after the last one, by the clock on the wall; at once when a backup still holds what was erased meanwhile. */
  async function backUp(now: number, isIdle: boolean): Promise<void> {
    if (now - startedAt < SETTLE_MS || now - backupFailedAt < BACKUP_PAUSE_MS) return
    const daily = store.backups().find((one) => one.reason === 'daily')
    // A clock that was set back must not stop backups: an age below zero is as good as too old.
    const age = daily === undefined ? Number.POSITIVE_INFINITY : clock.now() - daily.createdAt
    const isDue = age < 0 || age >= (isIdle ? DAY_MS : OVERDUE_MS)
    const stale = store.backupsWithErased()
    if (!isDue && !(isIdle && stale.length > 0)) return
    try {
      await store.backup('daily')
      // Only after the new one has been checked: somebody's right to be forgotten does not cost the last copy.
      store.removeBackups(stale)
    } catch (error) {
      backupFailedAt = now
      throw error
    }
  }

  /** Some blobs a day, so that a disk that rots is noticed before somebody needs the bytes. */
  async function sampleBlobs(now: number): Promise<void> {
    if (now - startedAt < MINUTE_MS || now - sampledAt < DAY_MS) return
    sampledAt = now
    const damaged = await store.blobs.sample(BLOBS_SAMPLED)
    if (damaged > 0) watch.note('blobs_damaged')
  }

  function checkpoint(now: number, isIdle: boolean): void {
    const isLarge = watch.isWalLarge()
    if (!isLarge && !(isIdle && now - checkpointedAt >= IDLE_CHECKPOINT_MS)) return
    checkpointedAt = now
    store.walCheckpoint()
  }

  return {
    async turn(isIdle) {
      if (busy) return
      busy = true
      const now = clock.monotonic()
      try {
        if (store.disk.state() === 'ok') {
          await prune(now)
          await backUp(now, isIdle)
        } else await makeRoom()
        checkpoint(now, isIdle)
        await sampleBlobs(now)
      } catch (error) {
        onError(error)
      } finally {
        busy = false
        watch.look()
      }
    },
  }
}
