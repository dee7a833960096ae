// Signs checkpoints of the log. Never one that contradicts a checkpoint signed before: the tree itself must prove that the
// new one only adds to it.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { CheckpointRow } from '../store/audit-tree.ts'
import type { Store } from '../store/store.ts'
import { originOf } from './anchor-note.ts'
import type { AnchorFiles } from './anchors.ts'
import { bytesOf, type Digest, digestOf } from './digest.ts'
import { consistencyProof, verifyConsistency } from './merkle.ts'
import { checkpointText, type Signer, signNote } from './note.ts'
import type { Recorder } from './record.ts'

export type CheckpointReason =
  | 'entries'
  | 'time'
  | 'project'
  | 'request'
  | 'export'
  | 'rotation'
  | 'epoch'
  | 'shutdown'

/** Reasons after which somebody relies on the note: the anchor is flushed to the disk. */
const DURABLE: ReadonlySet<CheckpointReason> = new Set([
  'project',
  'request',
  'export',
  'rotation',
  'epoch',
  'shutdown',
])

export interface Epoch {
  number: number
  signer: Signer
}

export interface Signing {
  /** Signs where the log stands, unless that is signed already. Call in a transaction. */
  sign(epoch: Epoch, reason: CheckpointReason): CheckpointRow
  /** Entries nobody has signed for. */
  unsigned(): number
}

export function createSigning(options: {
  store: Store
  recorder: Recorder
  clock: Clock
  anchors: AnchorFiles
  onError: (error: unknown) => void
}): Signing {
  const { store, recorder, clock, anchors, onError } = options
  const { tree } = recorder
  let newest: CheckpointRow | undefined | null = null
  store.onRollback(() => {
    newest = null
  })

  function last(): CheckpointRow | undefined {
    if (newest === null) newest = store.auditTree.newestCheckpoint()
    return newest
  }

  /** Whether the tree only adds to what was signed before. A hole in the stored tree shows nothing, so it does not. */
  function addsOnly(size: number, root: Digest): boolean {
    const before = last()
    if (before === undefined) return true
    if (size < before.size) return false
    try {
      const proof = consistencyProof(before.size, size, tree.subtree)
      return verifyConsistency(before.size, size, digestOf(before.root), root, proof)
    } catch {
      return false
    }
  }

  function rootNow(): Digest {
    try {
      return tree.root()
    } catch (cause) {
      throw new AppError('AUDIT_INCONSISTENT', 'The tree of the audit log has a hole.', { cause })
    }
  }

  return {
    unsigned: () => tree.size() - (last()?.size ?? 0),
    sign(epoch, reason) {
      const size = tree.size()
      const before = last()
      if (before?.size === size) return before
      const root = rootNow()
      // The first of an epoch begun after a rollback contradicts what was known before: that is what the epoch says.
      if (reason !== 'epoch' && !addsOnly(size, root)) {
        throw new AppError(
          'AUDIT_INCONSISTENT',
          'The audit log contradicts a checkpoint signed before; nothing is signed. Run sisrua audit verify.',
        )
      }
      const text = checkpointText({
        origin: originOf(recorder.logId, epoch.number),
        size,
        root,
      })
      const row: CheckpointRow = {
        size,
        epoch: epoch.number,
        root: bytesOf(root),
        note: signNote(text, epoch.signer),
        reason,
        signedAt: clock.now(),
      }
      store.auditTree.putCheckpoint(row)
      newest = row
      const { vkey } = epoch.signer
      store.afterCommit(() => {
        try {
          anchors.append({ at: row.signedAt, note: row.note, vkey }, DURABLE.has(reason))
        } catch (error) {
          onError(error)
        }
      })
      recorder.trail.notify('audit.checkpoint', () => ({ size, reason, note: row.note, vkey }))
      return row
    },
  }
}
