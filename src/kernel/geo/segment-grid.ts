// Finds the segments near a place: hashed grids, one per power of two of segment length. A far outlier or one very
// long segment therefore costs nothing to the others, and memory is linear whatever the coordinates are.
import type { Paths } from './paths.ts'

/** Level of a vertex at which no finite segment begins. */
const NONE = -32768

/**
 * A segment is named by its first vertex. It lies in the grid whose cells are just not smaller than it, under the cell
 * of its south-west corner. Segments with NaN or infinity are never found.
 */
export class SegmentGrid {
  readonly #coords: Float64Array
  /** Binary logarithm of the cell size per segment; cell sizes in use, ascending. */
  readonly #level: Int16Array
  readonly #levels: Int16Array
  readonly #column: Float64Array
  readonly #row: Float64Array
  /** Hash chains: first segment of a slot, next segment of the same slot; -1 ends. */
  readonly #heads: Int32Array
  readonly #next: Int32Array
  readonly #shift: number
  /** Box of all finite segments. */
  #west = Number.POSITIVE_INFINITY
  #south = Number.POSITIVE_INFINITY
  #east = Number.NEGATIVE_INFINITY
  #north = Number.NEGATIVE_INFINITY

  constructor({ coords, offsets }: Paths) {
    const total = coords.length / 2
    this.#coords = coords
    this.#level = new Int16Array(total).fill(NONE)
    this.#column = new Float64Array(total)
    this.#row = new Float64Array(total)
    this.#next = new Int32Array(total)
    let bits = 4
    while (1 << bits < total * 2) bits++
    this.#shift = 32 - bits
    this.#heads = new Int32Array(1 << bits).fill(-1)
    const finest = this.#measure(offsets)
    const used = new Set<number>()
    for (let i = 0; i < total; i++) {
      if (this.#level[i] === NONE) continue
      const level = Math.max(finest, this.#level[i]!)
      const cell = 2 ** level
      const column = Math.floor(Math.min(coords[2 * i]!, coords[2 * i + 2]!) / cell)
      const row = Math.floor(Math.min(coords[2 * i + 1]!, coords[2 * i + 3]!) / cell)
      const slot = this.#slot(level, column, row)
      this.#level[i] = level
      this.#column[i] = column
      this.#row[i] = row
      this.#next[i] = this.#heads[slot]!
      this.#heads[slot] = i
      used.add(level)
    }
    this.#levels = Int16Array.from(used).sort()
  }

  /** Writes each segment's own level; answers the finest one worth a grid: about twice the typical length. */
  #measure(offsets: Uint32Array): number {
    const coords = this.#coords
    let sum = 0
    let count = 0
    for (let path = 0; path + 1 < offsets.length; path++) {
      for (let i = offsets[path]!; i + 1 < offsets[path + 1]!; i++) {
        const reach = Math.max(
          Math.abs(coords[2 * i + 2]! - coords[2 * i]!),
          Math.abs(coords[2 * i + 3]! - coords[2 * i + 1]!),
        )
        if (!Number.isFinite(reach)) continue
        let level = reach > 0 ? Math.ceil(Math.log2(reach)) : -1000
        if (2 ** level < reach) level++
        this.#level[i] = level
        this.#west = Math.min(this.#west, coords[2 * i]!, coords[2 * i + 2]!)
        this.#east = Math.max(this.#east, coords[2 * i]!, coords[2 * i + 2]!)
        this.#south = Math.min(this.#south, coords[2 * i + 1]!, coords[2 * i + 3]!)
        this.#north = Math.max(this.#north, coords[2 * i + 1]!, coords[2 * i + 3]!)
        if (reach > 0) {
          sum += level
          count++
        }
      }
    }
    const largest = Math.max(-this.#west, -this.#south, this.#east, this.#north)
    // Cell numbers stay below 2^50, so that counting them up by one always moves on.
    const floor = largest > 0 ? Math.ceil(Math.log2(largest)) - 50 : -1000
    return Math.max(count > 0 ? Math.round(sum / count) + 1 : 0, floor, -1000)
  }

  #slot(level: number, column: number, row: number): number {
    const mixed = Math.imul(Math.imul(column | 0, 0x9e3779b1) ^ (row | 0), 0x85ebca6b)
    return Math.imul(mixed ^ level, 0xc2b2ae35) >>> this.#shift
  }

  /** Calls `visit` once with every segment that may come within `margin` metres of segment a-b. */
  near(
    ax: number,
    ay: number,
    bx: number,
    by: number,
    margin: number,
    visit: (segment: number) => void,
  ): void {
    if (!Number.isFinite(ax + ay + bx + by + margin)) return
    const west = Math.max(Math.min(ax, bx) - margin, this.#west)
    const east = Math.min(Math.max(ax, bx) + margin, this.#east)
    const south = Math.max(Math.min(ay, by) - margin, this.#south)
    const north = Math.min(Math.max(ay, by) + margin, this.#north)
    if (!(west <= east && south <= north)) return
    // x per metre of y, for queries much longer than a cell.
    const lean = by === ay ? 0 : (bx - ax) / (by - ay)
    for (const level of this.#levels) {
      const cell = 2 ** level
      const firstColumn = Math.floor(west / cell) - 1
      const lastColumn = Math.floor(east / cell)
      const firstRow = Math.floor(south / cell) - 1
      const lastRow = Math.floor(north / cell)
      const columns = lastColumn - firstColumn + 1
      const rows = lastRow - firstRow + 1
      if (columns + rows > this.#level.length + 8) {
        this.#wholeLevel(level, visit)
        continue
      }
      for (let row = firstRow; row <= lastRow; row++) {
        let from = firstColumn
        let to = lastColumn
        if (columns > 4 && rows > 4) {
          // A segment of this row lies between row and row + 2 in units of the cell.
          const p = ax + lean * (row * cell - margin - ay)
          const q = ax + lean * ((row + 2) * cell + margin - ay)
          const slack = margin + 1e-9 * cell
          from = Math.max(from, Math.floor((Math.min(p, q) - slack) / cell) - 1)
          to = Math.min(to, Math.floor((Math.max(p, q) + slack) / cell))
        }
        for (let column = from; column <= to; column++) this.#cell(level, column, row, visit)
      }
    }
  }

  #cell(level: number, column: number, row: number, visit: (segment: number) => void): void {
    for (let j = this.#heads[this.#slot(level, column, row)]!; j >= 0; j = this.#next[j]!) {
      if (this.#column[j] === column && this.#row[j] === row && this.#level[j] === level) visit(j)
    }
  }

  #wholeLevel(level: number, visit: (segment: number) => void): void {
    for (let j = 0; j < this.#level.length; j++) if (this.#level[j] === level) visit(j)
  }

  /**
   * Calls `visit` once with every two segments (`i < j`) whose boxes touch; `false` from it ends the search. So does the
   * number of candidates looked at: then the answer is false. Where everything lies over everything that bounds the time.
   */
  pairs(visit: (i: number, j: number) => boolean, mostLooks = Number.POSITIVE_INFINITY): boolean {
    let looks = 0
    const coords = this.#coords
    for (let i = 0; i < this.#level.length; i++) {
      const own = this.#level[i]!
      if (own === NONE) continue
      const west = Math.min(coords[2 * i]!, coords[2 * i + 2]!)
      const east = Math.max(coords[2 * i]!, coords[2 * i + 2]!)
      const south = Math.min(coords[2 * i + 1]!, coords[2 * i + 3]!)
      const north = Math.max(coords[2 * i + 1]!, coords[2 * i + 3]!)
      // The smaller of the two finds the larger, so nobody looks through many small cells.
      for (const level of this.#levels) {
        if (level < own) continue
        const cell = 2 ** level
        const lastColumn = Math.floor(east / cell)
        const lastRow = Math.floor(north / cell)
        for (let row = Math.floor(south / cell) - 1; row <= lastRow; row++) {
          for (let column = Math.floor(west / cell) - 1; column <= lastColumn; column++) {
            for (let j = this.#heads[this.#slot(level, column, row)]!; j >= 0; j = this.#next[j]!) {
              if (++looks > mostLooks) return false
              if (level === own && j <= i) continue
              if (this.#column[j] !== column || this.#row[j] !== row || this.#level[j] !== level)
                continue
              if (
                Math.min(coords[2 * j]!, coords[2 * j + 2]!) > east ||
                Math.max(coords[2 * j]!, coords[2 * j + 2]!) < west ||
                Math.min(coords[2 * j + 1]!, coords[2 * j + 3]!) > north ||
                Math.max(coords[2 * j + 1]!, coords[2 * j + 3]!) < south
              )
                continue
              if (!visit(Math.min(i, j), Math.max(i, j))) return true
            }
          }
        }
      }
    }
    return true
  }
}
