// Rows of jobs. Statements only; the rules of who may change what live in jobs/queue.ts. Every change of state names the
// state and lease it expects and answers whether it matched.
import type { Connection } from './sqlite.ts'

/** A row of `jobs` in camelCase. Hashes are 32-byte buffers, times milliseconds. */
export interface JobRow {
  n: number
  id: string
  kind: string
  pipeline: string
  state: string
  priority: number
  payload: string
  inputSha256: Buffer | null
  idempotencyKey: Buffer | null
  retryOf: string | null
  attempt: number
  maxAttempts: number
  crashCount: number
  leaseToken: string | null
  leaseUntil: number | null
  runAfter: number
  softMs: number
  hardMs: number
  progress: number
  step: string
  errorCode: string | null
  errorMessage: string | null
  errorData: string | null
  resultSha256: Buffer | null
  resultSize: number | null
  traceId: string | null
  createdBy: string
  projectId: string | null
  createdAt: number
  startedAt: number | null
  finishedAt: number | null
  updatedAt: number
}

export interface NewJobRow {
  id: string
  kind: string
  pipeline: string
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

/** What a new job has not got yet. */
const BLANK = {
  state: 'queued',
  attempt: 0,
  crashCount: 0,
  leaseToken: null,
  leaseUntil: null,
  progress: 0,
  step: 'created',
  errorCode: null,
  errorMessage: null,
  errorData: null,
  resultSha256: null,
  resultSize: null,
  startedAt: null,
  finishedAt: null,
}

const COLUMNS = `n, id, kind, pipeline, state, priority, payload, input_sha256 AS inputSha256,
  idempotency_key AS idempotencyKey, retry_of AS retryOf, attempt, max_attempts AS maxAttempts,
  crash_count AS crashCount, lease_token AS leaseToken, lease_until AS leaseUntil, run_after AS runAfter,
  soft_ms AS softMs, hard_ms AS hardMs, progress, step, error_code AS errorCode, error_message AS errorMessage,
  error_data AS errorData, result_sha256 AS resultSha256, result_size AS resultSize, trace_id AS traceId,
  created_by AS createdBy, project_id AS projectId, created_at AS createdAt, started_at AS startedAt,
  finished_at AS finishedAt, updated_at AS updatedAt`

/**
 * A parameter compared for equality is written `+?`: this SQLite has STAT4, and beside partial indexes it would otherwise
 * prepare the statement again for every new value, which costs five times the statement itself.
 */
export function createJobRows(connection: Connection) {
  const insert = connection.prepare(
    `INSERT INTO jobs (id, kind, pipeline, state, priority, payload, input_sha256, idempotency_key, retry_of,
       max_attempts, run_after, aged_at, soft_ms, hard_ms, trace_id, created_by, project_id, created_at, updated_at)
     VALUES (@id, @kind, @pipeline, 'queued', @priority, @payload, @inputSha256, @idempotencyKey, @retryOf,
       @maxAttempts, @now, @now, @softMs, @hardMs, @traceId, @createdBy, @projectId, @now, @now)`,
  )
  const byId = connection.prepare(`SELECT ${COLUMNS} FROM jobs WHERE id = +?`)
  const byKey = connection.prepare(`SELECT ${COLUMNS} FROM jobs WHERE idempotency_key = +?`)
  const freeKey = connection.prepare('UPDATE jobs SET idempotency_key = NULL WHERE id = +?')
  const list = connection.prepare(
    `SELECT ${COLUMNS} FROM jobs
     WHERE (@state IS NULL OR state = @state) AND (@kind IS NULL OR kind = @kind)
       AND (@before IS NULL OR created_at < @before)
     ORDER BY n DESC LIMIT @limit`,
  )
  const claim = connection.prepare(
    `UPDATE jobs SET state = 'running', attempt = attempt + 1, lease_token = @leaseToken, lease_until = @leaseUntil,
       boot_id = @bootId, started_at = coalesce(started_at, @now), updated_at = @now, progress = 0.05, step = 'started'
     WHERE n = (SELECT n FROM jobs
       WHERE finished_at IS NULL AND kind = +@kind AND run_after <= @now AND state IN ('queued', 'retry_wait')
       ORDER BY priority, run_after, n LIMIT 1)
     RETURNING ${COLUMNS}`,
  )
  const heartbeat = connection.prepare(
    `UPDATE jobs SET lease_until = @leaseUntil, progress = @progress, step = @step, updated_at = @now
     WHERE id = +@id AND lease_token = +@leaseToken AND state IN ('running', 'cancelling')`,
  )
  const endAttempted = connection.prepare(
    `UPDATE jobs SET state = @state, step = @step, error_code = @errorCode, error_message = @errorMessage,
       error_data = @errorData, lease_token = NULL, lease_until = NULL,
       idempotency_key = CASE WHEN @state IN ('cancelled', 'dead') THEN NULL ELSE idempotency_key END,
       finished_at = @now, updated_at = @now
     WHERE id = +@id AND lease_token = +@leaseToken AND state IN ('running', 'cancelling')
     RETURNING ${COLUMNS}`,
  )
  const succeed = connection.prepare(
    `UPDATE jobs SET state = 'succeeded', step = 'done', progress = 1, error_code = NULL, error_message = NULL,
       error_data = NULL, result_sha256 = @resultSha256, result_size = @resultSize, lease_token = NULL,
       lease_until = NULL, finished_at = @now, updated_at = @now
     WHERE id = +@id AND lease_token = +@leaseToken AND state = 'running'`,
  )
  const endWaiting = connection.prepare(
    `UPDATE jobs SET state = 'cancelled', step = 'cancelled', error_code = 'CANCELLED', error_message = 'Cancelled',
       cancel_by = @by, idempotency_key = NULL, finished_at = @now, updated_at = @now
     WHERE id = +@id AND state IN ('queued', 'retry_wait') RETURNING ${COLUMNS}`,
  )
  const askCancel = connection.prepare(
    `UPDATE jobs SET state = 'cancelling', cancel_by = @by, idempotency_key = NULL, updated_at = @now
     WHERE id = +@id AND state = 'running' RETURNING ${COLUMNS}`,
  )
  const putBack = connection.prepare(
    `UPDATE jobs SET state = @state, step = @step, run_after = @runAfter, crash_count = crash_count + @crashes,
       progress = 0, error_code = @errorCode, error_message = @errorMessage, error_data = @errorData,
       attempt = attempt - @refund, lease_token = NULL, lease_until = NULL, updated_at = @now
     WHERE id = +@id AND lease_token = +@leaseToken AND state = 'running' RETURNING ${COLUMNS}`,
  )
  const bury = connection.prepare(
    `UPDATE jobs SET state = 'dead', step = 'failed', crash_count = crash_count + 1, error_code = 'POISON_JOB',
       error_message = @message, idempotency_key = NULL, lease_token = NULL, lease_until = NULL,
       finished_at = @now, updated_at = @now
     WHERE id = +@id AND lease_token = +@leaseToken AND state = 'running' RETURNING ${COLUMNS}`,
  )
  const leased = connection.prepare(
    `SELECT ${COLUMNS} FROM jobs WHERE finished_at IS NULL AND lease_until < ? ORDER BY n`,
  )
  const age = connection.prepare(
    `UPDATE jobs SET priority = priority - 1, aged_at = @now
     WHERE finished_at IS NULL AND state IN ('queued', 'retry_wait') AND priority > 0 AND aged_at <= @olderThan`,
  )
  const nextDue = connection
    .prepare(
      `SELECT min(run_after) FROM jobs WHERE finished_at IS NULL AND state IN ('queued', 'retry_wait')`,
    )
    .pluck()
  const liveCount = connection
    .prepare('SELECT count(*) FROM jobs WHERE finished_at IS NULL')
    .pluck()
  const ahead = connection
    .prepare(
      `SELECT count(*) FROM jobs WHERE finished_at IS NULL AND kind = +@kind AND state IN ('queued', 'retry_wait')
         AND (priority, run_after, n) < (@priority, @runAfter, @n)`,
    )
    .pluck()
  const byState = connection.prepare(
    'SELECT state AS name, count(*) AS count FROM jobs GROUP BY state',
  )
  const byKind = connection.prepare(
    'SELECT kind AS name, count(*) AS count FROM jobs GROUP BY kind',
  )
  const oldestWaiting = connection
    .prepare(
      `SELECT min(created_at) FROM jobs WHERE finished_at IS NULL AND state IN ('queued', 'retry_wait')`,
    )
    .pluck()

  type Found = JobRow | undefined
  return {
    insert({ now, ...row }: NewJobRow): JobRow {
      const n = insert.run({ ...row, now }).lastInsertRowid as number
      return { ...BLANK, ...row, n, runAfter: now, createdAt: now, updatedAt: now }
    },
    byId: (id: string) => byId.get(id) as Found,
    byKey: (key: Buffer) => byKey.get(key) as Found,
    freeKey: (id: string) => void freeKey.run(id),
    list: (filter: {
      state: string | null
      kind: string | null
      before: number | null
      limit: number
    }) => list.all(filter) as JobRow[],
    claim: (change: {
      kind: string
      leaseToken: string
      leaseUntil: number
      bootId: string
      now: number
    }) => claim.get(change) as Found,
    /** False: the lease is lost. */
    heartbeat: (change: {
      id: string
      leaseToken: string
      leaseUntil: number
      progress: number
      step: string
      now: number
    }) => heartbeat.run(change).changes === 1,
    /** False: the lease is lost, or the job was cancelled first. */
    succeed: (change: {
      id: string
      leaseToken: string
      resultSha256: Buffer
      resultSize: number
      now: number
    }) => succeed.run(change).changes === 1,
    /** Undefined: the lease is lost. */
    endAttempted: (change: Ending & { id: string; leaseToken: string; now: number }) =>
      endAttempted.get(change) as Found,
    endWaiting: (change: { id: string; by: string; now: number }) =>
      endWaiting.get(change) as Found,
    askCancel: (change: { id: string; by: string; now: number }) => askCancel.get(change) as Found,
    /** Back among the waiting ones; `refund` 1 when the attempt shall not count. */
    putBack: (change: {
      id: string
      leaseToken: string
      state: 'queued' | 'retry_wait'
      step: string
      runAfter: number
      crashes: 0 | 1
      refund: 0 | 1
      errorCode: string | null
      errorMessage: string | null
      errorData: string | null
      now: number
    }) => putBack.get(change) as Found,
    bury: (change: { id: string; leaseToken: string; message: string; now: number }) =>
      bury.get(change) as Found,
    /** Running and cancelling jobs whose lease ended before this time. */
    leasedBefore: (time: number) => leased.all(time) as JobRow[],
    age: (now: number, olderThan: number) => age.run({ now, olderThan }).changes,
    nextDue: () => nextDue.get() as number | null,
    /** Waiting and running. */
    liveCount: () => liveCount.get() as number,
    ahead: (row: JobRow) =>
      ahead.get({
        kind: row.kind,
        priority: row.priority,
        runAfter: row.runAfter,
        n: row.n,
      }) as number,
    byState: () => byState.all() as { name: string; count: number }[],
    byKind: () => byKind.all() as { name: string; count: number }[],
    oldestWaiting: () => oldestWaiting.get() as number | null,
  }
}
