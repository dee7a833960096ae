// Reads the whole log through as fast as SHA-256 allows: every entry against its leaf, its link and the tree, or in runs against
// their digests. Rows come as a few long blobs, because a million small ones cost more than the hashing.
import { hash } from 'node:crypto'
import type { AuditRows } from '../store/audit.ts'
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { GENESIS } from './chain.ts'
import { type Digest, digestOf } from './digest.ts'
import { Frontier, frontierFrom, leafDigest, nodeDigest, type SubtreeSource } from './merkle.ts'
import { SEGMENT_ENTRIES, SEGMENT_GENESIS, segmentDigest } from './segments.ts'
import { foldHashes } from './tree.ts'

/** Rows read at once: their text stays in the processor's cache while it is hashed. */
const ROWS_AT_ONCE = 512
/** Bytes of what a link is hashed over: 0x02, the chain hash before, the leaf. */
const LINK = 65
/** What the links of a run of rows are hashed over, one behind the other: after the first 33 bytes it is what `runs` reads. */
const links = Buffer.alloc(ROWS_AT_ONCE * LINK + 33, 2)
const LEAF_AT = 33
const NEXT_CHAIN_AT = LINK + 1
// Making a view costs as much as a third of a hash.
const linkViews = Array.from({ length: ROWS_AT_ONCE }, (_, i) =>
  links.subarray(i * LINK, (i + 1) * LINK),
)

export interface SweepSource {
  audit: Pick<AuditRows, 'countedTexts' | 'runs'>
  auditTree: Pick<AuditTreeRows, 'segments' | 'tile' | 'leaves'>
}

export interface Sweep {
  /** `seq` of the first entry that is wrong or missing; null when none is. */
  firstBad: number | null
  /** Root over all entries, from the entries themselves. */
  root: Digest
  /** Sizes whose recomputed root is not the one given. */
  wrongRoots: number[]
}

/**
 * Checks entries 0 … `size` − 1: order, leaf, chain, and the tree against `roots` (size → signed root). Stops at the first bad
 * entry; roots beyond it count as wrong.
 */
export function sweepEntries(
  { audit }: SweepSource,
  size: number,
  roots: ReadonlyMap<number, Digest>,
): Sweep {
  const tree = new Frontier()
  const seen = new Set<number>()
  const wrongRoots: number[] = []
  const compare = (at: number): void => {
    const wanted = roots.get(at)
    if (wanted === undefined) return
    seen.add(at)
    if (tree.root() !== wanted) wrongRoots.push(at)
  }
  const finish = (firstBad: number | null): Sweep => ({
    firstBad,
    root: tree.root(),
    wrongRoots: [...wrongRoots, ...[...roots.keys()].filter((at) => !seen.has(at))],
  })
  compare(0)
  let chain = GENESIS
  const leaves: Digest[] = []
  for (let from = 0; from < size; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE, size)
    const [text, stored, rows] = audit.runs(from, to)
    let run = linkRun(text, to - from, chain, leaves, true)
    let sound = sameLinks(stored, run.count)
    if (sound < to - from) {
      run = linkRun(text, to - from, chain, leaves, false)
      sound = sameLinks(stored, run.count)
    }
    for (let i = 0; i < sound; i++) {
      tree.append(leaves[i]!)
      if (roots.has(from + i + 1)) compare(from + i + 1)
    }
    if (sound < to - from) return finish(from + sound)
    // The tree stands for the order of those between.
    if (run.end < text.length || !isNumbered(text, from, to)) return finish(from)
    if (rows < to - from) return finish(firstMisshapen(audit, from, to))
    chain = run.chain
  }
  return finish(null)
}

/**
 * Fills `links` with what the stored leaves and chain hashes of these entries should be, and `leaves`. `guess`: an entry that could
 * be as long as the one before is taken to be; two short ones look the same, so a run that does not fit is read again without.
 */
function linkRun(text: Buffer, most: number, before: Digest, leaves: Digest[], guess: boolean) {
  let chain = before
  links.latin1Write(chain, 1)
  let start = 0
  let length = 0
  let count = 0
  for (let at = 0; count < most && start < text.length; count++, at += LINK) {
    if (!guess || length === 0 || text[start + length] !== 0) {
      const next = text.indexOf(0, start + 1)
      length = (next < 0 ? text.length : next) - start
    }
    const end = start + length
    const leaf = hash('sha256', text.subarray(start, end), 'binary')
    leaves[count] = leaf
    links.latin1Write(leaf, at + LEAF_AT)
    chain = hash('sha256', linkViews[count]!, 'binary')
    links.latin1Write(chain, at + NEXT_CHAIN_AT)
    start = end
  }
  return { count, chain, end: start }
}

/** Of how many entries from the first on the stored hashes are those in `links`. */
function sameLinks(stored: Buffer, most: number): number {
  const count = Math.min(most, Math.floor(stored.length / LINK))
  const length = count * LINK
  if (links.subarray(LEAF_AT, LEAF_AT + length).equals(stored.subarray(0, length))) return count
  let at = 0
  while (links[LEAF_AT + at] === stored[at]) at++
  return Math.floor(at / LINK)
}

/** The first that is not one row of one text and two hashes of 32 bytes, although one behind the other they read as if all were. */
function firstMisshapen(audit: Pick<AuditRows, 'runs'>, from: number, to: number): number {
  let seq = from
  for (; seq < to - 1; seq++) {
    const [text, , rows] = audit.runs(seq, seq + 1)
    if (rows !== 1 || text.indexOf(0, 1) >= 0) break
  }
  return seq
}

/** Whether the first of these entries says it is `from` and the last that it is `to` − 1. */
function isNumbered(text: Buffer, from: number, to: number): boolean {
  const second = text.indexOf(0, 1)
  const first = text.subarray(0, second < 0 ? text.length : second)
  const ends = (entry: Buffer, seq: number): boolean => {
    const mark = `,"seq":${seq},"v":1}`
    return entry.latin1Slice(entry.length - mark.length) === mark
  }
  return ends(first, from) && ends(text, to - 1)
}

/**
 * Checks the runs by their digests and the entries after the last run one by one. The entry that names the last digest is among
 * those, and the signed root at `size` stands for it; so one pass of SHA-256 over the text stands for everything before.
 */
export function sweepSegments(source: SweepSource, size: number, signedRoot: Digest): Sweep {
  const { audit, auditTree } = source
  const segments = auditTree.segments().filter(({ lastSeq }) => lastSeq + 1 < size)
  const bad = (firstBad: number): Sweep => ({ firstBad, root: '', wrongRoots: [size] })
  let previous: Uint8Array = SEGMENT_GENESIS
  for (const [i, { n, firstSeq, lastSeq, digest }] of segments.entries()) {
    const inOrder =
      n === i && firstSeq === i * SEGMENT_ENTRIES && lastSeq === firstSeq + SEGMENT_ENTRIES - 1
    let rows = 0
    const texts = (from: number, to: number): Buffer => {
      const [text, count] = audit.countedTexts(from, to)
      rows += count
      return text
    }
    const found = segmentDigest({ texts }, previous, firstSeq, lastSeq)
    if (!inOrder || !found.equals(digest) || rows < SEGMENT_ENTRIES) return bad(firstSeq)
    previous = found
  }
  const from = segments.length * SEGMENT_ENTRIES
  const [text, rows] = audit.countedTexts(from, size)
  const tail = text.length === 0 ? [] : text.subarray(1).toString('utf8').split('\0')
  if (tail.length !== size - from) return bad(from + Math.min(tail.length, size - from - 1))
  if (rows < tail.length) return bad(from)
  const named = segments.length === 0 || tail.some((entry) => namesSegment(entry, previous))
  if (!named) return bad(from)
  const tailLeaves = tail.map(leafDigest)
  const root = frontierFrom(size, subtreeOf(auditTree, from, tailLeaves)).root()
  return { firstBad: null, root, wrongRoots: root === signedRoot ? [] : [size] }
}

const namesSegment = (entry: string, digest: Uint8Array): boolean =>
  entry.includes(
    `"entity_id":"${Buffer.from(digest).toString('hex')}","entity_type":"audit.segment"`,
  )

/** Leaves from `from` on out of what was just hashed, everything before out of the stored tiles: the root vouches for them. */
function subtreeOf(
  rows: Pick<AuditTreeRows, 'tile' | 'leaves'>,
  from: number,
  tail: readonly Digest[],
): SubtreeSource {
  const source: SubtreeSource = (level, n) => {
    const start = n * 2 ** level
    if (level === 0)
      return start >= from ? tail[start - from]! : digestOf(rows.leaves(start, start + 1)[0]!)
    const tile =
      start + 2 ** level <= from && level % 8 === 0 ? rows.tile(level / 8 - 1, n) : undefined
    if (tile !== undefined) return foldHashes(tile, 0, 256)
    return nodeDigest(source(level - 1, n * 2), source(level - 1, n * 2 + 1))
  }
  return source
}
