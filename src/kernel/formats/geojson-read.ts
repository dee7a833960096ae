// GeoJSON to paths: every geometry type, heights kept, multi-parts and collections taken apart into points, lines and rings.

import type { Paths } from '../geo/paths.ts'
import { Float64Column, Int32Column } from './column.ts'
import { geojsonError, readGeojsonDocument } from './geojson-document.ts'

const MAX_VERTICES = 1_000_000
const MAX_VERTICES_PER_GEOMETRY = 200_000
/** A collection inside a collection is still read; deeper ones are refused. */
const MAX_COLLECTION_DEPTH = 2
/** Metres beyond which no projected coordinate of this Earth lies. */
const MAX_METERS = 1e8

export type PartKind = 'point' | 'line' | 'ring'

/** One path and the feature it belongs to. */
export interface GeojsonPart {
  kind: PartKind
  /** Number of the feature in the document. */
  feature: number
  /** Rings of one polygon share a number; -1 for points and lines. */
  polygon: number
  hole: boolean
}

export interface GeojsonContent {
  /** Code of the system the coordinates are in; 4326 (lon, lat in degrees) unless the document says otherwise. */
  epsg: number
  /** x, y (lon before lat), and z where any position has a third number; NaN for those without. */
  paths: Paths
  parts: GeojsonPart[]
  /** Properties per feature of the document. */
  properties: Record<string, unknown>[]
  /** Features without geometry, parts with too few different vertices, rings that had to be closed. */
  empty: number
  degenerate: number
  closedRings: number
  /** False when the bytes were no UTF-8 and were read as Windows-1252. */
  utf8: boolean
}

/**
 * Reads a document. GEOJSON_INVALID when it is none, when a number is a text or lies outside the Earth, or when it is larger than the limits; the
 * message names the place. Numbers are taken as they are, never guessed from text.
 */
export function readGeojson(bytes: Uint8Array): GeojsonContent {
  const { features, epsg, utf8 } = readGeojsonDocument(bytes)
  const reader = new GeometryReader(epsg === 4326 || epsg === 4674)
  for (const [i, { geometry, where }] of features.entries()) reader.read(geometry, i, where)
  const properties = features.map((feature) => feature.properties)
  return { ...reader.content(epsg, properties), utf8 }
}

class GeometryReader {
  private readonly degrees: boolean
  private readonly coords = new Float64Column()
  private readonly heights = new Float64Column()
  private readonly offsets = new Int32Column()
  private readonly parts: GeojsonPart[] = []
  private anyHeight = false
  private polygon = -1
  private geometryVertices = 0
  private empty = 0
  private degenerate = 0
  private closedRings = 0

  constructor(degrees: boolean) {
    this.degrees = degrees
    this.offsets.push(0)
  }

  read(geometry: unknown, feature: number, where: string): void {
    if (geometry === null) {
      this.empty++
      return
    }
    // A bare geometry has nothing above it.
    this.geometry(geometry, feature, where === 'the geometry' ? where : `${where}.geometry`, 0)
  }

  private geometry(value: unknown, feature: number, where: string, depth: number): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw geojsonError('is not an object', where)
    }
    const { type, coordinates, geometries } = value as Record<string, unknown>
    const at = `${where}.coordinates`
    this.geometryVertices = 0
    switch (type) {
      case 'Point':
        if (Array.isArray(coordinates) && coordinates.length === 0) this.empty++
        else this.path([coordinates], 'point', feature, at)
        return
      case 'MultiPoint':
        for (const [i, position] of list(coordinates, at).entries()) {
          this.path([position], 'point', feature, `${at}[${i}]`)
        }
        return
      case 'LineString':
        this.path(list(coordinates, at), 'line', feature, at)
        return
      case 'MultiLineString':
        for (const [i, line] of list(coordinates, at).entries()) {
          this.path(list(line, `${at}[${i}]`), 'line', feature, `${at}[${i}]`)
        }
        return
      case 'Polygon':
        this.rings(list(coordinates, at), feature, at)
        return
      case 'MultiPolygon':
        for (const [i, rings] of list(coordinates, at).entries()) {
          this.rings(list(rings, `${at}[${i}]`), feature, `${at}[${i}]`)
        }
        return
      case 'GeometryCollection':
        if (depth >= MAX_COLLECTION_DEPTH) throw geojsonError('is nested too deeply', where)
        for (const [i, part] of list(geometries, `${where}.geometries`).entries()) {
          this.geometry(part, feature, `${where}.geometries[${i}]`, depth + 1)
        }
        return
      default:
        throw geojsonError(`has the unknown type ${JSON.stringify(type)?.slice(0, 40)}`, where)
    }
  }

  private rings(rings: unknown[], feature: number, where: string): void {
    this.polygon++
    let hole = false
    for (const [i, ring] of rings.entries()) {
      const written = this.path(
        list(ring, `${where}[${i}]`),
        'ring',
        feature,
        `${where}[${i}]`,
        hole,
      )
      // Holes of an outer ring that is no ring have nothing to be cut out of.
      if (i === 0 && !written) return
      hole = true
    }
  }

  /** Writes one path; false when it had too few different vertices and was left out. */
  private path(
    positions: unknown[],
    kind: PartKind,
    feature: number,
    where: string,
    hole = false,
  ): boolean {
    const start = this.heights.length
    for (let i = 0; i < positions.length; i++) this.position(positions[i], where, i)
    const least = kind === 'point' ? 1 : kind === 'line' ? 2 : 3
    if (kind === 'ring' && this.closeRing(start)) this.closedRings++
    if (this.differentVertices(start, kind === 'ring') < least) {
      this.coords.length = start * 2
      this.heights.length = start
      if (positions.length === 0) this.empty++
      else this.degenerate++
      return false
    }
    this.offsets.push(this.heights.length)
    this.parts.push({ kind, feature, polygon: kind === 'ring' ? this.polygon : -1, hole })
    return true
  }

  private position(value: unknown, where: string, i: number): void {
    if (!Array.isArray(value) || value.length < 2) {
      throw geojsonError('is not a position [x, y]', `${where}[${i}]`)
    }
    const [x, y, z] = value as unknown[]
    if (typeof x !== 'number' || typeof y !== 'number') {
      throw geojsonError(
        'holds something that is not a number; write 12.5, not "12.5"',
        `${where}[${i}]`,
      )
    }
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      throw geojsonError('holds a number that is not finite', `${where}[${i}]`)
    }
    if (this.degrees && !(Math.abs(x) <= 180 && Math.abs(y) <= 90)) {
      throw geojsonError(
        'lies outside ±180 and ±90 degrees; coordinates in metres need a "crs" member that names their EPSG code',
        `${where}[${i}]`,
      )
    }
    if (Math.abs(x) > MAX_METERS || Math.abs(y) > MAX_METERS) {
      throw geojsonError('lies outside the Earth', `${where}[${i}]`)
    }
    if (++this.geometryVertices > MAX_VERTICES_PER_GEOMETRY) {
      throw geojsonError(
        `has more than ${MAX_VERTICES_PER_GEOMETRY} vertices in one geometry; cut it in parts`,
        where,
      )
    }
    if (this.heights.length >= MAX_VERTICES) {
      throw geojsonError(`has more than ${MAX_VERTICES} vertices; send it in parts`)
    }
    this.coords.push(x)
    this.coords.push(y)
    const height =
      typeof z === 'number' && Number.isFinite(z) && Math.abs(z) < 100_000 ? z : Number.NaN
    if (!Number.isNaN(height)) this.anyHeight = true
    this.heights.push(height)
  }

  /** Repeats the first vertex when the document did not; true when it had to. */
  private closeRing(start: number): boolean {
    const end = this.heights.length - 1
    if (end <= start) return false
    const { values } = this.coords
    const [x, y] = [values[start * 2]!, values[start * 2 + 1]!]
    if (values[end * 2] === x && values[end * 2 + 1] === y) return false
    this.coords.push(x)
    this.coords.push(y)
    this.heights.push(this.heights.values[start]!)
    return true
  }

  /** Vertices that differ from the one before; enough to tell a line from a dot and a ring from a line (three, closed). */
  private differentVertices(start: number, ring: boolean): number {
    const { values } = this.coords
    let different = 1
    for (let i = start + 1; i < this.heights.length; i++) {
      if (values[i * 2] !== values[i * 2 - 2] || values[i * 2 + 1] !== values[i * 2 - 1])
        different++
    }
    if (this.heights.length === start) return 0
    return ring ? different - 1 : different
  }

  content(epsg: number, properties: Record<string, unknown>[]): Omit<GeojsonContent, 'utf8'> {
    const offsets = Uint32Array.from(this.offsets.filled())
    const paths: Paths = { coords: this.coords.filled().slice(), offsets }
    if (this.anyHeight) paths.z = this.heights.filled().slice()
    const { parts, empty, degenerate, closedRings } = this
    return { epsg, paths, parts, properties, empty, degenerate, closedRings }
  }
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw geojsonError('is not a list', where)
  return value
}
