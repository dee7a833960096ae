import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { assembleOsm } from '../../../src/kernel/formats/osm-assemble.ts'
import { decodeOsmJson } from '../../../src/kernel/formats/osm-json.ts'
import { normalFeatures, ourFeatures } from '../../support/osm-features.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

// It has no type declarations.
const osmtogeojson = createRequire(import.meta.url)('osmtogeojson') as (document: unknown) => {
  features: unknown[]
}

const decode = (document: unknown) =>
  decodeOsmJson(new TextEncoder().encode(JSON.stringify(document)))
const reference = (document: unknown) => normalFeatures(osmtogeojson(document))

/** `1 0 0` → node 1 at lon 0, lat 0. */
function nodes(text: string) {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [id, lon, lat] = line.trim().split(/\s+/).map(Number)
      return { type: 'node', id, lon, lat }
    })
}
const way = (id: number, refs: number[], tags: object = {}) => ({
  type: 'way',
  id,
  nodes: refs,
  tags,
})
const area = (id: number, members: [number, string][], tags: object) => ({
  type: 'relation',
  id,
  members: members.map(([ref, role]) => ({ type: 'way', ref, role })),
  tags: { type: 'multipolygon', ...tags },
})

// 4 --- 3        8 - 7    a square with a square hole,
// |     |        |   |    corners of the outer 1-4, of the hole 5-8
// 1 --- 2        5 - 6
const SQUARES = nodes(`1 0 0
  2 10 0
  3 10 10
  4 0 10
  5 3 3
  6 6 3
  7 6 6
  8 3 6
  9 20 0
  10 30 0
  11 30 10
  12 20 10`)

describe('assembleOsm', () => {
  it.each([
    ['a closed way with building is an area', [way(1, [1, 2, 3, 4, 1], { building: 'yes' })]],
    ['a closed street is a line', [way(1, [1, 2, 3, 4, 1], { highway: 'residential' })]],
    ['area=no beats landuse', [way(1, [1, 2, 3, 4, 1], { landuse: 'grass', area: 'no' })]],
    ['building=no is no area', [way(1, [1, 2, 3, 4, 1], { building: 'no' })]],
    ['natural=cliff stays a line', [way(1, [1, 2, 3, 4, 1], { natural: 'cliff' })]],
    [
      'an outer ring in four pieces, two turned round, with a hole',
      [
        way(1, [1, 2]),
        way(2, [3, 2]),
        way(3, [3, 4]),
        way(4, [1, 4]),
        way(5, [5, 6, 7, 8, 5]),
        area(
          9,
          [
            [3, 'outer'],
            [1, 'outer'],
            [5, 'inner'],
            [4, 'outer'],
            [2, 'outer'],
          ],
          { natural: 'water' },
        ),
      ],
    ],
    [
      'two outers, the hole in its own',
      [
        way(1, [1, 2, 3, 4, 1]),
        way(2, [9, 10, 11, 12, 9]),
        way(5, [5, 6, 7, 8, 5]),
        area(
          9,
          [
            [2, 'outer'],
            [5, 'inner'],
            [1, 'outer'],
          ],
          { landuse: 'forest' },
        ),
      ],
    ],
    [
      'an inner way with tags of its own is drawn too',
      [
        way(1, [1, 2, 3, 4, 1]),
        way(5, [5, 6, 7, 8, 5], { natural: 'water' }),
        area(
          9,
          [
            [1, 'outer'],
            [5, 'inner'],
          ],
          { landuse: 'forest' },
        ),
      ],
    ],
    [
      'an outer way with the tags of its relation is not drawn twice',
      [
        way(1, [1, 2, 3, 4, 1], { landuse: 'forest' }),
        area(9, [[1, 'outer']], { landuse: 'forest' }),
      ],
    ],
    [
      'an outer way with tags of its own is drawn too',
      [
        way(1, [1, 2, 3, 4, 1], { barrier: 'fence' }),
        area(9, [[1, 'outer']], { landuse: 'forest' }),
      ],
    ],
    [
      'a relation with nothing but its type takes the tags of its outer way',
      [
        way(1, [1, 2, 3, 4, 1], { building: 'yes' }),
        way(5, [5, 6, 7, 8, 5]),
        area(
          9,
          [
            [1, 'outer'],
            [5, 'inner'],
          ],
          {},
        ),
      ],
    ],
    [
      'a hole in empty space is dropped',
      [
        way(1, [9, 10, 11, 12, 9]),
        way(5, [5, 6, 7, 8, 5]),
        area(
          9,
          [
            [1, 'outer'],
            [5, 'inner'],
          ],
          { landuse: 'forest' },
        ),
      ],
    ],
    [
      'a relation without outer is nothing',
      [way(5, [5, 6, 7, 8, 5]), area(9, [[5, 'inner']], { landuse: 'forest' })],
    ],
    ['a way with a missing node goes on without it', [way(1, [1, 2, 99, 3], { highway: 'path' })]],
    ['a way with one known node is nothing', [way(1, [1, 99], { highway: 'path' })]],
    [
      'boundary relations are areas too',
      [
        way(1, [1, 2, 3]),
        way(2, [3, 4, 1]),
        {
          ...area(
            9,
            [
              [1, 'outer'],
              [2, 'outer'],
            ],
            {},
          ),
          tags: { type: 'boundary', boundary: 'administrative' },
        },
      ],
    ],
  ])('%s, as osmtogeojson has it', (_, ways) => {
    const document = { elements: [...SQUARES, ...ways] }
    const wanted = reference(document)
    expect(ourFeatures(decode(document))).toEqual(wanted)
  })

  it('keeps an outline that does not close as a line, and says that it is incomplete', () => {
    const document = {
      elements: [...SQUARES, way(1, [1, 2, 3]), area(9, [[1, 'outer']], { landuse: 'forest' })],
    }
    const { report } = assembleOsm(decode(document))
    expect(ourFeatures(decode(document)).filter((text) => text.startsWith('relation'))).toEqual([
      'relation/9 LineString [["landuse","forest"],["type","multipolygon"]] 0 0,10 0,10 10',
    ])
    expect(report.incompleteRelations).toBe(1)
  })

  it('separates rings that touch at a node', () => {
    // 4---3       two squares that share corner 3; their four halves meet there
    // |   |
    // 1---3---6
    //     |   |
    //     8---7
    const document = {
      elements: [
        ...nodes('1 0 0\n2 5 0\n3 5 5\n4 0 5\n6 10 5\n7 10 10\n8 5 10'),
        way(1, [3, 4, 1]),
        way(2, [1, 2, 3]),
        way(3, [3, 6, 7]),
        way(4, [7, 8, 3]),
        area(
          9,
          [
            [1, 'outer'],
            [3, 'outer'],
            [2, 'outer'],
            [4, 'outer'],
          ],
          { landuse: 'grass' },
        ),
      ],
    }
    const found = ourFeatures(decode(document)).filter((text) => text.startsWith('relation'))
    expect(found).toEqual([
      'relation/9 Polygon [["landuse","grass"],["type","multipolygon"]] (0 0,0 5,5 5,5 0) + (10 10,10 5,5 5,5 10)',
    ])
  })

  it('does not depend on the order of the elements', () => {
    const elements = [
      ...SQUARES.map((node, i) => (i % 3 === 0 ? { ...node, tags: { natural: 'tree' } } : node)),
      way(1, [1, 2, 3, 4, 1]),
      way(7, [9, 10], { highway: 'path' }),
      way(5, [5, 6, 7, 8, 5], { building: 'yes' }),
      area(
        9,
        [
          [1, 'outer'],
          [5, 'inner'],
        ],
        { landuse: 'forest' },
      ),
      area(8, [[7, 'outer']], { landuse: 'grass' }),
    ]
    const geometry = (list: unknown[]) => {
      const { features } = assembleOsm(decode({ elements: list }))
      return [
        [...features.ids],
        [...features.paths.coords],
        [...features.paths.offsets],
        [...features.nodeIds],
      ]
    }
    expect(geometry([...elements].reverse())).toEqual(geometry(elements))
  })

  it('joins members that are printed inside their relation and lists none twice', () => {
    const point = (lon: number, lat: number) => ({ lat, lon })
    const document = {
      elements: [
        {
          type: 'relation',
          id: 9,
          tags: { type: 'multipolygon', natural: 'water' },
          members: [
            {
              type: 'way',
              ref: 1,
              role: 'outer',
              geometry: [point(0, 0), point(1, 0), point(1, 1)],
            },
            {
              type: 'way',
              ref: 2,
              role: 'outer',
              geometry: [point(0, 0), point(0, 1), point(1, 1)],
            },
          ],
        },
        { type: 'way', id: 2, nodes: [1, 4, 3], geometry: [point(0, 0), point(0, 1), point(1, 1)] },
      ],
    }
    expect(ourFeatures(decode(document))).toEqual([
      'relation/9 Polygon [["natural","water"],["type","multipolygon"]] (0 0,0 1,1 1,1 0)',
    ])
  })
})

/** Pairs whose expected result we do not share, and why. */
const ON_PURPOSE: Record<number, string> = {
  22: 'all nodes lie at one place, so the members, which we join by place, make one ring instead of two',
  76: 'the same area, but an outer way that is printed in the relation only cannot lend it tags: it stays the relation',
  28: 'an outline that does not close is no area',
  52: 'a line of one position and one that is nowhere is no line',
}

interface Pair {
  id: number
  suite: string
  name: string
  format: string
  input: unknown
  expected: { features: unknown[] }
  options: { flatProperties?: boolean; polygonFeatures?: unknown } | null
}

describeWithSharedData('assembleOsm on the conformance pairs of osmtogeojson', () => {
  const file = sharedData('osm/conformance/osmtogeojson_pairs.json')
  const pairs: Pair[] = file === null ? [] : JSON.parse(readFileSync(file, 'utf8'))
  const usable = pairs.filter(
    ({ format, options, expected }) =>
      format === 'overpass-json' &&
      options?.flatProperties === false &&
      expected.features !== undefined,
  )
  it('has pairs to compare', () => expect(usable.length).toBeGreaterThan(25))
  it.each(usable)('$suite: $name ($id)', ({ id, input, expected }) => {
    const document = typeof input === 'string' ? JSON.parse(input) : input
    const ours = ourFeatures(decode(document))
    const wanted = normalFeatures(expected)
    if (ON_PURPOSE[id] !== undefined) expect(ours).not.toEqual(wanted)
    else expect(ours).toEqual(wanted)
  })
})

const idOf = (entry: string) => entry.slice(0, entry.indexOf(' '))

describeWithSharedData('assembleOsm on real answers', () => {
  it.each([
    ['osm/overpass-derived/porto-alegre_g3.body.overpass.json', 0],
    ['osm/overpass-derived/porto-alegre_g2.geom.overpass.json', 0],
    ['osm/overpass-derived/north-bayreuth_g2.body.overpass.json', 13],
    ['osm/overpass-real/piedmont_oakland_buildings.json', 0],
    ['osm/overpass-real/chandler_az_roads.json', 0],
  ])('%s gives the features of osmtogeojson', (name, openOutlines) => {
    const text = readFileSync(sharedData(name)!, 'utf8')
    const ours = ourFeatures(decodeOsmJson(new TextEncoder().encode(text)))
    const wanted = reference(JSON.parse(text))
    // Outlines that reach out of the extract do not close: lines for us, false areas for osmtogeojson.
    const open = new Set(ours.filter((entry) => /^relation\/\d+ LineString/.test(entry)).map(idOf))
    const closed = (list: string[]) => list.filter((entry) => !open.has(idOf(entry)))
    const known = new Set(closed(wanted))
    const extra = closed(ours)
      // A second relation that says nothing has no outer way left to borrow tags from.
      .filter((entry) => !entry.includes(' [["type","multipolygon"]] '))
      .filter((entry) => !known.delete(entry))
    expect({ extra, missing: [...known] }).toEqual({ extra: [], missing: [] })
    expect(open.size).toBe(openOutlines)
  })

  it.each(['porto-alegre_g4', 'north-bayreuth_g4'])(
    '%s is the same with and without inline geometry',
    (town) => {
      const read = (layout: string) =>
        assembleOsm(
          decodeOsmJson(
            gunzipSync(
              readFileSync(sharedData(`osm/overpass-derived/${town}.${layout}.overpass.json.gz`)!),
            ),
          ),
        ).features
      const [body, geom] = [read('body'), read('geom')]
      expect(geom.paths.coords).toEqual(body.paths.coords)
      expect(geom.nodeIds).toEqual(body.nodeIds)
    },
  )
})
