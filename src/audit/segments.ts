// Digests over runs of entries, so that a whole log is read through at the speed of SHA-256. Each covers the one before, and an
// entry of the log names it: so the tree, and with it every signature, stands for all that lies before.
import { createHash } from 'node:crypto'
import type { AuditRows } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { letGo } from './let-go.ts'
import type { Recorder } from './record.ts'

/** Entries in a run. */
export const SEGMENT_ENTRIES = 4096
/** Entity of the entries that name a digest: `entity_id` is its hex. */
const SEGMENT_ENTITY = 'audit.segment'
const PREFIX = 4

/** Entries read at once: their text then stays in the processor's cache. */
const ROWS_AT_ONCE = 512

/** SHA-256(0x04 ‖ digest before ‖ each entry after a zero byte) over entries `firstSeq` ≤ seq ≤ `lastSeq`. */
export function segmentDigest(
  audit: Pick<AuditRows, 'texts'>,
  previous: Uint8Array,
  firstSeq: number,
  lastSeq: number,
): Buffer {
  const digest = createHash('sha256').update(Uint8Array.of(PREFIX)).update(previous)
  for (let from = firstSeq; from <= lastSeq; from += ROWS_AT_ONCE) {
    const text = audit.texts(from, Math.min(from + ROWS_AT_ONCE, lastSeq + 1))
    digest.update(text)
    letGo(text)
  }
  return digest.digest()
}

export const SEGMENT_GENESIS = new Uint8Array(32)

export function createSegments(store: Store, recorder: Recorder) {
  const rows = store.auditTree
  return {
    /** Call in the transaction of each entry. */
    afterAppend(size: number): void {
      if (size % SEGMENT_ENTRIES !== 0) return
      // A loop, because a database from before segments has many runs to close.
      for (let before = rows.lastSegment(); ; before = rows.lastSegment()) {
        const n = (before?.n ?? -1) + 1
        const firstSeq = n * SEGMENT_ENTRIES
        const lastSeq = firstSeq + SEGMENT_ENTRIES - 1
        if (lastSeq >= size) return
        const previous = before?.digest ?? SEGMENT_GENESIS
        const digest = segmentDigest(store.audit, previous, firstSeq, lastSeq)
        rows.putSegment({ n, firstSeq, lastSeq, digest })
        recorder.trail.audit({
          eventType: 'segment.closed',
          entityType: SEGMENT_ENTITY,
          entityId: digest.toString('hex'),
          actor: { id: 'system', role: 'system' },
        })
      }
    },
  }
}
