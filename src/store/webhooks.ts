// Who wants to be told: endpoints of webhooks. Messages and deliveries are outbox.ts. Statements only.
import type { Connection } from './sqlite.ts'

export interface EndpointRow {
  id: string
  url: string
  /** JSON array of event names; null = all. */
  events: string | null
  secret: string
  state: 'enabled' | 'disabled'
}

const COLUMNS = 'id, url, events, secret, state'

export type WebhookRows = ReturnType<typeof createWebhookRows>

export function createWebhookRows(connection: Connection) {
  const byUrl = connection.prepare(`SELECT ${COLUMNS} FROM webhook_endpoints WHERE url = ?`)
  const all = connection.prepare(`SELECT ${COLUMNS} FROM webhook_endpoints ORDER BY created_at`)
  const insert = connection.prepare(
    `INSERT INTO webhook_endpoints (id, url, events, secret, created_at, updated_at)
     VALUES (@id, @url, @events, @secret, @now, @now)`,
  )
  const update = connection.prepare(
    `UPDATE webhook_endpoints SET events = ?, state = 'enabled', failing_since = NULL, failures = 0, updated_at = ?
     WHERE id = ?`,
  )
  return {
    byUrl: (url: string) => byUrl.get(url) as EndpointRow | undefined,
    all: () => all.all() as EndpointRow[],
    insert: (row: {
      id: string
      url: string
      events: string | null
      secret: string
      now: number
    }) => void insert.run(row),
    /** Also enables it again. */
    setEvents: (id: string, events: string | null, now: number) => void update.run(events, now, id),
  }
}
