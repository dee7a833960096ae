// Rows of jobs; the rules of who may change what live in jobs/queue.ts. Every change of state names the state and lease it expects
// and answers the row as it is afterwards, or undefined when they did not match. Every row is sealed when it is written and
// checked when it is read. Over 300 lines, because every statement that changes a job shall be seen beside the others.
import { AppError } from '../base/errors.ts'
import { jobId, numberIn } from './job-id.ts'
import { createJobInserts, type NewJob } from './job-inserts.ts'
import { JOB_COLUMNS, type JobRow } from './job-row.ts'
import { BROKEN_SEAL, coreOf, sealFrom, sealOf } from './job-seal.ts'
import { createLiveJobs, isDue, isWaiting } from './live-jobs.ts'
import type { Connection } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

export type { JobRow }

export interface NewJobRow {
  /** Version 4; the id is made of it and of the row's number. */
  uuid: string
  kind: string
  pipeline: string
  serviceVersionId?: string | null
  priority: number
  payload: string
  inputSha256: Buffer | null
  idempotencyKey: Buffer | null
  retryOf: string | null
  maxAttempts: number
  softMs: number
  hardMs: number
  traceId: string | null
  createdBy: string
  projectId: string | null
  now: number
}

/** How a job leaves the hands of a worker without a result. */
export interface Ending {
  state: 'failed' | 'cancelled'
  step: string
  errorCode: string
  errorMessage: string
  errorData: string | null
}

/** Who holds a job, as the statements name it. */
interface Held {
  id: string
  leaseToken: string
}

/** A new job's row, not sealed. Written out field by field: every cycle makes one, and a spread costs more than all of these. */
function newRow(n: number, job: NewJobRow): JobRow {
  const { now } = job
  return {
    n,
    id: jobId(n, job.uuid),
    kind: job.kind,
    pipeline: job.pipeline,
    serviceVersionId: job.serviceVersionId ?? null,
    state: 'queued',
    priority: job.priority,
    payload: job.payload,
    inputSha256: job.inputSha256,
    idempotencyKey: job.idempotencyKey,
    retryOf: job.retryOf,
    attempt: 0,
    maxAttempts: job.maxAttempts,
    crashCount: 0,
    leaseToken: null,
    leaseUntil: null,
    runAfter: now,
    softMs: job.softMs,
    hardMs: job.hardMs,
    progress: 0,
    step: 'created',
    errorCode: null,
    errorMessage: null,
    errorData: null,
    resultSha256: null,
    resultSize: null,
    traceId: job.traceId,
    createdBy: job.createdBy,
    projectId: job.projectId,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    updatedAt: now,
    seal: 0,
  }
}

const NO_LEASE = { leaseToken: null, leaseUntil: null }
const NO_ERROR = { errorCode: null, errorMessage: null, errorData: null }

/**
 * A parameter compared for equality is written `+?`: this SQLite has STAT4, and beside partial indexes it would otherwise
 * prepare the statement again for every new value, which costs five times the statement itself.
 */
export function createJobRows(
  connection: Connection,
  transactions: Pick<Transactions, 'follow' | 'isOpen'>,
) {
  const insertAll = createJobInserts(connection)
  const newest = connection.prepare('SELECT coalesce(max(n), 0) FROM jobs').pluck()
  const byNumber = connection.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE n = ?`)
  const byOlderId = connection.prepare(
    `SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ? AND id >= '001'`,
  )
  const heldKeys = connection
    .prepare('SELECT idempotency_key, id FROM jobs WHERE idempotency_key IS NOT NULL ORDER BY n')
    .raw()
  const dropKey = connection.prepare(
    'UPDATE jobs SET idempotency_key = NULL WHERE idempotency_key = +?',
  )
  const freeKey = connection.prepare('UPDATE jobs SET idempotency_key = NULL, seal = ? WHERE n = ?')
  const open = connection.prepare(
    `SELECT ${JOB_COLUMNS} FROM jobs WHERE state IN ('queued', 'running', 'cancelling', 'retry_wait') ORDER BY n`,
  )
  const claim = connection.prepare(
    `UPDATE jobs SET state = 'running', attempt = ?, lease_token = ?, lease_until = ?, boot_id = ?, started_at = ?,
       updated_at = ?, progress = 0.05, step = 'started', seal = ?
     WHERE n = ? AND state IN ('queued', 'retry_wait')`,
  )
  const heartbeat = connection.prepare(
    `UPDATE jobs SET lease_until = ?, progress = ?, step = ?, updated_at = ?, seal = ?
     WHERE n = ? AND lease_token = +? AND state IN ('running', 'cancelling')`,
  )
  const endAttempted = connection.prepare(
    `UPDATE jobs SET state = ?, step = ?, error_code = ?, error_message = ?, error_data = ?, lease_token = NULL,
       lease_until = NULL, idempotency_key = ?, finished_at = ?, updated_at = ?, seal = ?
     WHERE n = ? AND lease_token = +? AND state IN ('running', 'cancelling')`,
  )
  const succeed = connection.prepare(
    `UPDATE jobs SET state = 'succeeded', step = 'done', progress = 1, error_code = NULL, error_message = NULL,
       error_data = NULL, result_sha256 = ?, result_size = ?, lease_token = NULL, lease_until = NULL, finished_at = ?,
       updated_at = ?, seal = ?
     WHERE n = ? AND lease_token = +? AND state = 'running'`,
  )
  const endWaiting = connection.prepare(
    `UPDATE jobs SET state = 'cancelled', step = 'cancelled', error_code = 'CANCELLED', error_message = 'Cancelled',
       error_data = NULL, cancel_by = ?, idempotency_key = NULL, finished_at = ?, updated_at = ?, seal = ?
     WHERE n = ? AND state IN ('queued', 'retry_wait')`,
  )
  const askCancel = connection.prepare(
    `UPDATE jobs SET state = 'cancelling', cancel_by = ?, idempotency_key = NULL, updated_at = ?, seal = ?
     WHERE n = ? AND state = 'running'`,
  )
  const putBack = connection.prepare(
    `UPDATE jobs SET state = ?, step = ?, run_after = ?, crash_count = ?, progress = 0, error_code = ?,
       error_message = ?, error_data = ?, attempt = ?, lease_token = NULL, lease_until = NULL, updated_at = ?, seal = ?
     WHERE n = ? AND lease_token = +? AND state = 'running'`,
  )
  const bury = connection.prepare(
    `UPDATE jobs SET state = 'dead', step = 'failed', crash_count = ?, error_code = 'POISON_JOB', error_message = ?,
       idempotency_key = NULL, lease_token = NULL, lease_until = NULL, finished_at = ?, updated_at = ?, seal = ?
     WHERE n = ? AND lease_token = +? AND state = 'running'`,
  )
  const setAside = connection.prepare(
    `UPDATE jobs SET state = 'dead', error_code = 'RESULT_CORRUPT', idempotency_key = NULL, lease_token = NULL,
       lease_until = NULL, result_sha256 = NULL, result_size = NULL, finished_at = ?, updated_at = ?, seal = ${BROKEN_SEAL}
     WHERE n = ?`,
  )
  const remove = connection.prepare('DELETE FROM jobs WHERE n = ?')
  // From step to step, not from look to look: nine looks half a minute late would be four minutes more (experiment C6).
  const age = connection.prepare(
    'UPDATE jobs SET priority = ?, aged_at = aged_at + ?, seal = ? WHERE n = ?',
  )
  const agedBefore = connection.prepare('SELECT aged_at <= ? FROM jobs WHERE n = ?').pluck()
  const byState = connection.prepare(
    'SELECT state AS name, count(*) AS count FROM jobs GROUP BY state',
  )
  const byKind = connection.prepare(
    'SELECT kind AS name, count(*) AS count FROM jobs GROUP BY kind',
  )

  /** Numbers of live rows that were found damaged: they are never started; `setDamagedAside` puts them away. */
  let damaged: number[] = []
  const live = createLiveJobs(() => {
    const rows = open.all() as JobRow[]
    damaged = rows.filter((row) => sealOf(row) !== row.seal).map((row) => row.n)
    return {
      rows: rows.filter((row) => sealOf(row) === row.seal),
      keys: heldKeys.all() as [Buffer, string][],
    }
  })
  /** New jobs of the open transaction: one that is started in it is written once, as running. */
  let unwritten = new Map<string, NewJob>()
  /** Number of the newest job; null when it must be asked for. */
  let lastN: number | null = null

  function flush(): void {
    if (unwritten.size === 0) return
    const jobs = [...unwritten.values()]
    // Sealed as they are written: what became of them before that was seen by nobody.
    for (const { row } of jobs) sealed(row)
    insertAll(jobs)
    unwritten = new Map()
  }

  transactions.follow({
    flush,
    mark() {
      flush()
      return live.mark()
    },
    undo(mark) {
      if (unwritten.size > 0) unwritten = new Map()
      lastN = null
      live.undo(mark)
    },
    settle: live.settle,
  })

  type Found = JobRow | undefined

  /** Checksums over what live jobs never change. */
  const cores = new Map<string, number>()
  const MOST_CORES = 8192

  function sealed(row: JobRow): JobRow {
    let core = cores.get(row.id)
    if (core === undefined) {
      core = coreOf(row)
      if (cores.size >= MOST_CORES) cores.clear()
      cores.set(row.id, core)
    }
    row.seal = sealFrom(core, row)
    return row
  }

  /** The live job when this lease is on it and the state is one of these. */
  function held({ id, leaseToken }: Held, ...states: string[]): Found {
    flush()
    const row = live.get(id)
    return row?.leaseToken === leaseToken && states.includes(row.state) ? row : undefined
  }

  /** The row after its statement ran; a row that is over leaves memory. */
  function written(result: { changes: number }, row: JobRow): JobRow {
    // Memory said that the statement fits: what is on the disk was changed by somebody else.
    if (result.changes !== 1) {
      throw new AppError(
        'STORE_UNAVAILABLE',
        'A stored job is not as it was written. Restart the program.',
      )
    }
    if (row.finishedAt === null) live.set(row)
    else {
      live.end(row)
      cores.delete(row.id)
    }
    return row
  }

  function find(id: string): Found {
    const known = live.get(id)
    if (known !== undefined) return known
    const n = numberIn(id)
    const row = (n === null ? byOlderId.get(id) : byNumber.get(n)) as Found
    if (row === undefined) return undefined
    // A number is given again when the newest jobs were thrown away: another job, and a sound one, is not a damaged one.
    if (sealOf(row) === row.seal) return row.id === id ? row : undefined
    throw new AppError(
      'RESULT_CORRUPT',
      'The stored job does not match its checksum any more, so it is not shown. Run the job again.',
    )
  }

  function counted(statement: typeof byState): { name: string; count: number }[] {
    flush()
    return statement.all() as { name: string; count: number }[]
  }

  return {
    insert(job: NewJobRow): JobRow {
      // Also reads what lives, so that it is not read with rows that are held back.
      live.size()
      lastN = (lastN ?? (newest.get() as number)) + 1
      const row = newRow(lastN, job)
      unwritten.set(row.id, { row, bootId: '' })
      if (!transactions.isOpen()) flush()
      live.set(row)
      return row
    },
    /** Throws RESULT_CORRUPT when the row is damaged. */
    byId: find,
    /** The job that holds the key. A damaged one holds nothing; `repair` takes the key from it. */
    byKey(key: Buffer, repair = false): Found {
      const id = live.holder(key)
      if (id === undefined) return undefined
      try {
        const row = find(id)
        if (row?.idempotencyKey?.equals(key)) return row
      } catch {
        // Not served; run again, it gets a row of its own.
      }
      if (repair) {
        dropKey.run(key)
        live.freeKey(key)
      }
      return undefined
    },
    freeKey(id: string): void {
      flush()
      const row = find(id)
      if (row === undefined) return
      const after = sealed({ ...row, idempotencyKey: null })
      freeKey.run(after.seal, row.n)
      if (row.finishedAt === null) live.set(after)
      else if (row.idempotencyKey !== null) live.freeKey(row.idempotencyKey)
    },
    /** These jobs were thrown away. */
    forget: (ids: ReadonlySet<string>) => live.forget(ids),
    claim(change: {
      kind: string
      leaseToken: string
      leaseUntil: number
      bootId: string
      now: number
    }): Found {
      const { kind, leaseToken, leaseUntil, bootId, now } = change
      const row = live.next(kind, now)
      if (row === undefined) return undefined
      const after = {
        ...row,
        state: 'running',
        attempt: row.attempt + 1,
        leaseToken,
        leaseUntil,
        startedAt: row.startedAt ?? now,
        updatedAt: now,
        progress: 0.05,
        step: 'started',
      }
      const fresh = unwritten.get(row.id)
      if (fresh !== undefined) {
        fresh.row = after
        fresh.bootId = bootId
        live.set(after)
        return after
      }
      sealed(after)
      const result = claim.run(
        ...[after.attempt, leaseToken, leaseUntil, bootId, after.startedAt, now, after.seal, row.n],
      )
      return written(result, after)
    },
    /** False: the lease is lost. */
    heartbeat(
      change: Held & { leaseUntil: number; progress: number; step: string; now: number },
    ): boolean {
      const row = held(change, 'running', 'cancelling')
      if (row === undefined) return false
      const { leaseUntil, progress, step, now } = change
      const after = sealed({ ...row, leaseUntil, progress, step, updatedAt: now })
      written(
        heartbeat.run(leaseUntil, progress, step, now, after.seal, row.n, row.leaseToken),
        after,
      )
      return true
    },
    /** Undefined: the lease is lost, or the job was cancelled first. */
    succeed(change: Held & { resultSha256: Buffer; resultSize: number; now: number }): Found {
      const row = held(change, 'running')
      if (row === undefined) return undefined
      const { resultSha256, resultSize, now } = change
      const after = sealed({
        ...row,
        state: 'succeeded',
        leaseToken: null,
        leaseUntil: null,
        progress: 1,
        step: 'done',
        errorCode: null,
        errorMessage: null,
        errorData: null,
        resultSha256,
        resultSize,
        finishedAt: now,
        updatedAt: now,
      })
      const result = succeed.run(
        ...[resultSha256, resultSize, now, now, after.seal, row.n, row.leaseToken],
      )
      return written(result, after)
    },
    /** Undefined: the lease is lost. */
    endAttempted(change: Ending & Held & { now: number }): Found {
      const row = held(change, 'running', 'cancelling')
      if (row === undefined) return undefined
      const { state, step, errorCode, errorMessage, errorData, now } = change
      const idempotencyKey = state === 'cancelled' ? null : row.idempotencyKey
      const after = sealed({
        ...{ ...row, ...NO_LEASE, state, step, errorCode, errorMessage, errorData },
        ...{ idempotencyKey, finishedAt: now, updatedAt: now },
      })
      const result = endAttempted.run(
        ...[state, step, errorCode, errorMessage, errorData, idempotencyKey, now, now, after.seal],
        ...[row.n, row.leaseToken],
      )
      return written(result, after)
    },
    endWaiting({ id, by, now }: { id: string; by: string; now: number }): Found {
      flush()
      const row = live.get(id)
      if (row === undefined || !isWaiting(row)) return undefined
      const after = sealed({
        ...{ ...row, ...NO_ERROR, state: 'cancelled', step: 'cancelled', errorCode: 'CANCELLED' },
        ...{ errorMessage: 'Cancelled', idempotencyKey: null, finishedAt: now, updatedAt: now },
      })
      return written(endWaiting.run(by, now, now, after.seal, row.n), after)
    },
    askCancel({ id, by, now }: { id: string; by: string; now: number }): Found {
      flush()
      const row = live.get(id)
      if (row?.state !== 'running') return undefined
      const after = sealed({ ...row, state: 'cancelling', idempotencyKey: null, updatedAt: now })
      return written(askCancel.run(by, now, after.seal, row.n), after)
    },
    /** Back among the waiting ones; `refund` 1 when the attempt shall not count. */
    putBack(
      change: Held & {
        state: 'queued' | 'retry_wait'
        step: string
        runAfter: number
        crashes: 0 | 1
        refund: 0 | 1
        errorCode: string | null
        errorMessage: string | null
        errorData: string | null
        now: number
      },
    ): Found {
      const row = held(change, 'running')
      if (row === undefined) return undefined
      const { state, step, runAfter, errorCode, errorMessage, errorData, now } = change
      const after = sealed({
        ...{ ...row, ...NO_LEASE, state, step, runAfter, errorCode, errorMessage, errorData },
        ...{ progress: 0, updatedAt: now, crashCount: row.crashCount + change.crashes },
        attempt: row.attempt - change.refund,
      })
      const result = putBack.run(
        ...[state, step, runAfter, after.crashCount, errorCode, errorMessage, errorData],
        ...[after.attempt, now, after.seal, row.n, row.leaseToken],
      )
      return written(result, after)
    },
    bury(change: Held & { message: string; now: number }): Found {
      const row = held(change, 'running')
      if (row === undefined) return undefined
      const { message, now } = change
      const after = sealed({
        ...{ ...row, ...NO_LEASE, state: 'dead', step: 'failed', crashCount: row.crashCount + 1 },
        ...{ errorCode: 'POISON_JOB', errorMessage: message, idempotencyKey: null },
        ...{ finishedAt: now, updatedAt: now },
      })
      const result = bury.run(
        ...[after.crashCount, message, now, now, after.seal, row.n, row.leaseToken],
      )
      return written(result, after)
    },
    /**
     * Takes damaged rows out of the queue: marked dead with a seal that never fits, or deleted when the damage forbids even
     * that. Answers their numbers.
     */
    setDamagedAside(now: number): number[] {
      live.size()
      const found = damaged
      damaged = []
      for (const n of found) {
        try {
          setAside.run(now, now, n)
        } catch {
          remove.run(n)
        }
      }
      return found
    },
    /** Running and cancelling jobs whose lease ended before this time, in the order they came. */
    leasedBefore: (time: number): JobRow[] =>
      [...live.values()]
        .filter((row) => row.leaseUntil !== null && row.leaseUntil < time)
        .sort((a, b) => a.n - b.n),
    /** Raises what has waited since `olderThan`; answers how many. */
    age(now: number, olderThan: number): number {
      flush()
      const due = [...live.values()].filter(
        (row) => isWaiting(row) && row.priority > 0 && agedBefore.get(olderThan, row.n) === 1,
      )
      for (const row of due) {
        const after = sealed({ ...row, priority: row.priority - 1 })
        written(age.run(after.priority, now - olderThan, after.seal, row.n), after)
      }
      return due.length
    },
    /** Whether a waiting one may start now. */
    isAnyDue(now: number): boolean {
      for (const row of live.values()) if (isDue(row, now)) return true
      return false
    },
    /** Waiting and running. */
    liveCount: () => live.size(),
    ahead: (row: JobRow) => live.ahead(row),
    byState: () => counted(byState),
    byKind: () => counted(byKind),
    /** When the oldest waiting one was made; null when none waits. */
    oldestWaiting(): number | null {
      let oldest: number | null = null
      for (const row of live.values()) {
        if (isWaiting(row) && (oldest === null || row.createdAt < oldest)) oldest = row.createdAt
      }
      return oldest
    },
  }
}
