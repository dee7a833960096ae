// Closed lines: area, orientation, what lies inside. A ring repeats its first vertex at the end; coordinates are
// interleaved x, y in metres; `start` and `end` are vertex indices, `end` exclusive.

/** The signed area by the shoelace formula; positive = counter-clockwise. */
export function signedArea(coords: Float64Array, start = 0, end = coords.length / 2): number {
  if (end - start < 4) return 0
  // Relative to the first vertex, so that UTM's millions do not eat the digits.
  const x0 = coords[2 * start]!
  const y0 = coords[2 * start + 1]!
  let sum = 0
  for (let i = start + 1; i + 1 < end; i++) {
    const ax = coords[2 * i]! - x0
    const ay = coords[2 * i + 1]! - y0
    sum += ax * (coords[2 * i + 3]! - y0) - (coords[2 * i + 2]! - x0) * ay
  }
  return sum / 2
}

/** Reverses the vertices [start, end) in place, heights along with them. */
export function reverseVertices(
  coords: Float64Array,
  start: number,
  end: number,
  z?: Float64Array,
): void {
  for (let i = start, j = end - 1; i < j; i++, j--) {
    const x = coords[2 * i]!
    const y = coords[2 * i + 1]!
    coords[2 * i] = coords[2 * j]!
    coords[2 * i + 1] = coords[2 * j + 1]!
    coords[2 * j] = x
    coords[2 * j + 1] = y
    if (z) {
      const height = z[i]!
      z[i] = z[j]!
      z[j] = height
    }
  }
}

/** Makes the ring run counter-clockwise (`ccw`: RFC 7946's outer ring) or clockwise, in place. */
export function orientRing(
  coords: Float64Array,
  start: number,
  end: number,
  ccw: boolean,
  z?: Float64Array,
): void {
  const area = signedArea(coords, start, end)
  if (area !== 0 && area > 0 !== ccw) reverseVertices(coords, start, end, z)
}

/** True when the last vertex is within `gapMeters` of the first and the line has at least three vertices besides. */
export function isRing(coords: Float64Array, start: number, end: number, gapMeters = 0): boolean {
  if (end - start < 4) return false
  const dx = coords[2 * end - 2]! - coords[2 * start]!
  const dy = coords[2 * end - 1]! - coords[2 * start + 1]!
  return Math.hypot(dx, dy) <= gapMeters
}

/** Even-odd test; a point exactly on an edge may count either way. */
export function pointInRing(
  x: number,
  y: number,
  coords: Float64Array,
  start = 0,
  end = coords.length / 2,
): boolean {
  let inside = false
  for (let i = start, j = end - 1; i < end; j = i++) {
    const yi = coords[2 * i + 1]!
    const yj = coords[2 * j + 1]!
    if (yi > y === yj > y) continue
    const xi = coords[2 * i]!
    const xj = coords[2 * j]!
    if (x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

/** Area centroid; the mean of the vertices for a ring without area. */
export function centroid(
  coords: Float64Array,
  start = 0,
  end = coords.length / 2,
): [number, number] {
  const x0 = coords[2 * start]!
  const y0 = coords[2 * start + 1]!
  let area = 0
  let cx = 0
  let cy = 0
  for (let i = start; i + 1 < end; i++) {
    const ax = coords[2 * i]! - x0
    const ay = coords[2 * i + 1]! - y0
    const bx = coords[2 * i + 2]! - x0
    const by = coords[2 * i + 3]! - y0
    const cross = ax * by - bx * ay
    area += cross
    cx += (ax + bx) * cross
    cy += (ay + by) * cross
  }
  if (area !== 0) return [x0 + cx / (3 * area), y0 + cy / (3 * area)]
  let sumX = 0
  let sumY = 0
  for (let i = start; i < end; i++) {
    sumX += coords[2 * i]! - x0
    sumY += coords[2 * i + 1]! - y0
  }
  const count = Math.max(1, end - start)
  return [x0 + sumX / count, y0 + sumY / count]
}

/**
 * The line closed to a ring: a last vertex within `gapMeters` of the first is moved onto it, otherwise nothing is done.
 * Null when it is no ring: a wider gap, fewer than three corners, or NaN at an end. Interleaved x, y; a new array.
 */
export function closeRing(coords: Float64Array, gapMeters: number): Float64Array | null {
  const count = coords.length / 2
  if (!isRing(coords, 0, count, gapMeters)) return null
  const ring = coords.slice()
  ring[2 * count - 2] = ring[0]!
  ring[2 * count - 1] = ring[1]!
  return ring
}
