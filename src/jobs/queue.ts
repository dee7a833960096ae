// The state machine: every change a job may go through, each with its guard, its event, its audit entry and its word to
// webhooks in the open transaction. A worker's change names its lease; a lost lease changes nothing (undefined comes back).
// The longest file of the room, because all transitions must be seen side by side.
import type { Trail } from '../audit/record.ts'
import { createTerms } from '../base/clock.ts'
import { AppError, type PlainError } from '../base/errors.ts'
import type { JobEvent } from '../base/events.ts'
import type { Ids } from '../base/ids.ts'
import type { PreparedBlob } from '../store/blobs.ts'
import type { Ending, JobRow } from '../store/jobs.ts'
import type { Store } from '../store/store.ts'
import type { JobKind } from './job.ts'
import { toEvent } from './job-view.ts'
import type { Actor } from './jobs.ts'
import { isTransient, type Policy, retryDelayMs } from './policy.ts'

const SYSTEM: Actor = { id: 'system', role: 'system' }
const ROUTE = 'jobs/prepare'

/** What a claim hands to a worker, at least; every later change names it. */
export interface Lease {
  id: string
  leaseToken: string | null
}

/** Only what a statement may name. A row without a lease matches nothing. */
function leaseOf({ id, leaseToken }: Lease): { id: string; leaseToken: string } {
  return { id, leaseToken: leaseToken ?? '' }
}

export interface NewJob {
  kind: JobKind
  pipeline: string
  serviceVersionId?: string | null
  payload: string
  key: Buffer
  input: PreparedBlob | null
  priority: number
  force: boolean
  idempotencyKey: string | null
  projectId: string | null
  traceId: string | null
  retryOf: string | null
}

/** Bytes a job leaves behind: its result, and files by name. */
export interface JobOutput {
  result: PreparedBlob
  artifacts: { name: string; mediaType: string; blob: PreparedBlob }[]
}

export interface QueueOptions {
  store: Store
  ids: Ids
  bootId: string
  policy: Policy
  /** [0, 1); for the pause before a retry. */
  chance: () => number
}

export type Queue = ReturnType<typeof createQueue>

export function createQueue({ store, ids, bootId, policy, chance }: QueueOptions) {
  const { clock } = store
  const rows = store.jobs
  const terms = createTerms(clock)

  /** Stores the event and rings the bell after the commit; answers the event's number. */
  function tell(trail: Trail, row: JobRow, type: JobEvent['type']): number {
    const event = {
      seq: 0,
      jobId: row.id,
      type,
      state: row.state,
      progress: row.progress,
      step: row.step,
      errorCode: row.finishedAt === null ? null : row.errorCode,
      at: row.updatedAt,
    }
    event.seq = rows.addEvent(event)
    trail.emit('job.event', toEvent(event))
    return event.seq
  }

  function audit(trail: Trail, row: JobRow, what: string, actor: Actor, data?: unknown): void {
    trail.audit({
      eventType: `job.${what}`,
      entityType: 'job',
      entityId: row.id,
      actor,
      ...(data === undefined ? {} : { data }),
    })
  }

  /** `version`: the number of the job's newest event, as sockets tell it; it grows with each change of the job. */
  function notify(trail: Trail, event: string, row: JobRow, version: number): void {
    trail.notify(event, () => ({
      job_id: row.id,
      version,
      kind: row.kind,
      state: row.state,
      error: row.finishedAt === null ? null : row.errorCode,
      project_id: row.projectId,
    }))
  }

  /** In the original's words every end without a result is a failure; who wants to know more asks for the finer name. */
  function notifyEnd(trail: Trail, row: JobRow, version: number): void {
    notify(trail, 'job_failed', row, version)
    if (row.state === 'cancelled') notify(trail, 'job_cancelled', row, version)
    if (row.state === 'dead') notify(trail, 'job_dead', row, version)
  }

  /**
   * The job that still answers for this payload; frees the key of one that no longer does. `failed`: that one, when it came to
   * nothing, so that the new one tries again what it tried.
   */
  function holderOf(key: Buffer, force: boolean): { holder: JobRow | null; failed: string | null } {
    const row = rows.byKey(key, true)
    if (row === undefined) return { holder: null, failed: null }
    if (holds(row, force)) return { holder: row, failed: null }
    rows.freeKey(row.id)
    return { holder: null, failed: row.state === 'succeeded' ? null : row.id }
  }

  function holds(row: JobRow, force: boolean): boolean {
    if (row.finishedAt === null) return true
    if (force) return false
    const age = clock.now() - row.finishedAt
    // A negative age: the computer's clock was set back; nobody can say how old it is.
    if (age < 0) return false
    const window =
      row.state === 'succeeded' ? policy.reuseMs[row.kind as JobKind] : policy.failedGraceMs
    return age < window
  }

  function byHeader(job: NewJob, actor: Actor): JobRow | null {
    if (job.idempotencyKey === null) return null
    const known = store.idempotency.find(actor.id, ROUTE, job.idempotencyKey, terms.earliest())
    if (known === undefined) return null
    if (!known.fingerprint.equals(job.key)) {
      throw new AppError(
        'IDEMPOTENCY_KEY_REUSED',
        'This Idempotency-Key was used for another request. Use a new key for a new request.',
      )
    }
    return (known.jobId === null ? undefined : rows.byId(known.jobId)) ?? null
  }

  /** From now on the header's key stands for this job. */
  function nameBy(job: Pick<NewJob, 'key' | 'idempotencyKey'>, id: string, actor: Actor): void {
    if (job.idempotencyKey === null) return
    const expiresAt = terms.latest() + policy.keyMs
    store.idempotency.put(actor.id, ROUTE, job.idempotencyKey, job.key, id, expiresAt)
  }

  function end(
    trail: Trail,
    lease: Lease,
    ending: Ending,
    outcome: string,
    actor: Actor,
  ): JobRow | undefined {
    const row = rows.endAttempted({ ...leaseOf(lease), ...ending, now: clock.now() })
    if (row === undefined) return undefined
    rows.endAttempt(
      { ...row, leaseToken: lease.leaseToken },
      outcome,
      ending.errorCode,
      row.updatedAt,
    )
    const version = tell(trail, row, ending.state === 'cancelled' ? 'job.cancelled' : 'job.failed')
    audit(trail, row, ending.state, actor, { code: ending.errorCode, attempt: row.attempt })
    notifyEnd(trail, row, version)
    return row
  }

  function endCancelled(trail: Trail, lease: Lease): JobRow | undefined {
    const ending = {
      state: 'cancelled' as const,
      step: 'cancelled',
      errorCode: 'CANCELLED',
      errorMessage: 'Cancelled',
      errorData: null,
    }
    return end(trail, lease, ending, 'cancelled', SYSTEM)
  }

  const queue = {
    /** Stores a new job, or finds the one that answers for it already. The input's bytes must be safe on disk. */
    add(trail: Trail, job: NewJob, actor: Actor): { row: JobRow; replayed: boolean } {
      const named = byHeader(job, actor)
      if (named !== null) return { row: named, replayed: true }
      const { holder, failed } = holderOf(job.key, job.force)
      if (holder !== null) {
        nameBy(job, holder.id, actor)
        return { row: holder, replayed: true }
      }
      if (rows.liveCount() >= policy.maxWaiting) {
        throw new AppError(
          'QUEUE_FULL',
          'Too many jobs are waiting. Try again when some are done.',
          {
            data: { retryAfterSeconds: 10 },
          },
        )
      }
      const inputSha256 = job.input === null ? null : store.blobs.link(job.input)
      const row = rows.insert({
        uuid: ids.uuid(),
        kind: job.kind,
        pipeline: job.pipeline,
        serviceVersionId: job.serviceVersionId ?? null,
        priority: job.priority,
        payload: job.payload,
        inputSha256,
        idempotencyKey: job.key,
        retryOf: job.retryOf ?? failed,
        maxAttempts: policy.maxAttempts[job.kind],
        softMs: policy.softMs,
        hardMs: policy.hardMs,
        traceId: job.traceId,
        createdBy: actor.id,
        projectId: job.projectId,
        now: clock.now(),
      })
      nameBy(job, row.id, actor)
      tell(trail, row, 'job.created')
      audit(trail, row, 'created', actor, {
        kind: job.kind,
        pipeline: job.pipeline,
        key: job.key.toString('hex'),
        ...(job.serviceVersionId == null ? {} : { service_version: job.serviceVersionId }),
      })
      return { row, replayed: false }
    },

    /** The job that would answer, without changing anything. */
    peek(job: Pick<NewJob, 'key' | 'force' | 'idempotencyKey'>, actor: Actor): JobRow | null {
      const named = byHeader(job as NewJob, actor)
      if (named !== null) return named
      const row = rows.byKey(job.key)
      return row !== undefined && holds(row, job.force) ? row : null
    },

    /** The job answered this request: a key that stands for nothing yet stands for the job. */
    answered(job: NewJob, id: string, actor: Actor): void {
      if (byHeader(job, actor) === null) nameBy(job, id, actor)
    },

    /** Starts the next job of the kind that is due; undefined when none is. */
    claim(trail: Trail, kind: JobKind): JobRow | undefined {
      const now = clock.now()
      const row = rows.claim({
        kind,
        leaseToken: ids.secret(16),
        leaseUntil: now + policy.leaseMs,
        bootId,
        now,
      })
      if (row === undefined) return undefined
      rows.beginAttempt(row, bootId, now)
      notify(trail, 'job_started', row, tell(trail, row, 'job.started'))
      return row
    },

    /** False: the lease is lost and the work is for nothing. */
    heartbeat(lease: Lease, progress: number, step: string): boolean {
      const now = clock.now()
      return rows.heartbeat({
        ...leaseOf(lease),
        leaseUntil: now + policy.leaseMs,
        progress,
        step,
        now,
      })
    },

    /** Undefined: the lease is lost, or the job was cancelled first; the output is then nobody's. */
    succeed(trail: Trail, claimed: JobRow, output: JobOutput): JobRow | undefined {
      const { result, artifacts } = output
      const { n, id, attempt, leaseToken } = claimed
      const change = { resultSha256: store.blobs.link(result), resultSize: result.size }
      const now = clock.now()
      const row = rows.succeed({ ...leaseOf(claimed), ...change, now })
      if (row === undefined) return undefined
      for (const { name, mediaType, blob } of artifacts) {
        rows.addArtifact(claimed.id, name, mediaType, store.blobs.link(blob), now)
      }
      rows.endAttempt({ n, id, attempt, leaseToken }, 'succeeded', null, now)
      const version = tell(trail, row, 'job.completed')
      audit(trail, row, 'succeeded', SYSTEM, { result: result.sha256, attempt: row.attempt })
      notify(trail, 'job_completed', row, version)
      return row
    },

    /** Ends the attempt: cancelled when somebody asked for it, waiting again when it may help, else failed. */
    fail(trail: Trail, lease: Lease, error: PlainError): JobRow | undefined {
      const row = rows.byId(lease.id)
      if (row === undefined || row.leaseToken !== lease.leaseToken) return undefined
      if (row.state === 'cancelling') return endCancelled(trail, lease)
      const kept = {
        errorCode: error.code,
        errorMessage: error.message.slice(0, 2000),
        errorData: JSON.stringify(error.data),
      }
      if (!isTransient(error) || row.attempt >= row.maxAttempts) {
        return end(trail, lease, { state: 'failed', step: 'failed', ...kept }, 'failed', SYSTEM)
      }
      const now = clock.now()
      const waiting = rows.putBack({
        ...leaseOf(lease),
        ...kept,
        state: 'retry_wait',
        step: 'waiting_retry',
        runAfter: now + retryDelayMs(row.attempt, error, chance()),
        crashes: 0,
        refund: 0,
        now,
      })
      if (waiting === undefined) return undefined
      rows.endAttempt(row, 'retry', error.code, now)
      tell(trail, waiting, 'job.requeued')
      audit(trail, waiting, 'requeued', SYSTEM, { code: error.code, attempt: row.attempt })
      return waiting
    },

    /** The program stops: back in the queue, the attempt does not count. */
    release(trail: Trail, lease: Lease): JobRow | undefined {
      const row = rows.byId(lease.id)
      if (row === undefined || row.leaseToken !== lease.leaseToken) return undefined
      if (row.state === 'cancelling') return endCancelled(trail, lease)
      return putBackQueued(trail, row, 'released')
    },

    /** Somebody wants it to stop. A waiting job ends here; a running one is marked and its worker told by the caller. */
    requestCancel(trail: Trail, id: string, actor: Actor): JobRow | undefined {
      const change = { id, by: actor.id, now: clock.now() }
      const ended = rows.endWaiting(change)
      if (ended !== undefined) {
        const version = tell(trail, ended, 'job.cancelled')
        audit(trail, ended, 'cancelled', actor)
        notifyEnd(trail, ended, version)
        return ended
      }
      const asked = rows.askCancel(change)
      if (asked !== undefined) {
        tell(trail, asked, 'job.progress')
        audit(trail, asked, 'cancel_requested', actor)
      }
      return asked ?? rows.byId(id)
    },

    /**
     * Jobs whose worker is gone: all leased ones after a crash (`before` = infinity, the instance lock proves nobody else
     * lives), or those whose lease ran out and that `isOurs` does not know. Cancelled ones end, the others wait again,
     * the third crash buries. Each change names the lease as it was read, so a worker that comes back first wins.
     * Waiting ones whose row is damaged are put aside.
     */
    rescue(trail: Trail, before: number, isOurs: (id: string) => boolean): JobRow[] {
      for (const n of rows.setDamagedAside(clock.now())) {
        trail.audit({
          eventType: 'job.damaged',
          entityType: 'job',
          // Its id may be what is damaged.
          entityId: `row ${n}`,
          actor: SYSTEM,
        })
      }
      const changed: JobRow[] = []
      for (const row of rows.leasedBefore(before)) {
        if (isOurs(row.id)) continue
        const after = rescueOne(trail, row)
        if (after !== undefined) changed.push(after)
      }
      return changed
    },

    /** The worker stands still: its job is treated as after a crash. Undefined: it had lost the lease before. */
    abandon(trail: Trail, lease: Lease): JobRow | undefined {
      const row = rows.byId(lease.id)
      if (row === undefined || row.leaseToken !== lease.leaseToken) return undefined
      return rescueOne(trail, row)
    },

    /** The job's result is gone: it no longer answers for its payload, nor for a header's key. */
    forget(trail: Trail, id: string): void {
      store.idempotency.forgetJob(id)
      const row = rows.byId(id)
      if (row === undefined || row.idempotencyKey === null) return
      rows.freeKey(id)
      audit(trail, row, 'result_lost', SYSTEM)
    },

    age: (): number => rows.age(clock.now(), clock.now() - policy.ageingMs),
  }

  function putBackQueued(
    trail: Trail,
    row: JobRow,
    outcome: 'released' | 'crashed',
  ): JobRow | undefined {
    const now = clock.now()
    const waiting = rows.putBack({
      ...leaseOf(row),
      state: 'queued',
      step: 'created',
      runAfter: now,
      crashes: outcome === 'crashed' ? 1 : 0,
      refund: outcome === 'released' ? 1 : 0,
      errorCode: null,
      errorMessage: null,
      errorData: null,
      now,
    })
    if (waiting === undefined) return undefined
    rows.endAttempt(row, outcome, null, now)
    tell(trail, waiting, 'job.requeued')
    audit(trail, waiting, 'requeued', SYSTEM, { reason: outcome, crashes: waiting.crashCount })
    return waiting
  }

  function rescueOne(trail: Trail, row: JobRow): JobRow | undefined {
    if (row.state === 'cancelling') return endCancelled(trail, row)
    if (row.crashCount + 1 < policy.maxCrashes) return putBackQueued(trail, row, 'crashed')
    const message = `The program ended or stood still ${policy.maxCrashes} times while it worked on this job; it is not started again.`
    const dead = rows.bury({ ...leaseOf(row), message, now: clock.now() })
    if (dead === undefined) return undefined
    rows.endAttempt(row, 'crashed', 'POISON_JOB', dead.updatedAt)
    const version = tell(trail, dead, 'job.dead')
    audit(trail, dead, 'dead', SYSTEM, { crashes: dead.crashCount })
    notifyEnd(trail, dead, version)
    return dead
  }

  return queue
}
