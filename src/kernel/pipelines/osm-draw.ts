// Attributes of OSM features in the drawing: what stands beside the geometry.

import type { Classified } from '../cad/classify.ts'
import type { Feature, FeatureKind, Scalar } from '../cad/drawing.ts'
import { blankFeature } from '../cad/drawing.ts'
import { buildingHeightMeters, buildingLevels } from '../cad/height.ts'
import type { LayerList } from '../cad/layer-list.ts'
import { roadWidthMeters } from '../cad/width.ts'
import type { OsmData } from '../formats/osm-data.ts'
import { NODE, WAY } from '../formats/osm-data.ts'
import type { OsmFeatures } from '../formats/osm-features.ts'

/** Makes the attributes of features from their tags. */
export class OsmAttributes {
  private readonly data: OsmData
  private readonly features: OsmFeatures
  private readonly layers: LayerList

  constructor(data: OsmData, features: OsmFeatures, layers: LayerList) {
    this.data = data
    this.features = features
    this.layers = layers
  }

  /** Value of a tag of feature `i`, or null. */
  tag(i: number, key: string): string | null {
    const { tagKeys, tagValues, strings } = this.data
    for (let t = this.features.tagStart[i]!; t < this.features.tagEnd[i]!; t++) {
      if (strings[tagKeys[t]!] === key) return strings[tagValues[t]!]!
    }
    return null
  }

  /** `way/123`. */
  source(i: number): string {
    const type = this.features.elementTypes[i]!
    const word = type === NODE ? 'node' : type === WAY ? 'way' : 'relation'
    return `${word}/${this.features.ids[i]!}`
  }

  /** Road width in metres of feature `i`; null for what is no road. */
  width(i: number, { key, value }: Classified): number | null {
    return key === 'highway' ? roadWidthMeters(value, (tag) => this.tag(i, tag)) : null
  }

  /** The feature with everything but its heights. `path` counts within its kind for now. */
  feature(kind: FeatureKind, path: number, i: number, classified: Classified): Feature {
    const { key, value, layer, block } = classified
    const feature = blankFeature(kind, path, this.layers.indexOf(layer))
    const version = this.features.versions[i]!
    feature.source = this.source(i)
    feature.version = version > 0 ? version : null
    feature.class = `${key}=${value}`
    feature.name = this.tag(i, 'name') ?? this.tag(i, 'ref')
    if (key === 'highway') feature.highway = value
    if (kind === 'line') feature.width = this.width(i, classified)
    if (key === 'building' || key === 'building:part') {
      const tagOf = (tag: string) => this.tag(i, tag)
      feature.height = buildingHeightMeters(tagOf)
      feature.levels = buildingLevels(tagOf)
    }
    if (kind === 'point') {
      feature.block = block
      feature.rotation = rotationOf(this.tag(i, 'direction'))
      feature.scale = 1
    }
    feature.properties = this.properties(i)
    return feature
  }

  private properties(i: number): Record<string, Scalar> {
    const { tagKeys, tagValues, strings } = this.data
    const properties: Record<string, Scalar> = {}
    for (let t = this.features.tagStart[i]!; t < this.features.tagEnd[i]!; t++) {
      const key = strings[tagKeys[t]!]!
      // A tag of this name would change the object's prototype instead of being stored.
      if (key !== '__proto__') properties[key] = strings[tagValues[t]!]!
    }
    return properties
  }
}

/** `direction=90` (degrees clockwise from north) as radians counter-clockwise from east; 0 for anything else. */
function rotationOf(direction: string | null): number {
  if (direction === null || !/^\s*\d{1,3}(\.\d+)?\s*$/.test(direction)) return 0
  const degrees = 90 - Number(direction)
  return ((((degrees % 360) + 360) % 360) * Math.PI) / 180
}
