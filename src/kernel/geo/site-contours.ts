// Contours of a place: from grids in any system to lines in the drawing's metres, cut to the region asked for.
import { clipLines } from './clip.ts'
import type { Contours } from './contour.ts'
import { contourGrid } from './contour.ts'
import type { Grid } from './grid.ts'
import { mosaicGrids } from './mosaic.ts'
import type { Paths } from './paths.ts'
import type { Projector } from './projector.ts'
import type { Region } from './region.ts'
import { regionBbox, regionRing } from './region.ts'
import { refineGrid } from './smooth.ts'
import { transform } from './transform.ts'

export interface SiteContourOptions {
  intervalMeters: number
  /** Shorter lines are left out. */
  minLengthMeters?: number
  /** Points of the refined surface per cell: 1 = chords between the cells' edges, 2–4 = rounder. */
  smoothing?: number
  maxVertices?: number
  report?: (fraction: number) => void
}

export interface SiteContours {
  /** Metres of the projector's system. */
  paths: Paths
  levels: Float64Array
  levelNumbers: Int32Array
  /** The grid that was contoured, whole. */
  grid: Grid
}

/**
 * Isolines inside `region` (metres of the projector's system). One lattice is contoured, the one with the most heights under the
 * region (the first of equals), because lines of two surfaces do not meet. Null when no grid has a height there.
 */
export function siteContours(
  grids: readonly Grid[],
  projector: Projector,
  region: Region,
  options: SiteContourOptions,
): SiteContours | null {
  const { intervalMeters, minLengthMeters = 0, smoothing = 1, maxVertices, report } = options
  let best: { grid: Grid; part: Grid; ground: number } | null = null
  for (const grid of mosaicGrids(grids)) {
    const part = cropToRegion(grid, projector, region)
    if (part === null) continue
    const ground = validShare(part)
    if (ground > 0 && (best === null || ground > best.ground * 1.01)) best = { grid, part, ground }
  }
  if (best === null) return null
  const contours = contourGrid(refineGrid(best.part, smoothing), {
    intervalMeters,
    ...(maxVertices === undefined ? {} : { maxVertices }),
    ...(report === undefined ? {} : { report }),
  })
  toPlane(contours.paths.coords, best.grid.epsg, projector)
  return { ...cut(contours, region, minLengthMeters), grid: best.grid }
}

function cut(
  contours: Contours,
  region: Region,
  minLengthMeters: number,
): Pick<SiteContours, 'paths' | 'levels' | 'levelNumbers'> {
  const clipped = clipLines(contours.paths, region)
  const { coords, offsets } = clipped.paths
  const kept: number[] = []
  for (let path = 0; path + 1 < offsets.length; path++) {
    let length = 0
    for (let i = offsets[path]! + 1; i < offsets[path + 1]!; i++) {
      length += Math.hypot(
        coords[2 * i]! - coords[2 * i - 2]!,
        coords[2 * i + 1]! - coords[2 * i - 1]!,
      )
    }
    if (length > 0 && length >= minLengthMeters) kept.push(path)
  }
  const total = kept.reduce((sum, path) => sum + offsets[path + 1]! - offsets[path]!, 0)
  const paths: Paths = {
    coords: new Float64Array(2 * total),
    offsets: new Uint32Array(kept.length + 1),
  }
  const levels = new Float64Array(kept.length)
  const levelNumbers = new Int32Array(kept.length)
  let vertex = 0
  for (const [i, path] of kept.entries()) {
    paths.coords.set(coords.subarray(2 * offsets[path]!, 2 * offsets[path + 1]!), 2 * vertex)
    vertex += offsets[path + 1]! - offsets[path]!
    paths.offsets[i + 1] = vertex
    levels[i] = contours.levels[clipped.parent[path]!]!
    levelNumbers[i] = contours.levelNumbers[clipped.parent[path]!]!
  }
  return { paths, levels, levelNumbers }
}

/** In place, from the grid's system to the drawing's. */
function toPlane(coords: Float64Array, epsg: number, projector: Projector): void {
  if (epsg === projector.epsg) return
  if (epsg === 4326 || epsg === 4674) projector.forward(coords, coords)
  else coords.set(projector.forward(transform(epsg, 4674, coords).coords))
}

/** The part of a grid under the region's box and a cell around it; null when they do not meet. */
function cropToRegion(grid: Grid, projector: Projector, region: Region): Grid | null {
  const { west, south, east, north } = regionBbox(region)
  const box = regionRing({ kind: 'box', bbox: { west, south, east, north } })
  const edge = new Float64Array((box.length - 2) * 8)
  // The box's edges are curves in the grid's system: eight points on each.
  for (let side = 0; side < 4; side++) {
    for (let k = 0; k < 8; k++) {
      for (let axis = 0; axis < 2; axis++) {
        const a = box[2 * side + axis]!
        const b = box[2 * side + 2 + axis]!
        edge[2 * (8 * side + k) + axis] = a + ((b - a) * k) / 8
      }
    }
  }
  const places = grid.epsg === projector.epsg ? edge : projector.inverse(edge)
  const geographic = grid.epsg === 4326 || grid.epsg === 4674 || grid.epsg === projector.epsg
  const xy = geographic ? places : transform(4674, grid.epsg, places).coords
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let top = Number.POSITIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  for (let i = 0; i < xy.length; i += 2) {
    const column = (xy[i]! - grid.originX) / grid.cellSizeX
    const row = (grid.originY - xy[i + 1]!) / grid.cellSizeY
    left = Math.min(left, column)
    right = Math.max(right, column)
    top = Math.min(top, row)
    bottom = Math.max(bottom, row)
  }
  const firstColumn = Math.max(0, Math.floor(left) - 2)
  const firstRow = Math.max(0, Math.floor(top) - 2)
  const width = Math.min(grid.width, Math.ceil(right) + 3) - firstColumn
  const height = Math.min(grid.height, Math.ceil(bottom) + 3) - firstRow
  if (!(width >= 2 && height >= 2)) return null
  const cells = new (grid.cells.constructor as typeof Float64Array)(width * height)
  for (let r = 0; r < height; r++) {
    const at = (firstRow + r) * grid.width + firstColumn
    cells.set(grid.cells.subarray(at, at + width), r * width)
  }
  return {
    ...grid,
    cells,
    width,
    height,
    originX: grid.originX + firstColumn * grid.cellSizeX,
    originY: grid.originY - firstRow * grid.cellSizeY,
  }
}

/** Ground with heights, in units that compare between grids of one system: cells times their size. */
function validShare(grid: Grid): number {
  let valid = 0
  for (const z of grid.cells) if (!Number.isNaN(z)) valid++
  const degrees = grid.epsg === 4326 || grid.epsg === 4674
  const unit = degrees ? 111_000 : 1
  const latitudeWidth = degrees ? Math.cos((grid.originY * Math.PI) / 180) : 1
  return valid * grid.cellSizeX * grid.cellSizeY * unit * unit * latitudeWidth
}
