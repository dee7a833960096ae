// Text to UTF-8 bytes and back, for a kernel that has no TextEncoder.

const REPLACEMENT = 0xfffd
/** Code units handed to String.fromCharCode at once; more arguments could exhaust the stack. */
const CHUNK = 4096

/**
 * Writes `text` as UTF-8 into `out` from `position` on and returns the position after it.
 * The caller has made sure of `3 * text.length` free bytes. Lone surrogates become U+FFFD.
 */
export function writeUtf8(text: string, out: Uint8Array, position: number): number {
  let p = position
  const length = text.length
  for (let i = 0; i < length; i++) {
    let code = text.charCodeAt(i)
    if (code < 0x80) {
      out[p++] = code
      continue
    }
    if (code < 0x800) {
      out[p++] = 0xc0 | (code >> 6)
      out[p++] = 0x80 | (code & 0x3f)
      continue
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = code < 0xdc00 && i + 1 < length ? text.charCodeAt(i + 1) : 0
      if (low >= 0xdc00 && low <= 0xdfff) {
        i++
        const point = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        out[p++] = 0xf0 | (point >> 18)
        out[p++] = 0x80 | ((point >> 12) & 0x3f)
        out[p++] = 0x80 | ((point >> 6) & 0x3f)
        out[p++] = 0x80 | (point & 0x3f)
        continue
      }
      code = REPLACEMENT
    }
    out[p++] = 0xe0 | (code >> 12)
    out[p++] = 0x80 | ((code >> 6) & 0x3f)
    out[p++] = 0x80 | (code & 0x3f)
  }
  return p
}

/** `text` as UTF-8 in an array of its own; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const scratch = new Uint8Array(text.length * 3)
  return scratch.slice(0, writeUtf8(text, scratch, 0))
}

/**
 * The text of `bytes[start … end)`. Damaged sequences become U+FFFD, one for each maximal
 * valid prefix, as the WHATWG Encoding Standard asks; a byte order mark is kept.
 */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = ''
  let p = start
  const units = new Uint16Array(Math.min(CHUNK, end - start) + 1)
  while (p < end) {
    let n = 0
    while (p < end && n < CHUNK) {
      const first = bytes[p]!
      if (first < 0x80) {
        units[n++] = first
        p++
        continue
      }
      // How many bytes follow, and which range the first of them must lie in (Unicode table 3-7).
      let following = 0
      let lowest = 0x80
      let highest = 0xbf
      let point = 0
      if (first >= 0xc2 && first <= 0xdf) {
        following = 1
        point = first & 0x1f
      } else if (first >= 0xe0 && first <= 0xef) {
        following = 2
        point = first & 0x0f
        if (first === 0xe0) lowest = 0xa0
        if (first === 0xed) highest = 0x9f
      } else if (first >= 0xf0 && first <= 0xf4) {
        following = 3
        point = first & 0x07
        if (first === 0xf0) lowest = 0x90
        if (first === 0xf4) highest = 0x8f
      }
      p++
      let valid = following > 0
      while (following > 0) {
        const next = p < end ? bytes[p]! : 0
        if (next < lowest || next > highest) {
          valid = false
          break
        }
        point = (point << 6) | (next & 0x3f)
        lowest = 0x80
        highest = 0xbf
        following--
        p++
      }
      if (!valid) {
        units[n++] = REPLACEMENT
      } else if (point < 0x10000) {
        units[n++] = point
      } else {
        units[n++] = 0xd800 + ((point - 0x10000) >> 10)
        units[n++] = 0xdc00 + ((point - 0x10000) & 0x3ff)
      }
    }
    text += String.fromCharCode.apply(null, units.subarray(0, n) as unknown as number[])
  }
  return text
}
