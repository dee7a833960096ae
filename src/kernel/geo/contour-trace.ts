// Follows the links of one strip into fragments of lines, and remembers which fragments meet at the border of two strips.
import type { Strip } from './contour-strip.ts'

/** Pieces of lines, strip after strip. */
export interface Fragments {
  /** Column and row, interleaved, of all fragments one after another. */
  coords: Float64Array
  /** First vertex of each fragment and one end: `starts.length` grows, `count` says how many fragments are valid. */
  starts: Float64Array
  levels: Int32Array
  /** The fragment that goes on in the neighbouring strip, -1 for none; `hasPrevious` is 1 where one leads here. */
  next: Int32Array
  hasPrevious: Uint8Array
  /** 1 for a line that closed inside one strip. */
  closed: Uint8Array
  count: number
  vertexCount: number
  /** Fragment that ends at (>= 0), or starts at (-2 - fragment), each vertex of the last border; -1 for neither. */
  border: Int32Array
}

/** Room for `vertices` vertices: as many as all strips together have, those on borders counted twice. */
export function createFragments(vertices: number): Fragments {
  return {
    coords: new Float64Array(2 * vertices),
    starts: new Float64Array(1_024),
    levels: new Int32Array(1_024),
    next: new Int32Array(1_024),
    hasPrevious: new Uint8Array(1_024),
    closed: new Uint8Array(1_024),
    count: 0,
    vertexCount: 0,
    border: new Int32Array(0),
  }
}

/** Adds the fragments of a strip and joins them to those of the strip before. Consumes the strip's links. */
export function traceStrip(strip: Strip, fragments: Fragments): void {
  const { next, hasPrevious, count, bottomFirst } = strip
  // Empty at the first strip, whose first row is the grid's edge.
  const above = fragments.border
  const topCount = above.length
  const below = new Int32Array(count - bottomFirst).fill(-1)
  for (let i = 0; i < count; i++) {
    if (hasPrevious[i] !== 0 || next[i]! < 0) continue
    const fragment = addFragment(strip, fragments, i)
    if (i < topCount) join(fragments, above[i]!, fragment)
    else if (i >= bottomFirst) below[i - bottomFirst] = -2 - fragment
    const last = lastVertex
    if (last < topCount) join(fragments, fragment, startingAt(above[last]!))
    else if (last >= bottomFirst) below[last - bottomFirst] = fragment
  }
  // What is left are closed lines.
  for (let i = 0; i < count; i++) {
    if (next[i]! < 0) continue
    const fragment = addFragment(strip, fragments, i)
    fragments.closed[fragment] = 1
  }
  fragments.border = below
}

/** Where the latest fragment ended; a result besides the fragment's number that costs no object. */
let lastVertex = -1

function addFragment(strip: Strip, fragments: Fragments, start: number): number {
  const { columns, rows, next } = strip
  if (fragments.count + 2 > fragments.starts.length) grow(fragments)
  const fragment = fragments.count++
  let at = fragments.vertexCount
  fragments.starts[fragment] = at
  fragments.levels[fragment] = strip.levels[start]!
  fragments.next[fragment] = -1
  const { coords } = fragments
  let vertex = start
  for (;;) {
    coords[2 * at] = columns[vertex]!
    coords[2 * at + 1] = rows[vertex]!
    at++
    const following = next[vertex]!
    next[vertex] = -2
    if (following < 0 || following === start) break
    vertex = following
  }
  lastVertex = vertex
  fragments.vertexCount = at
  fragments.starts[fragment + 1] = at
  return fragment
}

function startingAt(mark: number): number {
  return mark <= -2 ? -2 - mark : -1
}

function join(fragments: Fragments, before: number, after: number): void {
  if (before < 0 || after < 0) return
  fragments.next[before] = after
  fragments.hasPrevious[after] = 1
}

function grow(fragments: Fragments): void {
  const size = fragments.starts.length * 2
  const larger = <T extends Float64Array | Int32Array | Uint8Array>(fresh: T, old: T): T => {
    fresh.set(old)
    return fresh
  }
  fragments.starts = larger(new Float64Array(size), fragments.starts)
  fragments.levels = larger(new Int32Array(size), fragments.levels)
  fragments.next = larger(new Int32Array(size), fragments.next)
  fragments.hasPrevious = larger(new Uint8Array(size), fragments.hasPrevious)
  fragments.closed = larger(new Uint8Array(size), fragments.closed)
}
