// Road edges of a drawing: streets with a width become the outline of the road surface, one set per storey, cut to the
// site's shape, on a layer of their own.
import type { Feature } from '../cad/drawing.ts'
import { blankFeature } from '../cad/drawing.ts'
import { clipLoops } from '../geo/clip-loops.ts'
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import { roadEdgesByLevel } from '../geo/road-levels.ts'

/** What the edges need to know of one centre line. */
export interface Road {
  /** Full width in metres; null or not above zero = no edges (no carriageway, or nobody knows). */
  widthMeters: number | null
  /** Storey; see cad/carriageway.ts. */
  level: number
}

export interface RoadEdgeLines {
  paths: Paths
  /** One per path, `path` counted from 0, heights not filled in. */
  features: Feature[]
}

/**
 * The edges as lines (closed where the outline is whole): kerbs along the street, square at dead ends, round at outer
 * corners, open where a bridge or tunnel goes on in another storey. `lines` are metres and should NOT be clipped yet, so
 * that no street seems to end at the region's edge; `roads[i]` describes line i. `layer` is the drawing's layer index.
 * `progress` hears 0 to 1 about every 50 ms of work and may throw to end it.
 * @throws AppError GEOMETRY_INVALID for vertices that are not finite.
 */
export function drawRoadEdges(
  lines: Paths,
  roads: readonly Road[],
  region: Region | null,
  layer: number,
  progress: (fraction: number) => void = () => {},
): RoadEdgeLines {
  const widths = Float64Array.from(roads, ({ widthMeters }) => widthMeters ?? 0)
  const levels = Int32Array.from(roads, ({ level }) => level)
  const edges = roadEdgesByLevel(lines, widths, levels, progress)
  const { paths, parent } = region === null ? whole(edges.paths) : clipLoops(edges.paths, region)
  const features: Feature[] = []
  for (let path = 0; path < pathCount(paths); path++) {
    const feature = blankFeature('line', path, layer)
    feature.class = 'road=edge'
    const level = edges.levels[parent[path]!]!
    if (level !== 0) feature.properties = { level }
    features.push(feature)
  }
  return { paths, features }
}

function whole(paths: Paths): { paths: Paths; parent: Uint32Array } {
  return { paths, parent: Uint32Array.from({ length: pathCount(paths) }, (_, i) => i) }
}
