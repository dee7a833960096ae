// The shape a drawing is cut to: a circle of true metres, a box, or a simple polygon.
import type { Bbox } from './bbox.ts'
import { pointInRing } from './ring.ts'

export type Region =
  | { kind: 'circle'; x: number; y: number; radius: number }
  | { kind: 'box'; bbox: Bbox }
  /** Interleaved x, y; the first vertex is repeated at the end; simple (no self-intersection). */
  | { kind: 'polygon'; ring: Float64Array }

/** How far a circle's straight edges may lie inside the true arc, metres. */
const CHORD_ERROR_METERS = 0.05

/** Inside or on the edge (a polygon's edge may count either way). */
export function regionContains(region: Region, x: number, y: number): boolean {
  switch (region.kind) {
    case 'circle': {
      const dx = x - region.x
      const dy = y - region.y
      return dx * dx + dy * dy <= region.radius * region.radius
    }
    case 'box': {
      const { west, south, east, north } = region.bbox
      return x >= west && x <= east && y >= south && y <= north
    }
    default:
      return pointInRing(x, y, region.ring)
  }
}

/** Whether all vertices [start, end) lie inside; NaN does not. For a convex region so do the lines between them. */
export function allInside(
  coords: Float64Array,
  start: number,
  end: number,
  region: Region,
): boolean {
  if (region.kind !== 'circle') {
    for (let i = start; i < end; i++) {
      if (!regionContains(region, coords[2 * i]!, coords[2 * i + 1]!)) return false
    }
    return true
  }
  const limit = region.radius * region.radius
  for (let i = start; i < end; i++) {
    const dx = coords[2 * i]! - region.x
    const dy = coords[2 * i + 1]! - region.y
    if (!(dx * dx + dy * dy <= limit)) return false
  }
  return true
}

/** The region's box. */
export function regionBbox(region: Region): Bbox {
  if (region.kind === 'box') return region.bbox
  if (region.kind === 'circle') {
    const { x, y, radius } = region
    return { west: x - radius, south: y - radius, east: x + radius, north: y + radius }
  }
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (let i = 0; i < region.ring.length; i += 2) {
    west = Math.min(west, region.ring[i]!)
    east = Math.max(east, region.ring[i]!)
    south = Math.min(south, region.ring[i + 1]!)
    north = Math.max(north, region.ring[i + 1]!)
  }
  return { west, south, east, north }
}

/** The region as a counter-clockwise ring; a circle's vertices lie on it, its edges at most 5 cm inside. */
export function regionRing(region: Region): Float64Array {
  if (region.kind === 'polygon') return region.ring
  if (region.kind === 'box') {
    const { west, south, east, north } = region.bbox
    return Float64Array.of(west, south, east, south, east, north, west, north, west, south)
  }
  const { x, y, radius } = region
  const half = Math.acos(Math.max(-1, 1 - CHORD_ERROR_METERS / radius))
  const count = Math.max(16, Math.ceil(Math.PI / half))
  const ring = new Float64Array(2 * count + 2)
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * i) / count
    ring[2 * i] = x + radius * Math.cos(angle)
    ring[2 * i + 1] = y + radius * Math.sin(angle)
  }
  ring[2 * count] = ring[0]!
  ring[2 * count + 1] = ring[1]!
  return ring
}
