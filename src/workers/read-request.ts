// A large JSON request body, parsed where it cannot hold up the main thread.
import { AppError } from '../base/errors.ts'
import { assertJsonLimits } from '../kernel/formats/json-limits.ts'
import type { RequestParts } from './tasks.ts'

/** Takes a body of the shape `{geojson, …}` apart. Throws REQUEST_INVALID when it is not an object or not valid JSON. */
export function readRequest(body: Uint8Array): RequestParts {
  assertJsonLimits(body)
  const value = parse(body)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new AppError('REQUEST_INVALID', 'The body must be one JSON object.')
  }
  const { geojson, ...fields } = value as Record<string, unknown>
  return { fields, geojson: geojsonBytes(geojson) }
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', 'The body is not valid JSON in UTF-8.', { cause })
  }
}

function geojsonBytes(value: unknown): Uint8Array | null {
  if (value === undefined || value === null) return null
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
}
