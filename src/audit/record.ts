// One change, one transaction: the row, its link in the audit log, its line in the outbox; then the bell, after the commit.
// Rooms that change something write only through a recorder, so none can forget the audit.
import type { EventMap, Events } from '../base/events.ts'
import type { Ids } from '../base/ids.ts'
import type { Store } from '../store/store.ts'
import { canonicalJson, createEntryWriter } from './canonical.ts'
import { commitData, createLinker, GENESIS } from './chain.ts'
import { type Digest, digestOf } from './digest.ts'
import { keyChanged } from './hmac-keys.ts'
import type { AuditKey } from './key.ts'
import { newMessageId } from './told.ts'
import { createTree, type Tree } from './tree.ts'

export interface Change {
  /** `job.created`, `project.updated` … */
  eventType: string
  entityType: string
  entityId: string | null
  actor: { id: string; role: string }
  /** JSON; hashed with a salt, erasable. Absent = none. */
  data?: unknown
}

/** What a write may leave behind beside its rows; all of it commits with them or not at all. */
export interface Trail {
  /** Appends an entry to the audit log; answers its `seq`. */
  audit(change: Change): number
  /**
   * Tells webhooks. `payload` is asked for only when somebody listens. Data that is also put into an audit entry goes out under a
   * `messageId` that the entry names (newMessageId): else an erasure does not find it (told.ts).
   */
  notify(event: string, payload: () => Record<string, unknown>, messageId?: string): void
  /** Rings the bell after the commit. */
  emit<K extends keyof EventMap>(name: K, event: EventMap[K]): void
}

export interface Recorder {
  /** Alone, now. */
  record<T>(write: (trail: Trail) => T): T
  /** Together with whatever else waits for a commit; resolves after it. `write` may run twice (see Transactions.group). */
  recordGrouped<T>(write: (trail: Trail) => T): Promise<T>
  /** The `seq` of the next entry that is written. Call in the transaction that writes it: another key of the HMAC column is told of before. */
  nextSeq(): number
  /** For writes that join a transaction already open (Transactions.beforeGroupCommit). */
  trail: Trail
  /** Id of this log. */
  logId: string
  key: AuditKey
  /** The Merkle tree over the entries; grows with each of them. */
  tree: Tree
  /** Calls `listener` in the transaction of each entry, after it was stored; `size` counts it. */
  onAppend(listener: (size: number, change: Change) => void): void
}

export interface RecorderOptions {
  store: Store
  ids: Ids
  events: Events
  key: AuditKey
  /** Id of this run of the program. */
  bootId: string
}

/** Where the log ends. */
interface Head {
  seq: number
  chain: Digest
  /** Of the key that signed the last entry; of an empty log the one in force. */
  keyId: string
}

const SALTS_AT_ONCE = 256
const SALT_BYTES = 16
/** Where the salt stands after leaf, chain and signature. */
const SALT_AT = 96

export function createRecorder(options: RecorderOptions): Recorder {
  const { store, ids, events, key, bootId } = options
  const { clock } = store
  const linker = createLinker(key.bytes)
  const logId = store.transaction(() => {
    const known = store.meta.get('audit.log')
    if (known !== undefined) return known
    const made = ids.uuid()
    store.meta.set('audit.log', made)
    return made
  })

  const entryText = createEntryWriter(logId, bootId)

  /** A copy of the log's end; dropped on any rollback and read again. */
  let head: Head | null = null
  const tree = createTree(store.auditTree, () => (store.audit.last()?.seq ?? -1) + 1)
  store.transaction(() => tree.repair())
  store.onRollback(() => {
    head = null
    tree.forget()
  })
  let onAppend: (size: number, change: Change) => void = () => {}

  function lastStored(): Head {
    const last = store.audit.last()
    return last === undefined
      ? { seq: -1, chain: GENESIS, keyId: key.id }
      : { ...last, chain: digestOf(last.chain) }
  }

  // Fetching random bytes one salt at a time would cost as much as the hashing.
  let salts = Buffer.alloc(0)
  let salted = 0
  function takeSalt(): Buffer {
    if (salted === salts.length) {
      salts = Buffer.from(ids.secret(SALT_BYTES * SALTS_AT_ONCE), 'base64url')
      salted = 0
    }
    salted += SALT_BYTES
    return salts.subarray(salted - SALT_BYTES, salted)
  }

  function append(change: Change): number {
    head ??= lastStored()
    const seq = head.seq + 1
    const at = clock.now()
    const data = change.data === undefined ? null : canonicalJson(change.data)
    const salt = data === null ? null : takeSalt()
    const entry = entryText({
      seq,
      at,
      event_type: change.eventType,
      entity_type: change.entityType,
      entity_id: change.entityId,
      actor_id: change.actor.id,
      actor_role: change.actor.role,
      data_commit: data === null || salt === null ? null : commitData(salt, data),
    })
    const link = linker.link(head.chain, entry)
    tree.append(link.leaf)
    const hashes = Buffer.allocUnsafe(SALT_AT + SALT_BYTES)
    hashes.latin1Write(link.leaf, 0)
    hashes.latin1Write(link.chain, 32)
    hashes.latin1Write(link.signature, 64)
    if (salt !== null) hashes.set(salt, SALT_AT)
    store.audit.insert({
      seq,
      at,
      eventType: change.eventType,
      entityType: change.entityType,
      entityId: change.entityId,
      userId: change.actor.id,
      entry,
      data,
      hashes,
      keyId: key.id,
    })
    head = { seq, chain: link.chain, keyId: key.id }
    onAppend(seq + 1, change)
    return seq
  }

  /** Where the log ends, once it has told that another key signs from here on. */
  function readyHead(): Head {
    head ??= lastStored()
    if (head.keyId !== key.id) append(keyChanged(head.keyId, key.id))
    return head
  }

  const trail: Trail = {
    audit(change) {
      readyHead()
      return append(change)
    },

    notify(event, payload, messageId) {
      const written = store.outbox.add(
        () => messageId ?? newMessageId(ids),
        event,
        () => JSON.stringify(payload()),
        clock.now(),
      )
      if (written) store.afterCommit(() => events.emit('outbox.ready', {}))
    },

    emit: (name, event) => store.afterCommit(() => events.emit(name, event)),
  }

  return {
    record: (write) => store.transaction(() => write(trail)),
    recordGrouped: (write) => store.group(() => write(trail)),
    nextSeq: () => readyHead().seq + 1,
    trail,
    logId,
    key,
    tree,
    onAppend(listener) {
      onAppend = listener
    },
  }
}
