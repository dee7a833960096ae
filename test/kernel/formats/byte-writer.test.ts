import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/kernel/formats/byte-writer.ts'
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
