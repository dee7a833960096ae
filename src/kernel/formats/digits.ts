// Numbers into ASCII digits, straight into a byte array: most of a text writer's time goes here, so digits come from a table,
// three at a time, and no string is made.
import { AppError } from '../../base/errors.ts'
import { writeUtf8 } from './utf8.ts'

const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const

/** Most bytes `writeDecimal` takes: sign, 21 digits (below 1e21), point, nine decimals. */
export const DECIMAL_ROOM = 40

/** The digits of 000 … 999 in ASCII. */
const TRIPLES = new Uint8Array(3000)
for (let i = 0; i < 1000; i++) {
  TRIPLES[3 * i] = 48 + Math.floor(i / 100)
  TRIPLES[3 * i + 1] = 48 + (Math.floor(i / 10) % 10)
  TRIPLES[3 * i + 2] = 48 + (i % 10)
}

/**
 * `value` with at most `decimals` (0 … 9) decimals at `position`; answers the position after it. Rounded half away from zero,
 * trailing zeros left out, never an exponent, never `-0`. Throws GEOMETRY_INVALID for NaN, infinities and magnitudes of 1e21 and more.
 */
export function writeDecimal(
  buffer: Uint8Array,
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
  if (!(whole < 1e9 && scaled < 9e15)) return writeLarge(buffer, p, value, decimals)
  if (value < 0 && scaled > 0) buffer[p++] = 45
  p = writeInteger(buffer, p, whole | 0)
  const fraction = (scaled - whole * power) | 0
  if (fraction === 0) return p
  buffer[p++] = 46
  return writeFraction(buffer, p, fraction, decimals)
}

/** A whole number 0 … 2^31 - 1. */
export function writeInteger(buffer: Uint8Array, position: number, value: number): number {
  if (value < 1000) return writeHead(buffer, position, value)
  const thousands = (value / 1000) | 0
  const low = value - thousands * 1000
  if (thousands < 1000) return writeTriple(buffer, writeHead(buffer, position, thousands), low)
  const millions = (thousands / 1000) | 0
  let p = position
  if (millions < 1000) p = writeHead(buffer, p, millions)
  else {
    const billions = (millions / 1000) | 0
    p = writeTriple(buffer, writeHead(buffer, p, billions), millions - billions * 1000)
  }
  return writeTriple(buffer, writeTriple(buffer, p, thousands - millions * 1000), low)
}

/** 0 … 999 without leading zeros. */
function writeHead(buffer: Uint8Array, position: number, value: number): number {
  let p = position
  const at = 3 * value
  if (value > 99) buffer[p++] = TRIPLES[at]!
  if (value > 9) buffer[p++] = TRIPLES[at + 1]!
  buffer[p] = TRIPLES[at + 2]!
  return p + 1
}

/** 000 … 999. */
function writeTriple(buffer: Uint8Array, position: number, value: number): number {
  const at = 3 * value
  buffer[position] = TRIPLES[at]!
  buffer[position + 1] = TRIPLES[at + 1]!
  buffer[position + 2] = TRIPLES[at + 2]!
  return position + 3
}

/** `decimals` digits of `fraction` > 0, leading zeros kept, trailing zeros dropped. */
function writeFraction(
  buffer: Uint8Array,
  position: number,
  fraction: number,
  decimals: number,
): number {
  let rest = fraction
  let at = position + decimals
  while (at - position >= 3) {
    const upper = (rest / 1000) | 0
    at -= 3
    writeTriple(buffer, at, rest - upper * 1000)
    rest = upper
  }
  while (at > position) {
    const upper = (rest / 10) | 0
    buffer[--at] = 48 + (rest - upper * 10)
    rest = upper
  }
  let end = position + decimals
  while (buffer[end - 1] === 48) end--
  return end
}

/** The rare large numbers. BigInt prints every digit where String would start an exponent. */
function writeLarge(buffer: Uint8Array, position: number, value: number, decimals: number): number {
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
  if (value < 0) buffer[p++] = 45
  p = writeUtf8(String(BigInt(whole)), buffer, p)
  const fraction = exact ? scaled - whole * power : 0
  if (fraction === 0) return p
  buffer[p++] = 46
  return writeFraction(buffer, p, fraction, decimals)
}
