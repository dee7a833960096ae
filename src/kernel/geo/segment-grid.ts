// Finds the segments near a place: a uniform grid over all segments, packed in two arrays (counting sort).
import type { Paths } from './paths.ts'

export class SegmentGrid {
  readonly #west: number
  readonly #south: number
  readonly #cell: number
  readonly #columns: number
  readonly #rows: number
  /** Segments of cell c: `#items[#starts[c]] … #items[#starts[c + 1] - 1]`; a segment is named by its first vertex. */
  readonly #starts: Uint32Array
  readonly #items: Uint32Array

  /** Indexes every segment of the paths. Coordinates must be finite. About one to two segments a cell. */
  constructor(paths: Paths) {
    const { coords, offsets } = paths
    let west = Number.POSITIVE_INFINITY
    let south = Number.POSITIVE_INFINITY
    let east = Number.NEGATIVE_INFINITY
    let north = Number.NEGATIVE_INFINITY
    let length = 0
    let segments = 0
    for (let path = 0; path + 1 < offsets.length; path++) {
      for (let i = offsets[path]!; i < offsets[path + 1]!; i++) {
        west = Math.min(west, coords[2 * i]!)
        east = Math.max(east, coords[2 * i]!)
        south = Math.min(south, coords[2 * i + 1]!)
        north = Math.max(north, coords[2 * i + 1]!)
        if (i + 1 < offsets[path + 1]!) {
          length +=
            Math.abs(coords[2 * i + 2]! - coords[2 * i]!) +
            Math.abs(coords[2 * i + 3]! - coords[2 * i + 1]!)
          segments++
        }
      }
    }
    if (segments === 0) west = south = east = north = 0
    const spread = Math.sqrt(((east - west) * (north - south)) / Math.max(1, segments))
    this.#west = west
    this.#south = south
    this.#cell = Math.max(spread, length / Math.max(1, segments), 1e-3)
    this.#columns = Math.floor((east - west) / this.#cell) + 1
    this.#rows = Math.floor((north - south) / this.#cell) + 1
    this.#starts = new Uint32Array(this.#columns * this.#rows + 1)
    this.#eachCell(paths, (cell) => {
      this.#starts[cell + 1]!++
    })
    for (let cell = 0; cell + 1 < this.#starts.length; cell++) {
      this.#starts[cell + 1]! += this.#starts[cell]!
    }
    this.#items = new Uint32Array(this.#starts.at(-1)!)
    const next = this.#starts.slice()
    this.#eachCell(paths, (cell, segment) => {
      this.#items[next[cell]!++] = segment
    })
  }

  #eachCell({ coords, offsets }: Paths, visit: (cell: number, segment: number) => void): void {
    for (let path = 0; path + 1 < offsets.length; path++) {
      for (let i = offsets[path]!; i + 1 < offsets[path + 1]!; i++) {
        this.#eachCellOf(
          coords[2 * i]!,
          coords[2 * i + 1]!,
          coords[2 * i + 2]!,
          coords[2 * i + 3]!,
          0,
          (cell) => visit(cell, i),
        )
      }
    }
  }

  /** Cells that a segment, widened by `margin`, may touch: row by row along it, so a long diagonal stays cheap. */
  #eachCellOf(
    ax: number,
    ay: number,
    bx: number,
    by: number,
    margin: number,
    visit: (cell: number) => void,
  ): void {
    const low = Math.min(ay, by) - margin
    const high = Math.max(ay, by) + margin
    const firstRow = this.#clampRow(low)
    const lastRow = this.#clampRow(high)
    for (let row = firstRow; row <= lastRow; row++) {
      const bottom = Math.max(low, this.#south + row * this.#cell - margin)
      const top = Math.min(high, this.#south + (row + 1) * this.#cell + margin)
      let x0 = Math.min(ax, bx)
      let x1 = Math.max(ax, bx)
      if (by !== ay) {
        const slope = (bx - ax) / (by - ay)
        const p = ax + slope * (Math.min(Math.max(bottom, Math.min(ay, by)), Math.max(ay, by)) - ay)
        const q = ax + slope * (Math.min(Math.max(top, Math.min(ay, by)), Math.max(ay, by)) - ay)
        x0 = Math.max(x0, Math.min(p, q))
        x1 = Math.min(x1, Math.max(p, q))
      }
      const from = this.#clampColumn(x0 - margin - 1e-9 * this.#cell)
      const to = this.#clampColumn(x1 + margin + 1e-9 * this.#cell)
      for (let column = from; column <= to; column++) visit(row * this.#columns + column)
    }
  }

  #clampRow(y: number): number {
    return Math.min(this.#rows - 1, Math.max(0, Math.floor((y - this.#south) / this.#cell)))
  }

  #clampColumn(x: number): number {
    return Math.min(this.#columns - 1, Math.max(0, Math.floor((x - this.#west) / this.#cell)))
  }

  /** Calls `visit` with the first vertex of every segment that may come within `margin` of segment a-b; some twice. */
  near(
    ax: number,
    ay: number,
    bx: number,
    by: number,
    margin: number,
    visit: (segment: number) => void,
  ): void {
    this.#eachCellOf(ax, ay, bx, by, margin, (cell) => {
      for (let k = this.#starts[cell]!; k < this.#starts[cell + 1]!; k++) visit(this.#items[k]!)
    })
  }
}
