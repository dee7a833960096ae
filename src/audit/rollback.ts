// Is this the log we knew? Compares the stored tree with checkpoints kept outside of it.
import { type AnchorNote, type Known, openAnchor } from './anchors.ts'
import type { Digest } from './digest.ts'

export interface Contradiction {
  /** `smaller`: entries are missing at the end. `inconsistent`: other entries stand where these stood. `replaced`: another log. */
  why: 'smaller' | 'inconsistent' | 'replaced'
  /** The checkpoint this log does not fulfil. */
  known: Known
}

export interface Present {
  logId: string
  size: number
  /** Root over the first entries. */
  root(size: number): Digest
  /** Epochs begun because of an earlier contradiction: what was signed before them is settled. */
  rollbackEpochs: readonly number[]
}

/** The worst contradiction: the one with the most entries. `anchors` oldest first. */
export function findContradiction(
  anchors: readonly Pick<AnchorNote, 'note' | 'vkey'>[],
  present: Present,
): Contradiction | null {
  const known = anchors.flatMap((anchor) => openAnchor(anchor) ?? [])
  const settled = Math.max(0, ...present.rollbackEpochs)
  let worst: Contradiction | null = null
  for (const one of known) {
    if (one.log !== present.logId || one.epoch < settled) continue
    const why = judge(one, present)
    if (why !== null && (worst === null || one.size > worst.known.size)) worst = { why, known: one }
  }
  if (worst !== null) return worst
  const newest = known.at(-1)
  return newest !== undefined && newest.log !== present.logId
    ? { why: 'replaced', known: newest }
    : null
}

function judge(known: Known, { size, root }: Present): Contradiction['why'] | null {
  if (known.size > size) return 'smaller'
  try {
    return root(known.size) === known.root ? null : 'inconsistent'
  } catch {
    // A hole in the stored tree: nothing can be shown any more.
    return 'inconsistent'
  }
}
