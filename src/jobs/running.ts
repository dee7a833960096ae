// The jobs this process is working on: their leases, where they stand, what is to be logged. In memory only.
import { AppError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { JobRow } from '../store/jobs.ts'
import { createPulse, looksOf, nativeBoundMs, type Pulse } from '../workers/pulse.ts'
import type { JobKind, JobStep } from './job.ts'

/** At most this many progress events a second and job. */
const PROGRESS_INTERVAL_MS = 250

export interface Running {
  /** As claimed: holds the lease. */
  row: JobRow
  kind: JobKind
  controller: AbortController
  progress: number
  step: JobStep
  /** Monotonic milliseconds. */
  startedAt: number
  beatAt: number
  /** Shared with the thread that computes. */
  pulse: Pulse
  /** How often the thread had looked up when it was last seen to move, and when that was. */
  looks: number
  movedAt: number
  /** Nothing moved for as long as the lease: somebody else may have the job. */
  lost: boolean
  toldAt: number
  /** True once its end is on the way into the store: its slot is free for the next one in the same commit. */
  ending: boolean
  /** Lines not yet stored. */
  log: { at: number; level: 'info' | 'warning' | 'error'; line: string }[]
  /** Resolves when it is over and stored. */
  done: Promise<void>
}

export function newRunning(row: JobRow, monotonic: number): Running {
  return {
    row,
    kind: row.kind as JobKind,
    controller: new AbortController(),
    progress: row.progress,
    step: 'started',
    startedAt: monotonic,
    beatAt: monotonic,
    pulse: createPulse(),
    looks: 0,
    movedAt: monotonic,
    lost: false,
    toldAt: Number.NEGATIVE_INFINITY,
    ending: false,
    log: [],
    done: Promise.resolve(),
  }
}

/**
 * Looks whether the work goes on; call often. It does while this thread itself collects or saves (each request has its own
 * limit), while the job waits for a free thread, and when the thread that computes looked up since the last call.
 */
export function noteMovement(one: Running, monotonic: number): void {
  const looks = looksOf(one.pulse)
  const isElsewhere = one.step !== 'computing' || looks === 0
  if (isElsewhere || looks !== one.looks) one.movedAt = monotonic
  one.looks = looks
}

/** Whether it moved since then (monotonic), or is inside a native call that may still last: reason to renew the lease. */
export function hasMoved(one: Running, since: number, monotonic: number): boolean {
  return one.movedAt > since || monotonic - one.movedAt < nativeBoundMs(one.pulse)
}

/** Asks work at its soft limit to stop; the grace after that ends at the hard limit, whatever the work does. */
export function enforceLimits(running: Iterable<Running>, monotonic: number): void {
  for (const { controller, row, startedAt } of running) {
    if (monotonic - startedAt < row.softMs || controller.signal.aborted) continue
    controller.abort(
      new AppError(
        'COMPUTE_TIMEOUT',
        `The job took longer than ${Math.round(row.softMs / 1000)} s. Ask for a smaller area.`,
      ),
    )
  }
}

/** Notes progress and tells listeners, a new step always, a fraction at most ten times a second. Never goes back. */
export function noteProgress(
  one: Running,
  step: JobStep,
  fraction: number,
  events: Events,
  now: { wall: number; monotonic: number },
): void {
  const newStep = step !== one.step
  one.step = step
  one.progress = Math.min(1, Math.max(one.progress, fraction))
  if (!newStep && now.monotonic - one.toldAt < PROGRESS_INTERVAL_MS) return
  one.toldAt = now.monotonic
  events.emit('job.progress', {
    jobId: one.row.id,
    state: one.controller.signal.aborted ? 'cancelling' : 'running',
    progress: one.progress,
    step,
    at: now.wall,
  })
}
