import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeDxf } from '../../../src/kernel/formats/dxf.ts'
import { osmSiteV1 } from '../../../src/kernel/pipelines/osm-site.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

const CENTRE = { latitude: -21.7634, longitude: -41.3235, radiusMeters: 500 }
const METER = 1 / 111_000

function draw(elements: readonly unknown[], asked: object = {}) {
  const bytes = new TextEncoder().encode(JSON.stringify({ elements }))
  const params = osmSiteV1.params.parse({ ...CENTRE, ...asked })
  return osmSiteV1.compute(params, { osm: { bytes, source: 'test' } }, nodeCodecs, () => {})
}
/** A node so many metres east and north of the centre. */
const node = (id: number, east: number, north: number, tags: object = {}) => ({
  type: 'node',
  id,
  lon: CENTRE.longitude + (east * METER) / Math.cos((CENTRE.latitude * Math.PI) / 180),
  lat: CENTRE.latitude + north * METER,
  tags,
})
const way = (id: number, nodes: number[], tags: object) => ({ type: 'way', id, nodes, tags })
const sizes = ({ drawing }: Awaited<ReturnType<typeof draw>>) =>
  drawing.features.map(
    ({ path }) => drawing.paths.offsets[path + 1]! - drawing.paths.offsets[path]!,
  )

describe('cleaning of osm-site@1', () => {
  const square = [node(1, 0, 0), node(2, 20, 0), node(3, 20, 20), node(4, 0, 20)]

  it('draws a house that was mapped twice once, and names both ways', async () => {
    const result = await draw([
      ...square,
      way(11, [3, 2, 1, 4, 3], { building: 'yes' }),
      way(10, [1, 2, 3, 4, 1], { building: 'yes', name: 'A' }),
      // Another class over the same nodes stays.
      way(12, [1, 2, 3, 4, 1], { landuse: 'residential' }),
    ])
    expect(result.drawing.features.map(({ source }) => source)).toEqual(['way/10', 'way/12'])
    expect(result.drawing.features[0]!.mergedSources).toEqual(['way/11'])
    expect(result.notes).toContainEqual({ code: 'AREAS_DRAWN_ONCE', data: { count: 1 } })
  })

  it('takes out spikes and vertices repeated in place; a junction on a spike stays', async () => {
    //  1 ---- 2 ---- 4 ---- 5     3 and 7 are tips above 2 and 4; a lane goes on from 7
    const street = { highway: 'residential' }
    const line = [node(1, -50, 0), node(2, 0, 0), node(3, 0, 30), node(6, 0, 0), node(4, 30, 0)]
    const spiked = await draw([...line, node(5, 60, 5), way(10, [1, 2, 3, 6, 4, 5], street)], {
      simplifyToleranceMeters: 0,
    })
    expect(sizes(spiked)).toEqual([4])
    expect(spiked.notes).toContainEqual({ code: 'SPIKES_REMOVED', data: { count: 1 } })
    const used = await draw(
      [
        ...line,
        node(5, 60, 5),
        node(8, 0, 60),
        way(10, [1, 2, 3, 6, 4, 5], street),
        way(11, [3, 8], { highway: 'path' }),
      ],
      { simplifyToleranceMeters: 0 },
    )
    expect(used.notes.map(({ code }) => code)).not.toContain('SPIKES_REMOVED')
  })

  it('tells of an area that crosses itself, and leaves it', async () => {
    const result = await draw([...square, way(10, [1, 3, 2, 4, 1], { building: 'yes' })])
    const note = result.notes.find(({ code }) => code === 'RINGS_CROSS_THEMSELVES')
    expect(note?.data).toMatchObject({ count: 1, feature: 'way/10' })
    expect(sizes(result)).toEqual([5])
    const whole = await draw([...square, way(10, [1, 2, 3, 4, 1], { building: 'yes' })])
    expect(whole.notes.map(({ code }) => code)).not.toContain('RINGS_CROSS_THEMSELVES')
  })

  it('keeps the vertices that a house and a plot share through simplification', async () => {
    const result = await draw([
      ...square,
      // Node 5 lies on the straight line 1-2; both outlines have it.
      node(5, 10, 0),
      node(6, 10, -20),
      way(10, [1, 5, 2, 3, 4, 1], { building: 'yes' }),
      way(11, [5, 2, 6, 5], { landuse: 'grass' }),
    ])
    expect(sizes(result)).toEqual([6, 4])
    const alone = await draw([
      ...square,
      node(5, 10, 0),
      way(10, [1, 5, 2, 3, 4, 1], { building: 'yes' }),
    ])
    expect(sizes(alone)).toEqual([5])
  })
})

describeWithSharedData('osm-site@1 and the order of elements', () => {
  it('property: a shuffled answer gives the same DXF, byte by byte', async () => {
    const file = sharedData('osm/overpass-derived/porto-alegre_g4.geom.overpass.json.gz')!
    const { elements } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
      elements: unknown[]
    }
    const asked = { latitude: -30.05, longitude: -51.197, radiusMeters: 900 }
    const bytesOf = async (list: readonly unknown[]) =>
      Buffer.from(writeDxf((await draw(list, asked)).drawing, { retrievedAt: null }))
    const expected = await bytesOf(elements)
    expect(expected.length).toBeGreaterThan(100_000)
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(elements, { minLength: elements.length }),
        async (shuffled) => {
          expect((await bytesOf(shuffled)).equals(expected)).toBe(true)
        },
      ),
      { numRuns: 5, seed: 20_261_121 },
    )
    // What the comparison can see: without its residential streets it is another drawing.
    const others = elements.filter(
      (element) => (element as { tags?: { highway?: string } }).tags?.highway !== 'residential',
    )
    expect(others.length).toBeLessThan(elements.length)
    expect((await bytesOf(others)).equals(expected)).toBe(false)
  })
})
