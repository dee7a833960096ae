// A drawing as GeoJSON (RFC 7946): WGS 84 longitude and latitude, rings as polygons with holes, attributes as properties.
import { AppError } from '../../base/errors.ts'
import type { Drawing, Feature } from '../cad/drawing.ts'
import { createProjector } from '../geo/projector.ts'
import { ByteWriter } from './byte-writer.ts'
import { groupPolygons, type PolygonGroup } from './geojson-rings.ts'
import { encodeUtf8 } from './utf8.ts'

/**
 * Decimals of a degree. One unit of the ninth is 0.11 mm on the ground, so rounding moves a point by at most
 * 0.056 mm along each axis, 0.079 mm in all: less than the tenth of a millimetre that the round trip may cost.
 */
const DEGREE_DECIMALS = 9
const METER_DECIMALS = 3

const FEATURE = encodeUtf8('{"type":"Feature","geometry":')
const PROPERTIES = encodeUtf8(',"properties":{"layer":')
const CLASS = encodeUtf8(',"class":')
const SOURCE = encodeUtf8(',"source":')
const VERSION = encodeUtf8(',"version":')
const NAME = encodeUtf8(',"name":')
const HIGHWAY = encodeUtf8(',"highway":')
const WIDTH_M = encodeUtf8(',"width_m":')
const HEIGHT_M = encodeUtf8(',"height_m":')
const LEVELS = encodeUtf8(',"levels":')
const ELEVATION = encodeUtf8(',"elevation":')
const ELEVATION_MIN = encodeUtf8(',"elevation_min":')
const ELEVATION_MAX = encodeUtf8(',"elevation_max":')
const SLOPE = encodeUtf8(',"slope":')
const BLOCK_NAME = encodeUtf8(',"block_name":')
const ROTATION = encodeUtf8(',"rotation":')
const SCALE = encodeUtf8(',"scale":')
const COLOR = encodeUtf8(',"color":')
const TEXT = encodeUtf8(',"text":')
const TEXT_HEIGHT_M = encodeUtf8(',"text_height_m":')
const MERGED = encodeUtf8(',"merged_sources":')
const TAGS = encodeUtf8(',"tags":')

export interface GeojsonOptions {
  /** When the data was fetched, for the collection's members; null leaves it out. */
  retrievedAt?: string | null
}

/**
 * One Feature for each line, point, text and polygon. Outer rings run counter-clockwise, holes clockwise; a height is the third
 * coordinate of every vertex of a geometry or of none. Geometries that are not finite, or have too few vertices, get
 * `"geometry": null`, which the RFC has for what cannot be located. CRS_UNKNOWN when the drawing's system is not known.
 */
export function writeGeojson(drawing: Drawing, options: GeojsonOptions = {}): Uint8Array {
  const { paths, features } = drawing
  const lonLat = createProjector(drawing.epsg).inverse(paths.coords)
  const groups = groupPolygons(drawing)
  const layerNames = drawing.layers.map((layer) => {
    const name = new ByteWriter(64)
    name.jsonString(layer.name)
    return name.take()
  })
  const writer = new ByteWriter(4096 + paths.coords.length * 16 + features.length * 160)
  const geometry = new GeometryWriter(writer, drawing, lonLat)
  writer.text('{"type":"FeatureCollection","crs_out":')
  writer.jsonString(`EPSG:${drawing.epsg}`)
  writer.text(',"vertical_datum":')
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
    if (!first) writer.text(',\n')
    first = false
    writer.bytes(FEATURE)
    geometry.write(feature, group)
    writer.bytes(PROPERTIES)
    const layerName = layerNames[feature.layer]
    if (layerName === undefined) {
      throw new AppError('INTERNAL', 'A feature names a layer that the drawing does not have.')
    }
    writer.bytes(layerName)
    writeProperties(writer, feature)
    writer.text('}}')
  }
  writer.text(']}\n')
  return writer.take()
}

/** Properties after `layer`; what is unknown is left out, the source's own tags are under `tags`. */
function writeProperties(writer: ByteWriter, feature: Feature): void {
  writeText(writer, CLASS, feature.class)
  writeText(writer, SOURCE, feature.source)
  writeNumber(writer, VERSION, feature.version)
  writeText(writer, NAME, feature.name)
  writeText(writer, HIGHWAY, feature.highway)
  writeNumber(writer, WIDTH_M, feature.width)
  writeNumber(writer, HEIGHT_M, feature.height)
  writeNumber(writer, LEVELS, feature.levels)
  writeNumber(writer, ELEVATION, feature.elevation)
  writeNumber(writer, ELEVATION_MIN, feature.minElevation)
  writeNumber(writer, ELEVATION_MAX, feature.maxElevation)
  writeNumber(writer, SLOPE, feature.slope)
  writeText(writer, BLOCK_NAME, feature.block)
  writeNumber(writer, ROTATION, feature.rotation, 6)
  writeNumber(writer, SCALE, feature.scale, 6)
  writeText(writer, COLOR, feature.color)
  writeText(writer, TEXT, feature.text)
  writeNumber(writer, TEXT_HEIGHT_M, feature.textHeight)
  if (feature.mergedSources !== null) {
    writer.bytes(MERGED)
    writeStrings(writer, feature.mergedSources)
  }
  if (feature.properties !== null) {
    writer.bytes(TAGS)
    writeTags(writer, feature.properties)
  }
}

function writeText(writer: ByteWriter, key: Uint8Array, value: string | null): void {
  if (value === null) return
  writer.bytes(key)
  writer.jsonString(value)
}

function writeNumber(
  writer: ByteWriter,
  key: Uint8Array,
  value: number | null,
  decimals = METER_DECIMALS,
): void {
  if (value === null || !(Math.abs(value) < 1e21)) return
  writer.bytes(key)
  writer.decimal(value, decimals)
}

/** An array of strings. */
export function writeStrings(writer: ByteWriter, values: readonly string[]): void {
  writer.byte(91)
  for (let i = 0; i < values.length; i++) {
    if (i > 0) writer.byte(44)
    writer.jsonString(values[i]!)
  }
  writer.byte(93)
}

/** Source tags as a JSON object. */
export function writeTags(
  writer: ByteWriter,
  tags: Readonly<Record<string, string | number | boolean | null>>,
): void {
  writer.byte(123)
  let first = true
  for (const key in tags) {
    if (!Object.hasOwn(tags, key)) continue
    if (!first) writer.byte(44)
    first = false
    writer.jsonString(key)
    writer.byte(58)
    writer.jsonScalar(tags[key]!)
  }
  writer.byte(125)
}

/** Writes geometries out of the drawing's projected coordinates. */
class GeometryWriter {
  private readonly writer: ByteWriter
  private readonly drawing: Drawing
  private readonly lonLat: Float64Array

  constructor(writer: ByteWriter, drawing: Drawing, lonLat: Float64Array) {
    this.writer = writer
    this.drawing = drawing
    this.lonLat = lonLat
  }

  write(feature: Feature, group: PolygonGroup | undefined): void {
    const { writer } = this
    if (group !== undefined) {
      this.writePolygons(group)
      return
    }
    const [first, end] = this.span(feature)
    const line = feature.kind === 'line'
    if (end - first < (line ? 2 : 1) || !this.finite(first, line ? end : first + 1)) {
      writer.text('null')
      return
    }
    if (line) {
      writer.text('{"type":"LineString","coordinates":')
      this.positions(first, end, 1, this.hasHeights(first, end))
    } else {
      writer.text('{"type":"Point","coordinates":')
      this.position(first, this.hasHeights(first, first + 1), feature.elevation)
    }
    writer.byte(125)
  }

  private writePolygons(group: PolygonGroup): void {
    const { writer } = this
    const parts = group.parts
      .filter((part) => this.drawable(part.outer))
      .map((part) => ({ ...part, holes: part.holes.filter((hole) => this.drawable(hole)) }))
    if (parts.length === 0) {
      writer.text('null')
      return
    }
    const rings = parts.flatMap((part) => [part.outer, ...part.holes])
    const withHeights = rings.every((ring) => {
      const [first, end] = this.span(this.drawing.features[ring]!)
      return this.hasHeights(first, end)
    })
    const several = parts.length > 1
    writer.text(
      several ? '{"type":"MultiPolygon","coordinates":[' : '{"type":"Polygon","coordinates":',
    )
    parts.forEach((part, p) => {
      if (p > 0) writer.byte(44)
      writer.byte(91)
      this.ring(part.outer, true, withHeights)
      for (const hole of part.holes) {
        writer.byte(44)
        this.ring(hole, false, withHeights)
      }
      writer.byte(93)
    })
    writer.text(several ? ']}' : '}')
  }

  /** A ring in the direction asked for, closed. */
  private ring(index: number, counterClockwise: boolean, withHeights: boolean): void {
    const [first, end] = this.span(this.drawing.features[index]!)
    const direction = this.twiceArea(first, end) > 0 === counterClockwise ? 1 : -1
    this.positions(first, end, direction, withHeights)
    if (!this.closed(first, end)) {
      this.writer.length--
      this.writer.byte(44)
      this.position(direction > 0 ? first : end - 1, withHeights, null)
      this.writer.byte(93)
    }
  }

  private positions(first: number, end: number, direction: 1 | -1, withHeights: boolean): void {
    const { writer } = this
    writer.byte(91)
    if (direction > 0 && !withHeights) {
      writer.jsonPositions(this.lonLat, first, end, DEGREE_DECIMALS)
      writer.byte(93)
      return
    }
    const count = end - first
    for (let i = 0; i < count; i++) {
      if (i > 0) writer.byte(44)
      this.position(direction > 0 ? first + i : end - 1 - i, withHeights, null)
    }
    writer.byte(93)
  }

  private position(vertex: number, withHeight: boolean, height: number | null): void {
    const { writer, lonLat } = this
    writer.byte(91)
    writer.decimal(lonLat[2 * vertex]!, DEGREE_DECIMALS)
    writer.byte(44)
    writer.decimal(lonLat[2 * vertex + 1]!, DEGREE_DECIMALS)
    if (withHeight) {
      writer.byte(44)
      writer.decimal(this.drawing.paths.z![vertex]!, METER_DECIMALS)
    } else if (height !== null && Math.abs(height) < 1e15) {
      writer.byte(44)
      writer.decimal(height, METER_DECIMALS)
    }
    writer.byte(93)
  }

  private span(feature: Feature): [number, number] {
    const { offsets } = this.drawing.paths
    return [offsets[feature.path]!, offsets[feature.path + 1]!]
  }

  private closed(first: number, end: number): boolean {
    const { coords } = this.drawing.paths
    return (
      coords[2 * first] === coords[2 * end - 2] && coords[2 * first + 1] === coords[2 * end - 1]
    )
  }

  /** Whether the ring has at least three different vertices, all finite, and an area. */
  private drawable(index: number): boolean {
    const [first, end] = this.span(this.drawing.features[index]!)
    const least = this.closed(first, end) ? 4 : 3
    return end - first >= least && this.finite(first, end) && this.twiceArea(first, end) !== 0
  }

  private finite(first: number, end: number): boolean {
    const { lonLat } = this
    for (let i = 2 * first; i < 2 * end; i++) {
      if (!(Math.abs(lonLat[i]!) <= 1e6)) return false
    }
    return true
  }

  private hasHeights(first: number, end: number): boolean {
    const { z } = this.drawing.paths
    if (z === undefined) return false
    for (let i = first; i < end; i++) {
      if (!(Math.abs(z[i]!) < 1e15)) return false
    }
    return true
  }

  /** Shoelace around the first vertex, so that large coordinates lose no digits. Positive: counter-clockwise. */
  private twiceArea(first: number, end: number): number {
    const { lonLat } = this
    const x0 = lonLat[2 * first]!
    const y0 = lonLat[2 * first + 1]!
    let sum = 0
    for (let i = first + 1; i + 1 < end; i++) {
      const ax = lonLat[2 * i]! - x0
      const ay = lonLat[2 * i + 1]! - y0
      sum += ax * (lonLat[2 * i + 3]! - y0) - (lonLat[2 * i + 2]! - x0) * ay
    }
    return sum
  }
}
