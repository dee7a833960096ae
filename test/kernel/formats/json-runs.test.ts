import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeOsmJson } from '../../../src/kernel/formats/osm-json.ts'

const seed = { numRuns: 500, seed: 20_261_121 }
/** Numbers as servers, editors and other people's programs print them. */
const degrees = fc.oneof(
  fc.integer({ min: -900_000_000, max: 900_000_000 }).map((n) => (n / 1e7).toFixed(7)),
  fc.double({ min: -90, max: 90, noNaN: true }).map((n) => JSON.stringify(n)),
  fc.constantFrom('0', '-0', '-0.0', '12', '007.5', '1.5e1', '-2.5E-3', '89.123456789012345', '91'),
)
const id = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 }).map(String),
  fc.integer({ min: 2 ** 31, max: 2 ** 53 - 1 }).map(String),
  fc.integer({ min: -1000, max: -1 }).map(String),
)
const space = fc.constantFrom('', ' ', '\n  ', '\t', '\r\n')
const position = fc.tuple(degrees, degrees, space, fc.boolean()).map(([lat, lon, gap, turned]) => {
  const parts = [`"lat":${gap}${lat}`, `"lon":${gap}${lon}`]
  const text = `{${gap}${(turned ? parts.reverse() : parts).join(`,${gap}`)}${gap}}`
  return { text, lat: Number(lat), lon: Number(lon) }
})
const listed = fc.oneof({ weight: 9, arbitrary: position }, fc.constant(null))

describe('runs of numbers in an answer', () => {
  test('property: positions and ids are read as JSON.parse and Number read them', () => {
    fc.assert(
      fc.property(
        fc.array(listed, { maxLength: 6 }),
        fc.array(id, { maxLength: 6 }),
        space,
        (places, ids, gap) => {
          const geometry = places.map((place) => place?.text ?? 'null').join(`${gap},${gap}`)
          const nodes = ids.join(`${gap},${gap}`)
          const text = `{"elements":[{"type":"way","id":7,"geometry":[${gap}${geometry}${gap}],"nodes":[${gap}${nodes}${gap}]}]}`
          const data = decodeOsmJson(new TextEncoder().encode(text))
          expect([...data.refs]).toEqual(ids.map(Number))
          expect([...data.geometry]).toEqual(
            places.flatMap((place) => {
              const onEarth =
                place !== null && Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180
              return onEarth ? [place.lon, place.lat] : [Number.NaN, Number.NaN]
            }),
          )
        },
      ),
      seed,
    )
  })

  test.each([
    ['a comma too much', '[1,2,]'],
    ['no comma', '[1 2]'],
    ['no end', '[1,2'],
    ['a word', '[1,two]'],
    ['a point without digits', '[1,2.]'],
  ])('%s is refused', (_, nodes) => {
    const bytes = new TextEncoder().encode(`{"elements":[{"type":"way","id":7,"nodes":${nodes}}]}`)
    expect(() => decodeOsmJson(bytes)).toThrow(expect.objectContaining({ code: 'OSM_INVALID' }))
  })

  test('a text with escapes is the same text without; of a key that stands twice the last value counts', () => {
    const text = `{"elements":[{"type":"node","id":1,"lat":0,"lon":0,"tags":{"n\\u0061me":"A","a":"1","a":"2"}},{"type":"node","id":2,"lat":0,"lon":0,"tags":{"name":"\\u0041"}}]}`
    const { tagKeys, tagValues, strings } = decodeOsmJson(new TextEncoder().encode(text))
    expect([...tagKeys].map((key) => strings[key])).toEqual(['name', 'a', 'name'])
    expect([...tagValues].map((value) => strings[value])).toEqual(['A', '2', 'A'])
    expect(tagKeys[2]).toBe(tagKeys[0])
    expect(tagValues[2]).toBe(tagValues[0])
  })
})
