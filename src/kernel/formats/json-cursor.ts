// Walks JSON text as bytes, without making strings or objects of what nobody asked for.
// Every loop is bounded by the end of the input, so cut-off or hostile text ends in an error, never in a hang.
import type { AppError } from '../../base/errors.ts'
import { decodeUtf8 } from './utf8.ts'

const LINE_FEED = 10
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const COLON = 58
const CLOSE_BRACE = 125
const MINUS = 45
const DOT = 46
const BACKSLASH = 92

/** Containers inside containers beyond this are refused. */
const MAX_DEPTH = 64

/** 10^0 … 10^22: every power of ten that a double holds exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** Makes the error of one file format: `problem` is an English clause, `position` the byte at which it showed. */
export type JsonFailure = (problem: string, position: number) => AppError

/** A position in JSON bytes. Methods move it forward and throw `failure(…)` on anything that is not JSON. */
export class JsonCursor {
  /** Both change with `goOn` only. */
  bytes: Uint8Array
  end: number
  readonly failure: JsonFailure
  position = 0
  /** The bytes of the last string read, quotes excluded. */
  stringStart = 0
  stringEnd = 0
  /** True when the last string holds a backslash. */
  stringEscaped = false

  constructor(bytes: Uint8Array, failure: JsonFailure) {
    this.bytes = bytes
    this.end = bytes.length
    this.failure = failure
  }

  /** Goes on at the start of other bytes, which begin with what is left to be read; what was remembered of a string is void. */
  goOn(bytes: Uint8Array): void {
    this.bytes = bytes
    this.end = bytes.length
    this.position = 0
  }

  fail(problem: string): never {
    throw this.failure(problem, this.position)
  }

  /** Skips white space; the byte there, or -1 at the end of the input. */
  peek(): number {
    const { bytes, end } = this
    let p = this.position
    while (p < end) {
      const c = bytes[p]!
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) {
        this.position = p
        return c
      }
      p++
    }
    this.position = end
    return -1
  }

  /** Steps over one expected byte, white space before it allowed. */
  expect(byte: number): void {
    const c = this.peek()
    if (c !== byte) {
      this.fail(c < 0 ? 'it ends too early' : `"${String.fromCharCode(byte)}" is missing`)
    }
    this.position++
  }

  /**
   * For loops over an array or object whose opening bracket was read: true when an item follows, false after the closing bracket.
   * `first` is true before the first item.
   */
  more(close: number, first: boolean): boolean {
    let c = this.peek()
    if (c === close) {
      this.position++
      return false
    }
    if (!first) {
      if (c !== COMMA) this.fail(c < 0 ? 'it ends too early' : 'a comma is missing')
      this.position++
      c = this.peek()
      if (c === close) this.fail('a comma is followed by nothing')
    }
    if (c < 0) this.fail('it ends too early')
    return true
  }

  /** Reads a string and remembers where its bytes are; nothing is decoded. */
  string(): void {
    this.expect(QUOTE)
    const { bytes, end } = this
    let p = this.position
    let escaped = false
    this.stringStart = p
    while (p < end) {
      const c = bytes[p]!
      if (c === QUOTE) {
        this.stringEnd = p
        this.stringEscaped = escaped
        this.position = p + 1
        return
      }
      if (c === BACKSLASH) {
        escaped = true
        p++
      }
      p++
    }
    this.position = end
    this.fail('it ends inside a text')
  }

  /** Reads a key and the colon after it. */
  key(): void {
    this.string()
    this.expect(COLON)
  }

  /**
   * Steps to the next key of an object whose brace was read, and over its colon; false after the closing brace.
   * `first` is true before the first key. A plain key after a comma takes the short way, everything else the careful one.
   */
  nextKey(first: boolean): boolean {
    const { bytes } = this
    let p = this.position
    let c = bytes[p]
    if (c === COMMA && !first) {
      c = bytes[++p]
      while (c === SPACE || c === LINE_FEED) c = bytes[++p]
    }
    if (c === QUOTE && (first || p > this.position)) {
      const start = ++p
      c = bytes[p]
      while (c !== QUOTE && c !== BACKSLASH && c !== undefined) c = bytes[++p]
      if (c === QUOTE && bytes[p + 1] === COLON) {
        this.stringStart = start
        this.stringEnd = p
        this.stringEscaped = false
        this.position = p + 2
        return true
      }
    }
    if (!this.more(CLOSE_BRACE, first)) return false
    this.key()
    return true
  }

  /** True when the last string is exactly these bytes. */
  stringIs(expected: Uint8Array): boolean {
    const { bytes, stringStart } = this
    const length = expected.length
    if (this.stringEnd - stringStart !== length) return false
    for (let i = 0; i < length; i++) if (bytes[stringStart + i] !== expected[i]) return false
    return true
  }

  /** The last string, decoded; escapes are resolved. */
  text(): string {
    const raw = decodeUtf8(this.bytes, this.stringStart, this.stringEnd)
    if (!this.stringEscaped) return raw
    try {
      return JSON.parse(`"${raw}"`) as string
    } catch {
      return this.fail('a text holds an escape that JSON does not know')
    }
  }

  /** Reads a number; exact as JSON.parse would give it. */
  number(): number {
    let c = this.peek()
    const { bytes, end } = this
    const start = this.position
    let p = start
    const negative = c === MINUS
    if (negative) c = bytes[++p] ?? 0
    const digitsStart = p
    let mantissa = 0
    while (c >= 48 && c <= 57 && p < end) {
      mantissa = mantissa * 10 + (c - 48)
      c = bytes[++p] ?? 0
    }
    let digits = p - digitsStart
    if (digits === 0) this.fail('a number is missing')
    let decimals = 0
    if (c === DOT) {
      c = bytes[++p] ?? 0
      const decimalsStart = p
      while (c >= 48 && c <= 57 && p < end) {
        mantissa = mantissa * 10 + (c - 48)
        c = bytes[++p] ?? 0
      }
      decimals = p - decimalsStart
      if (decimals === 0) this.fail('a number ends with its point')
      digits += decimals
    }
    this.position = p
    // Up to 15 digits mantissa and power are exact, so one division rounds correctly (Clinger's fast path).
    if (digits <= 15 && c !== 101 && c !== 69) {
      const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!
      return negative ? -value : value
    }
    return this.longNumber(start)
  }

  /** A number with an exponent or many digits, by the language's own conversion. */
  private longNumber(start: number): number {
    const { bytes, end } = this
    let p = start
    while (p < end && p - start < 400) {
      const c = bytes[p]!
      const part =
        (c >= 48 && c <= 57) || c === 43 || c === MINUS || c === DOT || c === 69 || c === 101
      if (!part) break
      p++
    }
    this.position = p
    const value = Number(decodeUtf8(bytes, start, p))
    if (!Number.isFinite(value)) this.fail('a number cannot be read')
    return value
  }

  /** Steps over any value. Brackets are only counted: what nobody reads need not be perfect. */
  skip(): void {
    const c = this.peek()
    if (c === QUOTE) {
      this.string()
      return
    }
    if (c === 123 || c === 91) {
      this.skipContainer()
      return
    }
    const { bytes, end } = this
    const start = this.position
    let p = start
    // Letters, digits, signs and points make up every other value.
    while (p < end) {
      const b = bytes[p]!
      if (b === COMMA || b === 125 || b === 93 || b <= 32 || b === 58) break
      p++
    }
    if (p === start) this.fail(c < 0 ? 'it ends too early' : 'a value is missing')
    this.stringStart = start
    this.stringEnd = p
    this.stringEscaped = false
    this.position = p
  }

  private skipContainer(): void {
    const { bytes, end } = this
    let p = this.position
    let depth = 0
    for (; p < end; p++) {
      const c = bytes[p]!
      if (c === QUOTE) {
        p++
        while (p < end && bytes[p] !== QUOTE) p += bytes[p] === BACKSLASH ? 2 : 1
      } else if (c === 123 || c === 91) {
        depth++
        if (depth > MAX_DEPTH) {
          this.position = p
          this.fail(`it is nested deeper than ${MAX_DEPTH} levels`)
        }
      } else if (c === 125 || c === 93) {
        depth--
        if (depth === 0) {
          this.position = p + 1
          return
        }
      }
    }
    this.position = end
    this.fail('it ends too early')
  }
}
