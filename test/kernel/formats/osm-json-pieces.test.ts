import { describe, expect, test } from 'vitest'
import { makeTown, SAMPLE } from '../../../scripts/sample/town.ts'
import { AppError } from '../../../src/base/errors.ts'
import { type ByteSource, SourceWindow } from '../../../src/kernel/formats/byte-source.ts'
import { decodeOsmJson } from '../../../src/kernel/formats/osm-json.ts'

/** A file in memory that gives at most `most` bytes a read and counts what it gave. */
function sourceOf(bytes: Uint8Array, most = 70_001): ByteSource & { given: number } {
  return {
    size: bytes.length,
    given: 0,
    read(into, position) {
      const piece = bytes.subarray(position, position + Math.min(most, into.length))
      into.set(piece)
      this.given += piece.length
      return piece.length
    },
  }
}

const utf8 = (text: string) => new TextEncoder().encode(text)
const town = makeTown({ ...SAMPLE, radiusMeters: 1_000 }).osm

function failureOf(work: () => unknown): Record<string, unknown> {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return { ...error, message: error.message }
    throw error
  }
  throw new Error('it was taken')
}

describe('an Overpass answer that is read while it is decoded', () => {
  test('gives what the whole file gives, and is read once', () => {
    expect(town.length).toBeGreaterThan(3 << 20)
    const source = sourceOf(town)
    expect(decodeOsmJson(source)).toEqual(decodeOsmJson(town))
    expect(source.given).toBe(town.length)
  })

  test('progress grows to the end of the file', () => {
    const seen: number[] = []
    decodeOsmJson(sourceOf(town), (fraction) => seen.push(fraction))
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen.at(-1)).toBeGreaterThan(0.9)
    expect(seen.at(-1)).toBeLessThanOrEqual(1)
  })

  test('a small file, one of just the window, and one that stands behind the window', () => {
    const head = '{"elements":[{"type":"node","id":1,"lat":1,"lon":2}]'
    for (const length of [80, 1 << 20, (1 << 20) + 1, 3 << 20]) {
      const tail = `,"remark":"x"}`
      const bytes = utf8(head + ' '.repeat(length - head.length - tail.length) + tail)
      expect(bytes.length).toBe(length)
      expect(decodeOsmJson(sourceOf(bytes))).toEqual(decodeOsmJson(bytes))
    }
  })

  test('an element larger than the window is read all the same', () => {
    const ids = Array.from({ length: 400_000 }, (_, i) => 5_000_000_000 + i)
    const ways = [ids.slice(0, 9), ids, ids.slice(0, 5)].map((nodes, i) => ({
      type: 'way',
      id: i + 1,
      nodes,
      tags: { highway: 'residential', name: `Rua ${i}` },
    }))
    const bytes = utf8(JSON.stringify({ elements: ways }))
    const source = sourceOf(bytes)
    const data = decodeOsmJson(source)
    expect(data).toEqual(decodeOsmJson(bytes))
    expect([...data.ways.refEnd]).toEqual([9, 400_009, 400_014])
    expect(source.given).toBeGreaterThan(bytes.length)
  })

  test('wherever a file is cut off, the reason and the place are those of the whole file', () => {
    for (let i = 0; i < 12; i++) {
      const cut = town.subarray(0, 1 + Math.floor(((i + 0.37) / 12) * town.length))
      const failure = failureOf(() => decodeOsmJson(sourceOf(cut)))
      expect(failure.code).toBe('OSM_INVALID')
      expect(failure).toEqual(failureOf(() => decodeOsmJson(cut)))
    }
  })

  test('what follows the end of a document is seen, however far away', () => {
    const bytes = utf8(`{"elements":[]}${' '.repeat(2 << 20)}x`)
    const failure = failureOf(() => decodeOsmJson(sourceOf(bytes)))
    expect(failure).toEqual(failureOf(() => decodeOsmJson(bytes)))
    expect(failure.message).toContain('something follows its end')
  })

  test('a server error at the end and a cancelled job are told as such, without a second reading', () => {
    const text = new TextDecoder().decode(town).trimEnd()
    const broken = utf8(`${text.slice(0, -1)},"remark":"runtime error: Query timed out"}`)
    const source = sourceOf(broken)
    expect(failureOf(() => decodeOsmJson(source)).code).toBe('OVERPASS_UNAVAILABLE')
    expect(source.given).toBe(broken.length)
    const stop = () => {
      throw new AppError('CANCELLED')
    }
    expect(failureOf(() => decodeOsmJson(sourceOf(town), stop)).code).toBe('CANCELLED')
  })
})

describe('the window', () => {
  test('moves over a source byte by byte', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i)
    const window = new SourceWindow(sourceOf(bytes, 7), 64)
    const seen: number[] = []
    while (!window.last) {
      expect(window.bytes.length).toBe(64)
      seen.push(...window.bytes.subarray(0, 50))
      window.moveTo(50)
      expect(window.base).toBe(seen.length)
    }
    expect([...seen, ...window.bytes]).toEqual([...bytes])
  })
})
