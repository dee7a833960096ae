// Checks a log where it lies, on a connection that only reads: also while the program runs, also when it will not start.
import type { AuditRows } from '../store/audit.ts'
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { type AnchorNote, type Known, openAnchor } from './anchor-note.ts'
import type { BundleVerdict } from './bundle-findings.ts'
import { commitData } from './chain.ts'
import { type Digest, digestOf } from './digest.ts'
import { erasedIn } from './erased.ts'
import { sweepEntries, sweepSegments } from './sweep.ts'
import { copiesAgree } from './verify.ts'

export interface LogSource {
  audit: Pick<AuditRows, 'last' | 'countedTexts' | 'runs' | 'commitments' | 'erasures' | 'unlike'>
  auditTree: Pick<
    AuditTreeRows,
    'checkpoints' | 'keys' | 'newestCheckpoint' | 'segments' | 'tile' | 'leaves'
  >
  logId: string
  rollbackEpochs: readonly number[]
}

const ROWS_AT_ONCE = 2048

/**
 * `quick` reads the entries in runs and leaves what lies beside them alone: erasable data, columns. `anchors`: what was kept outside, with the keys that
 * open it. Codes as in `BundleVerdict`.
 */
export function verifyLog(
  source: LogSource,
  anchors: readonly Pick<AnchorNote, 'note' | 'vkey'>[],
  quick = false,
): BundleVerdict {
  const { audit, auditTree, logId } = source
  const size = (audit.last()?.seq ?? -1) + 1
  const newest = auditTree.newestCheckpoint()
  const signedSize = newest?.size ?? 0
  const answer = (
    code: BundleVerdict['code'],
    reason: string,
    firstBad: number | null = null,
  ): BundleVerdict => ({ code, firstBad, reason, size, signedSize })
  const own = ownCheckpoints(source)
  if (own === null) return answer(2, 'a checkpoint is not signed by its key for this log')
  const outside = anchors.flatMap((anchor) => openAnchor(anchor) ?? [])
  const settled = Math.max(0, ...source.rollbackEpochs)
  const known = [...own, ...outside].filter(({ log, epoch }) => log === logId && epoch >= settled)
  const beyond = known.find((one) => one.size > size)
  if (beyond !== undefined) return answer(3, `a signed note speaks of ${beyond.size} entries`)
  if (newest === undefined) return answer(4, 'nothing was signed yet')
  const roots = new Map<number, Digest>(known.map((one) => [one.size, one.root]))
  const swept =
    quick && known.every((one) => roots.get(one.size) === one.root)
      ? sweepSegments(source, newest.size, digestOf(newest.root))
      : sweepEntries(source, size, roots)
  if (swept.firstBad !== null) return answer(2, 'an entry was changed', swept.firstBad)
  if (swept.wrongRoots.length > 0 || known.some((one) => roots.get(one.size) !== one.root)) {
    const least = Math.min(...swept.wrongRoots, size)
    const good = known.map((one) => one.size).filter((at) => at < least)
    return answer(2, 'the entries do not lead to a signed root', Math.max(0, ...good))
  }
  const beside = quick ? null : firstFaultBeside(source, size)
  if (beside !== null) return answer(2, beside.what, beside.seq)
  return settled > 0
    ? answer(3, 'the log itself tells of a rollback')
    : answer(0, 'every entry up to the newest checkpoint is signed for and none was changed')
}

/** All checkpoints, the last of each epoch with its signature checked; null when one is not signed by its key. */
function ownCheckpoints({ auditTree, logId }: LogSource): Known[] | null {
  const vkeys = new Map(auditTree.keys().map((key) => [key.epoch, key.keyId]))
  const rows = auditTree.checkpoints()
  const last = new Set(new Map(rows.map((row) => [row.epoch, row.size])).values())
  const known: Known[] = []
  for (const { size, epoch, root, note } of rows) {
    const opened = last.has(size) ? openAnchor({ note, vkey: vkeys.get(epoch) ?? '' }) : undefined
    const claim = { origin: '', log: logId, epoch, size, root: digestOf(root), note }
    const agrees =
      opened === undefined ||
      (opened?.log === logId &&
        opened.size === size &&
        opened.epoch === epoch &&
        opened.root === claim.root)
    if (!agrees) return null
    known.push(claim)
  }
  return known
}

/** The first entry beside which not the data lies that it commits to, or columns that say otherwise. */
function firstFaultBeside(
  { audit }: LogSource,
  size: number,
): { seq: number; what: string } | null {
  let isErased: ((seq: number) => boolean) | null = null
  for (let from = 0; from < size; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE, size)
    const unlike = audit.unlike(from, to).find((row) => !copiesAgree(row))?.seq ?? Infinity
    for (const [seq, data, salt, commit] of audit.commitments(from, to)) {
      if (seq > unlike) break
      if (data === null && salt === null) {
        isErased ??= erasedIn(audit.erasures())
        if (!isErased(seq)) return { seq, what: 'data was removed without an entry that says so' }
      } else if (data === null || salt === null || `"${commitData(salt, data)}"` !== commit) {
        return { seq, what: 'data was changed' }
      }
    }
    if (unlike !== Infinity) {
      return { seq: unlike, what: 'columns were changed: they say otherwise than their entry' }
    }
  }
  return null
}
