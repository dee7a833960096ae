// A terrain mesh of a place: from grids in any system to triangles in the drawing's metres, with the region's edge as its edge.
import { AppError } from '../../base/errors.ts'
import type { MetBreaklines } from './breakline-crossings.ts'
import { joinBreaklines, pathsOf } from './breakline-crossings.ts'
import { cellSizeMeters } from './cell-size.ts'
import type { Grid } from './grid.ts'
import { gridToPlane, groundUnder, planeToGrid } from './ground-under.ts'
import type { Mesh, MeshPoint } from './mesh.ts'
import { meshLattice } from './mesh.ts'
import type { Lattice } from './mesh-scan.ts'
import type { Paths } from './paths.ts'
import type { Projector } from './projector.ts'
import type { Region } from './region.ts'
import { regionContains, regionRing } from './region.ts'
import { sampleGrids } from './sample.ts'
import type { SpotHeight } from './summits.ts'
import { spotHeights } from './summits.ts'

export interface SiteMeshOptions {
  maxErrorMeters: number
  /** Metres of the projector's system. A line without any height (no z, or all NaN) takes the ground's. */
  breaklines?: Paths
  maxVertices: number
  report?: (fraction: number) => void
}

export interface SiteMesh {
  mesh: Mesh
  /** Summits and pits inside the region, which are vertices too. */
  spots: (SpotHeight & { x: number; y: number })[]
  /** Where breaklines meet at different heights: see `joinBreaklines`. */
  conflicts: Omit<MetBreaklines, 'lines'>
  grid: Grid
}

/** A spot height rules this far around, metres: three centimetres on paper at 1:10 000. */
const SPOT_RADIUS_METERS = 300
/** Metres that a summit must stand out by. */
const SPOT_RELIEF_METERS = 5
/** Elevation points that are meshed at once: 16 million take 400 MB. */
const MAX_LATTICE_POINTS = 1 << 24
/** Bounds the search on fine grids. */
const MAX_SPOT_RADIUS_CELLS = 30

/**
 * The mesh of the region. Its edge has a vertex at every cell's distance, so neighbouring meshes meet. Null when no grid has a height
 * there; MESH_TOO_LARGE when the region holds more elevation points than are meshed at once, or needs more than `maxVertices`.
 */
export function siteMesh(
  grids: readonly Grid[],
  projector: Projector,
  region: Region,
  options: SiteMeshOptions,
): SiteMesh | null {
  const ground = groundUnder(grids, projector, region)
  if (ground === null) return null
  const { part } = ground
  const count = part.width * part.height
  if (count > MAX_LATTICE_POINTS) {
    throw new AppError(
      'MESH_TOO_LARGE',
      `The area holds ${Math.round(count / 1e6)} million elevation points, of which 16 million are meshed at once; ask for a smaller area.`,
      { data: { points: count, maxPoints: MAX_LATTICE_POINTS } },
    )
  }
  const lattice = latticeOf(part, projector, region)
  const cellMeters = cellSizeMeters(part)
  const points = onGround(densified(regionRing(region), cellMeters), part, projector)
  const cells = Math.round(SPOT_RADIUS_METERS / cellMeters)
  const radiusCells = Math.max(1, Math.min(MAX_SPOT_RADIUS_CELLS, cells))
  const spots = spotHeights(part, radiusCells, SPOT_RELIEF_METERS)
    .filter(({ column, row }) => lattice.asked[row * part.width + column] === 1)
    .map((spot) => {
      const at = 2 * (spot.row * part.width + spot.column)
      return { ...spot, x: lattice.xy[at]!, y: lattice.xy[at + 1]! }
    })
  points.push(...spots.map(({ x, y, height, column, row }) => ({ x, y, z: height, column, row })))
  const met = joinBreaklines(breaklinesOf(options.breaklines, part, projector))
  const mesh = meshLattice(lattice, {
    maxErrorMeters: options.maxErrorMeters,
    points,
    breaklines: met.lines,
    maxVertices: options.maxVertices,
    inside: (x, y) => regionContains(region, x, y),
    ...(options.report === undefined ? {} : { report: options.report }),
  })
  if (met.lines.length > 0) mesh.breaklines = pathsOf(met.lines)
  return { mesh, spots, conflicts: met, grid: ground.grid }
}

function latticeOf(grid: Grid, projector: Projector, region: Region): Lattice {
  const { cells, width, height, originX, originY, cellSizeX, cellSizeY } = grid
  const xy = new Float64Array(2 * cells.length)
  for (let i = 0; i < cells.length; i++) {
    xy[2 * i] = originX + (i % width) * cellSizeX
    xy[2 * i + 1] = originY - Math.floor(i / width) * cellSizeY
  }
  gridToPlane(xy, grid.epsg, projector)
  const asked = new Uint8Array(cells.length)
  for (let i = 0; i < asked.length; i++) {
    if (regionContains(region, xy[2 * i]!, xy[2 * i + 1]!)) asked[i] = 1
  }
  return { width, height, xy, z: Float64Array.from(cells), asked }
}

/** The line with points at most `step` apart. */
function densified(line: Float64Array, step: number): Float64Array {
  const dense: number[] = []
  for (let i = 0; i + 3 < line.length; i += 2) {
    const dx = line[i + 2]! - line[i]!
    const dy = line[i + 3]! - line[i + 1]!
    const count = Math.max(1, Math.ceil(Math.hypot(dx, dy) / step))
    for (let k = 0; k < count; k++) {
      dense.push(line[i]! + (dx * k) / count, line[i + 1]! + (dy * k) / count)
    }
  }
  dense.push(line.at(-2)!, line.at(-1)!)
  return Float64Array.from(dense)
}

/** Points with the ground's heights, those without any left out. */
function onGround(xy: Float64Array, grid: Grid, projector: Projector): MeshPoint[] {
  const places = planeToGrid(xy, grid.epsg, projector)
  const heights = new Float64Array(xy.length / 2)
  sampleGrids([grid], places, heights)
  const points: MeshPoint[] = []
  for (const [i, z] of heights.entries()) {
    if (Number.isNaN(z)) continue
    const column = (places[2 * i]! - grid.originX) / grid.cellSizeX
    const row = (grid.originY - places[2 * i + 1]!) / grid.cellSizeY
    points.push({ x: xy[2 * i]!, y: xy[2 * i + 1]!, z, column, row })
  }
  return points
}

function breaklinesOf(paths: Paths | undefined, grid: Grid, projector: Projector): MeshPoint[][] {
  if (paths === undefined) return []
  const { coords, offsets, z } = paths
  const lines: MeshPoint[][] = []
  for (let path = 0; path + 1 < offsets.length; path++) {
    const first = offsets[path]!
    const xy = coords.slice(2 * first, 2 * offsets[path + 1]!)
    if (!hasHeight(z, first, offsets[path + 1]!)) {
      lines.push(onGround(densified(xy, cellSizeMeters(grid)), grid, projector))
      continue
    }
    const places = planeToGrid(xy, grid.epsg, projector)
    lines.push(
      Array.from({ length: xy.length / 2 }, (_, i) => ({
        x: xy[2 * i]!,
        y: xy[2 * i + 1]!,
        z: z![first + i]!,
        column: (places[2 * i]! - grid.originX) / grid.cellSizeX,
        row: (grid.originY - places[2 * i + 1]!) / grid.cellSizeY,
      })).filter((point) => Number.isFinite(point.z)),
    )
  }
  return lines
}

function hasHeight(z: Float64Array | undefined, from: number, end: number): boolean {
  for (let i = from; z !== undefined && i < end; i++) if (Number.isFinite(z[i]!)) return true
  return false
}
