// The shape a drawing is cut to: a circle of true metres, a box, or a simple polygon.
import { AppError } from '../../base/errors.ts'
import type { Bbox } from './bbox.ts'
import { pointInRing } from './ring.ts'

export type Region =
  | { kind: 'circle'; x: number; y: number; radius: number }
  | { kind: 'box'; bbox: Bbox }
  /** Interleaved x, y; the first vertex is repeated at the end; simple (no self-intersection). */
  | { kind: 'polygon'; ring: Float64Array }

/** How far a circle's straight edges may lie inside the true arc, metres. */
const CHORD_ERROR_METERS = 0.05

/**
 * @throws AppError GEOMETRY_INVALID when the region is no area: a radius that is not above zero, a box whose west is not
 * west of its east, a ring that is open or has fewer than four vertices, or anything that is not finite.
 */
export function requireRegion(region: Region): void {
  if (isArea(region)) return
  throw new AppError(
    'GEOMETRY_INVALID',
    `The ${region.kind} to cut to is not an area. Give finite metres, a radius above zero, west before east, a closed ring.`,
    { data: { kind: region.kind } },
  )
}

function isArea(region: Region): boolean {
  if (region.kind === 'circle') {
    const { x, y, radius } = region
    return Number.isFinite(x + y + radius) && radius > 0
  }
  if (region.kind === 'box') {
    const { west, south, east, north } = region.bbox
    return Number.isFinite(west + south + east + north) && west < east && south < north
  }
  const { ring } = region
  return (
    ring.length >= 8 &&
    ring.every(Number.isFinite) &&
    ring[0] === ring.at(-2) &&
    ring[1] === ring.at(-1)
  )
}

/**
 * For a point computed on the edge of a circle or box, off by rounding: the nearest place that is on it and surely
 * inside. On a polygon the point stays as it is. Writes to `out[0]`, `out[1]`.
 */
export function pullInside(region: Region, x: number, y: number, out: Float64Array): void {
  out[0] = x
  out[1] = y
  if (region.kind === 'box') {
    const { west, south, east, north } = region.bbox
    out[0] = Math.min(east, Math.max(west, x))
    out[1] = Math.min(north, Math.max(south, y))
  } else if (region.kind === 'circle') {
    const dx = x - region.x
    const dy = y - region.y
    const distance = Math.sqrt(dx * dx + dy * dy)
    out[0] = region.x + (dx * region.radius) / distance
    out[1] = region.y + (dy * region.radius) / distance
    if (regionContains(region, out[0]!, out[1]!)) return
    // Rounded outside: some units in the last place of the coordinates inwards (a few nanometres for UTM).
    const slack = (Math.abs(region.x) + Math.abs(region.y) + region.radius) * 2 ** -51
    out[0] = region.x + (dx * (region.radius - slack)) / distance
    out[1] = region.y + (dy * (region.radius - slack)) / distance
  }
}

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
