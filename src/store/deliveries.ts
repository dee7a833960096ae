// Messages on their way: what is due, what became of each attempt, and what is sent once more. Statements only.
import type { Connection } from './sqlite.ts'

export interface DueRow {
  messageId: string
  endpointId: string
  event: string
  /** JSON text. */
  payload: string
  createdAt: number
  /** Number of the message at this endpoint. */
  n: number
  /** Attempts made so far. */
  attempt: number
  nextAt: number
  /** Attempts that failed in a row at this endpoint, whatever the message. */
  failures: number
  /** The endpoint asked to be left alone until then (UTC); null = it did not. */
  pausedUntil: number | null
}

export interface DeliveryName {
  messageId: string
  endpointId: string
}

export interface AttemptRow {
  messageId: string
  endpointId: string
  attempt: number
  at: number
  /** Null when there was no answer. */
  status: number | null
  durationMs: number
  /** Why it failed, as a stable word; null when it did not. */
  error: string | null
  /** Beginning of the answer, redacted. */
  response: string | null
}

export interface DeliveryRow {
  messageId: string
  event: string
  n: number
  /** `given_up` before its last attempt: the endpoint is disabled, or was then. */
  state: 'waiting' | 'delivered' | 'given_up'
  attempt: number
  nextAt: number
  createdAt: number
  status: number | null
  response: string | null
}

export interface WebhookLoad {
  endpoints: number
  disabled: number
  /** Messages on their way. */
  waiting: number
  /** Attempts in the log, and those of them that failed. */
  attempts: number
  failedAttempts: number
}

const WAITING = "FROM webhook_deliveries WHERE endpoint_id = e.id AND state = 'waiting'"
/**
 * Due first, and of those the one written first; in strict order always the one written first, so that what is not due holds up
 * what comes after it. Asked for twice a delivery, so it must not read all that waits.
 */
export const FIRST_PER_ENDPOINT = `SELECT d.message_id AS messageId, d.endpoint_id AS endpointId, m.event, m.payload,
   m.created_at AS createdAt, d.n, d.attempt, d.next_at AS nextAt, e.failures, e.paused_until AS pausedUntil
 FROM webhook_endpoints e
   JOIN webhook_deliveries d ON d.endpoint_id = e.id AND d.message_id = CASE e.strict_order
     WHEN 1 THEN (SELECT message_id ${WAITING} ORDER BY n LIMIT 1)
     ELSE (SELECT message_id ${WAITING} ORDER BY next_at, n LIMIT 1) END
   JOIN webhook_messages m ON m.id = d.message_id
 WHERE e.state = 'enabled'`

export function createDeliveryRows(connection: Connection) {
  const due = connection.prepare(FIRST_PER_ENDPOINT)
  const overdue = connection.prepare(
    `SELECT message_id AS messageId, endpoint_id AS endpointId FROM webhook_deliveries
     WHERE state = 'waiting' AND next_at < ? ORDER BY next_at LIMIT ?`,
  )
  const countOverdue = connection
    .prepare("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting' AND next_at < ?")
    .pluck()
  const waitingAfter = connection.prepare(
    `SELECT message_id AS messageId, endpoint_id AS endpointId, next_at AS nextAt FROM webhook_deliveries
     WHERE state = 'waiting' AND (message_id, endpoint_id) > (@messageId, @endpointId)
     ORDER BY message_id, endpoint_id LIMIT @limit`,
  )
  const postpone = connection.prepare(
    'UPDATE webhook_deliveries SET next_at = ? WHERE message_id = ? AND endpoint_id = ?',
  )
  const log = connection.prepare(
    `INSERT INTO webhook_attempts (message_id, endpoint_id, attempt, at, status, duration_ms, error, response)
     VALUES (@messageId, @endpointId, (SELECT 1 + coalesce(max(attempt), 0) FROM webhook_attempts
       WHERE message_id = @messageId AND endpoint_id = @endpointId), @at, @status, @durationMs, @error, @response)`,
  )
  const settle = connection.prepare(
    `UPDATE webhook_deliveries SET state = @state, attempt = attempt + 1, next_at = @nextAt, status = @status,
       response = @response, updated_at = @now
     WHERE message_id = @messageId AND endpoint_id = @endpointId`,
  )
  const giveUpDisabled = connection.prepare(
    `UPDATE webhook_deliveries SET state = 'given_up', updated_at = @now WHERE (message_id, endpoint_id) IN
       (SELECT d.message_id, d.endpoint_id FROM webhook_endpoints e CROSS JOIN webhook_deliveries d ON d.endpoint_id = e.id
        WHERE e.state = 'disabled' AND d.state = 'waiting' LIMIT @limit)`,
  )
  const failedMessages = connection
    .prepare(
      'SELECT count(DISTINCT message_id) FROM webhook_attempts WHERE endpoint_id = ? AND at >= ?',
    )
    .pluck()
  const list = connection.prepare(
    `SELECT d.message_id AS messageId, m.event, d.n, d.state, d.attempt, d.next_at AS nextAt,
       m.created_at AS createdAt, d.status, d.response
     FROM webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id
     WHERE d.endpoint_id = @endpointId AND (@state IS NULL OR d.state = @state)
     ORDER BY d.n DESC LIMIT @limit`,
  )
  const attempts = connection.prepare(
    `SELECT message_id AS messageId, endpoint_id AS endpointId, attempt, at, status, duration_ms AS durationMs,
       error, response
     FROM webhook_attempts WHERE message_id = ? AND endpoint_id = ? ORDER BY attempt`,
  )
  const counts = connection.prepare(
    'SELECT state, count(*) AS count FROM webhook_deliveries WHERE endpoint_id = ? GROUP BY state',
  )
  const load = connection.prepare(
    `SELECT (SELECT count(*) FROM webhook_endpoints) AS endpoints,
       (SELECT count(*) FROM webhook_endpoints WHERE state = 'disabled') AS disabled,
       (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting') AS waiting,
       (SELECT count(*) FROM webhook_attempts) AS attempts,
       (SELECT count(*) FROM webhook_attempts WHERE error IS NOT NULL) AS failedAttempts`,
  )
  const again = connection.prepare(
    `UPDATE webhook_deliveries SET state = 'waiting', attempt = 0, next_at = @now, updated_at = @now
     WHERE message_id = @messageId
       AND endpoint_id IN (SELECT id FROM webhook_endpoints WHERE state = 'enabled')`,
  )
  const recover = connection.prepare(
    `UPDATE webhook_deliveries SET state = 'waiting', attempt = 0, next_at = @now, updated_at = @now
     WHERE endpoint_id = @endpointId AND state <> 'delivered' AND message_id IN
       (SELECT id FROM webhook_messages WHERE created_at >= @since)`,
  )
  const exists = connection.prepare('SELECT 1 FROM webhook_messages WHERE id = ?').pluck()
  return {
    /** The most urgent message of each enabled endpoint, due or not. */
    firstPerEndpoint: () => due.all() as DueRow[],
    /** Waiting since before then, the longest first. */
    overdue: (before: number, limit: number) => overdue.all(before, limit) as DeliveryName[],
    countOverdue: (before: number) => countOverdue.get(before) as number,
    /** What waits, due or not, in the order of its names. */
    waitingAfter: ({ messageId, endpointId }: DeliveryName, limit: number) =>
      waitingAfter.all({ messageId, endpointId, limit }) as (DeliveryName & { nextAt: number })[],
    postpone: ({ messageId, endpointId }: DeliveryName, nextAt: number) =>
      void postpone.run(nextAt, messageId, endpointId),
    /** Numbered by itself, on through replays. */
    log: (row: Omit<AttemptRow, 'attempt'>) => void log.run(row),
    settle: (row: {
      messageId: string
      endpointId: string
      state: DeliveryRow['state']
      nextAt: number
      status: number | null
      response: string | null
      now: number
    }) => void settle.run(row),
    /** Gives up what waits for endpoints that are disabled, so many at most; answers how many. */
    giveUpDisabled: (limit: number, now: number) => giveUpDisabled.run({ limit, now }).changes,
    /** How many messages were tried since then. */
    triedSince: (endpointId: string, since: number) =>
      failedMessages.get(endpointId, since) as number,
    list: (endpointId: string, state: string | null, limit: number) =>
      list.all({ endpointId, state, limit }) as DeliveryRow[],
    attempts: (messageId: string, endpointId: string) =>
      attempts.all(messageId, endpointId) as AttemptRow[],
    counts: (endpointId: string) =>
      counts.all(endpointId) as { state: DeliveryRow['state']; count: number }[],
    load: () => load.get() as WebhookLoad,
    hasMessage: (id: string) => exists.get(id) !== undefined,
    /** To every endpoint that it was for and that is not disabled, whatever became of it; answers how many. */
    again: (messageId: string, now: number) => again.run({ messageId, now }).changes,
    /** What this endpoint did not get since then, or was not sent because it was disabled; answers how many. */
    recover: (endpointId: string, since: number, now: number) =>
      recover.run({ endpointId, since, now }).changes,
  }
}
