// What belongs to a job besides its row and its events: attempts, log lines, artifacts. Statements only.
import type { JobRow } from './jobs.ts'
import type { Connection } from './sqlite.ts'

interface ArtifactRow {
  name: string
  mediaType: string
  /** Hex. */
  sha256: string
  size: number
  createdAt: number
}

export function createJobRecords(connection: Connection) {
  const beginAttempt = connection.prepare(
    `INSERT INTO job_attempts (job_id, attempt, lease_token, boot_id, started_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (job_id, attempt) DO UPDATE SET lease_token = excluded.lease_token, boot_id = excluded.boot_id,
       started_at = excluded.started_at, ended_at = NULL, outcome = NULL, error_code = NULL`,
  )
  const endAttempt = connection.prepare(
    `INSERT INTO job_attempts (job_id, attempt, lease_token, boot_id, started_at, ended_at, outcome, error_code)
     SELECT @id, @attempt, @leaseToken, coalesce(boot_id, ''), coalesce(started_at, @now), @now, @outcome, @errorCode
     FROM jobs WHERE n = @n
     ON CONFLICT (job_id, attempt) DO UPDATE SET ended_at = @now, outcome = @outcome, error_code = @errorCode`,
  )

  // 10,000 lines or 2 MiB a job, then one line that says so, and none after it.
  const insertLog = connection.prepare(
    `WITH so_far AS (
       SELECT coalesce(max(n), 0) AS n, total(octet_length(line)) AS bytes, total(level = 'warning' AND line = 'truncated') AS ended
       FROM job_logs WHERE job_id = @id
     ), room AS (
       SELECT n, n < 10000 AND bytes + octet_length(@line) <= 2097152 AS fits FROM so_far WHERE NOT ended
     )
     INSERT INTO job_logs (job_id, n, at, level, line)
     SELECT @id, n + 1, @at, iif(fits, @level, 'warning'), iif(fits, @line, 'truncated') FROM room RETURNING n`,
  )
  const logs = connection.prepare(
    'SELECT n, at, level, line FROM job_logs WHERE job_id = ? AND n > ? ORDER BY n LIMIT ?',
  )

  const insertArtifact = connection.prepare(
    'INSERT OR REPLACE INTO artifacts (job_id, name, media_type, sha256, created_at) VALUES (?, ?, ?, ?, ?)',
  )
  const ARTIFACT = `SELECT a.name, a.media_type AS mediaType, lower(hex(a.sha256)) AS sha256, b.size,
    a.created_at AS createdAt FROM artifacts AS a JOIN blobs AS b USING (sha256)`
  const artifacts = connection.prepare(`${ARTIFACT} WHERE a.job_id = ? ORDER BY a.name`)
  const artifact = connection.prepare(`${ARTIFACT} WHERE a.job_id = ? AND a.name = ?`)

  return {
    /** A first attempt is told by the job's own row; only when it fails, or others follow, is there more to keep. */
    beginAttempt(row: JobRow, bootId: string, now: number): void {
      if (row.attempt > 1) beginAttempt.run(row.id, row.attempt, row.leaseToken, bootId, now)
    },
    /** `held`: the row before it ended. */
    endAttempt(
      held: Pick<JobRow, 'n' | 'id' | 'attempt' | 'leaseToken'>,
      outcome: string,
      errorCode: string | null,
      now: number,
    ): void {
      const { n, id, attempt } = held
      if (attempt === 1 && (outcome === 'succeeded' || outcome === 'released')) return
      const leaseToken = held.leaseToken ?? ''
      endAttempt.run({ n, id, attempt, leaseToken, outcome, errorCode, now })
    },

    /** The line's number; undefined once the log is full. */
    addLog: (log: { id: string; at: number; level: string; line: string }) =>
      (insertLog.get(log) as { n: number } | undefined)?.n,
    logs: (id: string, after: number, limit: number) =>
      logs.all(id, after, limit) as {
        n: number
        at: number
        level: 'info' | 'warning' | 'error'
        line: string
      }[],

    addArtifact: (id: string, name: string, mediaType: string, sha256: Buffer, now: number) =>
      void insertArtifact.run(id, name, mediaType, sha256, now),
    artifacts: (id: string) => artifacts.all(id) as ArtifactRow[],
    artifact: (id: string, name: string) => artifact.get(id, name) as ArtifactRow | undefined,
  }
}
