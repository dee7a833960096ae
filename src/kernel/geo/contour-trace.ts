// Follows the links of one strip: lines that are complete go to the writer, those that reach a border wait for the next strip.
import type { Pending } from './contour-pending.ts'
import {
  addFragment,
  endFragment,
  finishChains,
  joinFragments,
  NOTHING,
  startOf,
} from './contour-pending.ts'
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
  const { next, hasPrevious, count, levels, topCount } = strip
  const bottomFirst = isLast ? count : strip.bottomFirst
  const top = new Int32Array(topCount).fill(NOTHING)
  const bottom = new Int32Array(count - bottomFirst).fill(NOTHING)
  for (let i = 0; i < count; i++) {
    if (next[i]! < 0 || hasPrevious[i] !== 0) continue
    ensureLineRoom(writer, count)
    const end = follow(strip, i, writer)
    const last = lastVertex
    if (i >= topCount && i < bottomFirst && last >= topCount && last < bottomFirst) {
      finishLine(writer, end, levels[i]!, false)
      continue
    }
    const complete = i < bottomFirst && last < bottomFirst
    const { coords, start } = writer
    const fragment = addFragment(pending, coords, start, end, levels[i]!, complete)
    if (i < topCount) top[i] = startOf(fragment)
    else if (i >= bottomFirst) bottom[i - bottomFirst] = startOf(fragment)
    if (last < topCount) top[last] = fragment
    else if (last >= bottomFirst) bottom[last - bottomFirst] = fragment
  }
  joinAbove(pending, top)
  // What is left are closed lines.
  for (let i = 0; i < count; i++) {
    if (next[i]! < 0) continue
    ensureLineRoom(writer, count)
    finishLine(writer, follow(strip, i, writer), levels[i]!, true)
  }
  finishChains(pending, bottom, writer)
}

/** A line crosses a border in one direction: where one half ends, the other starts. */
function joinAbove(pending: Pending, top: Int32Array): void {
  const { border } = pending
  for (let i = 0; i < top.length; i++) {
    const above = i < border.length ? border[i]! : NOTHING
    const here = top[i]!
    if (here === NOTHING) endFragment(pending, above)
    else if (above >= 0) joinFragments(pending, above, startOf(here))
    else if (above !== NOTHING) joinFragments(pending, here, startOf(above))
  }
}

/** Where the latest line ended; a result besides the place in the output that costs no object. */
let lastVertex = -1

/** Copies the line that starts at a vertex to the writer, raw, and takes its links away. Answers its end there. */
function follow({ xy, next }: Strip, first: number, { coords, start }: LineWriter): number {
  let at = 2 * start
  let vertex = first
  for (;;) {
    coords[at] = xy[2 * vertex]!
    coords[at + 1] = xy[2 * vertex + 1]!
    at += 2
    const following = next[vertex]!
    next[vertex] = -2
    if (following < 0 || following === first) break
    vertex = following
  }
  lastVertex = vertex
  return at / 2
}
