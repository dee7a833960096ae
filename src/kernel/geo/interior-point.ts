// A point well inside an area, for labels and blocks: the centroid of a bent area may lie outside it.
import { type Paths, pathCount } from './paths.ts'

/**
 * The middle of the widest stretch of the area on a line halfway up, as GEOS's point on surface. `rings` are the
 * outer ring and the holes of one area, closed, metres, in any order and direction (even-odd). Null for an area without
 * extent or with NaN. O(n log n).
 */
export function interiorPoint(rings: Paths): [number, number] | null {
  const { coords } = rings
  let south = Number.POSITIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (let i = 0; i < coords.length; i += 2) {
    if (!Number.isFinite(coords[i]! + coords[i + 1]!)) return null
    south = Math.min(south, coords[i + 1]!)
    north = Math.max(north, coords[i + 1]!)
  }
  if (!(north > south)) return null
  const y = scanHeight(coords, south, north)
  const crossings: number[] = []
  for (let path = 0; path < pathCount(rings); path++) {
    for (let i = rings.offsets[path]!; i + 1 < rings.offsets[path + 1]!; i++) {
      const ay = coords[2 * i + 1]!
      const by = coords[2 * i + 3]!
      if (ay > y === by > y) continue
      const ax = coords[2 * i]!
      crossings.push(ax + ((coords[2 * i + 2]! - ax) * (y - ay)) / (by - ay))
    }
  }
  crossings.sort((one, other) => one - other)
  let widest = 0
  let x = Number.NaN
  for (let k = 0; k + 1 < crossings.length; k += 2) {
    const width = crossings[k + 1]! - crossings[k]!
    if (width <= widest) continue
    widest = width
    x = crossings[k]! + width / 2
  }
  return widest > 0 ? [x, y] : null
}

/** Halfway between the two vertex heights that enclose the middle, so that the line runs through no vertex. */
function scanHeight(coords: Float64Array, south: number, north: number): number {
  const middle = south + (north - south) / 2
  let below = south
  let above = north
  for (let i = 1; i < coords.length; i += 2) {
    const y = coords[i]!
    if (y <= middle) below = Math.max(below, y)
    else above = Math.min(above, y)
  }
  return below + (above - below) / 2
}
