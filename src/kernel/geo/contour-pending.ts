// Lines that are not finished because they may go on in the next strip: chains of fragments that grow at both ends. Only what waits
// is kept, so memory follows the lines that are open at one time, not all lines of the grid.
import { placeVertices } from './contour-place.ts'
import type { LineWriter } from './contour-writer.ts'
import { ensureLineRoom, finishLine } from './contour-writer.ts'

/**
 * What stands at a vertex of the border between two strips: nothing, the end of a fragment (its number), or the start of one
 * (-2 - its number).
 */
export const NOTHING = -1
export function startOf(fragment: number): number {
  return -2 - fragment
}

export interface Pending {
  /** Vertices of all fragments, as edges (see contour-place.ts), and the array that `gather` moves them into. */
  edges: Int32Array
  spare: Int32Array
  /** Vertices in `edges`: now, and after the latest gathering. What stands behind them is work space. */
  used: number
  kept: number
  /** Each fragment's vertices and level; `firsts` is -1 once it has been handed over. */
  firsts: Int32Array
  ends: Int32Array
  levels: Int32Array
  /** Neighbouring fragments in the chain, -1 for none. */
  next: Int32Array
  previous: Int32Array
  /** At either end of a chain: the fragment at its other end. */
  other: Int32Array
  /** 1 where the fragment's end (or start) stands on the new border; only set while chains are being finished. */
  endWaits: Uint8Array
  startWaits: Uint8Array
  count: number
  /** What stands at each vertex of the latest border, from west to east. */
  border: Int32Array
  /** Chains that may have become complete in this strip, by their first fragment; rings as -1 - it. */
  candidates: number[]
}

const FIRST_VERTICES = 1 << 17
const FIRST_FRAGMENTS = 1 << 12
/** Runs shorter than this are copied faster by a loop than by a call. */
const SHORT_RUN = 32

export function createPending(): Pending {
  return {
    edges: new Int32Array(FIRST_VERTICES),
    spare: new Int32Array(0),
    used: 0,
    kept: 0,
    firsts: new Int32Array(FIRST_FRAGMENTS),
    ends: new Int32Array(FIRST_FRAGMENTS),
    levels: new Int32Array(FIRST_FRAGMENTS),
    next: new Int32Array(FIRST_FRAGMENTS),
    previous: new Int32Array(FIRST_FRAGMENTS),
    other: new Int32Array(FIRST_FRAGMENTS),
    endWaits: new Uint8Array(FIRST_FRAGMENTS),
    startWaits: new Uint8Array(FIRST_FRAGMENTS),
    count: 0,
    border: new Int32Array(0),
    candidates: [],
  }
}

/** Makes room for `vertices` vertices from `used` on. */
export function ensurePendingRoom(pending: Pending, vertices: number): void {
  const { edges, used } = pending
  if (used + vertices <= edges.length) return
  pending.edges = new Int32Array(Math.max(used + vertices, Math.ceil(edges.length * 1.25)))
  pending.edges.set(edges.subarray(0, used))
}

/** Adds the vertices from `used` to `end - 1` as a fragment and answers its number. `complete` when neither end is on the new border. */
export function addFragment(
  pending: Pending,
  end: number,
  level: number,
  complete: boolean,
): number {
  const fragment = record(pending, pending.used, end, level)
  pending.used = end
  if (complete) pending.candidates.push(fragment)
  return fragment
}

/** `before` goes on in `after`. */
export function joinFragments(pending: Pending, before: number, after: number): void {
  const { next, previous, other, candidates } = pending
  next[before] = after
  previous[after] = before
  const head = other[before]!
  const tail = other[after]!
  if (head === after) candidates.push(-1 - head)
  else {
    other[head] = tail
    other[tail] = head
    candidates.push(head)
  }
}

/** A chain of the strip before goes no further where `mark` stood. */
export function endFragment(pending: Pending, mark: number): void {
  if (mark === NOTHING) return
  pending.candidates.push(mark >= 0 ? pending.other[mark]! : startOf(mark))
}

/** Hands the chains that are complete to the writer. `border` is what stands at the vertices of the new border. */
export function finishChains(pending: Pending, border: Int32Array, writer: LineWriter): void {
  const { firsts, previous, other, endWaits, startWaits, candidates } = pending
  markWaiting(pending, border, 1)
  for (let i = 0; i < candidates.length; i++) {
    const ring = candidates[i]! < 0
    const head = ring ? -1 - candidates[i]! : candidates[i]!
    if (firsts[head]! < 0) continue
    // A later join may have put something before it, and then that chain's first fragment is a candidate as well.
    const waits = startWaits[head] !== 0 || endWaits[other[head]!] !== 0
    if (!ring && (previous[head]! >= 0 || waits)) continue
    writeChain(pending, head, ring, writer)
  }
  markWaiting(pending, border, 0)
  candidates.length = 0
  pending.border = border
  if (pending.used > FIRST_VERTICES / 2 + 1.5 * pending.kept) gather(pending)
}

function markWaiting({ endWaits, startWaits }: Pending, border: Int32Array, waits: 0 | 1): void {
  for (let i = 0; i < border.length; i++) {
    const mark = border[i]!
    if (mark >= 0) endWaits[mark] = waits
    else if (mark !== NOTHING) startWaits[startOf(mark)] = waits
  }
}

function writeChain(pending: Pending, head: number, ring: boolean, writer: LineWriter): void {
  const { edges, firsts, ends, next, levels } = pending
  let vertices = 0
  let fragment = head
  do {
    vertices += ends[fragment]! - firsts[fragment]!
    fragment = next[fragment]!
  } while (fragment >= 0 && fragment !== head)
  ensureLineRoom(writer, vertices)
  const { grid, coords, start } = writer
  const level = writer.ladder.level(levels[head]!)
  let end = start
  fragment = head
  do {
    end = placeVertices(grid, level, edges, firsts[fragment]!, ends[fragment]!, coords, start, end)
    firsts[fragment] = -1
    fragment = next[fragment]!
  } while (fragment >= 0 && fragment !== head)
  finishLine(writer, end, levels[head]!, ring)
}

/** Moves the chains that wait together, each as one fragment, and forgets everything else. */
function gather(pending: Pending): void {
  const { border, firsts, ends, levels, next, other, edges } = pending
  // Every chain that waits has an end on the border; they are numbered as they are met there.
  const numbers = new Int32Array(pending.count).fill(-1)
  const heads: number[] = []
  let vertices = 0
  for (let i = 0; i < border.length; i++) {
    const mark = border[i]!
    if (mark === NOTHING) continue
    const head = mark >= 0 ? other[mark]! : startOf(mark)
    if (numbers[head]! < 0) {
      numbers[head] = heads.length
      heads.push(head)
      for (let k = head; k >= 0; k = next[k]!) vertices += ends[k]! - firsts[k]!
    }
    border[i] = mark >= 0 ? numbers[head]! : startOf(numbers[head]!)
  }
  // Room for as much as may come until the next gathering.
  const room = Math.max(FIRST_VERTICES, Math.ceil(1.6 * vertices))
  if (pending.spare.length < room) pending.spare = new Int32Array(room)
  const target = pending.spare
  const starts = new Int32Array(heads.length + 1)
  const chainLevels = new Int32Array(heads.length)
  let at = 0
  for (let i = 0; i < heads.length; i++) {
    starts[i] = at
    chainLevels[i] = levels[heads[i]!]!
    for (let k = heads[i]!; k >= 0; k = next[k]!) {
      copyRun(edges, firsts[k]!, ends[k]!, target, at)
      at += ends[k]! - firsts[k]!
    }
  }
  starts[heads.length] = at
  pending.count = 0
  for (let i = 0; i < heads.length; i++) {
    record(pending, starts[i]!, starts[i + 1]!, chainLevels[i]!)
  }
  pending.edges = target
  pending.spare = edges
  pending.used = at
  pending.kept = at
}

function record(pending: Pending, first: number, end: number, level: number): number {
  if (pending.count === pending.firsts.length) grow(pending)
  const fragment = pending.count++
  pending.firsts[fragment] = first
  pending.ends[fragment] = end
  pending.levels[fragment] = level
  pending.next[fragment] = -1
  pending.previous[fragment] = -1
  pending.other[fragment] = fragment
  return fragment
}

function grow(pending: Pending): void {
  const size = pending.firsts.length * 2
  for (const key of ['firsts', 'ends', 'levels', 'next', 'previous', 'other'] as const) {
    const larger = new Int32Array(size)
    larger.set(pending[key])
    pending[key] = larger
  }
  // All zero between strips, and fragments are only added then.
  pending.endWaits = new Uint8Array(size)
  pending.startWaits = new Uint8Array(size)
}

function copyRun(
  source: Int32Array,
  from: number,
  to: number,
  target: Int32Array,
  at: number,
): void {
  if (to - from >= SHORT_RUN) {
    target.set(source.subarray(from, to), at)
    return
  }
  for (let i = from, k = at; i < to; i++, k++) target[k] = source[i]!
}
