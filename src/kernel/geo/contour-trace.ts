// Follows the links of one strip: lines that are complete go to the writer, those that reach a border wait for the next strip.
import type { Pending } from './contour-pending.ts'
import {
  addFragment,
  endFragment,
  ensurePendingRoom,
  finishChains,
  joinFragments,
  NOTHING,
  startOf,
} from './contour-pending.ts'
import { placeVertices } from './contour-place.ts'
import type { Strip } from './contour-strip.ts'
import type { LineWriter } from './contour-writer.ts'
import { ensureLineRoom, finishLine } from './contour-writer.ts'

/** Consumes the strip's links. `isLast` says that no strip follows, so that nothing waits any longer. */
export function traceStrip(
  strip: Strip,
  pending: Pending,
  writer: LineWriter,
  isLast: boolean,
): void {
  const { count, topCount } = strip
  const bottomFirst = isLast ? count : strip.bottomFirst
  // What stands at each vertex; read at the two borders only.
  const marks = new Int32Array(count)
  marks.fill(NOTHING, 0, topCount)
  marks.fill(NOTHING, bottomFirst)
  ensurePendingRoom(pending, count)
  // One function for each loop: V8 compiles them sooner, and seldom twice.
  traceOpen(strip, pending, writer, bottomFirst, marks)
  joinAbove(pending, marks, topCount)
  traceClosed(strip, pending, writer)
  finishChains(pending, marks.slice(bottomFirst), writer)
}

function traceOpen(
  strip: Strip,
  pending: Pending,
  writer: LineWriter,
  bottomFirst: number,
  marks: Int32Array,
): void {
  const { next, hasPrevious, count, topCount, levels } = strip
  for (let first = 0; first < count; first++) {
    if (next[first]! < 0 || hasPrevious[first] !== 0) continue
    const end = follow(strip, first, pending)
    const last = lastVertex
    const meetsTop = first < topCount || last < topCount
    const meetsBottom = first >= bottomFirst || last >= bottomFirst
    if (meetsTop || meetsBottom) {
      const fragment = addFragment(pending, end, levels[first]!, !meetsBottom)
      marks[first] = startOf(fragment)
      marks[last] = fragment
    } else writeLine(pending, end, levels[first]!, false, writer)
  }
}

/** What is left when the open lines are gone. */
function traceClosed(strip: Strip, pending: Pending, writer: LineWriter): void {
  const { next, count, levels } = strip
  for (let first = 0; first < count; first++) {
    if (next[first]! < 0) continue
    writeLine(pending, follow(strip, first, pending), levels[first]!, true, writer)
  }
}

/** A line crosses a border in one direction: where one half ends, the other starts. */
function joinAbove(pending: Pending, marks: Int32Array, topCount: number): void {
  const { border } = pending
  for (let i = 0; i < topCount; i++) {
    const above = i < border.length ? border[i]! : NOTHING
    const here = marks[i]!
    if (here === NOTHING) endFragment(pending, above)
    else if (above >= 0) joinFragments(pending, above, startOf(here))
    else if (above !== NOTHING) joinFragments(pending, here, startOf(above))
  }
}

/** Hands over the line that stands in the work space up to `end`. */
function writeLine(
  { edges, used }: Pending,
  end: number,
  level: number,
  ring: boolean,
  writer: LineWriter,
): void {
  ensureLineRoom(writer, end - used)
  const { grid, ladder, coords, start } = writer
  const lineEnd = placeVertices(grid, ladder.level(level), edges, used, end, coords, start, start)
  finishLine(writer, lineEnd, level, ring)
}

/** Where the latest line ended; a result besides its length that costs no object. */
let lastVertex = -1

/** Copies the line that starts at a vertex to the work space and takes its links away. Answers its end there. */
function follow({ edges, next }: Strip, first: number, pending: Pending): number {
  const target = pending.edges
  let at = pending.used
  let vertex = first
  for (;;) {
    target[at++] = edges[vertex]!
    const following = next[vertex]!
    next[vertex] = -2
    if (following < 0 || following === first) break
    vertex = following
  }
  lastVertex = vertex
  return at
}
