// Finished lines, cleaned and packed, handed out in batches whose arrays are used again.
import type { Ladder } from './contour-levels.ts'
import type { Grid } from './grid.ts'
import type { Paths } from './paths.ts'

/** Lines that are ready. The arrays are valid until the sink returns, and the sink may change the coordinates. */
export interface LineBatch {
  paths: Paths
  /** Number of each line's level. */
  levelNumbers: Int32Array
  /** Share of the grid's rows that have been walked, 0…1. */
  done: number
}

export interface LineWriter {
  /** What the lines are taken from. */
  readonly grid: Grid
  readonly ladder: Ladder
  /** The batch so far, and from vertex `start` on the line under construction. */
  coords: Float64Array
  start: number
  offsets: Uint32Array
  levels: Int32Array
  lines: number
  /** Kept by whoever walks the grid, for the batches. */
  done: number
  /** A batch is handed out when it has this many vertices. */
  readonly batchVertices: number
  readonly sink: (batch: LineBatch) => void
}

/** Small enough for the second-level cache. */
export const BATCH_VERTICES = 1 << 15
/** More lines than a batch has on any ground but noise. */
const FIRST_LINES = 1 << 14

/** `batchVertices`: BATCH_VERTICES, or Infinity for everything in one batch at the end, for which `expectedVertices` have room. */
export function createLineWriter(
  grid: Grid,
  ladder: Ladder,
  batchVertices: number,
  expectedVertices: number,
  sink: (batch: LineBatch) => void,
): LineWriter {
  return {
    grid,
    ladder,
    // Closed lines repeat a vertex: an eighth more than crossings is nearly always enough.
    coords: new Float64Array(Math.max(4 * BATCH_VERTICES, Math.ceil(2.25 * expectedVertices))),
    start: 0,
    offsets: new Uint32Array(FIRST_LINES),
    levels: new Int32Array(FIRST_LINES),
    lines: 0,
    done: 0,
    batchVertices,
    sink,
  }
}

/** Hands out what is ready. */
export function flushLines(writer: LineWriter): void {
  const { coords, start, offsets, levels, lines, done, sink } = writer
  if (lines === 0) return
  writer.start = 0
  writer.lines = 0
  sink({
    paths: { coords: coords.subarray(0, 2 * start), offsets: offsets.subarray(0, lines + 1) },
    levelNumbers: levels.subarray(0, lines),
    done,
  })
}

/** Makes room for a line of `vertices` vertices from `start` on, and one more to close it. */
export function ensureLineRoom(writer: LineWriter, vertices: number): void {
  if (writer.start > writer.batchVertices) flushLines(writer)
  const needed = 2 * (writer.start + vertices + 1)
  if (needed <= writer.coords.length) return
  const larger = new Float64Array(grownSize(needed, writer.done))
  larger.set(writer.coords.subarray(0, 2 * writer.start))
  writer.coords = larger
}

/** Keeps the line whose vertices stand from `start` to `lineEnd`. One that shrank to nothing is left out. */
export function finishLine(
  writer: LineWriter,
  lineEnd: number,
  level: number,
  ring: boolean,
): void {
  const { coords } = writer
  let start = writer.start
  let end = lineEnd
  if (ring) {
    // A ring has no first vertex: repeated vertices and spikes are looked for across the place where it was cut, too.
    while (end - start > 1 && same(coords, start, end - 1)) end--
    while (end - start > 2 && (same(coords, start + 1, end - 1) || same(coords, start, end - 2))) {
      if (same(coords, start + 1, end - 1)) start++
      else end--
      while (end - start > 1 && same(coords, start, end - 1)) end--
    }
    if (end - start < 3) return
    coords[2 * end] = coords[2 * start]!
    coords[2 * end + 1] = coords[2 * start + 1]!
    end++
  } else if (end - start < 2) return
  if (start > writer.start) {
    coords.copyWithin(2 * writer.start, 2 * start, 2 * end)
    end -= start - writer.start
  }
  if (writer.lines + 2 > writer.offsets.length) growLines(writer)
  writer.levels[writer.lines++] = level
  writer.offsets[writer.lines] = end
  writer.start = end
}

function same(coords: Float64Array, a: number, b: number): boolean {
  return coords[2 * a] === coords[2 * b] && coords[2 * a + 1] === coords[2 * b + 1]
}

function growLines(writer: LineWriter): void {
  const size = grownSize(writer.lines + 2, writer.done)
  const offsets = new Uint32Array(size)
  offsets.set(writer.offsets)
  writer.offsets = offsets
  const levels = new Int32Array(size)
  levels.set(writer.levels)
  writer.levels = levels
}

/**
 * Room to make when `needed` is needed and `done` of the work is done: as much as the rest may be expected to take, so that growing
 * seldom copies. Memory that is never written costs nothing.
 */
export function grownSize(needed: number, done: number): number {
  // Early on, what there is says little about the whole: never more than four times as much.
  const expected = Math.min(needed / Math.max(done, 1e-9), needed * 4)
  return Math.ceil(Math.max(expected * 1.1, needed * 1.25))
}
