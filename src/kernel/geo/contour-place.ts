// From the edges of the grid that a line crosses to the line's coordinates. Until it is finished a line is kept as edges, which take a
// quarter of the memory of coordinates.
import type { Grid } from './grid.ts'

/**
 * Adds the crossings of a line at height `level` with `edges[from]` … `edges[to - 1]` to `coords` (interleaved, in the grid's CRS), in
 * which the line so far are the vertices from `start` to `end - 1`; answers its new end. An edge is 2 × the number of its western or
 * northern point in the grid, + 1 when it runs south (32 bits without sign: grids of up to 2³¹ points). Where a height stands exactly
 * on its level, several crossings fall on one grid point: repeated vertices are left out, and so are spikes (out and back along the same
 * edge, the two flanks of a ridge one point wide).
 */
export function placeVertices(
  { cells, width, originX, originY, cellSizeX, cellSizeY }: Grid,
  level: number,
  edges: Int32Array,
  from: number,
  to: number,
  coords: Float64Array,
  start: number,
  end: number,
): number {
  const perWidth = 1 / width
  const second = 2 * start + 2
  let at = 2 * end
  for (let i = from; i < to; i++) {
    const edge = edges[i]!
    const point = edge >>> 1
    const south = edge & 1
    // One way for both directions: which of them comes next cannot be predicted, and a wrong guess costs more than the arithmetic.
    const other = point + 1 + (-south & (width - 1))
    const z = cells[point]!
    const share = (level - z) * (1 / (cells[other]! - z))
    const row = Math.floor((point + 0.5) * perWidth)
    const x = originX + (point - row * width + share * (1 - south)) * cellSizeX
    const y = originY - (row + share * south) * cellSizeY
    // Written first and taken back: code of its own for what is rare would make V8 compile this function again when it is met.
    coords[at] = x
    coords[at + 1] = y
    let step = 2
    if (at >= second) {
      if (coords[at - 2] === x && coords[at - 1] === y) step = 0
      else if (at > second && coords[at - 4] === x && coords[at - 3] === y) step = -2
    }
    at += step
  }
  return at / 2
}
