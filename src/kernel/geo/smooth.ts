// Rounder contours without touching the lines: the surface itself is refined, and contours of one surface can never cross.
import type { Grid } from './grid.ts'
import { sampleGrids } from './sample.ts'

const MAX_REFINED_CELLS = 1 << 26

/**
 * The grid with `factor` times as many points each way, between them cubic convolution (bilinear beside voids and edges). Given points keep
 * their heights, voids stay voids. Isolines of the result are curves instead of chords and keep the order of their levels, because they
 * still belong to one surface. A grid that would grow beyond 67 million cells, or a factor below 2, is handed back as it is.
 */
export function refineGrid(grid: Grid, factor: number): Grid {
  const steps = Math.floor(factor)
  const width = (grid.width - 1) * steps + 1
  const height = (grid.height - 1) * steps + 1
  if (steps < 2 || width * height > MAX_REFINED_CELLS) return grid
  const cellSizeX = grid.cellSizeX / steps
  const cellSizeY = grid.cellSizeY / steps
  const cells = new Float64Array(width * height)
  const row = new Float64Array(width)
  const places = new Float64Array(2 * width)
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      places[2 * c] = grid.originX + c * cellSizeX
      places[2 * c + 1] = grid.originY - r * cellSizeY
    }
    sampleGrids([grid], places, row, 'bicubic')
    // The lattice's own points are taken as they are, so that nothing is lost to rounding or to a void next door.
    if (r % steps === 0) {
      const at = (r / steps) * grid.width
      for (let c = 0; c < grid.width; c++) row[c * steps] = grid.cells[at + c]!
    }
    cells.set(row, r * width)
  }
  return { ...grid, cells, width, height, cellSizeX, cellSizeY }
}
