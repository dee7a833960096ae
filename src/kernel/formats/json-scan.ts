// One linear look over JSON bytes before they are parsed: a million nested brackets or fifteen million empty arrays are
// refused in milliseconds, where a parser would take seconds and a gigabyte.

export interface JsonLimits {
  /** Deepest nesting of arrays and objects. */
  depth: number
  /** Most `[` and `{` outside strings. */
  openers: number
}

export type JsonScan = 'ok' | 'too-deep' | 'too-many' | 'unbalanced'

/** Counts brackets outside strings. Does not check that the text is JSON; the parser does that. */
export function scanJson(bytes: Uint8Array, limits: JsonLimits): JsonScan {
  let depth = 0
  let openers = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limits.depth) return 'too-deep'
      if (++openers > limits.openers) return 'too-many'
    } else if ((byte === 0x5d || byte === 0x7d) && --depth < 0) return 'unbalanced'
  }
  return depth === 0 && !inString ? 'ok' : 'unbalanced'
}
