import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import { assembleOsm } from '../../../src/kernel/formats/osm-assemble.ts'
import type { OsmData } from '../../../src/kernel/formats/osm-data.ts'
import { decodeOsmJson } from '../../../src/kernel/formats/osm-json.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const answer = (...elements: unknown[]) => bytes(JSON.stringify({ version: 0.6, elements }))
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
  return 'no error'
}
const tagsOf = (data: OsmData, start: number, end: number) =>
  Object.fromEntries(
    Array.from({ length: end - start }, (_, i) => [
      data.strings[data.tagKeys[start + i]!],
      data.strings[data.tagValues[start + i]!],
    ]),
  )
const nodeTags = (data: OsmData, i = 0) =>
  tagsOf(data, data.nodes.tagStart[i]!, data.nodes.tagEnd[i]!)

describe('decodeOsmJson', () => {
  it('reads nodes, ways and relations in any key order', () => {
    const data = decodeOsmJson(
      bytes(`{"elements":[
        {"tags":{"highway":"crossing"},"lon":-43.5,"id":7,"lat":-22.25,"type":"node","version":3},
        {"nodes":[7,8,9],"type":"way","tags":{"name":"Rua São João"},"id":5},
        {"members":[{"role":"outer","ref":5,"type":"way"}],"type":"relation","id":2}],"version":0.6}`),
    )
    expect([data.nodes.count, data.ways.count, data.relations.count]).toEqual([1, 1, 1])
    expect([...data.nodes.lonLat.subarray(0, 2)]).toEqual([-43.5, -22.25])
    expect(data.nodes.versions[0]).toBe(3)
    expect([...data.refs]).toEqual([7, 8, 9])
    expect(tagsOf(data, data.ways.tagStart[0]!, data.ways.tagEnd[0]!)).toEqual({
      name: 'Rua São João',
    })
    expect(data.strings[data.members.roles[0]!]).toBe('outer')
  })

  it('reads inline geometry with its gaps, and the age of the data', () => {
    const data = decodeOsmJson(
      bytes(`{"osm3s":{"timestamp_osm_base":"2024-05-01T00:00:00Z"},"elements":[
        {"type":"way","id":1,"bounds":{"minlat":1},"nodes":[1,2,3],
         "geometry":[{"lat":1.5,"lon":2.5},null,{"lon":3.5,"lat":1.25}]}]}`),
    )
    expect([...data.geometry]).toEqual([2.5, 1.5, Number.NaN, Number.NaN, 3.5, 1.25])
    expect(data.timestamp).toBe('2024-05-01T00:00:00Z')
  })

  it('takes the newest element for the age when the file does not say', () => {
    const node = (id: number, timestamp: string) => ({
      type: 'node',
      id,
      lat: 0,
      lon: 0,
      timestamp,
    })
    const data = decodeOsmJson(
      answer(
        node(1, '2019-03-01T10:00:00Z'),
        node(2, '2021-01-01T00:00:00Z'),
        node(3, '2020-12-31T23:59:59Z'),
      ),
    )
    expect(data.timestamp).toBe('2021-01-01T00:00:00Z')
  })

  it.each([
    ['tagged first', 0, 1],
    ['skeleton first', 1, 0],
  ])('keeps the tags of a node that is listed again as skeleton, %s', (_, first, second) => {
    const pair = [
      { type: 'node', id: 1, lat: 1, lon: 2, tags: { highway: 'crossing' }, version: 4 },
      { type: 'node', id: 1, lat: 1, lon: 2 },
    ]
    const data = decodeOsmJson(
      answer(pair[first], pair[second], { type: 'node', id: 0, lat: 0, lon: 0 }),
    )
    expect(data.nodes.count).toBe(2)
    expect(nodeTags(data)).toEqual({ highway: 'crossing' })
    expect(data.nodes.versions[0]).toBe(4)
  })

  it('lets the higher of two versions win, even when it dropped its tags', () => {
    const data = decodeOsmJson(
      answer(
        { type: 'node', id: 1, lat: 1, lon: 1, version: 2 },
        { type: 'node', id: 1, lat: 5, lon: 5, version: 1, tags: { natural: 'tree' } },
      ),
    )
    expect(nodeTags(data)).toEqual({})
    expect(data.nodes.lonLat[0]).toBe(1)
  })

  it('resolves escapes and unicode', () => {
    const data = decodeOsmJson(
      bytes(
        '{"elements":[{"type":"node","id":1,"lat":0,"lon":0,"tags":{"na\\u006de":"a\\"b\\\\c \\u00e9 \\ud83c\\udf33 ção"}}]}',
      ),
    )
    expect(nodeTags(data)).toEqual({ name: 'a"b\\c é 🌳 ção' })
  })

  it.each([
    '1e-7',
    '-1.5E+1',
    '0.1',
    '12.3456789',
    '-0.0000001',
    '9007199254740991e-15',
    '123456789.123456789012345'.slice(8),
  ])('reads the number %s as JSON.parse does', (text) => {
    const data = decodeOsmJson(bytes(`{"elements":[{"type":"node","id":1,"lat":${text},"lon":0}]}`))
    expect(data.nodes.lonLat[1]).toBe(JSON.parse(text))
  })

  it('reads every finite coordinate as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.double({ min: -90, max: 90, noNaN: true }), (lat) => {
        const data = decodeOsmJson(
          bytes(`{"elements":[{"type":"node","id":1,"lat":${lat},"lon":0}]}`),
        )
        expect(data.nodes.lonLat[1]).toBe(lat + 0)
      }),
      { seed: 20261121, numRuns: 500, verbose: true },
    )
  })

  it('holds ids up to 2^53 exactly and refuses larger ones', () => {
    const data = decodeOsmJson(
      bytes('{"elements":[{"type":"node","id":9007199254740991,"lat":0,"lon":0}]}'),
    )
    expect(data.nodes.ids[0]).toBe(Number.MAX_SAFE_INTEGER)
    expect(
      codeOf(() => decodeOsmJson(bytes('{"elements":[{"type":"node","id":9007199254740993}]}'))),
    ).toBe('OSM_INVALID')
    expect(codeOf(() => decodeOsmJson(bytes('{"elements":[{"type":"node","id":1.5}]}')))).toBe(
      'OSM_INVALID',
    )
  })

  it('ignores areas and elements without an id, and says how many', () => {
    const data = decodeOsmJson(
      answer({ type: 'area', id: 1, tags: { name: 'x' } }, { type: 'node' }),
    )
    expect([data.ignored, data.nodes.count, data.tagKeys.length]).toEqual([2, 0, 0])
  })

  it('treats a position outside the Earth as unknown', () => {
    const data = decodeOsmJson(
      answer({ type: 'node', id: 1, lat: 91, lon: 0 }, { type: 'node', id: 2, lat: null, lon: 4 }),
    )
    expect([...data.nodes.lonLat]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
  })

  it.each([
    ['nothing', ''],
    [
      'an HTML page',
      '<html><body>The server is probably too busy to handle your request.</body></html>',
    ],
    ['an XML answer', '<?xml version="1.0"?><osm/>'],
    ['a list', '[]'],
    ['no elements', '{"version":0.6}'],
    ['something after the end', '{"elements":[]} x'],
    ['a trailing comma', '{"elements":[{"type":"node","id":1},]}'],
    ['a missing comma', '{"elements":[{"type":"node" "id":1}]}'],
    ['an id without digits', '{"elements":[{"type":"node","id":-}]}'],
    ['an unknown escape', '{"elements":[{"type":"node","id":1,"tags":{"a":"\\q"}}]}'],
    ['deep nesting', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},"elements":[]}`],
  ])('refuses %s with OSM_INVALID', (_, text) => {
    expect(codeOf(() => decodeOsmJson(bytes(text)))).toBe('OSM_INVALID')
  })

  it('quotes the page when a server answers with HTML', () => {
    expect(() =>
      decodeOsmJson(bytes('<html><head><title>x</title></head><p>Error: rate_limited</p></html>')),
    ).toThrow(/HTML.*rate_limited/)
  })

  it('refuses an answer cut off at any byte', () => {
    const whole = answer({
      type: 'way',
      id: 1,
      nodes: [1, 2],
      geometry: [{ lat: 1, lon: 2 }, null],
      tags: { a: 'ç' },
    })
    expect(codeOf(() => decodeOsmJson(whole))).toBe('no error')
    for (let end = 0; end < whole.length; end++) {
      expect(codeOf(() => decodeOsmJson(whole.subarray(0, end)))).toBe('OSM_INVALID')
    }
  })

  it('takes a remark about an error for a failure of the server, any other remark for a remark', () => {
    const remark = (text: string) => bytes(JSON.stringify({ elements: [], remark: text }))
    const failed = () =>
      decodeOsmJson(remark('runtime error: Query timed out in "query" at line 3'))
    expect(codeOf(failed)).toBe('OVERPASS_UNAVAILABLE')
    expect(failed).toThrow(/timed out/)
    expect(decodeOsmJson(remark('be nice')).remark).toBe('be nice')
  })

  it('can be stopped by its progress callback', () => {
    const many = answer(
      ...Array.from({ length: 5000 }, (_, id) => ({ type: 'node', id, lat: 0, lon: 0 })),
    )
    const fractions: number[] = []
    decodeOsmJson(many, (fraction) => fractions.push(fraction))
    expect(fractions.length).toBe(2)
    expect(
      codeOf(() =>
        decodeOsmJson(many, () => {
          throw new AppError('CANCELLED')
        }),
      ),
    ).toBe('CANCELLED')
  })

  it('answers a thousand damaged files with a result or an AppError, each within a second', () => {
    const whole = answer(
      { type: 'node', id: 1, lat: 1, lon: 2, tags: { highway: 'crossing', name: 'ção "x"' } },
      { type: 'node', id: 2, lat: 1.1, lon: 2.1 },
      { type: 'node', id: 3, lat: 1.2, lon: 2 },
      { type: 'way', id: 1, nodes: [1, 2, 3, 1], tags: { building: 'yes' }, version: 2 },
      {
        type: 'way',
        id: 2,
        nodes: [1, 2],
        geometry: [
          { lat: 1, lon: 2 },
          { lat: 1.1, lon: 2.1 },
        ],
      },
      {
        type: 'relation',
        id: 1,
        members: [
          { type: 'way', ref: 2, role: 'outer', geometry: [{ lat: 1, lon: 2 }, null] },
          { type: 'way', ref: 1, role: 'inner' },
        ],
        tags: { type: 'multipolygon', landuse: 'forest' },
      },
    )
    let seed = 4711
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return Math.floor((seed / 4294967296) * below)
    }
    const outcomes = new Map<string, number>()
    for (let round = 0; round < 1000; round++) {
      const damaged = whole.slice(0, random(4) === 0 ? random(whole.length) : whole.length)
      for (let k = random(6); k >= 0; k--) {
        const at = random(damaged.length)
        if (random(3) === 0) damaged.copyWithin(at, random(damaged.length))
        else damaged[at] = random(256)
      }
      const start = performance.now()
      const outcome = codeOf(() => assembleOsm(decodeOsmJson(damaged)))
      expect(performance.now() - start, `round ${round}`).toBeLessThan(1000)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(
      [...outcomes.keys()].every((code) =>
        ['no error', 'OSM_INVALID', 'OVERPASS_UNAVAILABLE'].includes(code),
      ),
    ).toBe(true)
    expect(outcomes.get('OSM_INVALID')).toBeGreaterThan(100)
  })
})
