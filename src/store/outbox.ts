// The outbox: what is to be told to webhooks, written in the transaction of its cause. Delivering is webhooks/.
import type { DeliveryRow } from './deliveries.ts'
import type { Connection } from './sqlite.ts'
import type { EndpointRow } from './webhooks.ts'

/** The event's name in Standard Webhooks' form: `job.completed` for the original's `job_completed`. */
export function dottedName(event: string): string {
  return event.replace(/^(job|project)_/, '$1.')
}

/** What a message says whose data was erased. */
export const ERASED_PAYLOAD = '{"erased":true}'

interface MessageRow {
  event: string
  /** JSON text. */
  payload: string
}

export function createOutboxRows(connection: Connection) {
  // Nobody listens, as a rule; every change of a job asks.
  const anybody = connection.prepare('SELECT 1 FROM webhook_endpoints LIMIT 1').pluck()
  /** Null when it must be asked for. */
  let isAnybody: boolean | null = null
  // A filter names an event in either form, or several with `*`.
  const subscribed = connection.prepare(
    `SELECT id, state FROM webhook_endpoints WHERE events IS NULL OR EXISTS
       (SELECT 1 FROM json_each(events) WHERE @event GLOB value OR @dotted GLOB value)`,
  )
  const message = connection.prepare(
    'INSERT INTO webhook_messages (id, event, payload, created_at) VALUES (?, ?, ?, ?)',
  )
  const number = connection
    .prepare('UPDATE webhook_endpoints SET next_n = next_n + 1 WHERE id = ? RETURNING next_n - 1')
    .pluck()
  const delivery = connection.prepare(
    `INSERT INTO webhook_deliveries (message_id, endpoint_id, n, state, next_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const byId = connection.prepare('SELECT event, payload FROM webhook_messages WHERE id = ?')
  const byEvent = connection.prepare(
    `SELECT id, event, payload FROM webhook_messages WHERE event IN (SELECT value FROM json_each(?))`,
  )
  // A receiver's answer may repeat what it was told.
  const erasures = [
    `UPDATE webhook_messages SET payload = '${ERASED_PAYLOAD}' WHERE id = ?`,
    'UPDATE webhook_deliveries SET response = NULL WHERE message_id = ?',
    'UPDATE webhook_attempts SET response = NULL WHERE message_id = ?',
  ].map((sql) => connection.prepare(sql))
  const deliverTo = (endpoint: string, id: string, state: DeliveryRow['state'], now: number) =>
    void delivery.run(id, endpoint, number.get(endpoint), state, now, now)
  const stateOf = connection.prepare('SELECT state FROM webhook_endpoints WHERE id = ?').pluck()
  const firstState = (endpoint: EndpointRow['state']): DeliveryRow['state'] =>
    endpoint === 'enabled' ? 'waiting' : 'given_up'
  return {
    /**
     * Writes the message and one delivery per endpoint that wants it; false when nobody does. `payload` is JSON text. For an endpoint
     * that is disabled it is given up from the beginning: listed, and there for `recover` as long as messages are kept. It doesn't
     * wait, since whatever waits is gone through at each start and each change of the clock, however long nobody may send it.
     */
    add(messageId: () => string, event: string, payload: () => string, now: number): boolean {
      isAnybody ??= anybody.get() !== undefined
      if (!isAnybody) return false
      const endpoints = subscribed.all({ event, dotted: dottedName(event) }) as Pick<
        EndpointRow,
        'id' | 'state'
      >[]
      if (endpoints.length === 0) return false
      const id = messageId()
      message.run(id, event, payload(), now)
      for (const { id: endpoint, state } of endpoints) {
        deliverTo(endpoint, id, firstState(state), now)
      }
      return true
    },
    /** For these endpoints, whatever their filters; given up from the beginning for one that is disabled, as above. */
    addFor(endpoints: string[], id: string, event: string, payload: string, now: number): void {
      message.run(id, event, payload, now)
      for (const endpoint of endpoints) {
        deliverTo(endpoint, id, firstState(stateOf.get(endpoint) as EndpointRow['state']), now)
      }
    },
    message: (id: string) => byId.get(id) as MessageRow | undefined,
    /** Ids of the messages of these events that fit; looks through all that are kept. */
    like(events: readonly string[], fits: (message: MessageRow) => boolean): string[] {
      const rows = byEvent.iterate(JSON.stringify(events)) as IterableIterator<
        MessageRow & { id: string }
      >
      const ids: string[] = []
      for (const row of rows) if (fits(row)) ids.push(row.id)
      return ids
    },
    /** Takes away what the message says, and what receivers answered to it, which is kept longer than the message. */
    erase(id: string): void {
      for (const statement of erasures) statement.run(id)
    },
    /** Endpoints came or went, or what was written is taken back. */
    forgetListeners(): void {
      isAnybody = null
    },
  }
}
