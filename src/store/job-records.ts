// What belongs to a job besides its row, its events and its log: attempts and artifacts. Statements only.
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

    addArtifact: (id: string, name: string, mediaType: string, sha256: Buffer, now: number) =>
      void insertArtifact.run(id, name, mediaType, sha256, now),
    artifacts: (id: string) => artifacts.all(id) as ArtifactRow[],
    artifact: (id: string, name: string) => artifact.get(id, name) as ArtifactRow | undefined,
  }
}
