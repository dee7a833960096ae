// Contours of a place: from grids in any system to lines in the drawing's metres, cut to the region asked for.
import { clipLines } from './clip.ts'
import type { Contours } from './contour.ts'
import { contourGrid } from './contour.ts'
import type { Grid } from './grid.ts'
import { gridToPlane, groundUnder } from './ground-under.ts'
import type { Paths } from './paths.ts'
import type { Projector } from './projector.ts'
import type { Region } from './region.ts'
import { refineGrid } from './smooth.ts'

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
  const best = groundUnder(grids, projector, region)
  if (best === null) return null
  const contours = contourGrid(refineGrid(best.part, smoothing), {
    intervalMeters,
    ...(maxVertices === undefined ? {} : { maxVertices }),
    ...(report === undefined ? {} : { report }),
  })
  gridToPlane(contours.paths.coords, best.grid.epsg, projector)
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
