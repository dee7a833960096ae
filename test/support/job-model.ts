// A small model of the state machine: what each thing that users, workers, crashes and the clock do makes of the jobs, and what
// the audit log and the events then tell. Knows nothing of SQLite; job-play.ts plays the real one beside it.
import type { Clock } from '../../src/base/clock.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/jobs/policy.ts'
import { OWNER } from './job-house.ts'

/** What both play by. */
export const policy: Policy = {
  ...DEFAULT_POLICY,
  maxAttempts: { osm: 3, geojson: 2, contours: 2, mesh: 2 },
}

/** Every pause before a retry is this share of its ceiling. */
export const CHANCE = 0.5

/** What the model knows of a job. */
export interface Known {
  id: string
  payload: number
  state: string
  attempt: number
  crashes: number
  retryOf: string | null
  leaseToken: string | null
  leaseUntil: number | null
  runAfter: number
  /** When it came to be as it is; a clock behind that says nothing about `runAfter`. */
  changedAt: number
  finishedAt: number | null
}

/** An entry of the audit log, without what is not the state machine's. */
export interface Entry {
  event: string
  id: string
  actor: string
  data: Record<string, unknown> | null
}

export type Model = ReturnType<typeof createModel>

const isWaiting = ({ state }: Known) => state === 'queued' || state === 'retry_wait'
const isLive = (job: Known) => isWaiting(job) || job.state === 'running'

export function createModel(clock: Clock) {
  /** In the order they were made. */
  const jobs: Known[] = []
  const entries: Entry[] = []
  /** `id type state` of each event. */
  const events: string[] = []

  function tell(job: Known, type: string): void {
    events.push(`${job.id} job.${type} ${job.state}`)
  }

  function record(job: Known, what: string, data: Entry['data'], actor = 'system'): void {
    entries.push({ event: `job.${what}`, id: job.id, actor, data })
  }

  function change(job: Known, state: string, more: Partial<Known> = {}): void {
    Object.assign(job, { state, changedAt: clock.now() }, more)
  }

  const NO_LEASE = { leaseToken: null, leaseUntil: null }

  function end(job: Known, state: string): void {
    change(job, state, { ...NO_LEASE, finishedAt: clock.now() })
  }

  function endCancelled(job: Known): void {
    end(job, 'cancelled')
    tell(job, 'cancelled')
    record(job, 'cancelled', { code: 'CANCELLED', attempt: job.attempt })
  }

  function putBack(job: Known, reason: 'released' | 'crashed'): void {
    change(job, 'queued', { ...NO_LEASE, runAfter: clock.now() })
    tell(job, 'requeued')
    record(job, 'requeued', { reason, crashes: job.crashes })
  }

  return {
    jobs,
    entries,
    events,

    /**
     * The job that answers for the payload now: the newest one, if it is live and not being cancelled, a fresh success or a
     * failure in its grace. An older success does not come back when a forced job after it was cancelled. What ended in the
     * future of a clock that was set back is of no known age, so it answers nothing.
     */
    answering(payload: number, force: boolean): Known | undefined {
      const last = jobs.filter((job) => job.payload === payload).at(-1)
      if (last === undefined || isLive(last)) return last
      if (last.finishedAt === null || force) return undefined
      const age = clock.now() - last.finishedAt
      const windows = { succeeded: policy.reuseMs.osm, failed: policy.failedGraceMs }
      const window = windows[last.state as keyof typeof windows] ?? 0
      return age >= 0 && age < window ? last : undefined
    },

    /** `retryOf`: asked for by name; else the newest of this payload, when it failed. */
    added(id: string, payload: number, retryOf?: string): void {
      const last = jobs.filter((job) => job.payload === payload).at(-1)
      const now = clock.now()
      const job: Known = {
        ...{ id, payload, state: 'queued', attempt: 0, crashes: 0, ...NO_LEASE },
        retryOf: retryOf ?? (last?.state === 'failed' ? last.id : null),
        ...{ runAfter: now, changedAt: now, finishedAt: null },
      }
      jobs.push(job)
      tell(job, 'created')
      record(job, 'created', { kind: 'osm', pipeline: 'toy@1' }, OWNER.id)
    },

    /** The one that is to start next. A clock that was set back keeps nobody waiting. */
    due(): Known | undefined {
      const now = clock.now()
      return jobs
        .filter(
          (job) =>
            job.state === 'queued' ||
            (job.state === 'retry_wait' && (job.runAfter <= now || now < job.changedAt)),
        )
        .sort((a, b) => a.runAfter - b.runAfter || jobs.indexOf(a) - jobs.indexOf(b))[0]
    },

    claimed(job: Known, leaseToken: string | null): void {
      job.attempt++
      change(job, 'running', { leaseToken, leaseUntil: clock.now() + policy.leaseMs })
      tell(job, 'started')
    },

    beaten(job: Known): void {
      job.leaseUntil = clock.now() + policy.leaseMs
    },

    succeeded(job: Known, result: string): void {
      end(job, 'succeeded')
      tell(job, 'completed')
      record(job, 'succeeded', { result, attempt: job.attempt })
    },

    failed(job: Known, code: string, isTransient: boolean): void {
      if (job.state === 'cancelling') {
        endCancelled(job)
        return
      }
      if (!isTransient || job.attempt >= policy.maxAttempts.osm) {
        end(job, 'failed')
        tell(job, 'failed')
      } else {
        const pause = CHANCE * 2000 * 2 ** (job.attempt - 1)
        change(job, 'retry_wait', { ...NO_LEASE, runAfter: clock.now() + pause })
        tell(job, 'requeued')
      }
      record(job, job.state === 'failed' ? 'failed' : 'requeued', { code, attempt: job.attempt })
    },

    released(job: Known): void {
      if (job.state === 'cancelling') endCancelled(job)
      else {
        job.attempt--
        putBack(job, 'released')
      }
    },

    /** Its worker is gone: the program crashed, the lease ran out, or the work stood still. */
    orphaned(job: Known): void {
      if (job.state === 'cancelling') endCancelled(job)
      else if (++job.crashes < policy.maxCrashes) putBack(job, 'crashed')
      else {
        end(job, 'dead')
        tell(job, 'dead')
        record(job, 'dead', { crashes: job.crashes })
      }
    },

    cancelAsked(job: Known): void {
      if (isWaiting(job)) {
        end(job, 'cancelled')
        tell(job, 'cancelled')
        record(job, 'cancelled', null, OWNER.id)
      } else if (job.state === 'running') {
        change(job, 'cancelling')
        tell(job, 'progress')
        record(job, 'cancel_requested', null, OWNER.id)
      }
    },
  }
}
