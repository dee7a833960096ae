import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { geojsonSiteV1 } from '../../../src/kernel/pipelines/geojson-site.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { type Line, unpack } from '../../support/lines.ts'

const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::31984' } }
const EAST = 259_000
const NORTH = 7_591_000

/** Lines in metres about a corner, as a document in EPSG:31984, so that results are exact to the bit. */
function document(lines: Line[], properties: Record<string, unknown>[] = []) {
  return {
    type: 'FeatureCollection',
    crs,
    features: lines.map((line, i) => ({
      type: 'Feature',
      properties: properties[i] ?? {},
      geometry: {
        type: 'LineString',
        coordinates: line.map(([x, y]) => [EAST + x, NORTH + y]),
      },
    })),
  }
}

async function draw(doc: unknown, params: Record<string, unknown> = {}) {
  const geojson = new TextEncoder().encode(JSON.stringify(doc))
  const asked = geojsonSiteV1.params.parse(params)
  const { drawing, notes } = await geojsonSiteV1.compute(asked, { geojson }, nodeCodecs, () => {})
  const lines = unpack(drawing.paths).map((line) =>
    line.map(([x, y]) => [x - EAST, y - NORTH] as [number, number]),
  )
  return { drawing, notes: notes.map(({ code }) => code), data: notes.map((n) => n.data), lines }
}

const BENT: Line = [
  [0, 0],
  [10, 0.02],
  [20, 0],
  [20.003, 0],
  [20, 30],
]
const NEAR: Line = [
  [20.004, 30.001],
  [40, 30],
]

describe('by default', () => {
  it('every vertex of a survey stays where it is, to the bit, and in number', async () => {
    const { lines, notes } = await draw(document([BENT, NEAR, BENT]))
    expect(lines).toEqual(
      [BENT, NEAR, BENT].map((line) => line.map(([x, y]) => [EAST + x - EAST, NORTH + y - NORTH])),
    )
    expect(notes).toEqual([])
  })

  it('degrees become metres to PROJ-like rounding and nothing else happens', async () => {
    const lonLat = [-41.3235, -21.7634, -41.3225, -21.7634, -41.3225, -21.762]
    const { drawing } = await draw({
      type: 'LineString',
      coordinates: [0, 2, 4].map((i) => [lonLat[i], lonLat[i + 1]]),
    })
    const back = createProjector(31984).inverse(drawing.paths.coords)
    for (const [i, degrees] of lonLat.entries())
      expect(Math.abs(back[i]! - degrees)).toBeLessThan(1e-9)
  })

  it('only a vertex repeated exactly in place goes, unless its height differs', async () => {
    const doc = document([
      [
        [0, 0],
        [5, 0],
        [5, 0],
        [9, 0],
      ],
    ])
    const flat = await draw(doc)
    expect(flat.lines[0]).toHaveLength(3)
    expect(flat.notes).toEqual(['REPEATED_VERTICES_REMOVED'])
    const { coordinates } = doc.features[0]!.geometry
    coordinates[1]!.push(1)
    coordinates[2]!.push(4)
    expect((await draw(doc)).lines[0]).toHaveLength(4)
  })
})

describe('asked for', () => {
  it('snapping: ends that almost meet share one place; nothing moves further than the tolerance', async () => {
    const { lines, notes, data } = await draw(document([BENT, NEAR]), { snapTolerance: 0.01 })
    expect(lines[0]!.at(-1)).toEqual(lines[1]![0])
    expect(notes).toContain('VERTICES_SNAPPED')
    expect(data[0]).toMatchObject({ splits: 0 })
    for (const [x, y] of lines[1]!) {
      const nearest = Math.min(...NEAR.map(([a, b]) => Math.hypot(a - x, b - y)))
      expect(nearest).toBeLessThanOrEqual(0.01)
    }
  })

  it('duplicates: the same stretch, backward too, once; other attributes stay', async () => {
    const one: Line = [
      [0, 0],
      [10, 0],
      [20, 0],
    ]
    const back: Line = [
      [20, 0],
      [10, 0],
    ]
    const doc = document([one, back, back], [{ fid: 1 }, { fid: 2 }, { fid: 3, diameter: 100 }])
    const { lines, notes, drawing } = await draw(doc, { removeDuplicates: true })
    expect(lines).toEqual([one, back])
    expect(notes).toEqual(['DUPLICATES_REMOVED'])
    expect(drawing.features[1]!.properties).toMatchObject({ diameter: 100 })
    expect((await draw(doc)).lines).toHaveLength(3)
  })

  it('joining: equal attributes end to end; the first feature names the line, the others are listed', async () => {
    const parts: Line[] = [
      [
        [20, 0],
        [30, 5],
      ],
      [
        [0, 0],
        [20, 0],
      ],
      [
        [30, 5],
        [50, 5],
      ],
    ]
    const doc = document(parts, [{ id: 'a' }, { id: 'b' }, { id: 'c', diameter: 50 }])
    const { lines, drawing } = await draw(doc, { joinLines: true })
    expect(lines).toEqual([
      [
        [0, 0],
        [20, 0],
        [30, 5],
      ],
      parts[2],
    ])
    expect(drawing.features[0]).toMatchObject({
      source: 'geojson/0',
      mergedSources: ['geojson/1'],
      properties: { id: 'a' },
    })
  })

  it('spikes: out and back goes; a branch that another line meets stays', async () => {
    const spike: Line = [
      [0, 0],
      [10, 0],
      [10, 5],
      [10, 0],
      [20, 0],
    ]
    const alone = await draw(document([spike]), { removeSpikes: true })
    expect(alone.lines).toEqual([
      [
        [0, 0],
        [10, 0],
        [20, 0],
      ],
    ])
    expect(alone.notes).toEqual(['SPIKES_REMOVED', 'REPEATED_VERTICES_REMOVED'])
    const met: Line = [
      [10, 5],
      [10, 50],
    ]
    expect((await draw(document([spike, met]), { removeSpikes: true })).lines).toEqual([spike, met])
    expect((await draw(document([spike]))).lines).toEqual([spike])
  })

  it('simplifying: shared vertices stay shared', async () => {
    const side: Line = [
      [10, 0.02],
      [10, 9],
    ]
    const both = await draw(document([BENT, side]), { simplifyTolerance: 0.05 })
    expect(both.lines[0]).toContainEqual(both.lines[1]![0])
    const alone = await draw(document([BENT]), { simplifyTolerance: 0.05 })
    expect(alone.lines[0]).toHaveLength(3)
  })

  it('road edges: streets only, after everything else', async () => {
    const doc = document(
      [
        [
          [0, 0],
          [50, 0],
        ],
        [
          [0, 90],
          [50, 90],
        ],
      ],
      [{ width_m: 6 }, { highway: 'footway' }],
    )
    const { drawing, lines } = await draw(doc, { roadEdges: true })
    expect(drawing.features.map((feature) => feature.class)).toEqual([
      null,
      'highway=footway',
      'road=edge',
    ])
    expect(drawing.layers.map(({ name }) => name)).toContain('SISRUA_OSM_BORDOS_VIA')
    expect(lines[2]!.map(([, y]) => Math.abs(y))).toEqual([3, 3, 3, 3, 3])
  })
})

describe('names', () => {
  it('stand along lines, inside areas however bent, and beside points, when asked for', async () => {
    const court = [
      [0, 0],
      [40, 0],
      [40, 40],
      [30, 40],
      [30, 10],
      [10, 10],
      [10, 40],
      [0, 40],
      [0, 0],
    ].map(([x, y]) => [EAST + x!, NORTH + y!])
    const doc = document(
      [
        [
          [0, 60],
          [100, 60],
        ],
      ],
      [{ name: 'Adutora' }],
    )
    doc.features.push(
      {
        type: 'Feature',
        properties: { name: 'Pátio' },
        geometry: { type: 'Polygon', coordinates: [court] as never },
      },
      {
        type: 'Feature',
        properties: { name: 'P-1' },
        geometry: { type: 'Point', coordinates: [EAST + 5, NORTH + 70] as never },
      },
    )
    expect((await draw(doc)).drawing.features.map(({ kind }) => kind)).toEqual([
      'line',
      'ring',
      'point',
    ])
    const { drawing, lines } = await draw(doc, { labels: true })
    const texts = drawing.features.filter(({ kind }) => kind === 'text')
    expect(texts.map(({ text, source }) => [text, source])).toEqual([
      ['Adutora', 'geojson/0'],
      ['Pátio', 'geojson/1'],
      ['P-1', 'geojson/2'],
    ])
    expect(texts.map(({ layer }) => drawing.layers[layer]!.name)).toEqual(
      texts.map(() => 'SISRUA_OSM_TEXTOS'),
    )
    // The middle of the U is a court: the name stands in one of its wings or its foot.
    const [x, y] = lines[texts[1]!.path]![0]!
    expect(y < 10 || x < 10 || x > 30).toBe(true)
  })
})

describe('lines that cross themselves are told with their place', () => {
  it('a bow tie of a polygon, a loop of a line; none for a line that comes back to its own vertex', async () => {
    const bow = [
      [0, 0],
      [10, 10],
      [10, 0],
      [0, 10],
      [0, 0],
    ].map(([x, y]) => [EAST + x!, NORTH + y!])
    const rings = await draw({ type: 'Polygon', crs, coordinates: [bow] })
    expect(rings.notes).toEqual(['RINGS_CROSS_THEMSELVES'])
    expect(rings.data[0]).toEqual({ count: 1, feature: 0, easting: EAST + 5, northing: NORTH + 5 })
    const loop: Line = [
      [0, 0],
      [10, 0],
      [10, 10],
      [5, 10],
      [5, -5],
    ]
    expect((await draw(document([loop]))).notes).toEqual(['LINES_CROSS_THEMSELVES'])
    const lasso: Line = [
      [0, 0],
      [10, 0],
      [20, 0],
      [20, 9],
      [10, 0],
    ]
    expect((await draw(document([lasso]))).notes).toEqual([])
  })
})

describe('properties', () => {
  const SEED = 20261121
  // Quarters are exact in binary, so places can be compared to the bit.
  const place = fc.integer({ min: 0, max: 24 }).map((n) => n / 4)
  const line = fc
    .array(fc.tuple(place, place), {
      minLength: 2,
      maxLength: 6,
    })
    .filter((points) => points.some(([x, y]) => x !== points[0]![0] || y !== points[0]![1]))
  const lines = fc.array(line, { minLength: 1, maxLength: 6 })
  it(`the order of features does not change what is drawn (seed ${SEED})`, async () => {
    const segments = (drawn: Line[]) =>
      drawn
        .flatMap((points) =>
          points.slice(1).map((b, i) => [points[i]!.join(), b.join()].sort().join(' ')),
        )
        .sort()
    await fc.assert(
      fc.asyncProperty(lines, fc.infiniteStream(fc.nat()), async (input, dice) => {
        const shuffled = [...input]
        for (let i = shuffled.length - 1; i > 0; i--) {
          const j = dice.next().value! % (i + 1)
          ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
        }
        const asked = { removeDuplicates: true }
        const one = await draw(document(input as Line[]), asked)
        const other = await draw(document(shuffled as Line[]), asked)
        expect(segments(other.lines)).toEqual(segments(one.lines))
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it(`every step done twice is done once (seed ${SEED})`, async () => {
    for (const asked of [
      { snapTolerance: 0.4 },
      { removeDuplicates: true },
      { joinLines: true },
      { removeSpikes: true },
      { simplifyTolerance: 0.8 },
    ]) {
      await fc.assert(
        fc.asyncProperty(lines, async (input) => {
          const once = await draw(document(input as Line[]), asked).catch(() => null)
          if (once === null || once.lines.length === 0) return
          const twice = await draw(document(once.lines), asked)
          expect(twice.lines, JSON.stringify(asked)).toEqual(once.lines)
        }),
        { seed: SEED, numRuns: 60 },
      )
    }
  })
})
