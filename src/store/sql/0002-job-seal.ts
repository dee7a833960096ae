// Seals every job's row, so that damage to a stored value is seen when it is read.

import type { JobRow } from '../job-row.ts'
import { sealOf } from '../job-seal.ts'
import type { Connection } from '../sqlite.ts'

export const JOB_SEAL_SQL = 'ALTER TABLE jobs ADD COLUMN seal INTEGER NOT NULL DEFAULT -1;'

/** What SQL cannot say: the rows that are there. */
export function sealJobs(connection: Connection): void {
  const rows = connection.prepare(
    `SELECT n, id, kind, pipeline, state, priority, payload, input_sha256 AS inputSha256,
       idempotency_key AS idempotencyKey, retry_of AS retryOf, attempt, max_attempts AS maxAttempts,
       crash_count AS crashCount, lease_token AS leaseToken, lease_until AS leaseUntil, run_after AS runAfter,
       soft_ms AS softMs, hard_ms AS hardMs, progress, step, error_code AS errorCode, error_message AS errorMessage,
       error_data AS errorData, result_sha256 AS resultSha256, result_size AS resultSize, trace_id AS traceId,
       created_by AS createdBy, project_id AS projectId, created_at AS createdAt, started_at AS startedAt,
       finished_at AS finishedAt, updated_at AS updatedAt FROM jobs WHERE n > ? ORDER BY n LIMIT 500`,
  )
  const seal = connection.prepare('UPDATE jobs SET seal = ? WHERE n = ?')
  for (let last = -1; ; ) {
    const some = rows.all(last) as Omit<JobRow, 'seal'>[]
    for (const row of some) seal.run(sealOf(row), row.n)
    if (some.length === 0) return
    last = some.at(-1)!.n
  }
}
