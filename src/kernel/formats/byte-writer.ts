// A growing array of bytes that text formats are written into: ASCII fast path, numbers with a fixed count of decimals.
import { DECIMAL_ROOM, writeDecimal, writeDegrees, writeInteger } from './digits.ts'
import { encodeUtf8, writeUtf8 } from './utf8.ts'

const HEX = '0123456789abcdef'

/** Text encoded once for writing it often: its bytes as little-endian words, which are copied four at a time. */
export interface Fragment {
  words: Uint32Array
  /** Bytes; the last word may hold fewer than four of them. */
  length: number
}

/** `text` as UTF-8, ready for `ByteWriter.fragment`. */
export function fragmentOf(text: string): Fragment {
  return packed(encodeUtf8(text))
}

/** `text` as a JSON string in quotes, ready for `ByteWriter.fragment`. */
export function jsonFragmentOf(text: string): Fragment {
  const writer = new ByteWriter(64)
  writer.jsonString(text)
  return packed(writer.take())
}

function packed(bytes: Uint8Array): Fragment {
  const words = new Uint32Array((bytes.length + 3) >> 2)
  for (let i = 0; i < bytes.length; i++) words[i >> 2]! |= bytes[i]! << (8 * (i & 3))
  return { words, length: bytes.length }
}

/** Writes a fragment where there is room for it and three bytes more; answers the position after it. */
export function putFragment(view: DataView, position: number, { words, length }: Fragment): number {
  for (let i = 0, p = position; i < words.length; i++, p += 4) view.setUint32(p, words[i]!, true)
  return position + length
}

/** Pieces but the last are a whole number of these: a file system takes large aligned pieces with a fraction of the work. */
export const BLOCK_BYTES = 1 << 20

/** Takes a piece of the text in the order of writing; the array is written over as soon as it returns. */
export type ByteSink = (piece: Uint8Array) => void

export class ByteWriter {
  /** The bytes written so far are the first `length` of `buffer`; hot loops may write here after `reserve`. */
  buffer: Uint8Array
  /** The same bytes, for words. */
  view: DataView
  length = 0
  private readonly sink: ByteSink | null

  /** `capacity` is a first guess in bytes; the array doubles when it is full, or is handed to the sink and begun again. */
  constructor(capacity = 1 << 16, sink: ByteSink | null = null) {
    this.buffer = new Uint8Array(capacity)
    this.view = new DataView(this.buffer.buffer)
    this.sink = sink
  }

  /** Makes sure that `count` more bytes fit. What was written before may be gone from the buffer then. */
  reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return
    if (this.sink !== null) {
      this.handOn(this.sink, this.length - (this.length % BLOCK_BYTES))
      if (this.length + count <= this.buffer.length) return
    }
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count))
    larger.set(this.buffer.subarray(0, this.length))
    this.buffer = larger
    this.view = new DataView(larger.buffer)
  }

  byte(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1)
    this.buffer[this.length++] = value
  }

  /** A fragment as it is. */
  fragment(fragment: Fragment): void {
    // The last word may reach three bytes further than the text.
    const { length } = fragment
    if (this.length + length + 3 > this.buffer.length) this.reserve(length + 3)
    this.length = putFragment(this.view, this.length, fragment)
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
    this.reserve(DECIMAL_ROOM)
    this.length = writeDecimal(this.view, this.length, value, decimals)
  }

  /** Interleaved degrees `first … end - 1` with nine decimals as JSON positions parted by commas: `[lon,lat],[lon,lat]`. All finite. */
  jsonDegrees(coords: Float64Array, first: number, end: number): void {
    this.reserve((end - first) * (2 * DECIMAL_ROOM + 4))
    const { view } = this
    let p = this.length
    for (let v = 2 * first; v < 2 * end; v += 2) {
      view.setUint8(p, 91)
      p = writeDegrees(view, p + 1, coords[v]!)
      view.setUint8(p, 44)
      p = writeDegrees(view, p + 1, coords[v + 1]!)
      // `],`, the comma overwritten by whatever follows the last one.
      view.setUint16(p, 0x2c5d, true)
      p += 2
    }
    this.length = end > first ? p - 1 : p
  }

  /** As `jsonDegrees`, for coordinates in metres. */
  jsonPositions(coords: Float64Array, first: number, end: number, decimals: number): void {
    this.reserve((end - first) * (2 * DECIMAL_ROOM + 4))
    const { view } = this
    let p = this.length
    for (let v = 2 * first; v < 2 * end; v += 2) {
      view.setUint8(p, 91)
      p = writeDecimal(view, p + 1, coords[v]!, decimals)
      view.setUint8(p, 44)
      p = writeDecimal(view, p + 1, coords[v + 1]!, decimals)
      view.setUint16(p, 0x2c5d, true)
      p += 2
    }
    this.length = end > first ? p - 1 : p
  }

  /** A whole number ≥ 0 below 2^31. */
  integer(value: number): void {
    this.reserve(DECIMAL_ROOM)
    this.length = writeInteger(this.view, this.length, value | 0)
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

  /** Gives the first `count` bytes away and moves the rest to the start. */
  private handOn(sink: ByteSink, count: number): void {
    if (count === 0) return
    sink(this.buffer.subarray(0, count))
    this.buffer.copyWithin(0, count, this.length)
    this.length -= count
  }

  /**
   * What was written, without copying it; nothing when all of it went to the sink: a view at the start of a buffer that may be longer. The rest was never touched, so it
   * takes address space but no memory; a view crosses a thread whole when its buffer is transferred.
   */
  take(): Uint8Array {
    if (this.sink !== null) this.handOn(this.sink, this.length)
    return this.buffer.subarray(0, this.length)
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
