import { area as areaOf, FillRule, intersect } from 'clipper2-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clipLines } from '../../../src/kernel/geo/clip.ts'
import { clipRings } from '../../../src/kernel/geo/clip-rings.ts'
import { type Region, regionContains, regionRing } from '../../../src/kernel/geo/region.ts'
import { signedArea } from '../../../src/kernel/geo/ring.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { type Line, lengthOf, pack, unpack } from '../../support/lines.ts'

const east = 259_722.4937
const north = 7_591_553.8885
const circle: Region = { kind: 'circle', x: 0, y: 0, radius: 5 }
const box: Region = { kind: 'box', bbox: { west: -5, south: -5, east: 5, north: 5 } }
/** A U of two towers: concave on purpose. */
const towers: Region = {
  kind: 'polygon',
  ring: Float64Array.of(-5, -5, 5, -5, 5, 5, 2, 5, 2, 0, -2, 0, -2, 5, -5, 5, -5, -5),
}

describe('clipping lines', () => {
  test('a line through a circle is cut at the circle', () => {
    const { paths, parent, vertex } = clipLines(
      pack([
        [
          [-10, 3],
          [10, 3],
        ],
      ]),
      circle,
    )
    expect(unpack(paths)).toEqual([
      [
        [-4, 3],
        [4, 3],
      ],
    ])
    expect([Array.from(parent), Array.from(vertex)]).toEqual([[0], [-1, -1]])
  })

  test('a line that leaves and comes back gives two parts with the same parent', () => {
    const line: Line = [
      [0, 0],
      [0, 20],
      [3, 20],
      [3, 0],
    ]
    const { paths, parent } = clipLines(
      pack([
        [
          [100, 100],
          [200, 200],
        ],
        line,
      ]),
      circle,
    )
    expect(unpack(paths)).toEqual([
      [
        [0, 0],
        [0, 5],
      ],
      [
        [3, 4],
        [3, 0],
      ],
    ])
    expect(Array.from(parent)).toEqual([1, 1])
  })

  test('a concave polygon cuts one segment into two', () => {
    expect(
      unpack(
        clipLines(
          pack([
            [
              [-10, 3],
              [10, 3],
            ],
          ]),
          towers,
        ).paths,
      ),
    ).toEqual([
      [
        [-5, 3],
        [-2, 3],
      ],
      [
        [2, 3],
        [5, 3],
      ],
    ])
  })

  test('a line inside keeps every vertex; a touching one and one outside vanish', () => {
    const inside: Line = [
      [0, 0],
      [1, 1],
      [2, 0],
    ]
    const result = clipLines(
      pack([
        inside,
        [
          [-10, 5],
          [10, 5],
        ],
        [
          [6, 6],
          [9, 9],
        ],
      ]),
      circle,
    )
    expect(unpack(result.paths)).toEqual([inside])
    expect(Array.from(result.vertex)).toEqual([0, 1, 2])
  })

  test('heights are interpolated at the cut', () => {
    const { paths } = clipLines(
      pack(
        [
          [
            [0, 0],
            [10, 0],
          ],
        ],
        [[100, 200]],
      ),
      box,
    )
    expect(Array.from(paths.z!)).toEqual([100, 150])
  })

  test('NaN cuts the line, empty input is empty output', () => {
    const { paths } = clipLines(
      pack([
        [
          [0, 0],
          [1, 0],
          [Number.NaN, 0],
          [2, 0],
          [3, 0],
        ],
        [],
      ]),
      box,
    )
    expect(unpack(paths)).toEqual([
      [
        [0, 0],
        [1, 0],
      ],
      [
        [2, 0],
        [3, 0],
      ],
    ])
    expect(clipLines(pack([]), circle).paths.coords.length).toBe(0)
  })

  test('property: no vertex outside, at UTM size, and clipping again changes nothing', () => {
    const region: Region = { kind: 'circle', x: east, y: north, radius: 500 }
    const point = fc.tuple(
      fc.double({ min: -1500, max: 1500, noNaN: true }),
      fc.double({ min: -1500, max: 1500, noNaN: true }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.array(point, { minLength: 2, maxLength: 9 }), { maxLength: 6 }),
        (lines) => {
          const moved = lines.map((line) =>
            line.map(([x, y]) => [east + x, north + y] as [number, number]),
          )
          const once = clipLines(pack(moved), region)
          for (const line of unpack(once.paths)) {
            for (const [x, y] of line)
              expect(Math.hypot(x - east, y - north)).toBeLessThanOrEqual(500 + 1e-6)
          }
          const twice = clipLines(once.paths, region)
          expect(unpack(twice.paths)).toEqual(unpack(once.paths))
        },
      ),
      { seed: 20261121, numRuns: 500 },
    )
  })

  test('property: nothing leaves a box, to the bit', () => {
    const bbox = { west: east, south: north, east: east + 333.3, north: north + 77.7 }
    const point = fc.tuple(
      fc.double({ min: -500, max: 900, noNaN: true }),
      fc.double({ min: -500, max: 900, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(point, { minLength: 2, maxLength: 9 }), (line) => {
        const moved = line.map(([x, y]) => [east + x, north + y] as [number, number])
        const once = clipLines(pack([moved]), { kind: 'box', bbox })
        for (const [x, y] of unpack(once.paths).flat()) {
          expect(x >= bbox.west && x <= bbox.east && y >= bbox.south && y <= bbox.north).toBe(true)
        }
        expect(unpack(clipLines(once.paths, { kind: 'box', bbox }).paths)).toEqual(
          unpack(once.paths),
        )
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })

  test('what is no area is refused', () => {
    const line = pack([
      [
        [0, 0],
        [1, 1],
      ],
    ])
    const wrong: Region[] = [
      { kind: 'circle', x: 0, y: 0, radius: 0 },
      { kind: 'circle', x: Number.NaN, y: 0, radius: 5 },
      { kind: 'box', bbox: { west: 5, south: 0, east: 5, north: 9 } },
      { kind: 'polygon', ring: Float64Array.of(0, 0, 1, 0, 1, 1, 0, 1) },
      { kind: 'polygon', ring: Float64Array.of(0, 0, 1, 0, 0, 0) },
    ]
    for (const region of wrong) {
      for (const clip of [clipLines, clipRings])
        expect(() => clip(line, region)).toThrow(
          expect.objectContaining({ code: 'GEOMETRY_INVALID' }),
        )
    }
  })

  test('lines from beyond every horizon are cut like others', () => {
    const { paths } = clipLines(
      pack([
        [
          [-1e9, 3],
          [1e9, 3],
        ],
        [
          [-1e300, 0],
          [1e300, 0],
        ],
      ]),
      circle,
    )
    const [first] = unpack(paths)
    expect(first![0]![0]).toBeCloseTo(-4, 6)
    for (const [x, y] of unpack(paths).flat())
      expect(Math.hypot(x, y)).toBeLessThanOrEqual(5 + 1e-6)
  })
})

describe('clipping rings', () => {
  test('a house on the edge of a wide circle keeps all its corners inside', () => {
    const house: Line = [
      [960, -4302.61],
      [971.2, -4303.84],
      [971.7, -4284.9],
      [960.5, -4283.66],
      [960, -4302.61],
    ]
    const wide: Region = { kind: 'circle', x: 0, y: 0, radius: 4410.38 }
    const [ring] = unpack(clipRings(pack([house]), wide).paths)
    for (const corner of [house[0], house[2], house[3]]) expect(ring).toContainEqual(corner)
    expect(ring).not.toContainEqual(house[1])
    expect(ring).toHaveLength(6)
  })

  test('property: a small ring on the edge of a large region is cut as by the whole region', () => {
    // Clipper with all of the region's vertices is the judge; the code takes only those around the ring.
    const units = (coords: ArrayLike<number>) =>
      Array.from({ length: coords.length / 2 - 1 }, (_, i) => ({
        x: Math.round((coords[2 * i]! - east) * 1e4),
        y: Math.round((coords[2 * i + 1]! - north) * 1e4),
      }))
    const around = (x: number, y: number, radii: number[]): Line =>
      [...radii, radii[0]!].map((radius, i) => {
        const angle = (2 * Math.PI * i) / radii.length
        return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]
      })
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
        fc.double({ min: -20, max: 20, noNaN: true }),
        fc.array(fc.double({ min: 2, max: 40, noNaN: true }), { minLength: 3, maxLength: 9 }),
        fc.constantFrom(300, 4_410, 90_000),
        fc.boolean(),
        (angle, off, radii, radius, asPolygon) => {
          const whole: Region = { kind: 'circle', x: east, y: north, radius }
          const region: Region = asPolygon ? { kind: 'polygon', ring: regionRing(whole) } : whole
          const ring = around(
            east + (radius + off) * Math.cos(angle),
            north + (radius + off) * Math.sin(angle),
            radii,
          )
          const { paths } = clipRings(pack([ring]), region)
          let area = 0
          for (let i = 0; i + 1 < paths.offsets.length; i++) {
            area += Math.abs(signedArea(paths.coords, paths.offsets[i]!, paths.offsets[i + 1]!))
          }
          const expected = intersect(
            [units(ring.flat())],
            [units(regionRing(whole))],
            FillRule.EvenOdd,
          ).reduce((sum, part) => sum + Math.abs(areaOf(part)) / 1e8, 0)
          // A tenth of a millimetre along the ring's outline.
          expect(Math.abs(area - expected)).toBeLessThan(0.05)
        },
      ),
      { numRuns: 400, seed: 20_261_121 },
    )
  })

  const square: Line = [
    [-2, -2],
    [2, -2],
    [2, 2],
    [-2, 2],
    [-2, -2],
  ]

  test('a ring inside is passed on to the bit, one outside vanishes', () => {
    const far = square.map(([x, y]) => [x + 50, y] as [number, number])
    const result = clipRings(pack([far, square]), circle)
    expect(unpack(result.paths)).toEqual([square])
    expect(Array.from(result.vertex)).toEqual([5, 6, 7, 8, 9])
    expect(Array.from(result.parent)).toEqual([1])
  })

  test('a crossing ring stays closed and keeps its direction', () => {
    for (const ring of [square, [...square].reverse()]) {
      const wide = ring.map(([x, y]) => [x * 2.4, y] as [number, number])
      const { paths } = clipRings(pack([wide]), circle)
      const [line] = unpack(paths)
      expect(line![0]).toEqual(line!.at(-1))
      expect(Math.sign(signedArea(paths.coords))).toBe(Math.sign(signedArea(pack([wide]).coords)))
      for (const [x, y] of line!) expect(Math.hypot(x, y)).toBeLessThanOrEqual(5 + 1e-6)
    }
  })

  test('a concave ring may split in two', () => {
    const u: Line = [
      [-4, -20],
      [4, -20],
      [4, 2],
      [3, 2],
      [3, -19],
      [-3, -19],
      [-3, 2],
      [-4, 2],
      [-4, -20],
    ]
    const { paths, parent } = clipRings(pack([u]), circle)
    expect(Array.from(parent)).toEqual([0, 0])
    for (const line of unpack(paths)) expect(line[0]).toEqual(line.at(-1))
  })

  test('a ring around the whole region becomes the region', () => {
    const huge = square.map(([x, y]) => [x * 100, y * 100] as [number, number])
    const { paths } = clipRings(pack([huge]), circle)
    expect(signedArea(paths.coords)).toBeCloseTo(signedArea(regionRing(circle)), 2)
  })

  test('heights are interpolated where a ring leaves the region; its corners have none', () => {
    const ring: Line = [
      [-3, -3],
      [9, -3],
      [9, 9],
      [-3, 9],
      [-3, -3],
    ]
    const { paths } = clipRings(pack([ring], [[0, 120, 240, 120, 0]]), box)
    const heights = new Map(unpack(paths)[0]!.map((p, i) => [p.join(' '), paths.z![i]!]))
    expect(heights.get('5 -3')).toBeCloseTo(80, 6)
    expect(heights.get('-3 5')).toBeCloseTo(80, 6)
    expect(heights.get('-3 -3')).toBe(0)
    expect(heights.get('5 5')).toBeNaN()
  })

  test('a ring that reaches beyond the Earth is refused when it must be cut', () => {
    const ring: Line = [
      [0, 0],
      [1e12, 0],
      [0, 1e12],
      [0, 0],
    ]
    expect(() => clipRings(pack([ring]), circle)).toThrow(
      expect.objectContaining({ code: 'GEOMETRY_INVALID' }),
    )
  })

  test('two-point, flat and NaN rings vanish without harm', () => {
    const flat: Line = [
      [-9, 0],
      [9, 0],
      [-9, 0],
      [-9, 0],
    ]
    const broken: Line = [
      [0, 0],
      [Number.NaN, 1],
      [1, 1],
      [0, 0],
    ]
    expect(
      unpack(
        clipRings(
          pack([
            [
              [0, 0],
              [9, 9],
            ],
            flat,
            broken,
          ]),
          circle,
        ).paths,
      ),
    ).toEqual([])
  })
})

describeWithJudge(
  'python3-shapely',
  ['/usr/bin/python3', '-c', 'import shapely'],
  'clipping, against GEOS',
  () => {
    test('lengths of lines and areas of rings agree with shapely', () => {
      let state = 7
      const random = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state / 2 ** 32
      }
      const lines = Array.from({ length: 200 }, () =>
        Array.from(
          { length: 6 },
          () => [random() * 20 - 10, random() * 20 - 10] as [number, number],
        ),
      )
      const rings = Array.from({ length: 200 }, () => {
        const [cx, cy, r] = [random() * 12 - 6, random() * 12 - 6, 1 + random() * 4]
        const ring = Array.from({ length: 9 }, (_, i) => {
          const radius = r * (0.3 + random())
          return [cx + radius * Math.cos(i * 0.7), cy + radius * Math.sin(i * 0.7)] as [
            number,
            number,
          ]
        })
        return [...ring, ring[0]!]
      })
      // A star of 400 points: many edges near each other, so that the index is what answers.
      const star = Array.from({ length: 400 }, (_, i) => {
        const radius = i % 2 === 0 ? 9 : 4 + 4 * random()
        const angle = (2 * Math.PI * i) / 400
        return [radius * Math.cos(angle), radius * Math.sin(angle)]
      })
      const regions: Region[] = [
        box,
        towers,
        { kind: 'polygon', ring: regionRing(circle) },
        { kind: 'polygon', ring: Float64Array.from([...star, star[0]!].flat()) },
      ]
      const shapes = regions.map((region) => unpack(pack([unpackRing(regionRing(region))]))[0])
      const answer = JSON.parse(
        python(
          `
import sys, json
from shapely.geometry import LineString, Polygon
d = json.load(sys.stdin)
out = []
for shape in d['shapes']:
    p = Polygon(shape)
    out.append([[LineString(l).intersection(p).length for l in d['lines']], [Polygon(r).intersection(p).area for r in d['rings']]])
print(json.dumps(out))`,
          JSON.stringify({ shapes, lines, rings }),
        ),
      ) as [number[], number[]][]
      regions.forEach((region, k) => {
        lines.forEach((line, i) => {
          expect(lengthOf(clipLines(pack([line]), region).paths)).toBeCloseTo(answer[k]![0][i]!, 9)
        })
        rings.forEach((ring, i) => {
          const { paths } = clipRings(pack([ring]), region)
          let area = 0
          for (let p = 0; p + 1 < paths.offsets.length; p++) {
            area += Math.abs(signedArea(paths.coords, paths.offsets[p]!, paths.offsets[p + 1]!))
          }
          expect(area).toBeCloseTo(answer[k]![1][i]!, 2)
        })
      })
      expect(regionContains(circle, 0, 5)).toBe(true)
    })
  },
)

function unpackRing(ring: Float64Array): Line {
  return Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i]!, ring[2 * i + 1]!])
}
