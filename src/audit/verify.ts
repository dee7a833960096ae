// Checks entries of the audit log against their own hashes and against each other; says what is wrong and where first.
import type { AuditCheckRow, AuditRow } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import type { AuditReport } from './audit.ts'
import { chainDigest, commitData, GENESIS } from './chain.ts'
import { digestOf } from './digest.ts'
import { createErased, erasuresIn } from './erased.ts'
import { createHmacKeys, type HmacKeys, type SignatureState } from './hmac-keys.ts'
import type { AuditKey } from './key.ts'
import { leafDigest } from './merkle.ts'

/** Rows read and checked before the event loop gets its turn: a few milliseconds of work. The data of each may have 64 KiB. */
const ROWS_AT_ONCE = 500

/** What a check reads; of the store's rows, or of a connection that only reads. */
export type CheckedRows = Pick<Store['audit'], 'last' | 'bySeq' | 'list' | 'check' | 'unlike'>

/** What was found of the entries themselves. */
export type EntriesReport = Omit<
  AuditReport,
  'rootOk' | 'anchorsOk' | 'state' | 'rollbacks' | 'anchorFolder'
>

/** `known`: the keys of the HMAC column that are here. */
export function createLogCheck(rows: CheckedRows, known: readonly AuditKey[]) {
  const size = (): number => (rows.last()?.seq ?? -1) + 1
  const keys = createHmacKeys(rows, known)
  const isErased = createErased(() => erasuresIn(rows), size)
  return {
    size,
    keys,
    /** Whether the log tells of an erasure of the data of this entry. */
    isErased,
    /** Checks the newest `limit` entries, all of them when it is null. */
    newest(limit: number | null): Promise<EntriesReport> {
      const end = size()
      const from = limit === null ? 0 : Math.max(0, end - limit)
      return verifyRange(rows, keys, from, end, isErased)
    },
  }
}

/**
 * What is wrong with one entry by itself, its `signature` being so; null when nothing is. The copies of its fields must say what the entry says. `isErased`:
 * whether the log tells of an erasure of its data.
 */
export function faultOf(
  row: AuditRow,
  signature: SignatureState,
  isErased: (seq: number) => boolean,
): string | null {
  if (leafDigest(row.entry) !== digestOf(row.leaf)) return 'Leaf hash does not match the entry'
  if (signature === 'unknown key') return 'Signed with a key that is not here'
  if (signature === 'wrong') return 'Signature does not match'
  if (!copiesAgree(row)) return 'Columns do not match the entry'
  const { data_commit } = JSON.parse(row.entry) as { data_commit: string | null }
  if (row.data === null && row.salt === null && data_commit !== null && !isErased(row.seq)) {
    return 'Data was removed without an entry that says so'
  }
  return dataFault(row.data, row.salt, data_commit)
}

/** Whether the columns, which lists and filters show, say what the entry says. */
export function copiesAgree(row: AuditRow): boolean {
  try {
    const fields = JSON.parse(row.entry) as Record<string, unknown> & { actor: { id: string } }
    return (
      fields.seq === row.seq &&
      fields.at === row.at &&
      fields.event_type === row.eventType &&
      fields.entity_type === row.entityType &&
      fields.entity_id === row.entityId &&
      fields.actor.id === row.userId
    )
  } catch {
    return false
  }
}

/** Erased data (both gone) leaves the commitment standing and is no fault. */
function dataFault(data: string | null, salt: Buffer | null, commit: string | null): string | null {
  if (data === null && salt === null) return null
  if (data === null || salt === null || commit === null)
    return 'Data and its commitment do not belong together'
  return commitData(salt, data) === commit ? null : 'Data does not match its commitment'
}

/**
 * Checks entries `from` ≤ seq < `size` in order: gap-free, leaf, chain, signature, columns, data. `size` is what the log claims
 * to hold. A signature that nobody here can check is no fault and is counted. Gives the event loop its turn between batches; entries appended meanwhile are not looked at.
 */
async function verifyRange(
  rows: CheckedRows,
  keys: HmacKeys,
  from: number,
  size: number,
  isErased: (seq: number) => boolean,
): Promise<EntriesReport> {
  const before = from === 0 ? undefined : rows.bySeq(from - 1)
  let previous = from === 0 ? GENESIS : before === undefined ? null : digestOf(before.chain)
  let invalid = 0
  let unchecked = 0
  let firstBad: number | null = previous === null ? from : null
  let chainOk = previous !== null
  for (let start = from; start < size; start += ROWS_AT_ONCE) {
    const end = Math.min(start + ROWS_AT_ONCE, size)
    const batch = rows.check(start, end)
    const unlike = rows.unlike(start, end).filter((row) => !copiesAgree(row))
    const misleading = new Set(unlike.map((row) => row.seq))
    let seq = start
    for (const row of batch) {
      const chain = digestOf(row[2])
      const linked = previous !== null && chainDigest(previous, digestOf(row[1])) === chain
      if (!linked) chainOk = false
      const [entry, , , signature, , , keyId] = row
      const state = keys.stateOf({ seq, entry, signature, keyId })
      if (!linked || misleading.has(seq) || !isSound(row, seq, state, isErased)) {
        invalid++
        firstBad ??= seq + 1
      } else if (state === 'unchecked') unchecked++
      previous = chain
      seq++
    }
    if (batch.length < end - start) {
      // Some are missing in this batch: the numbers in the entries have stopped agreeing from there on.
      const missing = end - start - batch.length
      invalid += missing
      chainOk = false
      firstBad ??= seq + 1
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  const total = Math.max(0, size - from)
  const valid = Math.max(0, total - invalid)
  const integrity = total === 0 ? 1 : valid / total
  return { total, valid, invalid, unchecked, integrity, chainOk, firstBad }
}

function isSound(
  row: AuditCheckRow,
  seq: number,
  signature: SignatureState,
  isErased: (seq: number) => boolean,
): boolean {
  const [entry, leaf, , , data, salt] = row
  if (leafDigest(entry) !== digestOf(leaf)) return false
  if (signature === 'unknown key' || signature === 'wrong') return false
  // The text is canonical, so its sequence number stands at the end.
  if (!entry.endsWith(`,"seq":${seq},"v":1}`)) return false
  if (data === null && salt === null) {
    return entry.includes(',"data_commit":null,') || isErased(seq)
  }
  const commit = /"data_commit":"([0-9a-f]{64})"/.exec(entry)?.[1] ?? null
  return dataFault(data, salt, commit) === null
}
