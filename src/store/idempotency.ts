// Rows of Idempotency-Key headers: what a principal's key stands for on a route, for a day.
import type { Connection } from './sqlite.ts'

export function createIdempotencyRows(connection: Connection) {
  const find = connection.prepare(
    `SELECT fingerprint, job_id AS jobId FROM idempotency
     WHERE principal = ? AND route = ? AND key = ? AND expires_at > ?`,
  )
  const put = connection.prepare(
    `INSERT OR REPLACE INTO idempotency (principal, route, key, fingerprint, job_id, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  )
  return {
    find: (principal: string, route: string, key: string, now: number) =>
      find.get(principal, route, key, now) as
        | { fingerprint: Buffer; jobId: string | null }
        | undefined,
    put: (
      principal: string,
      route: string,
      key: string,
      fingerprint: Buffer,
      jobId: string,
      expiresAt: number,
    ) => void put.run(principal, route, key, fingerprint, jobId, expiresAt),
  }
}
