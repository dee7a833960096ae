// A polygon asked many times: which of its edges a segment crosses, and whether a point lies inside, without walking
// the whole ring each time.
import { SegmentGrid } from './segment-grid.ts'

export class PolygonIndex {
  readonly #ring: Float64Array
  readonly #grid: SegmentGrid
  readonly #west: number

  /** Interleaved x, y in metres; the first vertex repeated at the end; simple. */
  constructor(ring: Float64Array) {
    this.#ring = ring
    this.#grid = new SegmentGrid({ coords: ring, offsets: Uint32Array.of(0, ring.length / 2) })
    let west = Number.POSITIVE_INFINITY
    for (let i = 0; i < ring.length; i += 2) west = Math.min(west, ring[i]!)
    this.#west = west
  }

  /** Even-odd test along a ray to the west; a point exactly on an edge may count either way. */
  contains(x: number, y: number): boolean {
    const ring = this.#ring
    let inside = false
    this.#grid.near(x, y, Math.min(x, this.#west), y, 0, (edge) => {
      const ay = ring[2 * edge + 1]!
      const by = ring[2 * edge + 3]!
      if (ay > y === by > y) return
      const ax = ring[2 * edge]!
      const bx = ring[2 * edge + 2]!
      if (x > ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
    })
    return inside
  }

  /**
   * Appends to `into` the positions (0…1, exclusive, any order) at which segment a-b crosses or touches an edge.
   * Answers false when no edge comes near at all: then a and b lie on the same side.
   */
  crossings(ax: number, ay: number, bx: number, by: number, into: number[]): boolean {
    const ring = this.#ring
    const dx = bx - ax
    const dy = by - ay
    let near = false
    this.#grid.near(ax, ay, bx, by, 0, (edge) => {
      near = true
      const ex = ring[2 * edge + 2]! - ring[2 * edge]!
      const ey = ring[2 * edge + 3]! - ring[2 * edge + 1]!
      const cross = dx * ey - dy * ex
      if (cross === 0) return
      const px = ring[2 * edge]! - ax
      const py = ring[2 * edge + 1]! - ay
      const t = (px * ey - py * ex) / cross
      const u = (px * dy - py * dx) / cross
      if (t > 0 && t < 1 && u >= 0 && u <= 1) into.push(t)
    })
    return near
  }
}
