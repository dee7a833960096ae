// Numbers into ASCII digits, straight into a byte array: most of a text writer's time goes here. Digits come from tables, four at
// a time as one 32-bit word; no string is made. Words may write past the end of a number: callers keep DECIMAL_ROOM bytes free.
import { AppError } from '../../base/errors.ts'
import { encodeUtf8 } from './utf8.ts'

const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const

/** Bytes to keep free for `writeDecimal`: sign, 21 digits (below 1e21), point, nine decimals, and the last word's excess. */
export const DECIMAL_ROOM = 40

// Words hold four characters, the first in the lowest byte: they are written little-endian on every machine.

/** 0000 … 9999. */
const QUADS = new Uint32Array(10_000)
/** 0 … 9999 without leading zeros, and how many digits that are. */
const HEADS = new Uint32Array(10_000)
const HEAD_LENGTHS = new Uint8Array(10_000)
/** `.000` … `.999`, and the length without trailing zeros: 0, 2, 3 or 4. */
const THOUSANDTHS = new Uint32Array(1000)
const THOUSANDTH_LENGTHS = new Uint8Array(1000)
/** 00 … FF. */
const HEX_PAIRS = new Uint16Array(256)

for (let i = 0; i < 10_000; i++) {
  const text = String(i)
  QUADS[i] = word(text.padStart(4, '0'))
  HEADS[i] = word(text)
  HEAD_LENGTHS[i] = text.length
}
for (let i = 0; i < 1000; i++) {
  const text = `.${String(i).padStart(3, '0')}`
  THOUSANDTHS[i] = word(text)
  THOUSANDTH_LENGTHS[i] = i === 0 ? 0 : text.replace(/0+$/, '').length
}
for (let i = 0; i < 256; i++) HEX_PAIRS[i] = word(i.toString(16).toUpperCase().padStart(2, '0'))

/** Up to four ASCII characters as a word. */
export function word(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) value |= text.charCodeAt(i) << (8 * i)
  return value >>> 0
}

/**
 * `value` with at most `decimals` (0 … 9) decimals at `position`; answers the position after it. Rounded half away from zero,
 * trailing zeros left out, never an exponent, never `-0`. Throws GEOMETRY_INVALID for NaN, infinities and magnitudes of 1e21 and more.
 */
export function writeDecimal(
  view: DataView,
  position: number,
  value: number,
  decimals: number,
): number {
  let p = position
  const magnitude = value < 0 ? -value : value
  const power = POWERS[decimals]!
  const scaled = Math.floor(magnitude * power + 0.5)
  const whole = Math.floor(scaled / power)
  // Also false for NaN.
  if (!(whole < 1e9 && scaled < 9e15)) return writeLarge(view, p, value, decimals)
  if (value < 0 && scaled > 0) view.setUint8(p++, 45)
  p = writeInteger(view, p, whole | 0)
  const fraction = (scaled - whole * power) | 0
  if (fraction === 0) return p
  view.setUint8(p++, 46)
  return writeFraction(view, p, fraction, decimals)
}

/** As `writeDecimal` with three decimals: metres to the millimetre, the number a drawing has most of. */
export function writeMeters(view: DataView, position: number, value: number): number {
  let p = position
  const magnitude = value < 0 ? -value : value
  const scaled = Math.floor(magnitude * 1000 + 0.5)
  // Also false for NaN.
  if (!(scaled < 1e11)) return writeDecimal(view, p, value, 3)
  if (value < 0 && scaled > 0) view.setUint8(p++, 45)
  const whole = Math.floor(scaled / 1000) | 0
  const thousandths = (scaled - whole * 1000) | 0
  const head = (whole / 10_000) | 0
  if (head === 0) {
    view.setUint32(p, HEADS[whole]!, true)
    p += HEAD_LENGTHS[whole]!
  } else {
    view.setUint32(p, HEADS[head]!, true)
    p += HEAD_LENGTHS[head]!
    view.setUint32(p, QUADS[whole - head * 10_000]!, true)
    p += 4
  }
  view.setUint32(p, THOUSANDTHS[thousandths]!, true)
  return p + THOUSANDTH_LENGTHS[thousandths]!
}

/** As `writeDecimal` with nine decimals, for degrees. */
export function writeDegrees(view: DataView, position: number, value: number): number {
  let p = position
  const magnitude = value < 0 ? -value : value
  const scaled = Math.floor(magnitude * 1e9 + 0.5)
  // Also false for NaN.
  if (!(scaled < 1e12)) return writeDecimal(view, p, value, 9)
  if (value < 0 && scaled > 0) view.setUint8(p++, 45)
  const whole = Math.floor(scaled / 1e9) | 0
  const fraction = (scaled - whole * 1e9) | 0
  view.setUint32(p, HEADS[whole]!, true)
  p += HEAD_LENGTHS[whole]!
  if (fraction === 0) return p
  const upper = (fraction / 10_000) | 0
  const first = (upper / 10_000) | 0
  // The point and the first decimal.
  view.setUint16(p, 46 | ((48 + first) << 8), true)
  view.setUint32(p + 2, QUADS[upper - first * 10_000]!, true)
  view.setUint32(p + 6, QUADS[fraction - upper * 10_000]!, true)
  p += 10
  while (view.getUint8(p - 1) === 48) p--
  return p
}

/** A whole number 0 … 2^31 - 1. */
export function writeInteger(view: DataView, position: number, value: number): number {
  let p = position
  const upper = (value / 10_000) | 0
  if (upper === 0) {
    view.setUint32(p, HEADS[value]!, true)
    return p + HEAD_LENGTHS[value]!
  }
  const top = (upper / 10_000) | 0
  if (top === 0) {
    view.setUint32(p, HEADS[upper]!, true)
    p += HEAD_LENGTHS[upper]!
  } else {
    view.setUint32(p, HEADS[top]!, true)
    p += HEAD_LENGTHS[top]!
    view.setUint32(p, QUADS[upper - top * 10_000]!, true)
    p += 4
  }
  view.setUint32(p, QUADS[value - upper * 10_000]!, true)
  return p + 4
}

/** A whole number 0 … 2^53 - 1. */
export function writeWhole(view: DataView, position: number, value: number): number {
  if (value < 2_147_483_648) return writeInteger(view, position, value | 0)
  const upper = Math.floor(value / 1e8)
  const lower = (value - upper * 1e8) | 0
  const p = writeInteger(view, position, upper | 0)
  const middle = (lower / 10_000) | 0
  view.setUint32(p, QUADS[middle]!, true)
  view.setUint32(p + 4, QUADS[lower - middle * 10_000]!, true)
  return p + 8
}

/** A whole number below 2^32 in capital hexadecimal digits, eight of them or as few as it needs. */
export function writeHex(
  view: DataView,
  position: number,
  value: number,
  leadingZeros: boolean,
): number {
  let shift = 24
  if (!leadingZeros) while (shift > 0 && value >>> shift === 0) shift -= 8
  let p = position
  const first = (value >>> shift) & 255
  if (leadingZeros || first > 15) {
    view.setUint16(p, HEX_PAIRS[first]!, true)
    p += 2
  } else {
    view.setUint8(p++, HEX_PAIRS[first]! >> 8)
  }
  for (shift -= 8; shift >= 0; shift -= 8) {
    view.setUint16(p, HEX_PAIRS[(value >>> shift) & 255]!, true)
    p += 2
  }
  return p
}

/** `decimals` digits of `fraction` > 0, leading zeros kept, trailing zeros dropped. */
function writeFraction(
  view: DataView,
  position: number,
  fraction: number,
  decimals: number,
): number {
  let rest = fraction
  let at = position + decimals
  while (at - position >= 4) {
    const upper = (rest / 10_000) | 0
    at -= 4
    view.setUint32(at, QUADS[rest - upper * 10_000]!, true)
    rest = upper
  }
  while (at > position) {
    const upper = (rest / 10) | 0
    view.setUint8(--at, 48 + (rest - upper * 10))
    rest = upper
  }
  let end = position + decimals
  while (view.getUint8(end - 1) === 48) end--
  return end
}

/** The rare large numbers. BigInt prints every digit where String would start an exponent. */
function writeLarge(view: DataView, position: number, value: number, decimals: number): number {
  if (!(Math.abs(value) < 1e21)) {
    throw new AppError(
      'GEOMETRY_INVALID',
      'A coordinate is not a finite number, so it cannot be written; check the source geometry.',
    )
  }
  let p = position
  const magnitude = Math.abs(value)
  const power = POWERS[decimals]!
  const scaled = Math.round(magnitude * power)
  const exact = scaled < 9e15
  const whole = exact ? Math.floor(scaled / power) : Math.round(magnitude)
  if (value < 0) view.setUint8(p++, 45)
  for (const digit of encodeUtf8(String(BigInt(whole)))) view.setUint8(p++, digit)
  const fraction = exact ? scaled - whole * power : 0
  if (fraction === 0) return p
  view.setUint8(p++, 46)
  return writeFraction(view, p, fraction, decimals)
}
