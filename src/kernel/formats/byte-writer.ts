// A growing array of bytes that text formats are written into: ASCII fast path, numbers with a fixed count of decimals.
// Formatting numbers is most of a writer's time, so digits come from a table, three at a time, without any string.
import { AppError } from '../../base/errors.ts'
import { writeUtf8 } from './utf8.ts'

const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const

/** The digits of 000 … 999 in ASCII. */
const TRIPLES = new Uint8Array(3000)
for (let i = 0; i < 1000; i++) {
  TRIPLES[3 * i] = 48 + Math.floor(i / 100)
  TRIPLES[3 * i + 1] = 48 + (Math.floor(i / 10) % 10)
  TRIPLES[3 * i + 2] = 48 + (i % 10)
}

const HEX = '0123456789abcdef'
/** Most bytes one number takes: sign, 21 digits (below 1e21), point, nine decimals. */
const NUMBER_ROOM = 40

export class ByteWriter {
  /** The bytes written so far are the first `length` of `buffer`; hot loops may write here after `reserve`. */
  buffer: Uint8Array
  length = 0

  /** `capacity` is a first guess in bytes; the array doubles when it is full. */
  constructor(capacity = 1 << 16) {
    this.buffer = new Uint8Array(capacity)
  }

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count))
    larger.set(this.buffer.subarray(0, this.length))
    this.buffer = larger
  }

  byte(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1)
    this.buffer[this.length++] = value
  }

  /** Bytes as they are, e.g. a fragment encoded once and written often. */
  bytes(fragment: Uint8Array): void {
    this.reserve(fragment.length)
    const { buffer } = this
    const start = this.length
    const count = fragment.length
    // Below this a loop beats the call.
    if (count > 48) buffer.set(fragment, start)
    else for (let i = 0; i < count; i++) buffer[start + i] = fragment[i]!
    this.length = start + count
  }

  /** Text as UTF-8. */
  text(value: string): void {
    const count = value.length
    this.reserve(count * 3)
    this.length = writeUtf8(value, this.buffer, this.length)
  }

  /**
   * A number with at most `decimals` (0 … 9) decimals, rounded half away from zero, trailing zeros left out, never
   * an exponent and never `-0`. Throws GEOMETRY_INVALID for NaN, infinities and magnitudes of 1e21 and more: a
   * writer that may meet them decides before what stands in their place.
   */
  decimal(value: number, decimals: number): void {
    this.reserve(NUMBER_ROOM)
    const { buffer } = this
    let p = this.length
    let magnitude = value < 0 ? -value : value
    if (!(magnitude < 1e21)) {
      throw new AppError(
        'GEOMETRY_INVALID',
        'A coordinate is not a finite number, so it cannot be written; check the source geometry.',
      )
    }
    const power = POWERS[decimals]!
    const scaled = Math.round(magnitude * power)
    let fraction = 0
    if (scaled < 9007199254740992) {
      magnitude = Math.floor(scaled / power)
      fraction = scaled - magnitude * power
    } else {
      magnitude = Math.round(magnitude)
    }
    if (value < 0 && scaled > 0) buffer[p++] = 45
    if (magnitude < 1e9) {
      p = writeInteger(buffer, p, magnitude | 0)
    } else {
      // BigInt prints every digit where String would start an exponent or lose the tail.
      p = writeUtf8(String(BigInt(magnitude)), buffer, p)
    }
    if (fraction !== 0) {
      buffer[p++] = 46
      p = writeFraction(buffer, p, fraction | 0, decimals)
    }
    this.length = p
  }

  /** A whole number ≥ 0 below 2^31. */
  integer(value: number): void {
    this.reserve(12)
    this.length = writeInteger(this.buffer, this.length, value | 0)
  }

  /** JSON: the number with at most `decimals` decimals, `null` for NaN, infinities and null. */
  jsonDecimal(value: number | null, decimals: number): void {
    if (value === null || !(Math.abs(value) < 1e21)) this.text('null')
    else this.decimal(value, decimals)
  }

  /** JSON: a string in quotes, or `null`. Lone surrogates become U+FFFD, which every reader accepts. */
  jsonString(value: string | null): void {
    if (value === null) {
      this.text('null')
      return
    }
    const count = value.length
    // The worst character is a control character: six bytes.
    this.reserve(count * 6 + 2)
    const { buffer } = this
    let p = this.length
    buffer[p++] = 34
    for (let i = 0; i < count; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) {
        this.length = p
        this.jsonTail(value.slice(i))
        return
      }
      if (code < 32 || code === 34 || code === 92) p = writeEscape(buffer, p, code)
      else buffer[p++] = code
    }
    buffer[p++] = 34
    this.length = p
  }

  /** JSON: a scalar of any type; numbers that JSON does not know become `null`. */
  jsonScalar(value: string | number | boolean | null): void {
    if (typeof value === 'string') this.jsonString(value)
    else if (typeof value === 'number' && Number.isFinite(value)) this.text(String(value))
    else if (typeof value === 'boolean') this.text(value ? 'true' : 'false')
    else this.text('null')
  }

  /** What was written, without copying; the writer is not used any more after this. */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  /** What was written, in an array of exactly that size: what crosses a thread by transfer. */
  take(): Uint8Array {
    return this.buffer.length === this.length ? this.buffer : this.buffer.slice(0, this.length)
  }

  /** The rest of a JSON string from its first character beyond ASCII, and the closing quote. */
  private jsonTail(rest: string): void {
    let from = 0
    for (let i = 0; i <= rest.length; i++) {
      const code = i === rest.length ? 34 : rest.charCodeAt(i)
      if (code >= 32 && code !== 34 && code !== 92) continue
      this.length = writeUtf8(rest.slice(from, i), this.buffer, this.length)
      if (i < rest.length) this.length = writeEscape(this.buffer, this.length, code)
      from = i + 1
    }
    this.buffer[this.length++] = 34
  }
}

function writeInteger(buffer: Uint8Array, position: number, value: number): number {
  let p = position
  if (value < 1000) {
    const at = 3 * value
    if (value > 99) buffer[p++] = TRIPLES[at]!
    if (value > 9) buffer[p++] = TRIPLES[at + 1]!
    buffer[p++] = TRIPLES[at + 2]!
    return p
  }
  const upper = (value / 1000) | 0
  p = writeInteger(buffer, p, upper)
  const at = 3 * (value - upper * 1000)
  buffer[p] = TRIPLES[at]!
  buffer[p + 1] = TRIPLES[at + 1]!
  buffer[p + 2] = TRIPLES[at + 2]!
  return p + 3
}

/** `decimals` digits of `fraction`, leading zeros kept, trailing zeros dropped. `fraction` > 0. */
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
    const digits = 3 * (rest - upper * 1000)
    at -= 3
    buffer[at] = TRIPLES[digits]!
    buffer[at + 1] = TRIPLES[digits + 1]!
    buffer[at + 2] = TRIPLES[digits + 2]!
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

function writeEscape(buffer: Uint8Array, position: number, code: number): number {
  let p = position
  buffer[p++] = 92
  if (code === 34 || code === 92) {
    buffer[p++] = code
    return p
  }
  buffer[p++] = 117
  buffer[p++] = 48
  buffer[p++] = 48
  buffer[p++] = HEX.charCodeAt(code >> 4)
  buffer[p++] = HEX.charCodeAt(code & 15)
  return p
}
