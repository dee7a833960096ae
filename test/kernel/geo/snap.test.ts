import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
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
        const segments = (list: Line[]) =>
          new Set(
            list.flatMap((l) => l.slice(1).map((p, i) => `${l[i]!.join(' ')} – ${p.join(' ')}`)),
          )
        const backwards = snapVertices(pack([...lines].reverse()), 0.1)
        expect(segments(unpack(backwards.paths))).toEqual(segments(unpack(once.paths)))
        const twice = snapVertices(once.paths, 0.1)
        expect(unpack(twice.paths)).toEqual(unpack(once.paths))
        expect([twice.moved, twice.splits]).toEqual([0, 0])
      }),
      { seed: 20261121, numRuns: 300 },
    )
  })

  test('two ends that meet on a third line are put into it, once', () => {
    const through: Line = [
      [0, 0],
      [10, 0],
    ]
    const { paths, nodes, splits } = snapVertices(
      pack([
        through,
        [
          [4, 0.03],
          [4, 9],
        ],
        [
          [4.02, 0.03],
          [8, 9],
        ],
      ]),
      0.05,
    )
    expect(unpack(paths)[0]).toEqual([
      [0, 0],
      [4, 0.03],
      [10, 0],
    ])
    expect(splits).toBe(1)
    expect(new Set([nodes[1], nodes[3], nodes[5]]).size).toBe(1)
  })

  test('an end near two lines over each other is put into both, whatever their order', () => {
    const lower: Line = [
      [0, 0],
      [10, 0],
    ]
    const longer: Line = [
      [-5, 0],
      [15, 0],
    ]
    const branch: Line = [
      [4, 0.03],
      [4, 9],
    ]
    // Two by the branch, and the shorter line's own two ends, which lie on the longer one.
    for (const lines of [
      [lower, longer, branch],
      [branch, longer, lower],
    ])
      expect(snapVertices(pack(lines), 0.05).splits).toBe(4)
  })

  test('a vertex on the other side of the world neither slows the search nor fills the memory', () => {
    const town = Array.from(
      { length: 2000 },
      (_, i) =>
        [
          [i, 0],
          [i + 0.9, 0.5],
        ] as Line,
    )
    const far: Line = [
      [1e12, -1e12],
      [1e12 + 1, -1e12],
    ]
    const { moved, splits } = snapVertices(pack([...town, far]), 0.05)
    expect([moved, splits]).toEqual([0, 0])
  })

  test('NaN, infinity and a tolerance that is none are refused', () => {
    const line = (x: number) =>
      pack([
        [
          [0, 0],
          [x, 1],
        ],
      ])
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => snapVertices(line(x), 0.1)).toThrow(
        expect.objectContaining({ code: 'GEOMETRY_INVALID' }),
      )
    for (const tolerance of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => snapVertices(line(1), tolerance)).toThrow(
        expect.objectContaining({ code: 'GEOMETRY_INVALID' }),
      )
    expect(snapVertices(line(1e300), 0).paths.coords[2]).toBe(1e300)
  })

  test('empty input', () => {
    expect(snapVertices(pack([]), 0.1).nodes.length).toBe(0)
  })
})

test('long lines all across one another are refused, not searched for minutes', () => {
  let state = 3
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const lines = Array.from(
    { length: 12_000 },
    (): Line => [
      [2000 * random(), 2000 * random()],
      [2000 * random(), 2000 * random()],
    ],
  )
  expect(() => snapVertices(pack(lines), 0.5)).toThrow(/lie across one another/)
  // The same lines, short: an ordinary network.
  const short = lines.map(([a]): Line => [a!, [a![0] + 5, a![1] + 5]])
  expect(snapVertices(pack(short), 0.5).nodes.length).toBeGreaterThan(24_000 - 1)
})
