// Lengths of contours per level, and what other programs do otherwise at the three places where a rule is a matter of taste:
// cells at the border or beside a void, saddles, and heights that stand exactly on a level.
import type { Contours } from '../../src/kernel/geo/contour.ts'
import { contourGrid } from '../../src/kernel/geo/contour.ts'
import type { Grid } from '../../src/kernel/geo/grid.ts'

export type Lengths = Map<number, number>

/** Sum of the lines' lengths per level, in units of the grid's CRS. */
export function levelLengths({ paths, levels }: Contours): Lengths {
  const { coords, offsets } = paths
  const sums: Lengths = new Map()
  for (const [path, level] of levels.entries()) {
    let sum = sums.get(level) ?? 0
    for (let i = offsets[path]! + 1; i < offsets[path + 1]!; i++) {
      sum += Math.hypot(
        coords[2 * i]! - coords[2 * i - 2]!,
        coords[2 * i + 1]! - coords[2 * i - 1]!,
      )
    }
    sums.set(level, sum)
  }
  return sums
}

/** The grid with every height that stands on a level a thousandth of a millimetre above it, as gdal_contour takes it. */
export function raisedOffLevels(grid: Grid, intervalMeters: number): Grid {
  const cells = Float64Array.from(grid.cells, (z) =>
    Math.abs(z - Math.round(z / intervalMeters) * intervalMeters) < 1e-6 ? z + 1e-6 : z,
  )
  return { ...grid, cells }
}

/**
 * GDAL goes on to the outer edge of border pixels and of pixels beside a void: a cell with a void corner (the outside counts as void) is
 * cut in four, and the quarters at its other corners are contoured between means of what is there. Those quarters, one below the other.
 */
export function gdalQuarters(grid: Grid): Grid {
  const { cells, width, height } = grid
  const at = (column: number, row: number) =>
    column < 0 || row < 0 || column >= width || row >= height
      ? Number.NaN
      : cells[row * width + column]!
  const mean = (...values: number[]) => {
    const there = values.filter((z) => !Number.isNaN(z))
    return there.reduce((sum, z) => sum + z, 0) / there.length
  }
  const blocks: number[] = []
  for (let row = -1; row < height; row++) {
    for (let column = -1; column < width; column++) {
      const nw = at(column, row)
      const ne = at(column + 1, row)
      const sw = at(column, row + 1)
      const se = at(column + 1, row + 1)
      if (!Number.isNaN(nw + ne + sw + se)) continue
      const middle = mean(nw, ne, sw, se)
      if (!Number.isNaN(nw)) blocks.push(nw, mean(nw, ne), mean(nw, sw), middle)
      if (!Number.isNaN(ne)) blocks.push(mean(nw, ne), ne, middle, mean(ne, se))
      if (!Number.isNaN(sw)) blocks.push(mean(nw, sw), middle, sw, mean(sw, se))
      if (!Number.isNaN(se)) blocks.push(middle, mean(ne, se), mean(sw, se), se)
    }
  }
  const count = blocks.length / 4
  const stacked = new Float64Array(6 * count).fill(Number.NaN)
  for (let i = 0; i < count; i++) stacked.set(blocks.slice(4 * i, 4 * i + 4), 6 * i)
  return {
    ...grid,
    cells: stacked,
    width: 2,
    height: 3 * count,
    cellSizeX: grid.cellSizeX / 2,
    cellSizeY: grid.cellSizeY / 2,
  }
}

/** Which low or high pair of corners a program cuts off at a saddle: always south-west and north-east (GDAL), or by the mean of the corners (contourpy). */
export type SaddleRule = 'south-west' | 'mean'

/** What the lengths would be longer per level under another saddle rule than ours (the asymptotic decider). */
export function saddleDifference(grid: Grid, intervalMeters: number, rule: SaddleRule): Lengths {
  const { cells, width, height, cellSizeX, cellSizeY } = grid
  const sums: Lengths = new Map()
  for (let row = 0; row + 1 < height; row++) {
    for (let column = 0; column + 1 < width; column++) {
      const i = row * width + column
      const nw = cells[i]!
      const ne = cells[i + 1]!
      const sw = cells[i + width]!
      const se = cells[i + width + 1]!
      // A saddle: both corners of one diagonal above both of the other.
      const northWestHigh = Math.min(nw, se) > Math.max(ne, sw)
      if (!(northWestHigh || Math.min(ne, sw) > Math.max(nw, se))) continue
      const top = northWestHigh ? Math.min(nw, se) : Math.min(ne, sw)
      const bottom = northWestHigh ? Math.max(ne, sw) : Math.max(nw, se)
      const saddle = (nw * se - ne * sw) / (nw + se - ne - sw)
      const mean = (nw + ne + sw + se) / 4
      const first = Math.floor(bottom / intervalMeters) + 1
      for (let k = first; k * intervalMeters <= top; k++) {
        const level = k * intervalMeters
        // Joined high ground cuts off the low corners.
        const cutsNorthWest = (joined: boolean) => joined !== northWestHigh
        const ours = cutsNorthWest(saddle >= level)
        const theirs = rule === 'south-west' ? false : cutsNorthWest(mean >= level)
        if (ours === theirs) continue
        const north = ((level - nw) / (ne - nw)) * cellSizeX
        const south = ((level - sw) / (se - sw)) * cellSizeX
        const west = ((level - nw) / (sw - nw)) * cellSizeY
        const east = ((level - ne) / (se - ne)) * cellSizeY
        const northWestCut =
          Math.hypot(north, west) + Math.hypot(cellSizeX - south, cellSizeY - east)
        const southWestCut =
          Math.hypot(south, cellSizeY - west) + Math.hypot(cellSizeX - north, east)
        const change = theirs ? northWestCut - southWestCut : southWestCut - northWestCut
        sums.set(level, (sums.get(level) ?? 0) + change)
      }
    }
  }
  return sums
}

/** What gdal_contour draws, from our lines and its three rules. */
export function asGdal(grid: Grid, intervalMeters: number): Lengths {
  const raised = raisedOffLevels(grid, intervalMeters)
  const quarters = gdalQuarters(grid)
  quarters.cells = raisedOffLevels(quarters, intervalMeters).cells
  return sumLengths(
    levelLengths(contourGrid(raised, { intervalMeters })),
    saddleDifference(raised, intervalMeters, 'south-west'),
    levelLengths(contourGrid(quarters, { intervalMeters })),
    saddleDifference(quarters, intervalMeters, 'south-west'),
  )
}

export function sumLengths(...parts: Lengths[]): Lengths {
  const sums: Lengths = new Map()
  for (const part of parts) {
    for (const [level, length] of part) sums.set(level, (sums.get(level) ?? 0) + length)
  }
  return sums
}
