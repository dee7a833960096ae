import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findIntersections } from '../../../src/kernel/geo/intersections.ts'
import { roadEdges } from '../../../src/kernel/geo/offset.ts'
import { pointInRing, signedArea } from '../../../src/kernel/geo/ring.ts'
import { snapVertices } from '../../../src/kernel/geo/snap.ts'
import { joinLines } from '../../../src/kernel/geo/topology.ts'
import { type Line, pack, unpack } from '../../support/lines.ts'

describe('snapping', () => {
  test('ends closer than the tolerance become one node in one place', () => {
    const { paths, nodes, moved } = snapVertices(
      pack([
        [
          [0, 0],
          [5, 0],
        ],
        [
          [5.03, 0.02],
          [9, 0],
        ],
      ]),
      0.05,
    )
    expect(unpack(paths)).toEqual([
      [
        [0, 0],
        [5, 0],
      ],
      [
        [5, 0],
        [9, 0],
      ],
    ])
    expect(nodes[1]).toBe(nodes[2])
    expect(moved).toBe(1)
  })

  test('an end that almost touches a line is put into it', () => {
    const { paths, nodes, splits, vertex } = snapVertices(
      pack([
        [
          [0, 0],
          [10, 0],
        ],
        [
          [4, 0.03],
          [4, 9],
        ],
      ]),
      0.05,
    )
    expect(unpack(paths)[0]).toEqual([
      [0, 0],
      [4, 0.03],
      [10, 0],
    ])
    expect([splits, nodes[1] === nodes[3], vertex[1]]).toEqual([1, true, -1])
  })

  test('beyond the tolerance nothing happens, and vertices never wander along a chain', () => {
    const far = pack([
      [
        [0, 0],
        [10, 0],
      ],
      [
        [4, 0.06],
        [4, 9],
      ],
    ])
    expect(snapVertices(far, 0.05).splits).toBe(0)
    const chain = pack([Array.from({ length: 50 }, (_, i) => [i * 0.04, 0] as [number, number])])
    const { paths } = snapVertices(chain, 0.05)
    for (let i = 0; i < 50; i++) {
      expect(Math.abs(paths.coords[2 * i]! - chain.coords[2 * i]!)).toBeLessThanOrEqual(0.05)
    }
  })

  test('what was snapped can be joined', () => {
    const { paths, nodes } = snapVertices(
      pack([
        [
          [0, 0],
          [5, 0],
        ],
        [
          [9, 0],
          [5.01, 0],
        ],
      ]),
      0.05,
    )
    const joined = joinLines({ paths, nodes, keys: Int32Array.of(0, 0) })
    expect(unpack(joined.paths)).toEqual([
      [
        [0, 0],
        [5, 0],
        [9, 0],
      ],
    ])
  })

  test('properties: no vertex moves further than the tolerance; the order of lines does not matter; idempotent', () => {
    const point = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    const line = fc.array(point, { minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const once = snapVertices(pack(lines), 0.1)
        once.vertex.forEach((source, i) => {
          if (source < 0) return
          const input = pack(lines).coords
          const dx = once.paths.coords[2 * i]! - input[2 * source]!
          const dy = once.paths.coords[2 * i + 1]! - input[2 * source + 1]!
          expect(Math.hypot(dx, dy)).toBeLessThanOrEqual(0.1 + 1e-12)
        })
        const places = (list: Line[]) => new Set(list.flat().map((p) => p.join(' ')))
        const backwards = snapVertices(pack([...lines].reverse()), 0.1)
        expect(places(unpack(backwards.paths))).toEqual(places(unpack(once.paths)))
      }),
      { seed: 20261121, numRuns: 300 },
    )
  })

  test('empty input', () => {
    expect(snapVertices(pack([]), 0.1).nodes.length).toBe(0)
  })
})

describe('the intersection report', () => {
  test('a bow tie crosses itself once, a square never', () => {
    const tie: Line = [
      [0, 0],
      [4, 4],
      [4, 0],
      [0, 4],
      [0, 0],
    ]
    const square: Line = [
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
      [0, 0],
    ]
    expect(findIntersections(pack([square, tie]))).toEqual([
      { x: 2, y: 2, paths: [1, 1], segments: [5, 7] },
    ])
  })

  test('two lines cross only when asked for all', () => {
    const cross = pack([
      [
        [0, 2],
        [4, 2],
      ],
      [
        [2, 0],
        [2, 4],
      ],
    ])
    expect(findIntersections(cross)).toEqual([])
    expect(findIntersections(cross, 'all')).toHaveLength(1)
  })

  test('a line that runs back over itself and one that touches itself are told', () => {
    expect(
      findIntersections(
        pack([
          [
            [0, 0],
            [4, 0],
            [1, 0],
          ],
        ]),
      ),
    ).toHaveLength(1)
    expect(
      findIntersections(
        pack([
          [
            [0, 0],
            [4, 0],
            [4, 4],
            [2, 4],
            [2, 0],
          ],
        ]),
      ),
    ).toMatchObject([{ x: 2, y: 0 }])
  })

  test('the same crossings as looking at every pair, on random lines', () => {
    let state = 3
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return (state / 2 ** 32) * 100
    }
    const segments = Array.from(
      { length: 300 },
      () =>
        [
          [random(), random()],
          [random(), random()],
        ] as Line,
    )
    let pairs = 0
    for (let i = 0; i < segments.length; i++) {
      for (let j = i + 1; j < segments.length; j++) {
        const [ax, ay, bx, by] = segments[i]!.flat() as [number, number, number, number]
        const [cx, cy, dx, dy] = segments[j]!.flat() as [number, number, number, number]
        const side = (px: number, py: number, qx: number, qy: number, rx: number, ry: number) =>
          Math.sign((qx - px) * (ry - py) - (qy - py) * (rx - px))
        if (
          side(ax, ay, bx, by, cx, cy) !== side(ax, ay, bx, by, dx, dy) &&
          side(cx, cy, dx, dy, ax, ay) !== side(cx, cy, dx, dy, bx, by)
        ) {
          pairs++
        }
      }
    }
    expect(pairs).toBeGreaterThan(1000)
    expect(findIntersections(pack(segments), 'all', 1e6)).toHaveLength(pairs)
  })
})

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
})
