// Isolines of a grid by marching squares: exact levels, open at the grid's edge and at voids, joined into the longest lines.
// The grid is walked in strips, so the work space stays small and in the processor's cache whatever the tile's size.
import { AppError } from '../../base/errors.ts'
import { joinFragments } from './contour-join.ts'
import { createLadder } from './contour-levels.ts'
import { countVertices, createStrip, marchStrip } from './contour-strip.ts'
import { createFragments, traceStrip } from './contour-trace.ts'
import type { Grid } from './grid.ts'
import type { Paths } from './paths.ts'

/** Isolines. `paths.coords` may be a view of a larger buffer. Closed ones repeat their first vertex; higher ground lies on the right of the direction of travel (x east, y north). */
export interface Contours {
  /** Coordinates in the grid's CRS. */
  paths: Paths
  /** Height of each path in metres: an exact multiple of the interval. */
  levels: Float64Array
  /** Number of each path's level: level = number × interval. A multiple of five is an index contour. */
  levelNumbers: Int32Array
  intervalMeters: number
}

export interface ContourOptions {
  /** Metres; at least 0.1. */
  intervalMeters: number
  /** More crossings of grid edges than this are refused before anything is allocated. */
  maxVertices?: number
  /** Called between strips with the share done; may throw to stop. */
  report?: (fraction: number) => void
}

export const MIN_INTERVAL_METERS = 0.1
const MAX_VERTICES = 60_000_000
const MAX_LEVELS = 200_000
/** Vertices of one strip to aim at: its arrays then fit the second-level cache. */
const STRIP_VERTICES = 1 << 16
const MIN_STRIP_ROWS = 4

/**
 * Isolines of every multiple of the interval. Heights on a level count as above it. A cell with a void (NaN) at a corner has no line;
 * grids without two rows and columns have none. PARAMS_INVALID for an interval that is not finite or below 0.1 m, CONTOURS_TOO_MANY
 * when more than `maxVertices` vertices would result.
 */
export function contourGrid(grid: Grid, options: ContourOptions): Contours {
  const { intervalMeters, maxVertices = MAX_VERTICES, report } = options
  if (!(intervalMeters >= MIN_INTERVAL_METERS && Number.isFinite(intervalMeters))) {
    throw new AppError(
      'PARAMS_INVALID',
      `The contour interval must be at least ${MIN_INTERVAL_METERS} m.`,
      { data: { field: 'contour_interval' } },
    )
  }
  const ladder = createLadder(intervalMeters)
  refuseTooManyLevels(grid, intervalMeters)
  if (grid.width < 2 || grid.height < 2) return emptyContours(intervalMeters)
  const counts = countVertices(grid, ladder)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total > maxVertices)
    throw tooMany(intervalMeters, `${Math.round(total / 1e6)} million vertices`)
  const ends = stripEnds(counts)
  const sizes = stripSizes(counts, ends)
  const strip = createStrip(Math.max(...sizes))
  const fragments = createFragments(sizes.reduce((sum, size) => sum + size, 0))
  let first = 0
  for (const [i, last] of ends.entries()) {
    report?.(i / ends.length)
    marchStrip(grid, ladder, first, last, strip)
    traceStrip(strip, fragments)
    first = last
  }
  const { paths, levelNumbers } = joinFragments(fragments, grid)
  const levels = new Float64Array(levelNumbers.length)
  for (let i = 0; i < levels.length; i++) levels[i] = ladder.level(levelNumbers[i]!)
  return { paths, levels, levelNumbers, intervalMeters }
}

/** Every fifth level from zero is drawn heavy. */
export function isIndexLevel(levelNumber: number): boolean {
  return levelNumber % 5 === 0
}

function emptyContours(intervalMeters: number): Contours {
  return {
    paths: { coords: new Float64Array(0), offsets: new Uint32Array(1) },
    levels: new Float64Array(0),
    levelNumbers: new Int32Array(0),
    intervalMeters,
  }
}

/** Bands are 32-bit numbers, and nobody draws a hundred thousand levels. */
function refuseTooManyLevels(grid: Grid, intervalMeters: number): void {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  const { cells } = grid
  for (let i = 0; i < cells.length; i++) {
    const z = cells[i]!
    if (z < low) low = z
    if (z > high) high = z
  }
  const extent = Math.max(high - low, Math.abs(high), Math.abs(low))
  if (low <= high && extent / intervalMeters > MAX_LEVELS) {
    throw tooMany(intervalMeters, `${Math.round(extent / intervalMeters)} levels`)
  }
}

function tooMany(intervalMeters: number, what: string): AppError {
  return new AppError(
    'CONTOURS_TOO_MANY',
    `An interval of ${intervalMeters} m would give ${what} here; ask for a larger interval or a smaller area.`,
    { data: { intervalMeters } },
  )
}

/** Last row of points of each strip; a strip's last row is the next one's first. */
function stripEnds(counts: Float64Array): number[] {
  const ends: number[] = []
  const lastRow = counts.length - 1
  let first = 0
  let sum = 0
  for (let r = 0; r < lastRow; r++) {
    sum += counts[r]!
    if (sum >= STRIP_VERTICES && r + 1 - first >= MIN_STRIP_ROWS && r + 1 < lastRow) {
      ends.push(r + 1)
      first = r + 1
      sum = 0
    }
  }
  ends.push(lastRow)
  return ends
}

/** At least as many vertices as each strip has: its rows with the last one, whose vertical edges belong to the next strip. */
function stripSizes(counts: Float64Array, ends: number[]): number[] {
  let first = 0
  return ends.map((last) => {
    let sum = 0
    for (let r = first; r <= last; r++) sum += counts[r]!
    first = last
    return sum
  })
}
