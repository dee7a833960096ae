// Joins grids that lie on one lattice (neighbouring tiles) into one, so that nothing downstream meets a seam.
import type { Grid } from './grid.ts'

/** A joined grid may hold this many times the cells of its parts; more means that the parts lie far from each other. */
const MAX_EMPTINESS = 2
/** Lattices count as one when their points differ by less than this part of a cell. */
const LATTICE_TOLERANCE = 0.01

/**
 * Joins what lies on one lattice: same CRS, same cell sizes, same phase. Earlier grids win; a void of theirs is filled by a later one.
 * Tiles that share their edge posts and tiles that do not are both joined without a gap. Grids on other lattices stay as they are.
 * The order of the answer is the order of each group's first grid. Grids are not changed.
 */
export function mosaicGrids(grids: readonly Grid[]): Grid[] {
  const groups: Grid[][] = []
  for (const grid of grids) {
    const group = groups.find((members) => sameLattice(members[0]!, grid))
    if (group === undefined) groups.push([grid])
    else group.push(grid)
  }
  return groups.flatMap(joinGroup)
}

function sameLattice(a: Grid, b: Grid): boolean {
  if (a.epsg !== b.epsg || a.verticalDatum !== b.verticalDatum) return false
  const span = Math.max(a.width, a.height, b.width, b.height)
  const sizeTolerance = LATTICE_TOLERANCE / span
  if (Math.abs(b.cellSizeX / a.cellSizeX - 1) > sizeTolerance) return false
  if (Math.abs(b.cellSizeY / a.cellSizeY - 1) > sizeTolerance) return false
  const columns = (b.originX - a.originX) / a.cellSizeX
  const rows = (a.originY - b.originY) / a.cellSizeY
  return (
    Math.abs(columns - Math.round(columns)) < LATTICE_TOLERANCE &&
    Math.abs(rows - Math.round(rows)) < LATTICE_TOLERANCE
  )
}

function joinGroup(group: Grid[]): Grid[] {
  const first = group[0]!
  if (group.length === 1) return group
  const column = (grid: Grid) => Math.round((grid.originX - first.originX) / first.cellSizeX)
  const row = (grid: Grid) => Math.round((first.originY - grid.originY) / first.cellSizeY)
  const left = Math.min(...group.map(column))
  const top = Math.min(...group.map(row))
  const width = Math.max(...group.map((grid) => column(grid) + grid.width)) - left
  const height = Math.max(...group.map((grid) => row(grid) + grid.height)) - top
  const parts = group.reduce((sum, grid) => sum + grid.width * grid.height, 0)
  if (width * height > parts * MAX_EMPTINESS) return group
  const wide = group.some((grid) => grid.cells instanceof Float64Array)
  const cells = wide ? new Float64Array(width * height) : new Float32Array(width * height)
  cells.fill(Number.NaN)
  for (const grid of group) {
    const at = (row(grid) - top) * width + column(grid) - left
    for (let r = 0; r < grid.height; r++) {
      for (let c = 0; c < grid.width; c++) {
        const to = at + r * width + c
        if (Number.isNaN(cells[to]!)) cells[to] = grid.cells[r * grid.width + c]!
      }
    }
  }
  return [
    {
      ...first,
      cells,
      width,
      height,
      originX: first.originX + left * first.cellSizeX,
      originY: first.originY - top * first.cellSizeY,
      sources: [...new Set(group.flatMap((grid) => grid.sources))],
    },
  ]
}
