// What a job's row holds.

/** A row of `jobs` in camelCase. Hashes are 32-byte buffers, times milliseconds. */
export interface JobRow {
  n: number
  id: string
  kind: string
  pipeline: string
  /** The service whose run this is; null for a job of its own. */
  serviceVersionId: string | null
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
  /** Checksum of the fields above, see job-seal.ts. */
  seal: number
}

/** The columns of a row under the names above. */
export const JOB_COLUMNS = `n, id, kind, pipeline, service_version_id AS serviceVersionId, state, priority, payload, input_sha256 AS inputSha256,
  idempotency_key AS idempotencyKey, retry_of AS retryOf, attempt, max_attempts AS maxAttempts,
  crash_count AS crashCount, lease_token AS leaseToken, lease_until AS leaseUntil, run_after AS runAfter,
  soft_ms AS softMs, hard_ms AS hardMs, progress, step, error_code AS errorCode, error_message AS errorMessage,
  error_data AS errorData, result_sha256 AS resultSha256, result_size AS resultSize, trace_id AS traceId,
  created_by AS createdBy, project_id AS projectId, created_at AS createdAt, started_at AS startedAt,
  finished_at AS finishedAt, updated_at AS updatedAt, seal`
