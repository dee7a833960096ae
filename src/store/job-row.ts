// What a job's row holds.

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
  /** Checksum of the fields above, see job-seal.ts. */
  seal: number
}
