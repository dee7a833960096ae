// Is this the log we knew? Compares the stored tree with checkpoints kept outside of it.
import { type AnchorNote, claimOfAnchor, type Known, openAnchor } from './anchor-note.ts'
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
  const settled = Math.max(0, ...present.rollbackEpochs)
  let worst: Contradiction | null = null
  for (const anchor of anchors) {
    const claim = claimOfAnchor(anchor.note)
    if (claim === null || claim.log !== present.logId || claim.epoch < settled) continue
    if (worst !== null && claim.size <= worst.known.size) continue
    const why = judge(claim, present)
    // The signature is looked at last: most notes agree, and then it does not matter.
    if (why !== null && openAnchor(anchor) !== null) worst = { why, known: claim }
  }
  if (worst !== null) return worst
  const newest = newestOf(anchors)
  return newest !== null && newest.log !== present.logId ? { why: 'replaced', known: newest } : null
}

/** The last that its key opens. */
function newestOf(anchors: readonly Pick<AnchorNote, 'note' | 'vkey'>[]): Known | null {
  for (let i = anchors.length - 1; i >= 0; i--) {
    const opened = openAnchor(anchors[i]!)
    if (opened !== null) return opened
  }
  return null
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
