// What was told to webhooks with the words of an audit entry, and has to go with them. Only events that come from outside
// (POST /api/v1/events/emit) are told their data word for word; what the program itself tells are ids, numbers and words of closed
// lists. An entry about such an event names its message.
import type { Ids } from '../base/ids.ts'
import type { AuditRow } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { canonicalJson } from './canonical.ts'

/** Entity of the entries whose data was told; their `entity_id` is the message's id, their type `event.` and the event's name. */
export const TOLD_ENTITY = 'event'
export const toldType = (event: string): string => `event.${event}`

export const newMessageId = (ids: Ids): string => `msg_${ids.uuid().replaceAll('-', '')}`

const keyOf = (eventType: string, data: string): string => `${eventType} ${data}`

/**
 * Takes the data of these entries (as they were before they lost it) out of the outbox, with what receivers answered to it. What
 * still waits goes out all the same, once more or for the first time, with `{"erased":true}` in place of its data: so no event is
 * lost, none is out of number, and a receiver that has the data hears by a replay that it was erased.
 */
export function eraseTold({ outbox }: Store, entries: readonly AuditRow[]): void {
  /** Of entries by older programs, which named no message: those are known by their words. */
  const unnamed = new Set<string>()
  for (const { entityType, entityId, eventType, data } of entries) {
    if (entityType !== TOLD_ENTITY || data === null) continue
    if (entityId === null) {
      unnamed.add(keyOf(eventType, data))
      continue
    }
    // A client can write an entry that names a message of another event, or other words: those are not its own.
    const message = outbox.message(entityId)
    if (message === undefined || keyOfMessage(message) === keyOf(eventType, data)) {
      outbox.erase(entityId)
    }
  }
  if (unnamed.size === 0) return
  const events = new Set(entries.map(({ eventType }) => eventType.slice(toldType('').length)))
  for (const id of outbox.like([...events], (one) => unnamed.has(keyOfMessage(one)))) {
    outbox.erase(id)
  }
}

function keyOfMessage({ event, payload }: { event: string; payload: string }): string {
  return keyOf(toldType(event), canonicalJson(JSON.parse(payload)))
}
