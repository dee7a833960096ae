// Fewer vertices without moving any: Douglas–Peucker (the vertices GEOS keeps) and Visvalingam. Vertices that must stay
// (junctions) split a line, so two lines that meet keep meeting.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import { visvalingamLine } from './visvalingam.ts'

/** `douglas-peucker`: no dropped vertex lies further than the tolerance. `visvalingam`: triangles below tolerance². */
export type SimplifyMethod = 'douglas-peucker' | 'visvalingam'

/**
 * New paths with the vertices that matter. `keep[i]` = 1 forbids dropping vertex i; null = only ends are fixed.
 * Ends always stay; a ring keeps at least four vertices (three corners). Heights go along. Linear memory.
 */
export function simplifyPaths(
  paths: Paths,
  toleranceMeters: number,
  keep: Uint8Array | null,
  method: SimplifyMethod = 'douglas-peucker',
): Paths {
  return selectVertices(paths, keptVertices(paths, toleranceMeters, keep, method))
}

/** One mark per vertex: 1 = stays. The work of `simplifyPaths`, for callers with more columns per vertex. */
export function keptVertices(
  paths: Paths,
  toleranceMeters: number,
  keep: Uint8Array | null,
  method: SimplifyMethod = 'douglas-peucker',
): Uint8Array {
  const { coords, offsets } = paths
  const kept = new Uint8Array(coords.length / 2)
  if (!(toleranceMeters > 0)) return kept.fill(1)
  const stack = new Int32Array(coords.length + 4)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]! - 1
    if (end < start) continue
    kept[start] = 1
    kept[end] = 1
    if (end - start < 2) continue
    const closed =
      end - start >= 3 &&
      coords[2 * start] === coords[2 * end] &&
      coords[2 * start + 1] === coords[2 * end + 1]
    if (closed) anchorRing(coords, start, end, kept)
    let from = start
    for (let i = start + 1; i <= end; i++) {
      if (i !== end && kept[i] !== 1 && !(keep !== null && keep[i] === 1)) continue
      kept[i] = 1
      if (i - from > 1) {
        if (method === 'visvalingam') visvalingamLine(coords, from, i, toleranceMeters, kept)
        else markDouglasPeucker(coords, from, i, toleranceMeters, kept, stack)
      }
      from = i
    }
  }
  return kept
}

/**
 * A ring is a line that starts and ends at one vertex; two further corners are fixed so that it cannot collapse:
 * the vertex farthest from the first, and the one farthest from the line between these two.
 */
function anchorRing(coords: Float64Array, start: number, end: number, kept: Uint8Array): void {
  const x0 = coords[2 * start]!
  const y0 = coords[2 * start + 1]!
  let far = start + 1
  let worst = -1
  for (let i = start + 1; i < end; i++) {
    const dx = coords[2 * i]! - x0
    const dy = coords[2 * i + 1]! - y0
    const distance = dx * dx + dy * dy
    if (distance > worst) {
      worst = distance
      far = i
    }
  }
  const fx = coords[2 * far]! - x0
  const fy = coords[2 * far + 1]! - y0
  let side = far === start + 1 ? start + 2 : start + 1
  worst = -1
  for (let i = start + 1; i < end; i++) {
    if (i === far) continue
    const across = Math.abs((coords[2 * i]! - x0) * fy - (coords[2 * i + 1]! - y0) * fx)
    if (across > worst) {
      worst = across
      side = i
    }
  }
  kept[far] = 1
  kept[side] = 1
}

/**
 * Vertices looked at, per vertex of the line, before the halves are forced to be equal: real lines need some 20 to 40, a zigzag that
 * narrows evenly as many as it has vertices.
 */
const LOOKS_PER_VERTEX = 256

/**
 * Marks what stays strictly between `first` and `last`. Distance to the segment, not to the line, as GEOS measures.
 * `stack` has room for two numbers per vertex and four more. A line that would take quadratic time keeps some vertices more
 * than it must instead; none that is dropped lies further than the tolerance all the same.
 */
export function markDouglasPeucker(
  coords: Float64Array,
  first: number,
  last: number,
  tolerance: number,
  kept: Uint8Array,
  stack: Int32Array,
): void {
  const limit = tolerance * tolerance
  const mostLooks = LOOKS_PER_VERTEX * (last - first)
  let looks = 0
  let top = 2
  stack[0] = first
  stack[1] = last
  while (top > 0) {
    const b = stack[--top]!
    const a = stack[--top]!
    const ax = coords[2 * a]!
    const ay = coords[2 * a + 1]!
    const dx = coords[2 * b]! - ax
    const dy = coords[2 * b + 1]! - ay
    const lengthSquared = dx * dx + dy * dy
    const inverse = lengthSquared > 0 ? 1 / lengthSquared : 0
    let farthest = -1
    // The same bound twice: as a squared distance, and as the cross product of a vertex that far beside the segment.
    let worst = limit
    let worstCross = Math.sqrt(limit * lengthSquared)
    for (let i = a + 1; i < b; i++) {
      let px = coords[2 * i]! - ax
      let py = coords[2 * i + 1]! - ay
      const along = px * dx + py * dy
      if (along > 0 && along < lengthSquared) {
        const cross = Math.abs(px * dy - py * dx)
        if (cross > worstCross) {
          worstCross = cross
          worst = cross * cross * inverse
          farthest = i
        }
        continue
      }
      if (along > 0) {
        px -= dx
        py -= dy
      }
      const square = px * px + py * py
      if (square > worst) {
        worst = square
        worstCross = Math.sqrt(square * lengthSquared)
        farthest = i
      }
    }
    if (farthest < 0) continue
    looks += b - a
    if (looks > mostLooks) farthest = (a + b) >> 1
    kept[farthest] = 1
    if (farthest - a > 1) {
      stack[top++] = a
      stack[top++] = farthest
    }
    if (b - farthest > 1) {
      stack[top++] = farthest
      stack[top++] = b
    }
  }
}

/** The paths with only the marked vertices. */
export function selectVertices(paths: Paths, kept: Uint8Array): Paths {
  const { coords, offsets, z } = paths
  let total = 0
  for (let i = 0; i < kept.length; i++) total += kept[i]!
  const result: Paths = {
    coords: new Float64Array(2 * total),
    offsets: new Uint32Array(offsets.length),
  }
  const heights = z ? new Float64Array(total) : null
  let at = 0
  for (let path = 0; path + 1 < offsets.length; path++) {
    result.offsets[path] = at
    for (let i = offsets[path]!; i < offsets[path + 1]!; i++) {
      if (kept[i] !== 1) continue
      result.coords[2 * at] = coords[2 * i]!
      result.coords[2 * at + 1] = coords[2 * i + 1]!
      if (heights) heights[at] = z![i]!
      at++
    }
  }
  result.offsets[offsets.length - 1] = at
  if (heights) result.z = heights
  return result
}
