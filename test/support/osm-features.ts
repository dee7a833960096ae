// Features of our assembly and of osmtogeojson in one comparable form: order, ring direction and ring start do not count.

import { assembleOsm } from '../../src/kernel/formats/osm-assemble.ts'
import { NODE, type OsmData, WAY } from '../../src/kernel/formats/osm-data.ts'
import { AREA, LINE, type OsmFeatures } from '../../src/kernel/formats/osm-features.ts'

type Position = number[]

/** A ring as text: starting at its smallest vertex, in the direction that sorts first. */
function ringText(ring: Position[]): string {
  const open = ring.slice(0, -1).map((position) => position.join(' '))
  const least = open.reduce((best, text, i) => (text < open[best]! ? i : best), 0)
  const turned = [...open.slice(least), ...open.slice(0, least)]
  const back = [turned[0]!, ...turned.slice(1).reverse()]
  return [turned.join(','), back.join(',')].sort()[0]!
}

function polygonText(rings: Position[][]): string {
  const [outer, ...holes] = rings.map(ringText)
  return `(${outer}${holes
    .sort()
    .map((hole) => ` - ${hole}`)
    .join('')})`
}

/** One line of text per feature of a GeoJSON collection made by osmtogeojson with its default properties. */
export function normalFeatures(collection: { features: unknown[] }): string[] {
  return (
    collection.features as {
      id: string
      properties: { tags?: object; geometry?: string }
      geometry: { type: string; coordinates: never }
    }[]
  )
    .filter(
      ({ geometry, properties }) =>
        geometry.type !== 'Point' || Object.keys(properties.tags ?? {}).length > 0,
    )
    .filter(({ properties }) => properties.geometry === undefined)
    .map(({ id, properties, geometry }) => {
      const { type, coordinates } = geometry
      const shape =
        type === 'Point'
          ? String((coordinates as number[]).join(' '))
          : type === 'LineString'
            ? (coordinates as Position[]).map((position) => position.join(' ')).join(',')
            : type === 'Polygon'
              ? polygonText(coordinates as Position[][])
              : (coordinates as Position[][][]).map(polygonText).sort().join(' + ')
      return `${id} ${type.replace('MultiPolygon', 'Polygon')} ${tagText(properties.tags ?? {})} ${shape}`
    })
    .sort()
}

function tagText(tags: object): string {
  return JSON.stringify(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The same for our features. */
export function ourFeatures(data: OsmData): string[] {
  const { features } = assembleOsm(data)
  const texts: string[] = []
  for (let i = 0; i < features.count; i++) texts.push(featureText(data, features, i))
  return texts.sort()
}

function featureText(data: OsmData, features: OsmFeatures, i: number): string {
  const type = features.elementTypes[i]!
  const id = `${type === NODE ? 'node' : type === WAY ? 'way' : 'relation'}/${features.ids[i]}`
  const tags: Record<string, string> = {}
  for (let t = features.tagStart[i]!; t < features.tagEnd[i]!; t++) {
    tags[data.strings[data.tagKeys[t]!]!] = data.strings[data.tagValues[t]!]!
  }
  const { coords, offsets } = features.paths
  const rings: Position[][] = []
  for (let p = features.pathStart[i]!; p < features.pathEnd[i]!; p++) {
    const ring: Position[] = []
    for (let v = offsets[p]!; v < offsets[p + 1]!; v++)
      ring.push([coords[v * 2]!, coords[v * 2 + 1]!])
    rings.push(ring)
  }
  const kind = features.kinds[i]
  if (kind !== AREA) {
    const shape = rings
      .map((ring) => ring.map((position) => position.join(' ')).join(','))
      .join(' / ')
    return `${id} ${kind === LINE ? 'LineString' : 'Point'} ${tagText(tags)} ${shape}`
  }
  const polygons: Position[][][] = []
  rings.forEach((ring, k) => {
    if (features.holes[features.pathStart[i]! + k] === 1) polygons.at(-1)!.push(ring)
    else polygons.push([ring])
  })
  return `${id} Polygon ${tagText(tags)} ${polygons.map(polygonText).sort().join(' + ')}`
}
