// Reads the whole log through as fast as SHA-256 allows: every entry against its leaf, its link and the tree, or in runs against
// their digests. Rows come as a few long blobs, because a million small ones cost more than the hashing.
import { hash } from 'node:crypto'
import type { AuditRows } from '../store/audit.ts'
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { GENESIS } from './chain.ts'
import { type Digest, digestOf } from './digest.ts'
import { letGo } from './let-go.ts'
import { frontierFrom, leafDigest, nodeDigest, type SubtreeSource } from './merkle.ts'
import { createRunTree } from './run-tree.ts'
import { SEGMENT_ENTRIES, SEGMENT_GENESIS, segmentDigest } from './segments.ts'
import { createLanes, createPlainLanes, type Lanes } from './sha256-lanes.ts'
import { foldHashes } from './tree.ts'

/** Rows read at once, 2^9: their text stays in the processor's cache while it is hashed. */
const ROWS_AT_ONCE = 512
const RUN_LEVELS = 9
const DIGEST = 32
/** Bytes of a row as `runs` reads them: leaf, 0x02, chain hash. */
const ROW = 65
const CHAIN = 33
// The room: rows as they should be, the chain hash before the first, rows as they are stored, nodes of the tree.
const EXPECTED = 0
const BEFORE = EXPECTED + ROWS_AT_ONCE * ROW
const STORED = BEFORE + DIGEST
const NODES = STORED + ROWS_AT_ONCE * ROW

let ownLanes: Lanes | undefined
/** Made by the first sweep of a thread. */
function lanesOfThread(): Lanes {
  ownLanes ??= createLanes()
  return ownLanes
}

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
 * entry; roots beyond it count as wrong. Nothing is called wrong on the word of `lanes` alone: node:crypto then looks again and its
 * word stands.
 */
export function sweepEntries(
  source: SweepSource,
  size: number,
  roots: ReadonlyMap<number, Digest>,
  lanes: Lanes = lanesOfThread(),
): Sweep {
  const found = sweepWith(lanes, source, size, roots)
  if (isSound(found)) return found
  const plain = createPlainLanes()
  const judged = sweepWith(plain, source, size, roots)
  if (isSound(judged) && lanes === ownLanes) ownLanes = plain
  return judged
}

const isSound = ({ firstBad, wrongRoots }: Sweep): boolean =>
  firstBad === null && wrongRoots.length === 0

/** The same on the word of these lanes. */
export function sweepWith(
  lanes: Lanes,
  { audit }: Pick<SweepSource, 'audit'>,
  size: number,
  roots: ReadonlyMap<number, Digest>,
): Sweep {
  const { room } = lanes
  const tree = createRunTree(lanes, RUN_LEVELS, { at: EXPECTED, stride: ROW }, NODES)
  const sizes = [...roots.keys()].sort((a, b) => a - b)
  const wrongRoots: number[] = []
  let compared = 0
  /** Compares the roots up to `end`, of which all but `before` entries are in the last run. */
  const compare = (before: number, end: number): void => {
    for (; compared < sizes.length && sizes[compared]! <= end; compared++) {
      const at = sizes[compared]!
      if (tree.root(at - before) !== roots.get(at)) wrongRoots.push(at)
    }
  }
  const finish = (firstBad: number | null): Sweep => ({
    firstBad,
    root: tree.root(),
    wrongRoots: wrongRoots.concat(sizes.slice(compared)),
  })
  compare(0, 0)
  room.latin1Write(GENESIS, BEFORE)
  room.fill(2, EXPECTED, BEFORE)
  for (let from = 0; from < size; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE, size)
    const [text, stored, rows] = audit.runs(from, to)
    const linked = link(lanes, stored, to - from)
    let run = hashLeaves(room, text, to - from, true)
    let sound = sameRows(room, Math.min(linked, run.count))
    if (sound < to - from) {
      run = hashLeaves(room, text, to - from, false)
      sound = sameRows(room, Math.min(linked, run.count))
    }
    tree.append(sound)
    compare(from, from + sound)
    if (sound < to - from) return finish(from + sound)
    // The tree stands for the order of those between.
    if (run.end < text.length || !isNumbered(text, from, to)) return finish(from)
    if (rows < to - from) return finish(firstMisshapen(audit, from, to))
    room.copyWithin(BEFORE, STORED - DIGEST + sound * ROW, STORED + sound * ROW)
    letGo(text)
    letGo(stored)
  }
  return finish(null)
}

/**
 * Puts the stored rows in the room and what their chain hashes should be, each from what is stored before it: up to the first that is
 * wrong that is what it should be. Gives how many rows there are.
 */
function link({ room, hashPairs }: Lanes, stored: Buffer, most: number): number {
  const count = Math.min(most, Math.floor(stored.length / ROW))
  stored.copy(room, STORED, 0, count * ROW)
  hashPairs(2, BEFORE, STORED, ROW, count, EXPECTED + CHAIN, ROW)
  return count
}

const copied = Buffer.alloc(4096)
const copiedOf: Buffer[] = []
/** The bytes `start` ≤ i < `end`, up to the next call: a view of its own for every entry costs more than to copy it to one place. */
function entryIn(text: Buffer, start: number, end: number): Buffer {
  const length = end - start
  if (length > copied.length) return text.subarray(start, end)
  text.copy(copied, 0, start, end)
  copiedOf[length] ??= copied.subarray(0, length)
  return copiedOf[length]
}

/**
 * Puts the leaves that these entries should have in the room. `guess`: an entry that could be as long as the one before is taken to
 * be; two short ones look the same, so a run that does not fit is read again without.
 */
function hashLeaves(room: Buffer, text: Buffer, most: number, guess: boolean) {
  let start = 0
  let length = 0
  let count = 0
  for (let at = EXPECTED; count < most && start < text.length; count++, at += ROW) {
    if (!guess || length === 0 || text[start + length] !== 0) {
      const next = text.indexOf(0, start + 1)
      length = (next < 0 ? text.length : next) - start
    }
    const end = start + length
    room.latin1Write(hash('sha256', entryIn(text, start, end), 'binary'), at)
    start = end
  }
  return { count, end: start }
}

/** Of how many of the first `count` rows, from the first on, the stored hashes are those they should be. */
function sameRows(room: Buffer, count: number): number {
  const length = count * ROW
  if (room.compare(room, STORED, STORED + length, EXPECTED, EXPECTED + length) === 0) return count
  let at = 0
  while (room[EXPECTED + at] === room[STORED + at]) at++
  return Math.floor(at / ROW)
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
