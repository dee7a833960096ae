// Road edges of an OpenStreetMap drawing: its cleaned streets with a carriageway, by the width and storey their tags give.
import { isCarriageway, roadLevel } from '../cad/carriageway.ts'
import { setHeightFigures } from '../cad/height-figures.ts'
import { pathCount } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import type { Ground } from './ground.ts'
import type { OsmAttributes } from './osm-attributes.ts'
import type { Cleaned } from './osm-lines.ts'
import type { Selection } from './osm-select.ts'
import type { Road, RoadEdgeLines } from './road-edges.ts'
import { drawRoadEdges } from './road-edges.ts'

/** Edges inside the region, on the ground where there is one. `lines` is the selection that `cleaned` was made from. */
export function osmRoadEdges(
  cleaned: Cleaned,
  lines: Selection,
  attributes: OsmAttributes,
  region: Region,
  ground: Ground,
  layer: number,
  progress: (fraction: number) => void,
): RoadEdgeLines {
  const roads: Road[] = []
  for (let line = 0; line < pathCount(cleaned.lines); line++) {
    // Joined lines agree in width and storey.
    const path = cleaned.members[cleaned.memberOffsets[line]!]!
    const classified = lines.classes[path]!
    const feature = lines.features[path]!
    const drawn = classified.key === 'highway' && isCarriageway(classified.value)
    roads.push({
      widthMeters: drawn ? attributes.width(feature, classified) : null,
      level: drawn ? roadLevel((key) => attributes.tag(feature, key)) : 0,
    })
  }
  const edges = drawRoadEdges(cleaned.lines, roads, region, layer, progress)
  const heights = ground.heights(edges.paths.coords)
  if (heights !== null) edges.paths.z = heights
  for (const [i, feature] of edges.features.entries()) setHeightFigures(feature, edges.paths, i)
  return edges
}
