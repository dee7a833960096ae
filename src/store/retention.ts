// What is thrown away, and when: finished jobs with all that belongs to them, old events, old messages to webhooks, expired keys. Never audit entries.
import type { Connection } from './sqlite.ts'

const DAY = 86_400_000

/** How long a finished job is kept, in milliseconds by state. */
const KEEP_MS: Readonly<Record<'succeeded' | 'failed' | 'dead' | 'cancelled', number>> = {
  succeeded: 7 * DAY,
  failed: 30 * DAY,
  dead: 30 * DAY,
  cancelled: DAY,
}
const KEEP_EVENTS_MS = 7 * DAY
/** Longer than the last attempt of any message. */
const KEEP_MESSAGES_MS = 30 * DAY
const KEEP_JOBS = 10_000
/** All that jobs were given and left behind; the oldest finished ones make room. */
const KEEP_BLOB_BYTES = 2 * 2 ** 30
const BATCH = 500

/** A stored job: the number of its row, and its id. */
interface Named {
  n: number
  id: string
}

export interface Retention {
  /**
   * Throws away at most one batch of `most` jobs, events and messages each; answers how many jobs went, or `most` when there may
   * be more of the others: 0 = nothing is left to be thrown away. Call inside a transaction. `keepBytes`: of stored results and
   * inputs together.
   */
  prune(now: number, most?: number, keepBytes?: number): number
}

/** `onRemoved` hears of the jobs that went, inside the transaction. */
export function createRetention(
  connection: Connection,
  onRemoved: (ids: ReadonlySet<string>) => void,
): Retention {
  const expired = connection.prepare(
    'SELECT n, id FROM jobs WHERE state = +? AND finished_at < ? ORDER BY n LIMIT ?',
  )
  const count = connection.prepare('SELECT count(*) FROM jobs').pluck()
  const oldest = connection.prepare(
    'SELECT n, id FROM jobs WHERE finished_at IS NOT NULL ORDER BY n LIMIT ?',
  )
  // What two jobs share counts once.
  const blobBytes = connection
    .prepare(
      `SELECT coalesce(sum(size), 0) FROM blobs WHERE sha256 IN (SELECT result_sha256 FROM jobs
         UNION SELECT input_sha256 FROM jobs UNION SELECT sha256 FROM artifacts)`,
    )
    .pluck()
  const oldestWithBytes = connection.prepare(
    `SELECT n, id, (SELECT coalesce(sum(size), 0) FROM blobs WHERE sha256 IN (j.result_sha256, j.input_sha256)
         OR sha256 IN (SELECT sha256 FROM artifacts WHERE job_id = j.id)) AS bytes
       FROM jobs AS j WHERE finished_at IS NOT NULL ORDER BY n LIMIT ?`,
  )
  const removals = [
    'DELETE FROM job_attempts WHERE job_id = ?',
    'DELETE FROM job_logs WHERE job_id = ?',
    'DELETE FROM artifacts WHERE job_id = ?',
    'DELETE FROM idempotency WHERE job_id = ?',
  ].map((sql) => connection.prepare(sql))
  const remove = connection.prepare('DELETE FROM jobs WHERE n = ?')
  // The newest row stays, so that its number is never given twice.
  const events = connection.prepare(
    `DELETE FROM job_event_batches WHERE seq IN (SELECT seq FROM job_event_batches
       WHERE at < ? AND seq < (SELECT max(seq) FROM job_event_batches) ORDER BY seq LIMIT ?)`,
  )
  const keys = connection.prepare('DELETE FROM idempotency WHERE expires_at <= ?')
  const messages = connection.prepare(
    'DELETE FROM webhook_messages WHERE id IN (SELECT id FROM webhook_messages WHERE created_at < ? LIMIT ?)',
  )
  const attempts = connection.prepare('DELETE FROM webhook_attempts WHERE at < ?')
  const inbound = connection.prepare('DELETE FROM webhook_inbound_seen WHERE expires_at <= ?')

  /** Finished jobs, oldest first, until what is left fits: those whose time is over have gone before. */
  function overBytes(keepBytes: number, most: number): Named[] {
    let surplus = (blobBytes.get() as number) - keepBytes
    if (surplus <= 0) return []
    const jobs: Named[] = []
    for (const job of oldestWithBytes.iterate(KEEP_JOBS) as IterableIterator<
      Named & { bytes: number }
    >) {
      if (surplus <= 0 || jobs.length >= most) break
      if (job.bytes === 0) continue
      jobs.push(job)
      surplus -= job.bytes
    }
    return jobs
  }

  return {
    prune(now, most = BATCH, keepBytes = KEEP_BLOB_BYTES) {
      const jobs: Named[] = []
      for (const [state, keepMs] of Object.entries(KEEP_MS)) {
        jobs.push(...(expired.all(state, now - keepMs, most) as Named[]))
      }
      const surplus = (count.get() as number) - KEEP_JOBS - jobs.length
      if (surplus > 0) jobs.push(...(oldest.all(Math.min(surplus, most)) as Named[]))
      if (jobs.length === 0) jobs.push(...overBytes(keepBytes, most))
      for (const { n, id } of jobs) {
        for (const statement of removals) statement.run(id)
        remove.run(n)
      }
      if (jobs.length > 0) onRemoved(new Set(jobs.map(({ id }) => id)))
      const others = Math.max(
        events.run(now - KEEP_EVENTS_MS, most).changes,
        messages.run(now - KEEP_MESSAGES_MS, most).changes,
      )
      keys.run(now)
      attempts.run(now - KEEP_MESSAGES_MS)
      inbound.run(now)
      return others >= most ? most : jobs.length
    },
  }
}
