// Simplification of borders that two areas share: both lose the same vertices, so no slivers open between them. The
// borders are cut into arcs at the nodes where the way on differs, and each arc is simplified in one fixed direction.
import { indexNodes } from './node-index.ts'
import { type Paths, pathCount } from './paths.ts'
import { markDouglasPeucker, type SimplifyMethod } from './simplify.ts'
import { visvalingamLine } from './visvalingam.ts'

/**
 * One mark per vertex: 1 = stays. `nodes` is one id per vertex; vertices of one id stand in one place, NaN is shared
 * with nobody. Ends of lines, first vertices of rings and nodes at which the neighbours differ from use to use stay; a
 * ring keeps at least three corners. `selectVertices` makes paths of it. O(n log n). A tolerance that is not above zero keeps everything.
 */
export function keptSharedVertices(
  paths: Paths,
  nodes: Float64Array,
  toleranceMeters: number,
  method: SimplifyMethod = 'douglas-peucker',
): Uint8Array {
  const total = nodes.length
  if (!(toleranceMeters > 0)) return new Uint8Array(total).fill(1)
  const { index, count } = indexNodes(nodes)
  const stays = forks(paths, index, count)
  anchorRings(paths, nodes, index, stays)
  const arcs = new ArcSimplifier(paths.coords, nodes, toleranceMeters, method)
  const kept = new Uint8Array(total)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = paths.offsets[path]!
    const end = paths.offsets[path + 1]!
    if (end === start) continue
    kept[start] = 1
    let from = start
    for (let i = start + 1; i < end; i++) {
      if (stays[index[i]!] !== 1) continue
      kept[i] = 1
      if (i - from > 1) arcs.mark(from, i, kept)
      from = i
    }
  }
  return kept
}

function isClosed(index: Int32Array, start: number, end: number): boolean {
  return end - start >= 4 && index[start] === index[end - 1]
}

/** Marks nodes (by dense number) that begin or end a path or whose neighbours are not the same two at every use. */
function forks(paths: Paths, index: Int32Array, count: number): Uint8Array {
  const stays = new Uint8Array(count)
  const low = new Int32Array(count).fill(-1)
  const high = new Int32Array(count).fill(-1)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = paths.offsets[path]!
    const end = paths.offsets[path + 1]!
    for (let i = start; i < end; i++) {
      const node = index[i]!
      if (i === start || i === end - 1) {
        stays[node] = 1
        continue
      }
      const before = index[i - 1]!
      const after = index[i + 1]!
      const lo = Math.min(before, after)
      const hi = Math.max(before, after)
      if (low[node] === -1) {
        low[node] = lo
        high[node] = hi
      } else if (low[node] !== lo || high[node] !== hi) stays[node] = 1
    }
  }
  return stays
}

/** Fixes further nodes of rings with fewer than three fixed ones, chosen by place and id alone, so for all alike. */
function anchorRings(
  { coords, offsets }: Paths,
  nodes: Float64Array,
  index: Int32Array,
  stays: Uint8Array,
): void {
  for (let path = 0; path + 1 < offsets.length; path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (!isClosed(index, start, end)) continue
    const fixed: number[] = []
    for (let i = start; i < end - 1 && fixed.length < 3; i++) {
      if (stays[index[i]!] === 1) fixed.push(i)
    }
    while (fixed.length < 3) {
      const next = farthest(coords, nodes, start, end, fixed)
      if (next < 0) break
      fixed.push(next)
    }
    for (const i of fixed) stays[index[i]!] = 1
  }
}

/** An order of vertices by place and id alone: the same for everybody who shares them. */
function comesFirst(coords: Float64Array, nodes: Float64Array, i: number, j: number): boolean {
  if (coords[2 * i] !== coords[2 * j]) return coords[2 * i]! < coords[2 * j]!
  if (coords[2 * i + 1] !== coords[2 * j + 1]) return coords[2 * i + 1]! < coords[2 * j + 1]!
  return nodes[i]! < nodes[j]!
}

/** The vertex farthest from one fixed vertex, or from the line through two; -1 when there is none besides. */
function farthest(
  coords: Float64Array,
  nodes: Float64Array,
  start: number,
  end: number,
  fixed: number[],
): number {
  const [a, b] = fixed as [number, number | undefined]
  let best = -1
  let worst = -1
  for (let i = start; i < end - 1; i++) {
    if (i === a || i === b) continue
    const dx = coords[2 * i]! - coords[2 * a]!
    const dy = coords[2 * i + 1]! - coords[2 * a + 1]!
    let away = dx * dx + dy * dy
    if (b !== undefined) {
      const ex = coords[2 * b]! - coords[2 * a]!
      const ey = coords[2 * b + 1]! - coords[2 * a + 1]!
      away = Math.abs(dx * ey - dy * ex)
    }
    if (away > worst || (away === worst && comesFirst(coords, nodes, i, best))) {
      worst = away
      best = i
    }
  }
  return best
}

/** Simplifies arcs in scratch arrays, always from the end that comes first, so that both neighbours see the same. */
class ArcSimplifier {
  readonly #coords: Float64Array
  readonly #nodes: Float64Array
  readonly #tolerance: number
  readonly #method: SimplifyMethod
  #arc = new Float64Array(256)
  #kept = new Uint8Array(128)
  #stack = new Int32Array(260)

  constructor(
    coords: Float64Array,
    nodes: Float64Array,
    tolerance: number,
    method: SimplifyMethod,
  ) {
    this.#coords = coords
    this.#nodes = nodes
    this.#tolerance = tolerance
    this.#method = method
  }

  /** Marks what stays strictly between vertices `from` and `to`. */
  mark(from: number, to: number, kept: Uint8Array): void {
    const count = to - from + 1
    if (this.#kept.length < count) {
      this.#arc = new Float64Array(4 * count)
      this.#kept = new Uint8Array(2 * count)
      this.#stack = new Int32Array(4 * count + 4)
    }
    const forward = this.#runsForward(from, to)
    for (let k = 0; k < count; k++) {
      const v = forward ? from + k : to - k
      this.#arc[2 * k] = this.#coords[2 * v]!
      this.#arc[2 * k + 1] = this.#coords[2 * v + 1]!
    }
    this.#kept.fill(0, 0, count)
    if (this.#method === 'visvalingam')
      visvalingamLine(this.#arc, 0, count - 1, this.#tolerance, this.#kept)
    else markDouglasPeucker(this.#arc, 0, count - 1, this.#tolerance, this.#kept, this.#stack)
    for (let k = 1; k < count - 1; k++) {
      if (this.#kept[k] === 1) kept[forward ? from + k : to - k] = 1
    }
  }

  /** Decided by the outermost pair of vertices that differ. */
  #runsForward(from: number, to: number): boolean {
    for (let i = from, j = to; i < j; i++, j--) {
      if (comesFirst(this.#coords, this.#nodes, i, j)) return true
      if (comesFirst(this.#coords, this.#nodes, j, i)) return false
    }
    return true
  }
}
