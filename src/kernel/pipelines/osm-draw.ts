// Cleaned and cut geometry to features: areas below lines, lines below points.

import type { Feature, FeatureKind, HeightFigures } from '../cad/drawing.ts'
import { heightFigures } from '../cad/height-figures.ts'
import type { LayerList } from '../cad/layer-list.ts'
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import { regionContains } from '../geo/region.ts'
import { orientRing } from '../geo/ring.ts'
import type { OsmAttributes } from './osm-attributes.ts'
import { OsmFeature } from './osm-feature.ts'
import type { Cleaned } from './osm-lines.ts'
import type { Selection } from './osm-select.ts'

/** Paths that were cut out of others, and which. */
export interface Parts {
  paths: Paths
  parent: ArrayLike<number>
}

/** Collects the features in the order of drawing. Their paths are numbered through, as if those of all parts stood in one list. */
export class OsmSheet {
  readonly features: Feature[] = []
  /** Number of the first line among the features. */
  firstLine = 0
  private readonly attributes: OsmAttributes
  private readonly layers: LayerList

  constructor(attributes: OsmAttributes, layers: LayerList) {
    this.attributes = attributes
    this.layers = layers
  }

  /** Areas; their rings are turned: outer ones counter-clockwise, holes clockwise. */
  rings({ paths, parent }: Parts, selection: Selection, { ringOf, twins }: Cleaned): void {
    const figures = heightFigures(paths)
    const { coords, z, offsets } = paths
    for (let i = 0; i < parent.length; i++) {
      const path = ringOf[parent[i]!]!
      const hole = selection.holes[path] === 1
      orientRing(coords, offsets[i]!, offsets[i + 1]!, !hole, z)
      const feature = this.add('ring', selection, figures, path, i)
      feature.polygon = selection.polygons[path]!
      feature.hole = hole
      const others = twins.get(path)
      if (others !== undefined)
        feature.mergedSources = this.otherSources(feature, selection, others)
    }
  }

  lines({ paths, parent }: Parts, selection: Selection, cleaned: Cleaned): void {
    const figures = heightFigures(paths)
    this.firstLine = this.features.length
    for (let i = 0; i < parent.length; i++) {
      const line = parent[i]!
      const from = cleaned.memberOffsets[line]!
      const end = cleaned.memberOffsets[line + 1]!
      const feature = this.add('line', selection, figures, cleaned.members[from]!, i)
      if (end - from > 1) {
        const others = cleaned.members.subarray(from + 1, end)
        feature.mergedSources = this.otherSources(feature, selection, others)
      }
    }
  }

  points({ paths, parent }: Parts, selection: Selection): void {
    const figures = heightFigures(paths)
    for (let i = 0; i < parent.length; i++) this.add('point', selection, figures, parent[i]!, i)
  }

  private add(
    kind: FeatureKind,
    { classes, features }: Selection,
    figures: HeightFigures | null,
    path: number,
    place: number,
  ): OsmFeature {
    const classified = classes[path]!
    const feature = new OsmFeature(
      kind,
      this.features.length,
      this.layers.indexOf(classified.layer),
      place,
      features[path]!,
      classified,
      figures,
      this.attributes,
    )
    this.features.push(feature)
    return feature
  }

  /** The further elements of a line or area, each once; null when there is only the first, perhaps several times. */
  private otherSources(
    first: OsmFeature,
    { features }: Selection,
    others: ArrayLike<number>,
  ): string[] | null {
    const merged = new Set<string>()
    for (let k = 0; k < others.length; k++)
      merged.add(this.attributes.source(features[others[k]!]!))
    merged.delete(first.source)
    return merged.size > 0 ? [...merged] : null
  }
}

/** The points in the region, each a path of one vertex. */
export function pointsInside({ coords, offsets }: Paths, region: Region): Parts {
  const count = pathCount({ coords, offsets })
  const parent = new Uint32Array(count)
  const inside = new Float64Array(2 * count)
  let found = 0
  for (let i = 0; i < count; i++) {
    const x = coords[i * 2]!
    const y = coords[i * 2 + 1]!
    if (!regionContains(region, x, y)) continue
    parent[found] = i
    inside[2 * found] = x
    inside[2 * found + 1] = y
    found++
  }
  const places = new Uint32Array(found + 1)
  for (let i = 1; i <= found; i++) places[i] = i
  return {
    paths: { coords: inside.slice(0, 2 * found), offsets: places },
    parent: parent.slice(0, found),
  }
}
