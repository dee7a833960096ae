// Digests over runs of entries, so that a whole log is read through at the speed of SHA-256. Each covers the one before, and an
// entry of the log names it: so the tree, and with it every signature, stands for all that lies before.
import { hash } from 'node:crypto'
import type { Store } from '../store/store.ts'
import type { Recorder } from './record.ts'

/** Entries in a run. */
export const SEGMENT_ENTRIES = 4096
/** Entity of the entries that name a digest: `entity_id` is its hex. */
const SEGMENT_ENTITY = 'audit.segment'
const PREFIX = 4

/** SHA-256(0x04 ‖ digest before ‖ each entry after a zero byte). `text`: the run's entries, each after a zero byte. */
export function segmentDigest(previous: Uint8Array, text: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Uint8Array.of(PREFIX), previous, text]), 'buffer')
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
        const text = store.audit.texts(firstSeq, lastSeq + 1)
        const digest = segmentDigest(before?.digest ?? SEGMENT_GENESIS, text)
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
