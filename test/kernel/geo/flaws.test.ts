import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crossingSuspects, hasFlaws } from '../../../src/kernel/geo/flaws.ts'
import { findIntersections } from '../../../src/kernel/geo/intersections.ts'
import { prunePaths } from '../../../src/kernel/geo/prune.ts'
import { type Line, pack } from '../../support/lines.ts'

const seed = { numRuns: 2000, seed: 20_261_121 }
/** Few places, so that vertices repeat, legs turn back and segments cross all the time. */
const place = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
const line = fc.array(place, { minLength: 2, maxLength: 7 })
const closed = fc
  .array(place, { minLength: 3, maxLength: 7 })
  .map((corners): Line => [...corners, corners[0]!])

describe('hasFlaws', () => {
  test.each<[string, Line, boolean]>([
    [
      'an L',
      [
        [0, 0],
        [5, 0],
        [5, 5],
      ],
      false,
    ],
    [
      'a vertex twice',
      [
        [0, 0],
        [5, 0],
        [5, 0.0005],
        [9, 0],
      ],
      true,
    ],
    [
      'a spike',
      [
        [0, 0],
        [5, 0],
        [5, 9],
        [5, 0.5],
        [9, 0],
      ],
      true,
    ],
    [
      'a spike at the closing vertex',
      [
        [0, 9],
        [0, 0],
        [5, 0],
        [5, 5],
        [0, 5],
        [0, 9],
      ],
      true,
    ],
    [
      'straight on',
      [
        [0, 0],
        [5, 0],
        [9, 0],
      ],
      false,
    ],
    [
      'no number',
      [
        [0, 0],
        [Number.NaN, 0],
      ],
      true,
    ],
  ])('%s', (_, vertices, flawed) => {
    expect(hasFlaws(pack([vertices]), 0.001, 0.001)).toBe(flawed)
  })

  test('property: nothing is pruned of what has no flaws', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(line, closed), { maxLength: 3 }), (lines) => {
        const paths = pack(lines as Line[])
        if (hasFlaws(paths, 0.001, 0.001)) return
        expect(prunePaths(paths).removed).toEqual({
          repeated: 0,
          spikes: 0,
          notFinite: 0,
          paths: 0,
        })
      }),
      seed,
    )
  })
})

describe('crossingSuspects', () => {
  test('a bow tie is one, a rectangle and an L are none, a long ring is always one', () => {
    const bowTie: Line = [
      [0, 0],
      [4, 4],
      [4, 0],
      [0, 4],
      [0, 0],
    ]
    const rectangle: Line = [
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
      [0, 0],
    ]
    const corner: Line = [
      [0, 0],
      [4, 0],
      [4, 2],
      [2, 2],
      [2, 4],
      [0, 4],
      [0, 0],
    ]
    const round: Line = Array.from({ length: 41 }, (_, i) => [
      Math.cos((i * Math.PI) / 20),
      Math.sin((i * Math.PI) / 20),
    ])
    expect(crossingSuspects(pack([rectangle, bowTie, corner, round]))).toEqual([1, 3])
  })

  test('property: every ring that crosses itself is among them', () => {
    fc.assert(
      fc.property(fc.array(closed, { minLength: 1, maxLength: 4 }), (rings) => {
        // Rings as they come from pruning: no vertex twice in a row, no way back.
        const { paths } = prunePaths(pack(rings))
        const suspects = new Set(crossingSuspects(paths))
        for (const { paths: pair } of findIntersections(paths)) {
          expect(suspects.has(pair[0])).toBe(true)
        }
      }),
      seed,
    )
  })
})
