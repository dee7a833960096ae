// GeoJSON bytes to a checked list of geometries: nesting, sizes and numbers are judged before anything is computed with them.
import { AppError } from '../../base/errors.ts'
import { scanJson } from './json-scan.ts'
import { decodeUtf8 } from './utf8.ts'
import { decodeWindows1252 } from './windows1252.ts'

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
  /** False when the bytes were no UTF-8 and were read as Windows-1252. */
  utf8: boolean
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
  const { document, utf8 } = parse(bytes)
  const { type } = document
  const epsg = epsgOf(document.crs)
  if (type === 'FeatureCollection') {
    if (!Array.isArray(document.features)) throw geojsonError('has no list of features')
    if (document.features.length > MAX_FEATURES) {
      throw geojsonError(`has more than ${MAX_FEATURES} features; send it in parts`)
    }
    return {
      epsg,
      utf8,
      features: document.features.map((feature, i) => rawFeature(feature, `features[${i}]`)),
    }
  }
  if (type === 'Feature') return { epsg, utf8, features: [rawFeature(document, 'the feature')] }
  if (typeof type !== 'string') throw geojsonError('has no "type"')
  return { epsg, utf8, features: [{ geometry: document, properties: {}, where: 'the geometry' }] }
}

function parse(bytes: Uint8Array): { document: Record<string, unknown>; utf8: boolean } {
  if (scanJson(bytes, { depth: MAX_DEPTH, openers: MAX_OPENERS }) !== 'ok') {
    throw geojsonError('is cut off, nested too deeply or too large')
  }
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const text = decodeUtf8(bytes, bom)
  const utf8 = bom > 0 || !hasDamage(text, bytes)
  let value: unknown = utf8 ? text : decodeWindows1252(bytes)
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
  return { document: value as Record<string, unknown>, utf8 }
}

/** Whether decoding put U+FFFD where the bytes do not say so themselves. */
function hasDamage(text: string, bytes: Uint8Array): boolean {
  let replacements = 0
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) replacements++
  if (replacements === 0) return false
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] === 0xef && bytes[i + 1] === 0xbf && bytes[i + 2] === 0xbd) replacements--
  }
  return replacements > 0
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
  const { type, properties } = crs as { type?: unknown; properties?: Record<string, unknown> }
  // The form before 2008's, which old web servers still send: {"type": "EPSG", "properties": {"code": 31983}}.
  const bare = String(properties?.code ?? '')
  if (type === 'EPSG' && /^\d{4,6}$/.test(bare)) return Number(bare)
  const name = properties?.name
  if (typeof name !== 'string') {
    throw geojsonError(
      'has a "crs" without a name; write {"type": "name", "properties": {"name": "EPSG:31983"}}',
    )
  }
  if (/CRS:?84$/i.test(name)) return 4326
  const code =
    /^(?:urn:ogc:def:crs:)?EPSG:(?:[\d.]*:)?(\d{4,6})$/i.exec(name.trim())?.[1] ??
    /^https?:\/\/www\.opengis\.net\/def\/crs\/EPSG\/[\d.]+\/(\d{4,6})$/i.exec(name.trim())?.[1]
  if (code === undefined)
    throw geojsonError(`names a "crs" that is not understood (${name.slice(0, 60)})`)
  return Number(code)
}
