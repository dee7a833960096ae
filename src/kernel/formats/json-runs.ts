// Long runs of numbers in JSON, read the short way: node ids, and positions as Overpass prints them. Nine tenths of an answer are these.
// Each function stops before the first item that is written in any other way, and the careful reader goes on from there.
import type { Float64Column } from './column.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const MINUS = 45
const DOT = 46
const ZERO = 48
const NINE = 57
const COLON = 58
const UPPER_E = 69
const LOWER_A = 97
const LOWER_E = 101
const LOWER_L = 108
const LOWER_N = 110
const LOWER_O = 111
const LOWER_T = 116
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** So many digits fit a 32-bit integer, whose arithmetic is three times as fast as a double's. */
const SHORT_DIGITS = 9
/** Up to so many digits a double is exact. */
const EXACT_DIGITS = 15

const POWERS_OF_TEN = Float64Array.from({ length: SHORT_DIGITS + 1 }, (_, i) => Number(`1e${i}`))

/** Where the scans leave their number: a return value would be boxed wherever the call is not inlined. */
export const scanned = new Float64Array(1)

/**
 * Appends whole numbers parted by commas, from `start` on, while they are plain digits. Answers the position after the last of them,
 * before its comma or bracket; `start` when there is none.
 */
export function readIdRun(bytes: Uint8Array, start: number, out: Float64Column): number {
  let { values, length } = out
  let done = start
  let p = start
  for (;;) {
    let c = bytes[p]
    while (c === SPACE || c === LINE_FEED || c === CARRIAGE_RETURN) c = bytes[++p]
    p = scanWhole(bytes, p)
    if (p < 0) break
    c = bytes[p]
    if (length === values.length) {
      out.length = length
      out.reserve(1)
      values = out.values
    }
    values[length++] = scanned[0]!
    done = p
    while (c === SPACE || c === LINE_FEED || c === CARRIAGE_RETURN) c = bytes[++p]
    if (c !== COMMA) break
    p++
  }
  out.length = length
  return done
}

/**
 * Appends lon and lat of `{"lat":1.5,"lon":2.5}` parted by commas, from `start` on, NaN for a place that is not on Earth. Answers the
 * position after the last one, before its comma or bracket; `start` when there is none.
 */
export function readPositionRun(bytes: Uint8Array, start: number, out: Float64Column): number {
  let { values, length } = out
  let done = start
  let p = start
  for (;;) {
    let c = bytes[p]
    while (c === SPACE || c === LINE_FEED || c === CARRIAGE_RETURN) c = bytes[++p]
    if (c !== OPEN_BRACE) break
    c = bytes[++p]
    while (c === SPACE) c = bytes[++p]
    if (
      c !== QUOTE ||
      bytes[p + 1] !== LOWER_L ||
      bytes[p + 2] !== LOWER_A ||
      bytes[p + 3] !== LOWER_T ||
      bytes[p + 4] !== QUOTE ||
      bytes[p + 5] !== COLON
    ) {
      break
    }
    p = scanDegrees(bytes, p + 6)
    if (p < 0) break
    const lat = scanned[0]!
    c = bytes[p]
    if (c !== COMMA) break
    c = bytes[++p]
    while (c === SPACE) c = bytes[++p]
    if (
      c !== QUOTE ||
      bytes[p + 1] !== LOWER_L ||
      bytes[p + 2] !== LOWER_O ||
      bytes[p + 3] !== LOWER_N ||
      bytes[p + 4] !== QUOTE ||
      bytes[p + 5] !== COLON
    ) {
      break
    }
    p = scanDegrees(bytes, p + 6)
    if (p < 0) break
    const lon = scanned[0]!
    c = bytes[p]
    while (c === SPACE) c = bytes[++p]
    if (c !== CLOSE_BRACE) break
    c = bytes[++p]
    if (length + 2 > values.length) {
      out.length = length
      out.reserve(2)
      values = out.values
    }
    const placed = Math.abs(lon) <= 180 && Math.abs(lat) <= 90
    values[length] = placed ? lon : Number.NaN
    values[length + 1] = placed ? lat : Number.NaN
    length += 2
    done = p
    while (c === SPACE || c === LINE_FEED || c === CARRIAGE_RETURN) c = bytes[++p]
    if (c !== COMMA) break
    p++
  }
  out.length = length
  return done
}

/** Reads a whole number into `scanned`; the position after it, or -1 when it is written in any other way or longer than a double is exact. */
export function scanWhole(bytes: Uint8Array, start: number): number {
  let p = start
  let c = bytes[p]
  if (c === SPACE) c = bytes[++p]
  const negative = c === MINUS
  if (negative) c = bytes[++p]
  const first = p
  let short = 0
  while (c !== undefined && c >= ZERO && c <= NINE && p - first < SHORT_DIGITS) {
    short = (short * 10 + (c - ZERO)) | 0
    c = bytes[++p]
  }
  let value: number = short
  while (c !== undefined && c >= ZERO && c <= NINE && p - first <= EXACT_DIGITS) {
    value = value * 10 + (c - ZERO)
    c = bytes[++p]
  }
  const digits = p - first
  if (digits === 0 || digits > EXACT_DIGITS || c === DOT || c === LOWER_E || c === UPPER_E)
    return -1
  scanned[0] = negative ? -value : value
  return p
}

/** Reads `-12.3456789` into `scanned`; the position after it, or -1 when it is written in any other way or longer. */
export function scanDegrees(bytes: Uint8Array, start: number): number {
  let p = start
  let c = bytes[p]
  if (c === SPACE) c = bytes[++p]
  const negative = c === MINUS
  if (negative) c = bytes[++p]
  const first = p
  let whole = 0
  while (c !== undefined && c >= ZERO && c <= NINE && p - first < 4) {
    whole = (whole * 10 + (c - ZERO)) | 0
    c = bytes[++p]
  }
  if (c !== DOT || p === first) return -1
  c = bytes[++p]
  const point = p
  let fraction = 0
  while (c !== undefined && c >= ZERO && c <= NINE && p - point < SHORT_DIGITS) {
    fraction = (fraction * 10 + (c - ZERO)) | 0
    c = bytes[++p]
  }
  const decimals = p - point
  if (decimals === 0 || c === undefined || (c >= ZERO && c <= NINE)) return -1
  if (c === LOWER_E || c === UPPER_E) return -1
  // Mantissa and power are exact, so the one division rounds correctly (Clinger's fast path).
  const power = POWERS_OF_TEN[decimals]!
  const value = (whole * power + fraction) / power
  scanned[0] = negative ? -value : value
  return p
}
