import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptVertices, simplifyPaths } from '../../../src/kernel/geo/simplify.ts'
import { junctionMask } from '../../../src/kernel/geo/topology.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { type Line, pack, unpack } from '../../support/lines.ts'

const simplified = (line: Line, tolerance: number, method?: 'douglas-peucker' | 'visvalingam') =>
  unpack(simplifyPaths(pack([line]), tolerance, null, method))[0]!

/** A random walk with a fixed seed. */
function walk(count: number, seed: number): Line {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  let [x, y, heading] = [259_722, 7_591_553, 0]
  return Array.from({ length: count }, () => {
    heading += (random() - 0.5) * 1.5
    x += Math.cos(heading) * 3
    y += Math.sin(heading) * 3
    return [x, y] as [number, number]
  })
}

describe('simplifying', () => {
  test('a straight line keeps its ends, a corner stays, a wobble below the tolerance goes', () => {
    expect(
      simplified(
        [
          [0, 0],
          [1, 0],
          [2, 0],
          [3, 0],
        ],
        0.05,
      ),
    ).toEqual([
      [0, 0],
      [3, 0],
    ])
    expect(
      simplified(
        [
          [0, 0],
          [5, 0.04],
          [10, 0],
          [10, 9],
        ],
        0.05,
      ),
    ).toEqual([
      [0, 0],
      [10, 0],
      [10, 9],
    ])
    expect(
      simplified(
        [
          [0, 0],
          [5, 0.06],
          [10, 0],
        ],
        0.05,
      ),
    ).toEqual([
      [0, 0],
      [5, 0.06],
      [10, 0],
    ])
  })

  test('distance is to the segment: a spike beyond the end stays', () => {
    expect(
      simplified(
        [
          [0, 0],
          [20, 0],
          [10, 0],
        ],
        1,
      ),
    ).toEqual([
      [0, 0],
      [20, 0],
      [10, 0],
    ])
  })

  test('a junction in the middle stays although it is on the line', () => {
    const paths = pack([
      [
        [0, 0],
        [5, 0],
        [10, 0],
      ],
      [
        [5, 9],
        [5, 0],
      ],
    ])
    const mask = junctionMask(paths, Float64Array.of(1, 2, 3, 4, 2))
    expect(unpack(simplifyPaths(paths, 1, mask))[0]).toEqual([
      [0, 0],
      [5, 0],
      [10, 0],
    ])
    expect(unpack(simplifyPaths(paths, 1, null))[0]).toEqual([
      [0, 0],
      [10, 0],
    ])
  })

  test('a ring never collapses, however large the tolerance', () => {
    const circle = Array.from(
      { length: 40 },
      (_, i) => [Math.cos(i / 6.366), Math.sin(i / 6.366)] as [number, number],
    )
    for (const method of ['douglas-peucker', 'visvalingam'] as const) {
      const ring = simplified([...circle, circle[0]!], 1000, method)
      expect(ring.length).toBe(4)
      expect(ring[0]).toEqual(ring.at(-1))
    }
  })

  test('Visvalingam drops the smallest triangles first', () => {
    const line: Line = [
      [0, 0],
      [1, 0.1],
      [2, 0],
      [3, 2],
      [4, 0],
    ]
    expect(simplified(line, 0.5, 'visvalingam')).toEqual([
      [0, 0],
      [2, 0],
      [3, 2],
      [4, 0],
    ])
    expect(simplified(line, 100, 'visvalingam')).toEqual([
      [0, 0],
      [4, 0],
    ])
  })

  test('heights go along; empty, one-vertex and identical-vertex lines are harmless', () => {
    const paths = pack(
      [
        [
          [0, 0],
          [1, 0],
          [2, 0],
        ],
        [],
        [[7, 7]],
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
      ],
      [[1, 2, 3], [], [7], [1, 1, 1]],
    )
    const result = simplifyPaths(paths, 0.1, null)
    expect(unpack(result)).toEqual([
      [
        [0, 0],
        [2, 0],
      ],
      [],
      [[7, 7]],
      [
        [1, 1],
        [1, 1],
      ],
    ])
    expect(Array.from(result.z!)).toEqual([1, 3, 7, 1, 1])
  })

  test('a zigzag that narrows evenly, on which each split takes one vertex off, does not take quadratic time', () => {
    // 400,000 vertices would mean 80,000,000,000 looks; the runner's time limit is the judge.
    const count = 400_000
    const coords = new Float64Array(2 * count)
    for (let i = 0; i < count; i++) {
      coords[2 * i] = i
      coords[2 * i + 1] = ((i % 2) * 2 - 1) * (count - i) * 0.001
    }
    const kept = keptVertices({ coords, offsets: Uint32Array.of(0, count) }, 0.5, null)
    // Nothing that swings further than the tolerance may go: that is all but the last ones.
    expect(kept.subarray(0, count - 1_100).every((mark) => mark === 1)).toBe(true)
  })

  test('zero, negative and NaN tolerances change nothing', () => {
    const line: Line = [
      [0, 0],
      [1, 0],
      [2, 0],
    ]
    for (const tolerance of [0, -1, Number.NaN]) expect(simplified(line, tolerance)).toEqual(line)
  })

  test('property: no junction is opened, by either method', () => {
    // Nodes 0 … 24 stand on a 5 × 5 lattice, so many lie on straight lines and would go without the mask.
    const way = fc.array(fc.integer({ min: 0, max: 24 }), { minLength: 2, maxLength: 9 })
    let opened = 0
    fc.assert(
      fc.property(
        fc.array(way, { maxLength: 8 }),
        fc.double({ min: 0.1, max: 9, noNaN: true }),
        fc.constantFrom('douglas-peucker' as const, 'visvalingam' as const),
        (ways, tolerance, method) => {
          const paths = pack(ways.map((nodes) => nodes.map((n) => [n % 5, Math.floor(n / 5)])))
          const nodes = Float64Array.from(ways.flat())
          const waysAt = (kept: Uint8Array | null): Map<number, Set<number>> => {
            const found = new Map<number, Set<number>>()
            ways.forEach((list, w) => {
              list.forEach((node, i) => {
                if (kept !== null && kept[paths.offsets[w]! + i] !== 1) return
                found.set(node, (found.get(node) ?? new Set()).add(w))
              })
            })
            return new Map([...found].filter(([, at]) => at.size > 1))
          }
          const mask = junctionMask(paths, nodes)
          expect(waysAt(keptVertices(paths, tolerance, mask, method))).toEqual(waysAt(null))
          const loose = waysAt(keptVertices(paths, tolerance, null, method))
          if (loose.size < waysAt(null).size) opened++
        },
      ),
      { seed: 20261121, numRuns: 500 },
    )
    // Control: without the mask junctions do open.
    expect(opened).toBeGreaterThan(100)
  })

  test('property: no dropped vertex strays from the line that stays', () => {
    const coordinate = fc.integer({ min: 0, max: 40 })
    const line = fc.array(fc.tuple(coordinate, coordinate), { minLength: 2, maxLength: 30 })
    const distance = ([px, py]: number[], [ax, ay]: number[], [bx, by]: number[]) => {
      const [dx, dy] = [bx! - ax!, by! - ay!]
      const square = dx * dx + dy * dy
      const t = square
        ? Math.max(0, Math.min(1, ((px! - ax!) * dx + (py! - ay!) * dy) / square))
        : 0
      return Math.hypot(px! - ax! - t * dx, py! - ay! - t * dy)
    }
    fc.assert(
      fc.property(line, fc.integer({ min: 1, max: 9 }), (points, tolerance) => {
        const out = simplified(points, tolerance)
        for (const point of points) {
          const nearest = Math.min(...out.slice(1).map((end, i) => distance(point, out[i]!, end)))
          expect(nearest).toBeLessThanOrEqual(tolerance + 1e-9)
        }
        const kept = keptVertices(pack([points]), tolerance, null)
        expect(kept[0]).toBe(1)
        expect(kept.at(-1)).toBe(1)
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })
})

describeWithJudge(
  'python3-shapely',
  ['/usr/bin/python3', '-c', 'import shapely'],
  'Douglas–Peucker, against GEOS',
  () => {
    test('the same vertices on 60 lines of 400 vertices and three tolerances', () => {
      const lines = Array.from({ length: 60 }, (_, i) => walk(400, i + 1))
      const tolerances = [0.05, 0.5, 5]
      const answer = JSON.parse(
        python(
          `
import sys, json
from shapely.geometry import LineString
d = json.load(sys.stdin)
print(json.dumps([[list(LineString(l).simplify(t, preserve_topology=False).coords) for l in d['lines']] for t in d['tolerances']]))`,
          JSON.stringify({ lines, tolerances }),
        ),
      ) as Line[][]
      tolerances.forEach((tolerance, k) => {
        lines.forEach((line, i) => {
          expect(simplified(line, tolerance)).toEqual(answer[k]![i])
        })
      })
    })
  },
)
