import { describe, expect, test } from 'vitest'
import { findIntersections } from '../../../src/kernel/geo/intersections.ts'
import { type Line, pack } from '../../support/lines.ts'

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

  test('long and short segments find each other; far outliers and NaN do no harm', () => {
    const long: Line = [
      [-1e6, 0.5],
      [1e6, 0.5],
    ]
    const combs = Array.from(
      { length: 500 },
      (_, i) =>
        [
          [i, 0],
          [i, 1],
        ] as Line,
    )
    const odd: Line[] = [
      [
        [Number.NaN, 0],
        [3, 0.5],
        [Number.POSITIVE_INFINITY, 0.5],
      ],
      [
        [1e15, 1e15],
        [1e15 + 8, 1e15],
      ],
    ]
    expect(findIntersections(pack([...combs, long, ...odd]), 'all')).toHaveLength(500)
    expect(findIntersections(pack([...odd, long, ...combs]), 'all')).toHaveLength(500)
    expect(findIntersections(pack([long, ...combs]), 'all', 7)).toHaveLength(7)
  })
})
