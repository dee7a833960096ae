// Isolines of a grid by marching squares: exact levels, open at the grid's edge and at voids, joined into the longest lines.
// The grid is walked in strips and lines are handed out as they are finished, so memory follows the lines that are open at one time.
import { AppError } from '../../base/errors.ts'
import type { Ladder, RowCount } from './contour-levels.ts'
import { bandsOfRow, createLadder, MAX_LEVEL_NUMBER } from './contour-levels.ts'
import { createPending } from './contour-pending.ts'
import { marchRow, nextStrip, startMarch } from './contour-strip.ts'
import { traceStrip } from './contour-trace.ts'
import type { LineBatch } from './contour-writer.ts'
import { BATCH_VERTICES, createLineWriter, flushLines } from './contour-writer.ts'
import type { Grid } from './grid.ts'
import type { Paths } from './paths.ts'

/**
 * Isolines. `paths.coords` may be a view of a larger buffer. Closed ones repeat their first vertex; higher ground lies on the right of
 * the direction of travel (x east, y north).
 */
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
  /** More crossings of grid edges, or more lines, than this are refused. */
  maxVertices?: number
  maxLines?: number
  /** Called between strips with the share done; may throw to stop. */
  report?: (fraction: number) => void
}

export const MIN_INTERVAL_METERS = 0.1
const MAX_VERTICES = 60_000_000
const MAX_LINES = 5_000_000
/** Vertices of one strip to aim at: its links then fit the second-level cache. */
const STRIP_VERTICES = 1 << 16
const MIN_STRIP_ROWS = 8
/** One row in so many is looked at to tell how many vertices there will be. */
const SAMPLED_ROWS = 16

/**
 * Isolines of every multiple of the interval. Heights on a level count as above it. A cell with a void (NaN) at a corner has no line;
 * grids without two rows and columns have none. PARAMS_INVALID for an interval that is not finite or below 0.1 m, CONTOURS_TOO_MANY
 * as soon as there are more than `maxVertices` vertices or `maxLines` lines.
 */
export function contourGrid(grid: Grid, options: ContourOptions): Contours {
  let { paths, levelNumbers }: Pick<LineBatch, 'paths' | 'levelNumbers'> = NO_LINES
  drawLines(grid, options, Number.POSITIVE_INFINITY, (whole) => {
    paths = whole.paths
    levelNumbers = whole.levelNumbers
  })
  const levels = levelHeights(levelNumbers, options.intervalMeters)
  return { paths, levels, levelNumbers, intervalMeters: options.intervalMeters }
}

const NO_LINES = {
  paths: { coords: new Float64Array(0), offsets: new Uint32Array(1) },
  levelNumbers: new Int32Array(0),
}

/** As `contourGrid`, but hands lines to `sink` in batches as they are finished: closed and short ones first, roughly from north to south. */
export function contourLines(
  grid: Grid,
  options: ContourOptions,
  sink: (batch: LineBatch) => void,
): void {
  drawLines(grid, options, BATCH_VERTICES, sink)
}

function drawLines(
  grid: Grid,
  options: ContourOptions,
  batchVertices: number,
  sink: (batch: LineBatch) => void,
): void {
  const { intervalMeters, maxVertices = MAX_VERTICES, maxLines = MAX_LINES, report } = options
  if (!(intervalMeters >= MIN_INTERVAL_METERS && Number.isFinite(intervalMeters))) {
    throw new AppError(
      'PARAMS_INVALID',
      `The contour interval must be at least ${MIN_INTERVAL_METERS} m.`,
      { data: { field: 'contour_interval' } },
    )
  }
  if (grid.width < 2 || grid.height < 2) return
  const ladder = createLadder(intervalMeters)
  const lastRow = grid.height - 1
  // What is kept whole gets its room at once: growing would copy it, and the memory of both would be touched.
  const isWhole = batchVertices === Number.POSITIVE_INFINITY
  const expected = isWhole ? countVertices(grid, ladder, SAMPLED_ROWS) : 0
  // What will probably be refused gets none.
  const room = Number.isFinite(expected) && expected <= maxVertices ? expected : 0
  const march = startMarch(grid, ladder, STRIP_VERTICES + (STRIP_VERTICES >> 2))
  let vertices = 0
  const walk = () => {
    const crossings = marchRow(march, maxVertices - vertices)
    if (crossings < 0) throw tooManyVertices(grid, ladder, maxVertices)
    vertices += crossings
  }
  let lines = 0
  const pending = createPending()
  const writer = createLineWriter(grid, ladder, batchVertices, room, (batch) => {
    lines += batch.levelNumbers.length
    sink(batch)
  })
  walk()
  while (march.row < lastRow) {
    report?.(march.row / lastRow)
    const first = march.row
    do walk()
    while (
      march.row < lastRow &&
      (march.strip.count < STRIP_VERTICES || march.row - first < MIN_STRIP_ROWS)
    )
    writer.done = march.row / lastRow
    traceStrip(march.strip, pending, writer, march.row === lastRow)
    if (lines + writer.lines > maxLines) {
      throw tooMany(intervalMeters, `more than ${inWords(maxLines)} lines`, { maxLines })
    }
    nextStrip(march)
  }
  flushLines(writer)
}

/** Heights of numbered levels. */
export function levelHeights(levelNumbers: Int32Array, intervalMeters: number): Float64Array {
  const ladder = createLadder(intervalMeters)
  const heights = new Float64Array(levelNumbers.length)
  for (let i = 0; i < heights.length; i++) heights[i] = ladder.level(levelNumbers[i]!)
  return heights
}

/** Every fifth level from zero is drawn heavy. */
export function isIndexLevel(levelNumber: number): boolean {
  return levelNumber % 5 === 0
}

/** Crossings of the grid's edges, from one row in `every`; Infinity when levels would be numbered too high. */
function countVertices({ cells, width, height }: Grid, ladder: Ladder, every: number): number {
  const count: RowCount = { across: 0, down: 0, beyond: false }
  const above = new Int32Array(width)
  const bands = new Int32Array(width)
  let vertices = 0
  for (let row = 0; row < height; row += every) {
    if (row > 0) bandsOfRow(cells, (row - 1) * width, width, ladder, above, above, count)
    bandsOfRow(cells, row * width, width, ladder, row > 0 ? above : bands, bands, count)
    if (count.beyond) return Number.POSITIVE_INFINITY
    vertices += count.across + count.down
  }
  return vertices * every
}

/** Counts what the whole grid would give, so that the refusal can say so and name an interval that would do. */
function tooManyVertices(grid: Grid, ladder: Ladder, maxVertices: number): AppError {
  const { intervalMeters } = ladder
  const vertices = countVertices(grid, ladder, 1)
  if (vertices === Number.POSITIVE_INFINITY) {
    const limit = inWords(MAX_LEVEL_NUMBER)
    return tooMany(intervalMeters, `levels numbered beyond ${limit}`, { maxVertices })
  }
  return tooMany(
    intervalMeters,
    `about ${inWords(vertices)} vertices, of which ${inWords(maxVertices)} are allowed,`,
    { vertices, maxVertices },
  )
}

function tooMany(intervalMeters: number, what: string, limits: Record<string, number>): AppError {
  return new AppError(
    'CONTOURS_TOO_MANY',
    `An interval of ${intervalMeters} m would give ${what} here; ask for a larger interval or a smaller area.`,
    { data: { intervalMeters, ...limits } },
  )
}

/** `20 million`, `1,000`. */
function inWords(count: number): string {
  if (count >= 1e6) return `${Math.round(count / 1e5) / 10} million`
  return String(count).replace(/(?=(\d{3})+$)(?!^)/g, ',')
}
