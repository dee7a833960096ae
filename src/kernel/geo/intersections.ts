// Where lines cross themselves or each other: a report for the drafter, not a repair.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import { SegmentGrid } from './segment-grid.ts'

export interface Intersection {
  x: number
  y: number
  /** The two paths; equal for a self-intersection. */
  paths: [number, number]
  /** First vertex of each of the two segments. */
  segments: [number, number]
}

/**
 * Crossings and touches of segments, sorted by first segment. `scope`: `self` looks within each path only, `all` also
 * between paths. Consecutive segments' common vertex does not count, nor a ring's closing vertex. Overlapping collinear
 * segments are reported at one common point. Where there are more than `limit`, the search ends there. Segments with
 * NaN are left out. `budget.looks` bounds how many pairs are looked at; below zero afterwards = the search was cut short.
 */
export function findIntersections(
  paths: Paths,
  scope: 'self' | 'all' = 'self',
  limit = 10_000,
  budget: { looks: number } | null = null,
): Intersection[] {
  const { coords, offsets } = paths
  const owner = new Uint32Array(coords.length / 2)
  for (let path = 0; path < pathCount(paths); path++)
    owner.fill(path, offsets[path]!, offsets[path + 1]!)
  const found: Intersection[] = []
  const finished = new SegmentGrid(paths).pairs((i, j) => {
    const path = owner[i]!
    const other = owner[j]!
    if (scope === 'self' && other !== path) return true
    const point = crossing(coords, i, j)
    if (point === null) return true
    if (other === path && sharesVertex(coords, offsets[path]!, offsets[path + 1]!, i, j, point))
      return true
    if (found.length >= limit) return false
    found.push({ x: point[0], y: point[1], paths: [path, other], segments: [i, j] })
    return true
  }, budget?.looks)
  if (!finished && budget !== null) budget.looks = -1
  return found.sort(
    (one, next) => one.segments[0] - next.segments[0] || one.segments[1] - next.segments[1],
  )
}

/** Whether the crossing of segments i < j of one path is only the vertex they follow each other at. */
function sharesVertex(
  coords: Float64Array,
  start: number,
  end: number,
  i: number,
  j: number,
  [x, y]: [number, number],
): boolean {
  const at = (v: number): boolean => coords[2 * v] === x && coords[2 * v + 1] === y
  if (j === i + 1) return at(j)
  const closed =
    coords[2 * start] === coords[2 * end - 2] && coords[2 * start + 1] === coords[2 * end - 1]
  return closed && i === start && j === end - 2 && at(start)
}

/** A common point of two segments, or null. End points are returned to the bit. */
function crossing(coords: Float64Array, i: number, j: number): [number, number] | null {
  const ax = coords[2 * i]!
  const ay = coords[2 * i + 1]!
  const rx = coords[2 * i + 2]! - ax
  const ry = coords[2 * i + 3]! - ay
  const cx = coords[2 * j]!
  const cy = coords[2 * j + 1]!
  const sx = coords[2 * j + 2]! - cx
  const sy = coords[2 * j + 3]! - cy
  const px = cx - ax
  const py = cy - ay
  const cross = rx * sy - ry * sx
  if (cross !== 0) {
    const t = (px * sy - py * sx) / cross
    const u = (px * ry - py * rx) / cross
    if (!(t >= 0 && t <= 1 && u >= 0 && u <= 1)) return null
    if (u === 0) return [cx, cy]
    if (u === 1) return [coords[2 * j + 2]!, coords[2 * j + 3]!]
    if (t === 0) return [ax, ay]
    if (t === 1) return [coords[2 * i + 2]!, coords[2 * i + 3]!]
    return [ax + t * rx, ay + t * ry]
  }
  if (px * ry - py * rx !== 0) return null
  const square = rx * rx + ry * ry
  if (square === 0) return null
  const t0 = (px * rx + py * ry) / square
  const t1 = t0 + (sx * rx + sy * ry) / square
  const low = Math.max(0, Math.min(t0, t1))
  const high = Math.min(1, Math.max(t0, t1))
  if (low > high) return null
  // An overlap is told by its middle, a mere touch by the shared end.
  if (low < high) return [ax + ((low + high) / 2) * rx, ay + ((low + high) / 2) * ry]
  return t0 === low ? [cx, cy] : [coords[2 * j + 2]!, coords[2 * j + 3]!]
}
