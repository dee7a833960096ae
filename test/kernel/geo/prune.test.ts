import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { prunePaths } from '../../../src/kernel/geo/prune.ts'
import { type Line, pack, unpack } from '../../support/lines.ts'

const pruned = (line: Line, options = {}) => unpack(prunePaths(pack([line]), options).paths)

describe('pruning', () => {
  test('repeated vertices go, the ends stay', () => {
    expect(
      pruned([
        [0, 0],
        [0, 0],
        [1, 0],
        [1, 0.0005],
        [2, 0],
        [2, 0],
      ]),
    ).toEqual([
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
    ])
  })

  test('a spike goes, also one that grows out of another', () => {
    expect(
      pruned([
        [0, 0],
        [5, 0],
        [5, 9],
        [5, 0],
        [10, 0],
      ]),
    ).toEqual([
      [
        [0, 0],
        [5, 0],
        [10, 0],
      ],
    ])
    expect(
      pruned([
        [0, 0],
        [5, 0],
        [5, 5],
        [5, 9],
        [5, 5],
        [5, 0],
        [10, 0],
      ]),
    ).toEqual([
      [
        [0, 0],
        [5, 0],
        [10, 0],
      ],
    ])
    expect(
      pruned([
        [0, 0],
        [9, 0],
        [5, 0],
      ]),
    ).toEqual([
      [
        [0, 0],
        [5, 0],
      ],
    ])
  })

  test('a real corner and a narrow but real block stay', () => {
    const line: Line = [
      [0, 0],
      [5, 0],
      [5, 9],
      [5.5, 0],
      [10, 0],
    ]
    expect(pruned(line)).toEqual([line])
    expect(pruned(line, { spikeMeters: 0.6 })).toEqual([
      [
        [0, 0],
        [5, 0],
        [5.5, 0],
        [10, 0],
      ],
    ])
  })

  test('a junction on the tip of a spike stays', () => {
    const keep = Uint8Array.of(1, 0, 1, 0, 1)
    const line: Line = [
      [0, 0],
      [5, 0],
      [5, 9],
      [5, 0],
      [10, 0],
    ]
    expect(pruned(line, { keep })).toEqual([line])
  })

  test('a ring loses a spike at its closing vertex and stays closed', () => {
    const ring: Line = [
      [0, -5],
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
      [0, 0],
      [0, -5],
    ]
    expect(pruned(ring)).toEqual([
      [
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
        [0, 0],
      ],
    ])
  })

  test('lines without length, flat rings and vertices that are no numbers go, and are counted', () => {
    const lines: Line[] = [
      [
        [1, 1],
        [1, 1],
      ],
      [
        [0, 0],
        [1, 0],
        [0, 0],
        [0, 0],
      ],
      [
        [0, 0],
        [Number.NaN, 0],
        [2, 0],
      ],
      [],
    ]
    const { paths, removed, parent } = prunePaths(pack(lines))
    expect(unpack(paths)).toEqual([
      [
        [0, 0],
        [2, 0],
      ],
    ])
    expect(Array.from(parent)).toEqual([2])
    expect(removed).toMatchObject({ notFinite: 1, paths: 3 })
  })

  test('properties: pruning again changes nothing; no repeated vertex is left', () => {
    const coordinate = fc.integer({ min: 0, max: 3 })
    const line = fc.array(fc.tuple(coordinate, coordinate), { maxLength: 14 })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const once = unpack(prunePaths(pack(lines)).paths)
        for (const out of once) {
          for (let i = 1; i < out.length; i++) expect(out[i]).not.toEqual(out[i - 1])
        }
        expect(unpack(prunePaths(pack(once)).paths)).toEqual(once)
      }),
      { seed: 20261121, numRuns: 2000 },
    )
  })
})
