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
