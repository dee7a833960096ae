// The keys of the HMAC column. A key can be lost, or be exchanged for that of the plugin: then nobody here can check what it signed,
// which is no alteration. So the log itself tells of every change, and only an entry whose key it never told of is called wrong.
import type { AuditRow } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { createLinker, type Linker } from './chain.ts'
import { digestOf } from './digest.ts'
import type { AuditKey } from './key.ts'

/** Entries that tell of a change: `entity_id` is the id of the key before, a colon, the id of the key from this entry on. */
const ENTITY = 'audit.hmac_key'
const EVENT = 'hmac_key.changed'

/** What the signature of an entry is. `unchecked`: its key is not here, and the log tells that it was in force. */
export type SignatureState = 'right' | 'wrong' | 'unchecked' | 'unknown key'

export interface HmacKeys {
  stateOf(row: Pick<AuditRow, 'seq' | 'entry' | 'signature' | 'keyId'>): SignatureState
}

type Entries = Pick<Store['audit'], 'last' | 'bySeq' | 'list'>

/** `keys`: those that are here. */
export function createHmacKeys(audit: Entries, keys: readonly AuditKey[]): HmacKeys {
  const linkers = new Map<string, Linker>(keys.map(({ id, bytes }) => [id, createLinker(bytes)]))
  /** From which entry on which key was in force, in the order of the log. */
  let told: readonly { seq: number; keyId: string }[] = []
  let readTo = -1

  /** By what the log tells, not by what stands beside the entry. */
  function keyAt(seq: number): string | undefined {
    if (seq > readTo) {
      readTo = audit.last()?.seq ?? -1
      const first = audit.bySeq(0)
      told = [...(first === undefined ? [] : [first]), ...changesIn(audit)]
    }
    return told.findLast((change) => change.seq <= seq)?.keyId
  }

  return {
    stateOf({ seq, entry, signature, keyId }) {
      const linker = linkers.get(keyId)
      if (linker !== undefined) {
        return linker.signature(entry) === digestOf(signature) ? 'right' : 'wrong'
      }
      return keyAt(seq) === keyId ? 'unchecked' : 'unknown key'
    },
  }
}

function changesIn(audit: Entries): { seq: number; keyId: string }[] {
  const found: { seq: number; keyId: string }[] = []
  const filter = { entityType: ENTITY, entityId: null, eventType: EVENT, limit: 1000 }
  for (let before: number | null = null; ; before = found.at(-1)!.seq) {
    const rows = audit.list({ ...filter, before })
    for (const { seq, entityId } of rows) {
      found.push({ seq, keyId: entityId?.slice(entityId.lastIndexOf(':') + 1) ?? '' })
    }
    if (rows.length < filter.limit) return found.reverse()
  }
}

/** What the log has to tell before its first entry that is signed with another key than the one before. */
export const keyChanged = (before: string, now: string) => ({
  eventType: EVENT,
  entityType: ENTITY,
  entityId: `${before}:${now}`,
  actor: { id: 'system', role: 'system' },
})
