// Contours of a place: from grids in any system to lines in the drawing's metres, cut to the region asked for.
import { clipLines } from './clip.ts'
import { contourLines, levelHeights } from './contour.ts'
import { createLineCollector } from './contour-collect.ts'
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
  maxLines?: number
  report?: (fraction: number) => void
}

export interface SiteContours {
  /** Metres of the projector's system. */
  paths: Paths
  levels: Float64Array
  levelNumbers: Int32Array
  /** The grid that was contoured, whole. */
  grid: Grid
  /** Whether the surface was refined as asked; false when it would have grown too large. */
  smoothed: boolean
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
  const { minLengthMeters = 0, smoothing = 1, ...limits } = options
  const best = groundUnder(grids, projector, region)
  if (best === null) return null
  const collector = createLineCollector()
  const surface = refineGrid(best.part, smoothing)
  contourLines(surface, limits, ({ paths, levelNumbers, done }) => {
    gridToPlane(paths.coords, best.grid.epsg, projector)
    const clipped = clipLines(paths, region)
    const kept = longEnough(clipped.paths, minLengthMeters)
    const numbers = Int32Array.from(kept.lines, (line) => levelNumbers[clipped.parent[line]!]!)
    collector.add(kept.paths, numbers, done)
  })
  const { paths, levelNumbers } = collector.take()
  const levels = levelHeights(levelNumbers, options.intervalMeters)
  const smoothed = smoothing > 1 && surface !== best.part
  return { paths, levels, levelNumbers, grid: best.grid, smoothed }
}

/** Lines of some length, at least `minLengthMeters`, and their numbers among all. */
function longEnough(
  { coords, offsets }: Paths,
  minLengthMeters: number,
): { paths: Paths; lines: number[] } {
  const lines: number[] = []
  const kept = { coords: new Float64Array(coords.length), offsets: new Uint32Array(offsets.length) }
  let vertices = 0
  for (let line = 0; line + 1 < offsets.length; line++) {
    const first = offsets[line]!
    const end = offsets[line + 1]!
    let length = 0
    for (let i = first + 1; i < end; i++) {
      length += Math.hypot(
        coords[2 * i]! - coords[2 * i - 2]!,
        coords[2 * i + 1]! - coords[2 * i - 1]!,
      )
    }
    if (!(length > 0 && length >= minLengthMeters)) continue
    kept.coords.set(coords.subarray(2 * first, 2 * end), 2 * vertices)
    vertices += end - first
    lines.push(line)
    kept.offsets[lines.length] = vertices
  }
  const paths = {
    coords: kept.coords.subarray(0, 2 * vertices),
    offsets: kept.offsets.subarray(0, lines.length + 1),
  }
  return { paths, lines }
}
