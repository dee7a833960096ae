// One pass over JSON bytes before anybody parses them: depth and number of containers, which cost far more than bytes do.
import { AppError } from '../../base/errors.ts'

export interface JsonLimits {
  /** Deepest nesting of `[` and `{`. */
  depth: number
  /** Most `[` and `{` in all; each becomes an object in memory. */
  containers: number
}

/** A million positions fit with room to spare; nothing in GIS nests deeper than a GeometryCollection of polygons. */
export const JSON_LIMITS: JsonLimits = { depth: 64, containers: 1_500_000 }

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Throws REQUEST_INVALID when the bytes nest too deep or hold too many containers. Does not check the grammar. */
export function assertJsonLimits(bytes: Uint8Array, limits: JsonLimits = JSON_LIMITS): void {
  let depth = 0
  let containers = 0
  const length = bytes.length
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!
    if (byte === QUOTE) {
      i++
      while (i < length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1
    } else if (byte === 0x5b || byte === 0x7b) {
      containers++
      if (++depth > limits.depth) {
        throw new AppError('REQUEST_INVALID', `JSON nested deeper than ${limits.depth} levels.`)
      }
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  if (containers > limits.containers) {
    throw new AppError(
      'REQUEST_INVALID',
      `JSON with more than ${limits.containers} arrays and objects; send the area in parts.`,
    )
  }
}
