import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { interiorPoint } from '../../../src/kernel/geo/interior-point.ts'
import { orientRing, pointInRing, signedArea } from '../../../src/kernel/geo/ring.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { type Line, pack } from '../../support/lines.ts'

const flat = (line: Line): Float64Array => Float64Array.from(line.flat())
const square: Line = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
  [0, 0],
]
/** A C open to the east: its centroid lies in the gap. */
const c: Line = [
  [0, 0],
  [10, 0],
  [10, 1],
  [1, 1],
  [1, 9],
  [10, 9],
  [10, 10],
  [0, 10],
  [0, 0],
]

describe('rings', () => {
  test('area is positive counter-clockwise, exact at UTM size', () => {
    expect(signedArea(flat(square))).toBe(16)
    expect(signedArea(flat([...square].reverse()))).toBe(-16)
    const far = square.map(([x, y]) => [x + 788_547, y + 7_634_925] as [number, number])
    expect(signedArea(flat(far))).toBe(16)
    expect(signedArea(flat(square.slice(0, 3)))).toBe(0)
    expect(signedArea(new Float64Array(0))).toBe(0)
  })

  test('orienting turns the ring round, heights along with it', () => {
    const coords = flat(square)
    const z = Float64Array.of(1, 2, 3, 4, 1)
    orientRing(coords, 0, 5, false, z)
    expect(signedArea(coords)).toBe(-16)
    expect([...z]).toEqual([1, 4, 3, 2, 1])
    orientRing(coords, 0, 5, false, z)
    expect([...z]).toEqual([1, 4, 3, 2, 1])
  })

  test('a point in a ring', () => {
    expect(pointInRing(2, 2, flat(square))).toBe(true)
    expect(pointInRing(5, 2, flat(square))).toBe(false)
    expect(pointInRing(5, 5, flat(c))).toBe(false)
    expect(pointInRing(Number.NaN, 2, flat(square))).toBe(false)
  })

  test('the label of a C stands in the C, that of a ring with a court beside the court', () => {
    expect(interiorPoint(pack([c]))).toEqual([0.5, 5])
    const court: Line = [
      [1, 1],
      [1, 3],
      [2, 3],
      [2, 1],
      [1, 1],
    ]
    expect(interiorPoint(pack([square, court]))).toEqual([3, 2])
  })

  test('no extent, no number, no point', () => {
    expect(interiorPoint(pack([]))).toBeNull()
    expect(
      interiorPoint(
        pack([
          [
            [0, 0],
            [5, 0],
            [9, 0],
            [0, 0],
          ],
        ]),
      ),
    ).toBeNull()
    expect(
      interiorPoint(
        pack([
          [
            [0, 0],
            [Number.NaN, 1],
            [1, 1],
            [0, 0],
          ],
        ]),
      ),
    ).toBeNull()
  })

  test('property: the point lies inside every star-shaped ring', () => {
    const radii = fc.array(fc.double({ min: 0.05, max: 9, noNaN: true }), {
      minLength: 3,
      maxLength: 12,
    })
    fc.assert(
      fc.property(radii, (list) => {
        const ring = list.map((radius, i): [number, number] => {
          const angle = (2 * Math.PI * i) / list.length
          return [259_722 + radius * Math.cos(angle), 7_591_553 + radius * Math.sin(angle)]
        })
        const closed = [...ring, ring[0]!]
        const [x, y] = interiorPoint(pack([closed]))!
        expect(pointInRing(x, y, flat(closed))).toBe(true)
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })
})

describeWithJudge(
  'python3-shapely',
  ['/usr/bin/python3', '-c', 'import shapely'],
  'areas, against GEOS',
  () => {
    test('100 random rings', () => {
      let state = 5
      const random = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state / 2 ** 32
      }
      const rings = Array.from({ length: 100 }, () => {
        const ring = Array.from({ length: 12 }, (_, i): [number, number] => {
          const radius = 1 + 90 * random()
          return [radius * Math.cos(i * 0.52), radius * Math.sin(i * 0.52)]
        })
        return [...ring, ring[0]!]
      })
      const answer = JSON.parse(
        python(
          `
import sys, json
from shapely.geometry import Polygon
print(json.dumps([p.area for p in map(Polygon, json.load(sys.stdin))]))`,
          JSON.stringify(rings),
        ),
      ) as number[]
      rings.forEach((ring, i) => {
        expect(signedArea(flat(ring))).toBeCloseTo(answer[i]!, 8)
      })
    })
  },
)
