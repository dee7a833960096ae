// Rows of Idempotency-Key headers: what a principal's key stands for on a route, for a day: a job, or a stored answer.
import type { Connection } from './sqlite.ts'

/** Whose key, where. */
export interface KeyPlace {
  principal: string
  route: string
  key: string
}

export interface KeyRow {
  fingerprint: Buffer
  jobId: string | null
  /** Null while the request is being worked on, and for ever when the program ended meanwhile. */
  status: number | null
  /** Text of the answer; null with a status when it held a secret. */
  response: Buffer | null
}

export function createIdempotencyRows(connection: Connection) {
  const find = connection.prepare(
    `SELECT fingerprint, job_id AS jobId, status, response FROM idempotency
     WHERE principal = ? AND route = ? AND key = ? AND expires_at > ?`,
  )
  const put = connection.prepare(
    `INSERT OR REPLACE INTO idempotency (principal, route, key, fingerprint, job_id, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const answer = connection.prepare(
    `UPDATE idempotency SET status = @status, response = @response
     WHERE principal = @principal AND route = @route AND key = @key`,
  )
  const forget = connection.prepare(
    'DELETE FROM idempotency WHERE principal = @principal AND route = @route AND key = @key',
  )
  const forgetJob = connection.prepare('DELETE FROM idempotency WHERE job_id = ?')
  return {
    find: (principal: string, route: string, key: string, now: number) =>
      find.get(principal, route, key, now) as KeyRow | undefined,
    put: (
      principal: string,
      route: string,
      key: string,
      fingerprint: Buffer,
      jobId: string | null,
      expiresAt: number,
    ) => void put.run(principal, route, key, fingerprint, jobId, expiresAt),
    answer: (place: KeyPlace, status: number, response: Buffer | null) =>
      void answer.run({ ...place, status, response }),
    /** Keys that stand for this job stand for nothing again. */
    forgetJob: (jobId: string) => void forgetJob.run(jobId),
    forget: (place: KeyPlace) => void forget.run({ ...place }),
  }
}
