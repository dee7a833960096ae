// Who wants to be told: endpoints of webhooks. Messages are outbox.ts, what became of them deliveries.ts. Statements only.
import type { Connection } from './sqlite.ts'

export interface EndpointRow {
  id: string
  url: string
  /** JSON array of event names; null = all. */
  events: string | null
  secret: string
  /** Signs beside the new one until `previousSecretUntil`. */
  previousSecret: string | null
  previousSecretUntil: number | null
  /** 1 = may be told without TLS. */
  allowInsecure: number
  /** 1 = a message waits for the one before it. */
  strictOrder: number
  /** Ed25519 seed for signatures beside the secret's; null = none. */
  signingSeed: Buffer | null
  /** Which form the body has (webhooks/delivery.ts). */
  bodyVersion: 1 | 2
  state: 'enabled' | 'disabled'
  /** Time of the first failure since the last success. */
  failingSince: number | null
  /** Failed attempts since the last success. */
  failures: number
  /** It asked to be left alone until then. */
  pausedUntil: number | null
  createdAt: number
}

/** What a registration sets. */
interface EndpointChange {
  id: string
  events: string | null
  allowInsecure: 0 | 1
  strictOrder: 0 | 1
  signingSeed: Buffer | null
  bodyVersion: 1 | 2
  now: number
}

const COLUMNS = `id, url, events, secret, previous_secret AS previousSecret,
  previous_secret_until AS previousSecretUntil, allow_insecure AS allowInsecure, state,
  strict_order AS strictOrder, signing_seed AS signingSeed, body_version AS bodyVersion,
  failing_since AS failingSince, failures, paused_until AS pausedUntil, created_at AS createdAt`

/** `onChange`: an endpoint was added or removed. */
export function createWebhookRows(connection: Connection, onChange: () => void) {
  const byUrl = connection.prepare(`SELECT ${COLUMNS} FROM webhook_endpoints WHERE url = ?`)
  const byId = connection.prepare(`SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = ?`)
  const all = connection.prepare(`SELECT ${COLUMNS} FROM webhook_endpoints ORDER BY created_at, id`)
  const insert = connection.prepare(
    `INSERT INTO webhook_endpoints (id, url, events, secret, allow_insecure, strict_order, signing_seed, body_version,
       created_at, updated_at)
     VALUES (@id, @url, @events, @secret, @allowInsecure, @strictOrder, @signingSeed, @bodyVersion, @now, @now)`,
  )
  const update = connection.prepare(
    `UPDATE webhook_endpoints SET events = @events, allow_insecure = @allowInsecure, strict_order = @strictOrder,
       signing_seed = @signingSeed, body_version = @bodyVersion, state = 'enabled', failing_since = NULL, failures = 0,
       paused_until = NULL, updated_at = @now WHERE id = @id`,
  )
  const enable = connection.prepare(
    `UPDATE webhook_endpoints SET state = 'enabled', failing_since = NULL, failures = 0, paused_until = NULL,
       updated_at = ? WHERE id = ?`,
  )
  const disable = connection.prepare(
    "UPDATE webhook_endpoints SET state = 'disabled', updated_at = ? WHERE id = ?",
  )
  const rotate = connection.prepare(
    `UPDATE webhook_endpoints SET previous_secret = secret, previous_secret_until = @until, secret = @secret,
       updated_at = @now WHERE id = @id`,
  )
  const succeeded = connection.prepare(
    `UPDATE webhook_endpoints SET failing_since = NULL, failures = 0, paused_until = NULL, updated_at = ?
     WHERE id = ?`,
  )
  const failed = connection.prepare(
    `UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, @now), failures = failures + 1,
       paused_until = @pausedUntil, updated_at = @now WHERE id = @id`,
  )
  const latestChange = connection
    .prepare('SELECT coalesce(max(updated_at), 0) FROM webhook_endpoints')
    .pluck()
  const comeBack = connection.prepare(
    'UPDATE webhook_endpoints SET updated_at = @now WHERE updated_at > @now',
  )
  const shiftPauses = connection.prepare(
    'UPDATE webhook_endpoints SET paused_until = paused_until - ? WHERE paused_until IS NOT NULL',
  )
  const remove = connection.prepare('DELETE FROM webhook_endpoints WHERE id = ?')
  const seen = connection.prepare(
    'INSERT OR IGNORE INTO webhook_inbound_seen (source, message_id, expires_at) VALUES (?, ?, ?)',
  )
  const forgetOld = connection.prepare('DELETE FROM webhook_inbound_seen WHERE expires_at <= ?')
  const knows = connection
    .prepare(
      'SELECT 1 FROM webhook_inbound_seen WHERE source = ? AND message_id = ? AND expires_at > ?',
    )
    .pluck()
  return {
    byUrl: (url: string) => byUrl.get(url) as EndpointRow | undefined,
    byId: (id: string) => byId.get(id) as EndpointRow | undefined,
    all: () => all.all() as EndpointRow[],
    insert(row: EndpointChange & { url: string; secret: string }): void {
      insert.run(row)
      onChange()
    },
    /** Also enables it again. */
    update: (row: EndpointChange) => void update.run(row),
    enable: (id: string, now: number) => void enable.run(now, id),
    disable: (id: string, now: number) => void disable.run(now, id),
    /** The secret until now goes on signing beside the new one. */
    rotate: (row: { id: string; secret: string; until: number; now: number }) =>
      void rotate.run(row),
    succeeded: (id: string, now: number) => void succeeded.run(now, id),
    /** `pausedUntil`: it asked to be left alone until then. */
    failed: (row: { id: string; pausedUntil: number | null; now: number }) => void failed.run(row),
    /** When any of them was changed last, or told something. */
    latestChange: () => latestChange.get() as number,
    /** The clock was set back: no change lies in the time to come. */
    comeBack: (now: number) => void comeBack.run({ now }),
    /** The same for how long they are to be left alone. */
    shiftPauses: (byMs: number) => void shiftPauses.run(byMs),
    /** With all its deliveries. */
    remove(id: string): void {
      remove.run(id)
      onChange()
    },
    /** Whether this id came before. */
    knowsInbound: (source: string, messageId: string, now: number) =>
      knows.get(source, messageId, now) !== undefined,
    rememberInbound(source: string, messageId: string, now: number, keepMs: number): void {
      forgetOld.run(now)
      seen.run(source, messageId, now + keepMs)
    },
  }
}
