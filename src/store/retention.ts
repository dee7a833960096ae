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
const BATCH = 500

export interface Retention {
  /** Throws away at most one batch of `most`; answers how many jobs went. Call inside a transaction. */
  prune(now: number, most?: number): number
}

export function createRetention(connection: Connection): Retention {
  const expired = connection.prepare(
    'SELECT id FROM jobs WHERE state = +? AND finished_at < ? ORDER BY n LIMIT ?',
  )
  const count = connection.prepare('SELECT count(*) FROM jobs').pluck()
  const oldest = connection.prepare(
    'SELECT id FROM jobs WHERE finished_at IS NOT NULL ORDER BY n LIMIT ?',
  )
  const removals = [
    'DELETE FROM job_attempts WHERE job_id = ?',
    'DELETE FROM job_logs WHERE job_id = ?',
    'DELETE FROM artifacts WHERE job_id = ?',
    'DELETE FROM idempotency WHERE job_id = ?',
    'DELETE FROM jobs WHERE id = ?',
  ].map((sql) => connection.prepare(sql))
  // The newest event stays, so that its number is never given twice.
  const events = connection.prepare(
    `DELETE FROM job_events WHERE seq IN (SELECT seq FROM job_events
       WHERE at < ? AND seq < (SELECT max(seq) FROM job_events) ORDER BY seq LIMIT ?)`,
  )
  const keys = connection.prepare('DELETE FROM idempotency WHERE expires_at <= ?')
  const messages = connection.prepare(
    'DELETE FROM webhook_messages WHERE id IN (SELECT id FROM webhook_messages WHERE created_at < ? LIMIT ?)',
  )
  const attempts = connection.prepare('DELETE FROM webhook_attempts WHERE at < ?')
  const inbound = connection.prepare('DELETE FROM webhook_inbound_seen WHERE expires_at <= ?')

  return {
    prune(now, most = BATCH) {
      const ids: string[] = []
      for (const [state, keepMs] of Object.entries(KEEP_MS)) {
        for (const row of expired.all(state, now - keepMs, most) as { id: string }[])
          ids.push(row.id)
      }
      const surplus = (count.get() as number) - KEEP_JOBS - ids.length
      if (surplus > 0) {
        for (const row of oldest.all(Math.min(surplus, most)) as { id: string }[]) ids.push(row.id)
      }
      for (const id of new Set(ids)) for (const statement of removals) statement.run(id)
      events.run(now - KEEP_EVENTS_MS, most)
      keys.run(now)
      messages.run(now - KEEP_MESSAGES_MS, most)
      attempts.run(now - KEEP_MESSAGES_MS)
      inbound.run(now)
      return ids.length
    },
  }
}
