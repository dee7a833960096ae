import { describe, expect, test } from 'vitest'
import { roadEdges } from '../../../src/kernel/geo/offset.ts'
import { pointInRing, signedArea } from '../../../src/kernel/geo/ring.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { type Line, pack, unpack } from '../../support/lines.ts'

describe('road edges', () => {
  const east = 259_722
  const north = 7_591_553
  const at = (line: Line): Line => line.map(([x, y]) => [east + x, north + y])

  test('one straight street: a rectangle of its width', () => {
    const edges = roadEdges(
      pack([
        at([
          [0, 0],
          [100, 0],
        ]),
      ]),
      [7],
    )
    expect(signedArea(edges.coords)).toBeCloseTo(700, 3)
    expect(unpack(edges)).toHaveLength(1)
  })

  test('a crossing of two streets: one outline, no edge inside the roads', () => {
    const edges = roadEdges(
      pack([
        at([
          [-50, 0],
          [50, 0],
        ]),
        at([
          [0, -50],
          [0, 50],
        ]),
      ]),
      [8, 6],
    )
    expect(unpack(edges)).toHaveLength(1)
    expect(signedArea(edges.coords)).toBeCloseTo(100 * 8 + 100 * 6 - 48, 2)
    for (const [x, y] of unpack(edges)[0]!) {
      const inside = Math.abs(y - north) < 3.99 && Math.abs(x - east) < 49.9
      const across = Math.abs(x - east) < 2.99 && Math.abs(y - north) < 49.9
      expect(inside || across).toBe(false)
    }
  })

  test('streets around a block leave the block as a clockwise ring', () => {
    const block = at([
      [0, 0],
      [100, 0],
      [100, 60],
      [0, 60],
      [0, 0],
    ])
    const parts = [0, 1, 2, 3].map((i) => [block[i]!, block[i + 1]!])
    const edges = roadEdges(pack(parts), [10, 10, 10, 10])
    const rings = unpack(edges)
    expect(rings).toHaveLength(2)
    const areas = rings.map((_, i) =>
      signedArea(edges.coords, edges.offsets[i]!, edges.offsets[i + 1]!),
    )
    expect(Math.min(...areas)).toBeCloseTo(-(90 * 50), 0)
    expect(pointInRing(east, north, edges.coords, edges.offsets[0]!, edges.offsets[1]!)).toBe(true)
  })

  test('no width, no edge; empty input', () => {
    expect(
      roadEdges(
        pack([
          at([
            [0, 0],
            [9, 0],
          ]),
        ]),
        [Number.NaN],
      ).coords.length,
    ).toBe(0)
    expect(roadEdges(pack([]), []).coords.length).toBe(0)
  })

  test('a wide and a narrow street that meet at an angle leave no notch', () => {
    const bend = [
      at([
        [-50, 0],
        [0, 0],
      ]),
      at([
        [0, 0],
        [0, -50],
      ]),
    ]
    const edges = roadEdges(pack(bend), [10, 6])
    expect(unpack(edges)).toHaveLength(1)
    // Just beyond both square ends, within the narrow street's half width.
    expect(pointInRing(east + 1.5, north + 1.5, edges.coords)).toBe(true)
    expect(pointInRing(east + 3.5, north + 3.5, edges.coords)).toBe(false)
  })

  test('repeated vertices, lines without length and NaN: left out or refused', () => {
    const point = at([
      [5, 5],
      [5, 5],
    ])
    expect(roadEdges(pack([point]), [5]).coords.length).toBe(0)
    const street = at([
      [0, 0],
      [0, 0],
      [9, 0],
    ])
    expect(signedArea(roadEdges(pack([street]), [4]).coords)).toBeCloseTo(36, 3)
    for (const x of [Number.NaN, 1e12])
      expect(() =>
        roadEdges(
          pack([
            [
              [east, north],
              [x, north],
            ],
          ]),
          [5],
        ),
      ).toThrow(expect.objectContaining({ code: 'GEOMETRY_INVALID' }))
  })
})

/** A town of crossing streets with bends: large enough that the union is sewn from strips. */
function town(count: number): Line[] {
  let state = 11
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, () => {
    let [x, y, heading] = [random() * 900, random() * 900, random() * 6.28]
    return Array.from({ length: 60 }, () => {
      heading += (random() - 0.5) * 0.4
      x += 4 * Math.cos(heading)
      y += 4 * Math.sin(heading)
      return [259_722 + x, 7_591_553 + y] as [number, number]
    })
  })
}

describeWithJudge(
  'python3-shapely',
  ['/usr/bin/python3', '-c', 'import shapely'],
  'road edges, against GEOS',
  () => {
    test('outline of 120 streets: the same rings and area as the union of shapely buffers', () => {
      const lines = town(120)
      const edges = roadEdges(
        pack(lines),
        lines.map(() => 7),
      )
      const [area, rings] = JSON.parse(
        python(
          `
import sys, json
from shapely.geometry import LineString
from shapely.ops import unary_union
u = unary_union([LineString(l).buffer(3.5, resolution=64, cap_style=2) for l in json.load(sys.stdin)])
parts = getattr(u, 'geoms', [u])
print(json.dumps([u.area, sum(1 + len(p.interiors) for p in parts)]))`,
          JSON.stringify(lines),
        ),
      ) as [number, number]
      let ours = 0
      for (let i = 0; i + 1 < edges.offsets.length; i++)
        ours += signedArea(edges.coords, edges.offsets[i]!, edges.offsets[i + 1]!)
      // Round corners are polygons on both sides: 2 cm inside the arc here, 64 pieces a quarter there.
      expect(Math.abs(ours - area) / area).toBeLessThan(1e-4)
      expect(unpack(edges).length).toBe(rings)
    })
  },
)
