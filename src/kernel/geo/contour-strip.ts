// Marching squares over a strip of rows, all levels in one pass. Every crossing of a grid edge is one vertex; every cell links
// vertices into directed chains (higher ground on the right of the direction of travel). Saddles are decided by the asymptotic decider
// (Nielson & Hamann 1991): the level against the height of the bilinear surface's saddle point.
import type { Ladder, RowCount } from './contour-levels.ts'
import { bandsOfRow, NO_BAND } from './contour-levels.ts'
import type { Grid } from './grid.ts'

/**
 * Vertices of one strip. Those on its first row of points come first, those on its last row are bottomFirst … count - 1, both from
 * west to east.
 */
export interface Strip {
  /** The edge that each vertex stands on, see contour-place.ts. */
  edges: Int32Array
  /** Level number of each vertex. */
  levels: Int32Array
  /** The vertex that follows, -1 for none; `hasPrevious` is 1 where some vertex points here. */
  next: Int32Array
  hasPrevious: Uint8Array
  topCount: number
  bottomFirst: number
  count: number
}

/** A walk over a grid from north to south; the strip is its work space, used again for the next one. */
export interface March {
  readonly grid: Grid
  readonly ladder: Ladder
  readonly strip: Strip
  /** The row of points that was reached. */
  row: number
  /** Bands of that row, and room for those of the next. */
  bands: Int32Array
  below: Int32Array
  /** For the edge east of each point of that row: the vertex of level k is number bases + k. */
  readonly bases: Int32Array
  /** Crossings of the latest row. */
  readonly counted: RowCount
}

/** Stands before the first row; `capacity` vertices have room before the strip grows. */
export function startMarch(grid: Grid, ladder: Ladder, capacity: number): March {
  const { width } = grid
  return {
    grid,
    ladder,
    strip: {
      edges: new Int32Array(capacity),
      levels: new Int32Array(capacity),
      next: new Int32Array(capacity).fill(-1),
      hasPrevious: new Uint8Array(capacity),
      topCount: 0,
      bottomFirst: 0,
      count: 0,
    },
    row: -1,
    bands: new Int32Array(width),
    below: new Int32Array(width),
    bases: new Int32Array(width),
    counted: { across: 0, down: 0, beyond: false },
  }
}

/**
 * Walks to the next row of points, over a row of cells. Answers the crossings that came with it, or -1 when they are more than `allowed`
 * or levels are numbered too high; nothing is crossed then.
 */
export function marchRow(march: March, allowed: number): number {
  const { grid, ladder, strip, bands, below, counted } = march
  const row = march.row + 1
  const above = row > 0 ? bands : below
  bandsOfRow(grid.cells, row * grid.width, grid.width, ladder, above, below, counted)
  const crossings = counted.across + counted.down
  if (counted.beyond || crossings > allowed) return -1
  strip.bottomFirst = strip.count + counted.down
  if (crossings > 0) {
    ensureRoom(strip, strip.count + crossings)
    if (row > 0) crossAndLink(march)
    else crossFirstRow(march)
    strip.count += crossings
  }
  if (row === 0) strip.topCount = strip.count
  march.row = row
  march.bands = below
  march.below = bands
  return crossings
}

/** Begins a new strip, whose first vertices are those of the last row. */
export function nextStrip({ strip, bases }: March): void {
  const { bottomFirst, count } = strip
  strip.edges.copyWithin(0, bottomFirst, count)
  strip.levels.copyWithin(0, bottomFirst, count)
  strip.next.fill(-1, 0, count)
  strip.hasPrevious.fill(0, 0, count)
  for (let c = 0; c < bases.length; c++) bases[c] = bases[c]! - bottomFirst
  strip.topCount = count - bottomFirst
  strip.count = strip.topCount
  strip.bottomFirst = 0
}

function ensureRoom(strip: Strip, vertices: number): void {
  if (vertices <= strip.next.length) return
  const size = Math.max(vertices, Math.ceil(strip.next.length * 1.5))
  const { edges, levels, next, hasPrevious } = strip
  strip.edges = new Int32Array(size)
  strip.edges.set(edges)
  strip.levels = new Int32Array(size)
  strip.levels.set(levels)
  strip.next = new Int32Array(size).fill(-1)
  strip.next.set(next)
  strip.hasPrevious = new Uint8Array(size)
  strip.hasPrevious.set(hasPrevious)
}

function crossFirstRow({ grid, below, bases, strip }: March): void {
  let id = 0
  for (let c = 0; c + 1 < grid.width; c++) {
    const left = below[c]!
    const right = below[c + 1]!
    if (left === right || left === NO_BAND || right === NO_BAND) continue
    const low = Math.min(left, right)
    bases[c] = id - low - 1
    for (let k = low + 1; k <= Math.max(left, right); k++, id++) {
      strip.edges[id] = 2 * c
      strip.levels[id] = k
    }
  }
}

const NORTH = 0
const EAST = 1
const SOUTH = 2
const WEST = 3
/**
 * Edges where the line of a cell enters and leaves, by the corners that are high: 8 north-west, 4 north-east, 2 south-east,
 * 1 south-west. 5 and 10 are saddles and stand here with their corners cut off on one side only.
 */
const ENTERS = Uint8Array.of(
  0,
  WEST,
  SOUTH,
  WEST,
  EAST,
  0,
  SOUTH,
  WEST,
  0,
  0,
  0,
  0,
  EAST,
  EAST,
  SOUTH,
  0,
)
const LEAVES = Uint8Array.of(
  0,
  SOUTH,
  EAST,
  EAST,
  0,
  0,
  0,
  0,
  WEST,
  SOUTH,
  0,
  EAST,
  WEST,
  SOUTH,
  WEST,
  0,
)

/**
 * Vertices on the edges below and right of each point of the current row, and the links around each cell, in one loop: calls between
 * the parts would cost a third of the speed (V8 inlines the small ones here). The vertex of level k on an edge = the edge's base + k.
 * A cell with a void links nothing: lines end there.
 */
function crossAndLink({ grid, ladder, strip, row, bands, below, bases }: March): void {
  const { cells, width } = grid
  const { edges, levels, next, hasPrevious } = strip
  const at = row * width
  const sides = new Int32Array(4)
  let side = strip.count
  let bottom = strip.bottomFirst
  let nw = NO_BAND
  let sw = NO_BAND
  let baseWest = 0
  for (let c = 0; c < width; c++) {
    const ne = bands[c]!
    const se = below[c]!
    // Most cells have no line. West and east of here are the same bands, and no edge has a base that will be asked for.
    if (ne === se && ne === nw && ne === sw) {
      baseWest = 0
      continue
    }
    let baseEast = 0
    if (ne !== se && ne !== NO_BAND && se !== NO_BAND) {
      const low = lower(ne, se)
      const high = ne + se - low
      baseEast = side - low - 1
      for (let k = low + 1; k <= high; k++) {
        edges[side] = 2 * (at + c) + 1
        levels[side] = k
        side++
      }
    }
    if (sw !== NO_BAND && se !== NO_BAND) {
      const baseNorth = bases[c - 1]!
      let baseSouth = 0
      let low = sw
      let high = sw
      if (sw !== se) {
        low = lower(sw, se)
        high = sw + se - low
        baseSouth = bottom - low - 1
        bases[c - 1] = baseSouth
        for (let k = low + 1; k <= high; k++) {
          edges[bottom] = 2 * (at + width + c - 1)
          levels[bottom] = k
          bottom++
        }
      }
      if ((nw !== sw || ne !== sw || se !== sw) && nw !== NO_BAND && ne !== NO_BAND) {
        low = lower(low, lower(nw, ne))
        high = higher(high, higher(nw, ne))
        sides[NORTH] = baseNorth
        sides[EAST] = baseEast
        sides[SOUTH] = baseSouth
        sides[WEST] = baseWest
        for (let k = low + 1; k <= high; k++) {
          // A band of k or more is a high corner: k - 1 less it has its sign bit set.
          const corners =
            (((k - 1 - nw) >> 31) & 8) |
            (((k - 1 - ne) >> 31) & 4) |
            (((k - 1 - se) >> 31) & 2) |
            (((k - 1 - sw) >> 31) & 1)
          let enter = sides[ENTERS[corners]!]!
          let leave = sides[LEAVES[corners]!]!
          if (corners === 5 || corners === 10) {
            const level = ladder.level(k)
            // High corners are joined through the middle, or each is cut off.
            const joined = isSaddleHigh(cells, at + c - 1, width, level)
            const northGoesEast = joined === (corners === 10)
            if (corners === 10) {
              link(next, hasPrevious, baseNorth + k, (northGoesEast ? baseEast : baseWest) + k)
              enter = baseSouth
              leave = northGoesEast ? baseWest : baseEast
            } else {
              link(next, hasPrevious, (northGoesEast ? baseEast : baseWest) + k, baseNorth + k)
              enter = northGoesEast ? baseWest : baseEast
              leave = baseSouth
            }
          }
          link(next, hasPrevious, enter + k, leave + k)
        }
      }
    }
    nw = ne
    sw = se
    baseWest = baseEast
  }
}

/** The lower of two bands by arithmetic: on rough ground a branch would be guessed wrong every other time. */
function lower(a: number, b: number): number {
  return b + ((a - b) & ((a - b) >> 31))
}

function higher(a: number, b: number): number {
  return a - ((a - b) & ((a - b) >> 31))
}

function link(next: Int32Array, hasPrevious: Uint8Array, from: number, to: number): void {
  next[from] = to
  hasPrevious[to] = 1
}

/** Whether the saddle point of the bilinear surface over a cell stands at or above a level. */
function isSaddleHigh(cells: Grid['cells'], at: number, width: number, level: number): boolean {
  const nw = cells[at]!
  const ne = cells[at + 1]!
  const sw = cells[at + width]!
  const se = cells[at + width + 1]!
  const twist = nw + se - ne - sw
  return (nw * se - ne * sw) / twist >= level
}
