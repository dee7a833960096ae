// Splits the body of a prepare request: small fields on one side, the GeoJSON document on the other, unwrapped from the
// strings it may arrive in. The stock plugin sends a string, and its panel puts a string into that string.
import { AppError } from '../../base/errors.ts'
import { type JsonLimits, scanJson } from './json-scan.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** A body: the GeoJSON inside a string hides its brackets from the scan, so it is scanned again once unwrapped. */
export const BODY_LIMITS: JsonLimits = { depth: 64, openers: 1_500_000 }
const GEOJSON_LIMITS: JsonLimits = { depth: 32, openers: 1_500_000 }
/** How many strings may be wrapped around the document. */
const MAX_WRAPPINGS = 3

export interface PrepareRequest {
  /** Everything but `geojson`, as it came. */
  fields: Record<string, unknown>
  /** UTF-8 of the document; null when there is none. What it holds is not checked here. */
  geojson: Uint8Array | null
}

/** Throws REQUEST_INVALID for a body that is no JSON object, GEOJSON_INVALID for a document that is no JSON. */
export function splitPrepareRequest(body: Uint8Array): PrepareRequest {
  if (scanJson(body, BODY_LIMITS) !== 'ok') throw notUnderstood()
  const value = parse(decodeUtf8(body), notUnderstood)
  if (!isObject(value)) throw notUnderstood()
  const { geojson, ...fields } = value
  return { fields, geojson: geojson === undefined || geojson === null ? null : unwrap(geojson) }
}

/** The same of a run's body: its document lies among the `inputs`. */
export function splitRunRequest(body: Uint8Array): PrepareRequest {
  if (scanJson(body, BODY_LIMITS) !== 'ok') throw notUnderstood()
  const value = parse(decodeUtf8(body), notUnderstood)
  if (!isObject(value)) throw notUnderstood()
  if (!isObject(value.inputs)) return { fields: value, geojson: null }
  const { geojson, ...inputs } = value.inputs
  return {
    fields: { ...value, inputs },
    geojson: (geojson ?? null) === null ? null : unwrap(geojson),
  }
}

/** The document's bytes: strings are unwrapped until something else appears. */
function unwrap(wrapped: unknown): Uint8Array {
  let value = wrapped
  for (let i = 0; i < MAX_WRAPPINGS && typeof value === 'string'; i++) {
    const text = value.trim()
    if (text.startsWith('{')) return checked(encodeUtf8(text))
    value = parse(text, notGeojson)
  }
  if (value === null || typeof value !== 'object') throw notGeojson()
  return checked(encodeUtf8(JSON.stringify(value)))
}

function checked(document: Uint8Array): Uint8Array {
  if (scanJson(document, GEOJSON_LIMITS) !== 'ok') throw notGeojson()
  return document
}

function parse(text: string, error: () => AppError): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw error()
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const notUnderstood = (): AppError =>
  new AppError(
    'REQUEST_INVALID',
    'The body is not one JSON object, or it is nested too deeply. Send a JSON object in UTF-8.',
  )

const notGeojson = (): AppError =>
  new AppError(
    'GEOJSON_INVALID',
    'The GeoJSON is not a JSON object, is nested too deeply, or was cut off. Export it again and send it whole.',
  )
