// How many at once, how long, how often: the figures of the job engine in one place. Pure.
import { availableParallelism } from 'node:os'
import type { PlainError } from '../base/errors.ts'
import { ERRORS } from '../base/errors.ts'
import type { JobKind } from './job.ts'

export interface Policy {
  /** How many jobs of a kind run at once. */
  slots: Readonly<Record<JobKind, number>>
  /** How often a job is started before a transient error is final. */
  maxAttempts: Readonly<Record<JobKind, number>>
  /** How long a success answers for its payload: the map changes, a given GeoJSON does not. */
  reuseMs: Readonly<Record<JobKind, number>>
  /** How long a failure keeps answering for its payload, so that two posts in a row get one job (contract test 18). */
  failedGraceMs: number
  /** The work is asked to stop after this long. */
  softMs: number
  /** The job is failed after this long whatever the work does. */
  hardMs: number
  /** How long a cancelled work may take to stop before it is written off; the job ends within 3 s, also on a busy machine (experiment C3). */
  cancelGraceMs: number
  /** The same when the whole program stops, which must be over in 3 s. */
  stopGraceMs: number
  /**
   * Work that does not look up for so long has lost its job. The longest step between two looks takes a few seconds; on a
   * machine that is busy with something else, and with threads that stand back, ten times that.
   */
  leaseMs: number
  heartbeatMs: number
  /** A job that was running at this many crashes of the program is not started again. */
  maxCrashes: number
  /** Waiting this long lowers the priority number by one. */
  ageingMs: number
  /** More waiting jobs than this are refused. */
  maxWaiting: number
  /** Above this much memory of the whole process no job is started. */
  memoryPauseBytes: number
  /** Above this much the youngest job is ended. */
  memoryEndBytes: number
  /** Above this much the program stops in order and asks to be started again. */
  memoryRestartBytes: number
  /** How long an Idempotency-Key header is remembered. */
  keyMs: number
}

const HOUR_MS = 3_600_000
const GIB = 1024 ** 3
const computeSlots = Math.max(1, availableParallelism() - 1)

export const DEFAULT_POLICY: Policy = {
  slots: { osm: 2, geojson: computeSlots, contours: computeSlots, mesh: 1 },
  maxAttempts: { osm: 4, geojson: 2, contours: 2, mesh: 2 },
  reuseMs: { osm: HOUR_MS, geojson: 7 * 24 * HOUR_MS, contours: HOUR_MS, mesh: HOUR_MS },
  failedGraceMs: 3000,
  softMs: 300_000,
  hardMs: 600_000,
  cancelGraceMs: 1500,
  stopGraceMs: 800,
  leaseMs: 60_000,
  heartbeatMs: 10_000,
  maxCrashes: 3,
  ageingMs: 300_000,
  maxWaiting: 1000,
  memoryPauseBytes: 2.0 * GIB,
  memoryEndBytes: 2.5 * GIB,
  memoryRestartBytes: 3.0 * GIB,
  keyMs: 24 * HOUR_MS,
}

/** Whether the same work may succeed later. A time limit is never tried again: it would only be reached again. */
export function isTransient(error: PlainError): boolean {
  return ERRORS[error.code].retryable && error.code !== 'SHUTDOWN'
}

/**
 * Pause before start number `attempt` + 1: full jitter, random(0, min(300 s, 2 s · 2^(attempt−1))), at least what the
 * other side asked for (`retryAfterSeconds` of the error). `chance` in [0, 1).
 */
export function retryDelayMs(attempt: number, error: PlainError, chance: number): number {
  const ceiling = Math.min(300_000, 2000 * 2 ** Math.min(attempt - 1, 20))
  const asked = error.data.retryAfterSeconds
  const least = typeof asked === 'number' && asked > 0 ? Math.min(asked, 3600) * 1000 : 0
  return Math.round(Math.max(least, chance * ceiling))
}
