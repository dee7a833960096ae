import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCK_BYTES, ByteWriter, fragmentOf } from '../../../src/kernel/formats/byte-writer.ts'
import {
  writeDecimal,
  writeDegrees,
  writeHex,
  writeInteger,
  writeMeters,
} from '../../../src/kernel/formats/digits.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/kernel/formats/utf8.ts'

const seed = { seed: 20260421, numRuns: 2000 }
const written = (write: (writer: ByteWriter) => void) => {
  const writer = new ByteWriter(1)
  write(writer)
  return Buffer.from(writer.take()).toString('utf8')
}

describe('UTF-8', () => {
  it('agrees with TextEncoder and TextDecoder on anything', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        (text, bytes) => {
          expect(encodeUtf8(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)))
          expect(decodeUtf8(bytes)).toBe(
            new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
          )
        },
      ),
      seed,
    )
    expect(decodeUtf8(encodeUtf8('\ud800a'))).toBe('\ufffda')
    expect(decodeUtf8(encodeUtf8('😀ção'.repeat(3000)))).toBe('😀ção'.repeat(3000))
  })
})

describe('numbers', () => {
  it('are within half a unit of the last decimal, trimmed, without exponent', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 9 }),
        (part, decimals) => {
          // Degrees have nine decimals, metres four.
          const value = part * (decimals > 4 ? 360 : 2e7)
          const text = written((writer) => writer.decimal(value, decimals))
          expect(text).toMatch(/^(0|-?[1-9]\d*|-?\d+\.\d*[1-9])$/)
          expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(
            0.5000001 * 10 ** -decimals + 4e-9,
          )
        },
      ),
      seed,
    )
  })

  it('are the same digits by the short roads for metres and degrees', () => {
    const view = new DataView(new ArrayBuffer(64))
    const text = (end: number) => Buffer.from(view.buffer, 0, end).toString('latin1')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ min: -1e12, max: 1e12, noNaN: true }),
          fc.double({ min: -400, max: 400, noNaN: true }),
          fc.integer({ min: -10_000_000_000, max: 10_000_000_000 }).map((n) => n / 1000),
        ),
        (value) => {
          const meters = text(writeMeters(view, 0, value))
          expect(meters).toBe(text(writeDecimal(view, 0, value, 3)))
          const degrees = text(writeDegrees(view, 0, value))
          expect(degrees).toBe(text(writeDecimal(view, 0, value, 9)))
        },
      ),
      seed,
    )
    expect(() => writeMeters(view, 0, Number.NaN)).toThrow(/not a finite number/)
    expect(() => writeDegrees(view, 0, Number.NEGATIVE_INFINITY)).toThrow(/not a finite number/)
  })

  it('are whole or hexadecimal as the language itself writes them', () => {
    const view = new DataView(new ArrayBuffer(64))
    const text = (end: number) => Buffer.from(view.buffer, 0, end).toString('latin1')
    fc.assert(
      fc.property(fc.nat(0x7fffffff), fc.nat(30), (large, shift) => {
        const value = large >> shift
        const digits = value.toString(16).toUpperCase()
        expect(text(writeInteger(view, 0, value))).toBe(String(value))
        expect(text(writeHex(view, 0, value, false))).toBe(digits)
        expect(text(writeHex(view, 0, value, true))).toBe(digits.padStart(8, '0'))
      }),
      seed,
    )
    expect(text(writeHex(view, 0, -1, true))).toBe('FFFFFFFF')
  })

  it('know their corners', () => {
    const text = (value: number, decimals = 3) =>
      written((writer) => writer.decimal(value, decimals))
    expect(
      [0, -0, -0.0004, 0.0005, 999.9995, -1.5, 1e9, 123456789012, 1e20].map((one) => text(one)),
    ).toEqual([
      '0',
      '0',
      '0',
      '0.001',
      '1000',
      '-1.5',
      '1000000000',
      '123456789012',
      '100000000000000000000',
    ])
    expect(text(179.9999999995, 9)).toBe('180')
    expect(text(0.000000001, 9)).toBe('0.000000001')
  })

  it('refuse what is not finite', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21]) {
      expect(() => written((writer) => writer.decimal(value, 3))).toThrow(/not a finite number/)
      expect(written((writer) => writer.jsonDecimal(value, 3))).toBe('null')
    }
  })
})

describe('fragments', () => {
  it('are copied whole, whatever their length, and leave no trace behind their end', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 })), (texts) => {
        const all = written((writer) => {
          for (const text of texts) writer.fragment(fragmentOf(text))
        })
        expect(all).toBe(texts.map((text) => Buffer.from(text).toString('utf8')).join(''))
      }),
      seed,
    )
  })
})

describe('JSON strings', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const json = written((writer) => writer.jsonString(text))
        expect(JSON.parse(json)).toBe(Buffer.from(text).toString('utf8'))
      }),
      seed,
    )
  })
})

describe('a writer with a sink', () => {
  const written = (capacity: number, fill: (writer: ByteWriter) => void) => {
    const pieces: Buffer[] = []
    const writer = new ByteWriter(capacity, (piece) => pieces.push(Buffer.from(piece)))
    fill(writer)
    expect(writer.take().length).toBe(0)
    return pieces
  }

  it('hands on whole blocks and the rest at the end, every byte once and in order', () => {
    const fill = (writer: ByteWriter) => {
      for (let i = 0; i < 500_000; i++) {
        writer.integer(i)
        writer.byte(10)
      }
    }
    const whole = new ByteWriter()
    fill(whole)
    const pieces = written(2 * BLOCK_BYTES + 4096, fill)
    expect(pieces.length).toBeGreaterThan(1)
    for (const piece of pieces.slice(0, -1)) expect(piece.length % BLOCK_BYTES).toBe(0)
    expect(Buffer.concat(pieces).equals(Buffer.from(whole.take()))).toBe(true)
  })

  it('grows for one piece of text that is larger than its room', () => {
    const pieces = written(16, (writer) => {
      writer.text('ab')
      writer.text('ç'.repeat(1000))
      writer.text('z')
    })
    expect(Buffer.concat(pieces).toString('utf8')).toBe(`ab${'ç'.repeat(1000)}z`)
  })
})
