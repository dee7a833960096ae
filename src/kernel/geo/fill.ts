// Fills voids of a grid from their rims, only when asked for, and says which cells it made up.
import type { Grid } from './grid.ts'

export interface FilledGrid {
  grid: Grid
  /** 1 for each cell that was a void and now has an interpolated height. */
  mask: Uint8Array
  filled: number
  /** Voids that stayed: farther than `maxCells` from any height. */
  left: number
}

/** Directions in which a rim is looked for: the eight neighbours' rays, as GDAL's fillnodata looks in its quadrants. */
const RAYS = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
] as const

/**
 * Inverse-distance mean (weight 1 / distance²) of the nearest heights along eight rays, each looked for up to `maxCells` cells away.
 * A void needs rims on at least two rays; heights that were filled are never used to fill others, so the result does not depend on an order.
 * The given grid is not changed; without voids its own cells are handed back.
 */
export function fillVoids(grid: Grid, maxCells: number): FilledGrid {
  const { cells, width, height } = grid
  const mask = new Uint8Array(cells.length)
  let filled = 0
  let left = 0
  let copy: typeof cells | null = null
  for (let i = 0; i < cells.length; i++) {
    if (!Number.isNaN(cells[i]!)) continue
    const value = fromRays(grid, i % width, Math.floor(i / width), maxCells, width, height)
    if (Number.isNaN(value)) {
      left++
      continue
    }
    copy ??= cells.slice()
    copy[i] = value
    mask[i] = 1
    filled++
  }
  return { grid: copy === null ? grid : { ...grid, cells: copy }, mask, filled, left }
}

function fromRays(
  grid: Grid,
  column: number,
  row: number,
  maxCells: number,
  width: number,
  height: number,
): number {
  let sum = 0
  let weights = 0
  let rims = 0
  for (const [stepX, stepY] of RAYS) {
    for (let k = 1; k <= maxCells; k++) {
      const c = column + stepX * k
      const r = row + stepY * k
      if (c < 0 || r < 0 || c >= width || r >= height) break
      const z = grid.cells[r * width + c]!
      if (Number.isNaN(z)) continue
      const weight = 1 / (k * k * (stepX * stepX + stepY * stepY))
      sum += z * weight
      weights += weight
      rims++
      break
    }
  }
  return rims >= 2 ? sum / weights : Number.NaN
}
