// Marching squares over a strip of rows, all levels in one pass. Every crossing of a grid edge is one vertex; every cell links
// vertices into directed chains (higher ground on the right of the direction of travel). Saddles are decided by the asymptotic decider
// (Nielson & Hamann 1991): the level against the height of the bilinear surface's saddle point.
// Over 300 lines because the sixteen cases share one loop's variables; calls between them would cost a third of the speed.
import type { Ladder } from './contour-levels.ts'
import { bandsOfRow, NO_BAND } from './contour-levels.ts'
import type { Grid } from './grid.ts'

/** Work space of one strip; used again for the next. Vertices are numbered in the order in which the strip is walked. */
export interface Strip {
  /** Column and row of each vertex, in cells from the grid's first sample point. */
  columns: Float64Array
  rows: Float64Array
  /** Level number of each vertex. */
  levels: Int32Array
  /** The vertex that follows, -1 for none; `hasPrevious` is 1 where some vertex points here. */
  next: Int32Array
  hasPrevious: Uint8Array
  /** How many there are. */
  count: number
  /** Vertices on the strip's first row come first, those on its last row are bottomFirst … count - 1, both from west to east. */
  bottomFirst: number
}

/** Vertices in each row of cells, with those on the row of points above it; one more entry for the last row of points alone. */
export function countVertices(grid: Grid, ladder: Ladder): Float64Array {
  const { cells, width, height } = grid
  const counts = new Float64Array(height)
  let above = new Int32Array(width)
  let bands = new Int32Array(width)
  for (let r = 0; r < height; r++) {
    bandsOfRow(cells, r * width, width, ladder, bands)
    let across = 0
    let down = 0
    let left = bands[0]!
    for (let c = 1; c < width; c++) {
      const right = bands[c]!
      if (left !== right && left !== NO_BAND && right !== NO_BAND) {
        across += left < right ? right - left : left - right
      }
      left = right
    }
    if (r > 0) {
      for (let c = 0; c < width; c++) {
        const a = above[c]!
        const b = bands[c]!
        if (a !== b && a !== NO_BAND && b !== NO_BAND) down += a < b ? b - a : a - b
      }
      counts[r - 1] = counts[r - 1]! + down
    }
    counts[r] = counts[r]! + across
    const spare = above
    above = bands
    bands = spare
  }
  return counts
}

export function createStrip(capacity: number): Strip {
  return {
    columns: new Float64Array(capacity),
    rows: new Float64Array(capacity),
    levels: new Int32Array(capacity),
    next: new Int32Array(capacity),
    hasPrevious: new Uint8Array(capacity),
    count: 0,
    bottomFirst: 0,
  }
}

/** Fills `strip` from the rows of points `firstRow` … `lastRow`, both included. */
export function marchStrip(
  grid: Grid,
  ladder: Ladder,
  firstRow: number,
  lastRow: number,
  strip: Strip,
): void {
  const { cells, width } = grid
  const { next, hasPrevious } = strip
  let bands = new Int32Array(width)
  let bandsBelow = new Int32Array(width)
  // First vertex on the edge east of (horizontal) or south of (vertical) each point.
  let top = new Int32Array(width)
  let bottom = new Int32Array(width)
  const side = new Int32Array(width)
  strip.count = 0
  next.fill(-1)
  hasPrevious.fill(0)
  bandsOfRow(cells, firstRow * width, width, ladder, bands)
  crossRow(grid, ladder, firstRow, bands, top, strip)
  for (let r = firstRow; r < lastRow; r++) {
    const at = r * width
    const below = at + width
    bandsOfRow(cells, below, width, ladder, bandsBelow)
    crossColumns(grid, ladder, r, bands, bandsBelow, side, strip)
    strip.bottomFirst = strip.count
    crossRow(grid, ladder, r + 1, bandsBelow, bottom, strip)
    linkRow(cells, at, width, ladder, bands, bandsBelow, top, bottom, side, next, hasPrevious)
    const spareBands = bands
    bands = bandsBelow
    bandsBelow = spareBands
    const spare = top
    top = bottom
    bottom = spare
  }
}

/** Vertices on the horizontal edges of a row of points. */
function crossRow(
  grid: Grid,
  ladder: Ladder,
  row: number,
  bands: Int32Array,
  first: Int32Array,
  strip: Strip,
): void {
  const { cells, width } = grid
  const { columns, rows, levels } = strip
  const { numerator, denominator } = ladder
  const at = row * width
  let id = strip.count
  let left = bands[0]!
  for (let c = 0; c < width - 1; c++) {
    const right = bands[c + 1]!
    if (left !== right && left !== NO_BAND && right !== NO_BAND) {
      const z = cells[at + c]!
      const perMeter = 1 / (cells[at + c + 1]! - z)
      first[c] = id
      const high = left < right ? right : left
      for (let k = (left < right ? left : right) + 1; k <= high; k++) {
        columns[id] = c + ((k * numerator) / denominator - z) * perMeter
        rows[id] = row
        levels[id] = k
        id++
      }
    }
    left = right
  }
  strip.count = id
}

/** Vertices on the vertical edges between two rows of points. */
function crossColumns(
  grid: Grid,
  ladder: Ladder,
  row: number,
  bands: Int32Array,
  bandsBelow: Int32Array,
  first: Int32Array,
  strip: Strip,
): void {
  const { cells, width } = grid
  const { columns, rows, levels } = strip
  const { numerator, denominator } = ladder
  const at = row * width
  let id = strip.count
  for (let c = 0; c < width; c++) {
    const upper = bands[c]!
    const lower = bandsBelow[c]!
    if (upper !== lower && upper !== NO_BAND && lower !== NO_BAND) {
      const z = cells[at + c]!
      const perMeter = 1 / (cells[at + width + c]! - z)
      first[c] = id
      const high = upper < lower ? lower : upper
      for (let k = (upper < lower ? upper : lower) + 1; k <= high; k++) {
        columns[id] = c
        rows[id] = row + ((k * numerator) / denominator - z) * perMeter
        levels[id] = k
        id++
      }
    }
  }
  strip.count = id
}

/** Links the vertices around each cell of one row of cells. A cell with a void links nothing: lines end there. */
function linkRow(
  cells: Float32Array | Float64Array,
  at: number,
  width: number,
  ladder: Ladder,
  bands: Int32Array,
  bandsBelow: Int32Array,
  top: Int32Array,
  bottom: Int32Array,
  side: Int32Array,
  next: Int32Array,
  hasPrevious: Uint8Array,
): void {
  let nw = bands[0]!
  let sw = bandsBelow[0]!
  for (let c = 0; c < width - 1; c++) {
    const ne = bands[c + 1]!
    const se = bandsBelow[c + 1]!
    const varied = nw !== ne || nw !== se || nw !== sw
    if (varied && nw !== NO_BAND && ne !== NO_BAND && sw !== NO_BAND && se !== NO_BAND) {
      // Vertex of level k on an edge = first vertex of the edge + k - lowest band of the edge - 1.
      const lowN = nw < ne ? nw : ne
      const lowS = sw < se ? sw : se
      const lowW = nw < sw ? nw : sw
      const lowE = ne < se ? ne : se
      const baseN = top[c]! - lowN - 1
      const baseS = bottom[c]! - lowS - 1
      const baseW = side[c]! - lowW - 1
      const baseE = side[c + 1]! - lowE - 1
      const low = lowN < lowS ? lowN : lowS
      const highN = nw < ne ? ne : nw
      const highS = sw < se ? se : sw
      const high = highN > highS ? highN : highS
      for (let k = low + 1; k <= high; k++) {
        const corners =
          (nw >= k ? 8 : 0) | (ne >= k ? 4 : 0) | (se >= k ? 2 : 0) | (sw >= k ? 1 : 0)
        let from: number
        let to: number
        switch (corners) {
          case 1:
            from = baseW + k
            to = baseS + k
            break
          case 2:
            from = baseS + k
            to = baseE + k
            break
          case 3:
            from = baseW + k
            to = baseE + k
            break
          case 4:
            from = baseE + k
            to = baseN + k
            break
          case 6:
            from = baseS + k
            to = baseN + k
            break
          case 7:
            from = baseW + k
            to = baseN + k
            break
          case 8:
            from = baseN + k
            to = baseW + k
            break
          case 9:
            from = baseN + k
            to = baseS + k
            break
          case 11:
            from = baseN + k
            to = baseE + k
            break
          case 12:
            from = baseE + k
            to = baseW + k
            break
          case 13:
            from = baseE + k
            to = baseS + k
            break
          case 14:
            from = baseS + k
            to = baseW + k
            break
          default: {
            const centreHigh = isSaddleHigh(
              cells,
              at + c,
              width,
              (k * ladder.numerator) / ladder.denominator,
            )
            let second: number
            if (corners === 5) {
              // North-east and south-west are high: joined through the middle, or each cut off.
              second = centreHigh ? baseW + k : baseE + k
              from = centreHigh ? baseE + k : baseW + k
              to = baseS + k
              next[second] = baseN + k
              hasPrevious[baseN + k] = 1
            } else {
              second = baseN + k
              const end = centreHigh ? baseE + k : baseW + k
              next[second] = end
              hasPrevious[end] = 1
              from = baseS + k
              to = centreHigh ? baseW + k : baseE + k
            }
          }
        }
        next[from] = to
        hasPrevious[to] = 1
      }
    }
    nw = ne
    sw = se
  }
}

/** Whether the saddle point of the bilinear surface over a cell stands at or above a level. */
function isSaddleHigh(
  cells: Float32Array | Float64Array,
  at: number,
  width: number,
  level: number,
): boolean {
  const nw = cells[at]!
  const ne = cells[at + 1]!
  const sw = cells[at + width]!
  const se = cells[at + width + 1]!
  const twist = nw + se - ne - sw
  return (nw * se - ne * sw) / twist >= level
}
