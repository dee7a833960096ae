// Height of vertices that were made on the outline of a ring, from the two vertices between which they lie.
import { SegmentGrid } from './segment-grid.ts'

/** How far a made vertex may lie beside the outline: the rounding of the clipping, a few times. */
const BESIDE_METERS = 0.001

/** Metres at (x, y), interpolated along the nearest segment; NaN when the place is not on the outline. */
export type HeightAt = (x: number, y: number) => number

/** For one ring (interleaved x, y in metres; one height per vertex). */
export function createOutlineHeights(coords: Float64Array, z: Float64Array): HeightAt {
  const grid = new SegmentGrid({ coords, offsets: Uint32Array.of(0, z.length) })
  return (x, y) => {
    let nearest = BESIDE_METERS * BESIDE_METERS
    let height = Number.NaN
    grid.near(x, y, x, y, BESIDE_METERS, (i) => {
      const dx = coords[2 * i + 2]! - coords[2 * i]!
      const dy = coords[2 * i + 3]! - coords[2 * i + 1]!
      const px = x - coords[2 * i]!
      const py = y - coords[2 * i + 1]!
      const square = dx * dx + dy * dy
      const t = square > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / square)) : 0
      const away = (px - t * dx) ** 2 + (py - t * dy) ** 2
      if (away >= nearest) return
      nearest = away
      height = z[i]! + t * (z[i + 1]! - z[i]!)
    })
    return height
  }
}
