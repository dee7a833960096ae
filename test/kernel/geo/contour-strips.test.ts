// Contours of ground large enough for many strips, against a plain reading of every cell by itself: the same pieces, in lines as long as
// they can be, whether kept whole or taken in batches.
import { describe, expect, it } from 'vitest'
import { contourGrid, contourLines } from '../../../src/kernel/geo/contour.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { gridOf } from '../../support/dem-files.ts'

const SEED = 20_261_121

/** Long slopes with roughness on them, and some voids; no height is on a level. */
function ground(width: number, height: number, roughness: number): Grid {
  let state = SEED
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return gridOf(width, height, (column, row) => {
    if (random() < 0.000_3) return Number.NaN
    return (
      150 * Math.sin(column / 61) * Math.cos(row / 83) + roughness * random() + Math.SQRT2 / 1_000
    )
  })
}

type Piece = [x1: number, y1: number, x2: number, y2: number, level: number]

/** Contour pieces of one cell after another, the slow way. */
function* pieces(grid: Grid, interval: number): Generator<Piece> {
  const { cells, width, height, originX, originY } = grid
  for (let row = 0; row + 1 < height; row++) {
    for (let column = 0; column + 1 < width; column++) {
      const at = row * width + column
      const [nw, ne] = [cells[at]!, cells[at + 1]!]
      const [sw, se] = [cells[at + width]!, cells[at + width + 1]!]
      if (Number.isNaN(nw + ne + sw + se)) continue
      const first = Math.ceil(Math.min(nw, ne, sw, se) / interval)
      for (let k = first; k * interval < Math.max(nw, ne, sw, se); k++) {
        const level = k * interval
        const along = (a: number, b: number) => (level - a) / (b - a)
        const crossed = (a: number, b: number) => a < level !== b < level
        const places = {
          n: [originX + column + along(nw, ne), originY - row],
          s: [originX + column + along(sw, se), originY - row - 1],
          w: [originX + column, originY - row - along(nw, sw)],
          e: [originX + column + 1, originY - row - along(ne, se)],
        }
        const edges = (['n', 'e', 's', 'w'] as const).filter((edge) => {
          if (edge === 'n') return crossed(nw, ne)
          if (edge === 's') return crossed(sw, se)
          return edge === 'w' ? crossed(nw, sw) : crossed(ne, se)
        })
        const saddle = (nw * se - ne * sw) / (nw + se - ne - sw) >= level
        const pairs =
          edges.length === 2
            ? [edges]
            : saddle === nw >= level
              ? [
                  ['n', 'e'],
                  ['s', 'w'],
                ]
              : [
                  ['n', 'w'],
                  ['s', 'e'],
                ]
        for (const [a, b] of pairs) {
          const [p, q] = [places[a as 'n'], places[b as 'n']]
          yield [p![0]!, p![1]!, q![0]!, q![1]!, level]
        }
      }
    }
  }
}

const place = (x: number, y: number, level: number) => `${x.toFixed(7)} ${y.toFixed(7)} ${level}`
const pieceKey = (a: string, b: string) => (a < b ? `${a}|${b}` : `${b}|${a}`)

describe.each([
  ['long lines', 2, 0.5],
  ['short lines', 60, 6],
])('contours in many strips: %s', (_, roughness, interval) => {
  const grid = ground(260, 420, roughness)
  const contours = contourGrid(grid, { intervalMeters: interval })
  const { coords, offsets } = contours.paths
  const keyAt = (i: number, line: number) =>
    place(coords[2 * i]!, coords[2 * i + 1]!, contours.levels[line]!)

  it('has every piece of every cell, once', () => {
    const want = new Set<string>()
    for (const [x1, y1, x2, y2, level] of pieces(grid, interval)) {
      want.add(pieceKey(place(x1, y1, level), place(x2, y2, level)))
    }
    const got = new Set<string>()
    let count = 0
    for (const line of contours.levels.keys()) {
      for (let i = offsets[line]! + 1; i < offsets[line + 1]!; i++, count++) {
        got.add(pieceKey(keyAt(i - 1, line), keyAt(i, line)))
      }
    }
    expect(want.size).toBeGreaterThan(200_000)
    expect(count).toBe(want.size)
    expect(got.size).toBe(want.size)
    for (const piece of want) if (!got.has(piece)) expect(piece).toBe('found')
  })

  it('leaves no two lines that could be one', () => {
    const ends = new Set<string>()
    for (const line of contours.levels.keys()) {
      const [first, last] = [keyAt(offsets[line]!, line), keyAt(offsets[line + 1]! - 1, line)]
      for (const end of first === last ? [first] : [first, last]) {
        expect(ends.has(end)).toBe(false)
        ends.add(end)
      }
    }
  })

  it('hands out the same lines in batches that fit a cache', () => {
    const sum = (paths: { coords: Float64Array }) =>
      paths.coords.reduce((total, value, i) => total + value * ((i % 7) + 1), 0)
    let lines = 0
    let vertices = 0
    let largest = 0
    let done = 0
    let check = 0
    let longest = 0
    contourLines(grid, { intervalMeters: interval }, (batch) => {
      const { paths, levelNumbers } = batch
      expect(paths.offsets.length).toBe(levelNumbers.length + 1)
      expect(batch.done).toBeGreaterThanOrEqual(done)
      done = batch.done
      // Its vertices, put behind those that came before, are the whole's.
      check += sum({ coords: coords.subarray(2 * vertices, 2 * vertices + paths.coords.length) })
      check -= sum(paths)
      lines += levelNumbers.length
      vertices += paths.coords.length / 2
      largest = Math.max(largest, paths.coords.length / 2)
      for (let i = 0; i < levelNumbers.length; i++) {
        longest = Math.max(longest, paths.offsets[i + 1]! - paths.offsets[i]!)
      }
    })
    expect([lines, vertices, done, check]).toEqual([
      contours.levels.length,
      coords.length / 2,
      1,
      0,
    ])
    expect(largest).toBeLessThanOrEqual((1 << 15) + longest)
  })
})

it('keeps whole what the rows that are looked at beforehand say nothing of', () => {
  const grid = gridOf(400, 420, (column, row) =>
    row % 16 === 0 || row % 16 === 15 ? 5 : 5.001 + 10 * ((column + row) & 1),
  )
  const options = { intervalMeters: 10 }
  const { paths, levelNumbers } = contourGrid(grid, options)
  let vertices = 0
  let lines = 0
  contourLines(grid, options, (batch) => {
    const { coords } = batch.paths
    expect(coords).toEqual(paths.coords.subarray(2 * vertices, 2 * vertices + coords.length))
    vertices += coords.length / 2
    lines += batch.levelNumbers.length
  })
  expect([lines, 2 * vertices]).toEqual([levelNumbers.length, paths.coords.length])
  expect(vertices).toBeGreaterThan(1 << 17)
})
