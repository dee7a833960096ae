// A drawing as GeoJSON (RFC 7946): WGS 84 longitude and latitude, rings as polygons with holes, attributes as properties.
import { AppError } from '../../base/errors.ts'
import type { Drawing } from '../cad/drawing.ts'
import { type TransformOptions, transform } from '../geo/transform.ts'
import { ByteWriter, fragmentOf, jsonFragmentOf } from './byte-writer.ts'
import { GeometryWriter } from './geojson-geometry.ts'
import { writeProperties } from './geojson-properties.ts'
import { groupPolygons } from './geojson-rings.ts'
import { writeStrings } from './json-tags.ts'

/** EPSG code of longitude and latitude as the RFC wants them. */
const WGS84 = 4326

const FEATURE = fragmentOf('{"type":"Feature","geometry":')
const PROPERTIES = fragmentOf(',"properties":{"layer":')
const NEXT = fragmentOf(',\n')
const END = fragmentOf('}}')

export interface GeojsonOptions {
  /** When the data was fetched, for the collection's members; null leaves it out. */
  retrievedAt?: string | null
  /** Datum grids at hand; without the one a drawing's datum has, the published translation serves, or nothing does. */
  grids?: TransformOptions['grids']
}

/**
 * One Feature for each line, point, text and polygon. Outer rings run counter-clockwise, holes clockwise; a height is the third
 * coordinate of every vertex of a geometry or of none. Geometries that are not finite, or have too few vertices, get
 * `"geometry": null`, which the RFC has for what cannot be located. The member `datum_operation`
 * says how the drawing's datum became WGS 84 and how well. CRS_UNKNOWN when the drawing's system is not known, CRS_REFUSED when its datum
 * cannot be brought to WGS 84 with what is at hand.
 */
export function writeGeojson(drawing: Drawing, options: GeojsonOptions = {}): Uint8Array {
  const { paths, features } = drawing
  // Never the drawing's own degrees: a datum of the last century is up to seventy metres off.
  const { coords: lonLat, operation } = transform(drawing.epsg, WGS84, paths.coords, {
    grids: options.grids ?? [],
  })
  const groups = groupPolygons(drawing)
  const layerNames = drawing.layers.map((layer) => jsonFragmentOf(layer.name))
  const writer = new ByteWriter(4096 + paths.coords.length * 16 + features.length * 160)
  const geometry = new GeometryWriter(writer, drawing, lonLat)
  writer.text('{"type":"FeatureCollection","crs_out":')
  writer.jsonString(`EPSG:${drawing.epsg}`)
  writer.text(',"datum_operation":{"name":')
  writer.jsonString(operation.name)
  writer.text(',"accuracy_m":')
  writer.jsonDecimal(operation.accuracyMeters, 3)
  writer.text(',"grids":')
  writeStrings(writer, operation.grids)
  writer.text(',"fallback":')
  writer.jsonString(operation.fallback)
  writer.text('},"vertical_datum":')
  writer.jsonString(drawing.verticalDatum)
  writer.text(',"attribution":')
  writer.jsonString(drawing.credits.length === 0 ? null : drawing.credits.join('\n'))
  writer.text(',"source_timestamp":')
  writer.jsonString(drawing.sourceTimestamp)
  writer.text(',"retrieved_at":')
  writer.jsonString(options.retrievedAt ?? null)
  writer.text(',"features":[')
  let first = true
  for (let i = 0; i < features.length; i++) {
    const feature = features[i]!
    const group = feature.kind === 'ring' ? groups.get(i) : undefined
    // The other rings of a polygon are part of its first one's geometry.
    if (feature.kind === 'ring' && group === undefined) continue
    if (!first) writer.fragment(NEXT)
    first = false
    writer.fragment(FEATURE)
    geometry.write(feature, group)
    writer.fragment(PROPERTIES)
    const layerName = layerNames[feature.layer]
    if (layerName === undefined) {
      throw new AppError('INTERNAL', 'A feature names a layer that the drawing does not have.')
    }
    writer.fragment(layerName)
    writeProperties(writer, feature)
    writer.fragment(END)
  }
  writer.text(']}\n')
  return writer.take()
}
