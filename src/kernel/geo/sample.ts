// Heights at points: nearest, bilinear and bicubic on lattices, over several grids in order of preference.
import type { Grid } from './grid.ts'
import { mosaicGrids } from './mosaic.ts'

export type SampleMethod = 'nearest' | 'bilinear' | 'bicubic'

/**
 * Heights at the interleaved points `xy` (in the grids' CRS) into `out`; NaN where no grid has a height. Grids on one lattice are
 * joined first, so a point between two tiles is interpolated across the seam; then the first grid that has a value wins. Points up to
 * half a cell outside the outermost sample points take the edge's heights (a pixel covers that much ground). A void under any of the
 * points that count (1, 4 or 16; fewer on the lattice's lines) gives NaN for that grid; bicubic falls back to bilinear where only its outer ring has a void or is missing.
 * Points may be in any order; sorted ones are faster. `out.length` = number of points.
 */
export function sampleGrids(
  grids: readonly Grid[],
  xy: Float64Array,
  out: Float64Array,
  method: SampleMethod = 'bilinear',
): void {
  out.fill(Number.NaN)
  const lattices = mosaicGrids(grids)
  const sampler = SAMPLERS[method]
  const fillRim = method === 'nearest' ? fillNearest : fillBilinear
  for (let from = 0; from < out.length; from += CHUNK_POINTS) {
    const chunk = { xy, out, from, end: Math.min(out.length, from + CHUNK_POINTS) }
    let complete = false
    for (let k = 0; k < lattices.length && !complete; k++) {
      complete = sampler(lattices[k]!, chunk, k > 0)
    }
    // Only now the rim, so that a neighbour's true height is preferred to an edge's.
    for (let k = 0; k < lattices.length && !complete; k++) fillRim(lattices[k]!, chunk)
  }
}

/** Points at a time: they stay in the first-level cache, and V8 optimises a function that is called often better than one long loop. */
const CHUNK_POINTS = 4_096

/** The half cell around the outermost points, with room for rounding. */
const RIM_CELLS = 0.5 + 1e-9

/** Rounding of a point's column and row that must not push it off the lattice. */
const EDGE_SLACK = 1e-9

/** Points `from` … `end - 1` and their heights. */
interface Chunk {
  xy: Float64Array
  out: Float64Array
  from: number
  end: number
}

/** `fill`: only where `out` is NaN. Answers whether every point is known to have a height. */
type Sampler = (grid: Grid, chunk: Chunk, fill: boolean) => boolean

const SAMPLERS: Record<SampleMethod, Sampler> = {
  nearest: sampleNearest,
  bilinear: sampleBilinear,
  bicubic: sampleBicubic,
}

function sampleNearest(grid: Grid, { xy, out, from, end }: Chunk, fill: boolean, rim = 0): boolean {
  const { cells, width, height, originX, originY } = grid
  const perX = 1 / grid.cellSizeX
  const perY = 1 / grid.cellSizeY
  const slack = rim + EDGE_SLACK
  const lastColumn = width - 1
  const lastRow = height - 1
  for (let i = from; i < end; i++) {
    if (fill && !Number.isNaN(out[i]!)) continue
    const column = (xy[2 * i]! - originX) * perX
    const row = (originY - xy[2 * i + 1]!) * perY
    if (
      !(column >= -slack && row >= -slack && column <= lastColumn + slack && row <= lastRow + slack)
    ) {
      continue
    }
    const c = Math.min(Math.max(Math.floor(column + 0.5), 0), lastColumn)
    const r = Math.min(Math.max(Math.floor(row + 0.5), 0), lastRow)
    out[i] = cells[r * width + c]!
  }
  return false
}

function sampleBilinear(grid: Grid, chunk: Chunk, fill: boolean): boolean {
  const { xy, out, from, end } = chunk
  const { cells, width, originX, originY } = grid
  const perX = 1 / grid.cellSizeX
  const perY = 1 / grid.cellSizeY
  const slack = EDGE_SLACK
  const lastColumn = width - 1
  const lastRow = grid.height - 1
  // A grid of one row or column has no cell to interpolate in: its neighbour is itself.
  const right = width > 1 ? 1 : 0
  const below = grid.height > 1 ? width : 0
  const maxColumn = Math.max(0, width - 2)
  const maxRow = Math.max(0, grid.height - 2)
  // NaN as soon as one point is.
  let sum = 0
  for (let i = from; i < end; i++) {
    if (fill && !Number.isNaN(out[i]!)) continue
    let column = (xy[2 * i]! - originX) * perX
    let row = (originY - xy[2 * i + 1]!) * perY
    if (
      !(column >= -slack && row >= -slack && column <= lastColumn + slack && row <= lastRow + slack)
    ) {
      sum = Number.NaN
      continue
    }
    if (column < 0) column = 0
    else if (column > lastColumn) column = lastColumn
    if (row < 0) row = 0
    else if (row > lastRow) row = lastRow
    let c = column | 0
    let r = row | 0
    if (c > maxColumn) c = maxColumn
    if (r > maxRow) r = maxRow
    const dx = column - c
    const dy = row - r
    const at = r * width + c
    const northWest = cells[at]!
    const southWest = cells[at + below]!
    const north = northWest + (cells[at + right]! - northWest) * dx
    const south = southWest + (cells[at + below + right]! - southWest) * dx
    const height = north + (south - north) * dy
    sum += height
    out[i] = height
  }
  return !Number.isNaN(sum)
}

/** The points that are left: in the half cell around the outermost ones, or beside a void on a post or a line between posts. */
function fillBilinear(grid: Grid, { xy, out, from, end }: Chunk): void {
  const { width, height, originX, originY } = grid
  const perX = 1 / grid.cellSizeX
  const perY = 1 / grid.cellSizeY
  const slack = RIM_CELLS + EDGE_SLACK
  for (let i = from; i < end; i++) {
    if (!Number.isNaN(out[i]!)) continue
    const column = (xy[2 * i]! - originX) * perX
    const row = (originY - xy[2 * i + 1]!) * perY
    if (
      !(column >= -slack && row >= -slack && column < width - 1 + slack && row < height - 1 + slack)
    ) {
      continue
    }
    const inside = (at: number, last: number) => Math.min(Math.max(at, 0), last)
    out[i] = heightAt(grid, inside(column, width - 1), inside(row, height - 1))
  }
}

function fillNearest(grid: Grid, chunk: Chunk): void {
  sampleNearest(grid, chunk, true, RIM_CELLS)
}

/** Bilinear height in which a point that does not count (weight 0, but for rounding) may be missing. */
function heightAt({ cells, width, height }: Grid, column: number, row: number): number {
  const c = Math.min(Math.floor(column), Math.max(0, width - 2))
  const r = Math.min(Math.floor(row), Math.max(0, height - 2))
  const dx = onLine(column - c)
  const dy = onLine(row - r)
  let sum = 0
  for (let k = 0; k < 4; k++) {
    const weight = (k % 2 === 0 ? 1 - dx : dx) * (k < 2 ? 1 - dy : dy)
    if (weight > 0) sum += weight * cells[(r + (k >> 1)) * width + c + (k % 2)]!
  }
  return sum
}

/** 0 or 1 when it differs from them by rounding only. */
function onLine(share: number): number {
  const nearest = Math.round(share)
  return Math.abs(share - nearest) < EDGE_SLACK ? nearest : share
}

/** Cubic convolution with a = -0.5 (Keys 1981), which reproduces parabolas. */
function sampleBicubic(grid: Grid, chunk: Chunk, fill: boolean): boolean {
  const { xy, out, from, end } = chunk
  const { cells, width, height, originX, originY } = grid
  for (let i = from; i < end; i++) {
    if (fill && !Number.isNaN(out[i]!)) continue
    const column = (xy[2 * i]! - originX) / grid.cellSizeX
    const row = (originY - xy[2 * i + 1]!) / grid.cellSizeY
    const c = Math.floor(column)
    const r = Math.floor(row)
    if (!(c >= 1 && r >= 1 && c <= width - 3 && r <= height - 3)) continue
    const dx = column - c
    const dy = row - r
    let sum = 0
    for (let j = -1; j <= 2; j++) {
      const at = (r + j) * width + c
      sum +=
        weight(dy, j) *
        (weight(dx, -1) * cells[at - 1]! +
          weight(dx, 0) * cells[at]! +
          weight(dx, 1) * cells[at + 1]! +
          weight(dx, 2) * cells[at + 2]!)
    }
    out[i] = sum
  }
  return sampleBilinear(grid, chunk, true)
}

function weight(t: number, k: number): number {
  const d = Math.abs(t - k)
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1
  return ((-0.5 * d + 2.5) * d - 4) * d + 2
}
