// GeoJSON bytes to a checked list of geometries: nesting, sizes and numbers are judged before anything is computed with them.
import { AppError } from '../../base/errors.ts'
import { scanJson } from './json-scan.ts'
import { decodeUtf8 } from './utf8.ts'

/** Refused beyond these; see the README's table of limits. */
const MAX_DEPTH = 32
const MAX_OPENERS = 1_500_000
const MAX_FEATURES = 100_000
/** A document may come as a JSON string that holds a JSON string …: the panel and the plugin each wrap it once. */
const MAX_WRAPPINGS = 3

/** A feature or bare geometry of the document, not yet looked into. */
export interface RawFeature {
  geometry: unknown
  properties: Record<string, unknown>
  /** Where it stands in the document, for messages: `features[3]`. */
  where: string
}

export interface GeojsonDocument {
  features: RawFeature[]
  /** Code of the old `crs` member; 4326 when there is none. */
  epsg: number
}

export function geojsonError(problem: string, where: string | null = null): AppError {
  return new AppError(
    'GEOJSON_INVALID',
    `GeoJSON: ${where === null ? '' : `${where} `}${problem}.`,
    {
      data: where === null ? { problem } : { problem, where },
    },
  )
}

/** The features of a document: FeatureCollection, Feature, bare geometry, each also as a (doubly) encoded string. GEOJSON_INVALID says what is wrong. */
export function readGeojsonDocument(bytes: Uint8Array): GeojsonDocument {
  const document = parse(bytes)
  const { type } = document
  const epsg = epsgOf(document.crs)
  if (type === 'FeatureCollection') {
    if (!Array.isArray(document.features)) throw geojsonError('has no list of features')
    if (document.features.length > MAX_FEATURES) {
      throw geojsonError(`has more than ${MAX_FEATURES} features; send it in parts`)
    }
    return {
      epsg,
      features: document.features.map((feature, i) => rawFeature(feature, `features[${i}]`)),
    }
  }
  if (type === 'Feature') return { epsg, features: [rawFeature(document, 'the feature')] }
  if (typeof type !== 'string') throw geojsonError('has no "type"')
  return { epsg, features: [{ geometry: document, properties: {}, where: 'the geometry' }] }
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  if (scanJson(bytes, { depth: MAX_DEPTH, openers: MAX_OPENERS }) !== 'ok') {
    throw geojsonError('is cut off, nested too deeply or too large')
  }
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  let value: unknown = decodeUtf8(bytes, bom)
  for (let i = 0; i <= MAX_WRAPPINGS && typeof value === 'string'; i++) {
    // Brackets inside a string escaped the scan above.
    if (i > 0) guardDepth(value)
    try {
      value = JSON.parse(value)
    } catch {
      throw geojsonError('is no valid JSON')
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw geojsonError('is not a JSON object')
  }
  return value as Record<string, unknown>
}

function guardDepth(text: string): void {
  let depth = 0
  let openers = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5b || c === 0x7b) {
      if (++depth > MAX_DEPTH || ++openers > MAX_OPENERS) {
        throw geojsonError('is nested too deeply or too large')
      }
    } else if (c === 0x5d || c === 0x7d) depth--
  }
}

function rawFeature(value: unknown, where: string): RawFeature {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw geojsonError('is not an object', where)
  }
  const feature = value as Record<string, unknown>
  // A bare geometry among the features is a common slip, and its meaning is plain.
  if (feature.type !== 'Feature') return { geometry: feature, properties: {}, where }
  const { properties } = feature
  const known = typeof properties === 'object' && properties !== null && !Array.isArray(properties)
  return {
    geometry: feature.geometry ?? null,
    properties: known ? (properties as Record<string, unknown>) : {},
    where,
  }
}

/** GeoJSON of 2008 could name its system; RFC 7946 dropped that, but QGIS and ogr2ogr still write it. */
function epsgOf(crs: unknown): number {
  if (crs === undefined || crs === null) return 4326
  const name = (crs as { properties?: { name?: unknown } }).properties?.name
  if (typeof name !== 'string') throw geojsonError('has a "crs" without a name')
  if (/CRS:?84$/i.test(name)) return 4326
  const code = /^(?:urn:ogc:def:crs:)?EPSG:(?:[\d.]*:)?(\d{4,6})$/i.exec(name.trim())?.[1]
  if (code === undefined)
    throw geojsonError(`names a "crs" that is not understood (${name.slice(0, 60)})`)
  return Number(code)
}
