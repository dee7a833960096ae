// Contours on drawn grids: where they run, that they stay open at edges and voids, that levels are exact and nothing crosses.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contours } from '../../../src/kernel/geo/contour.ts'
import { contourGrid, isIndexLevel } from '../../../src/kernel/geo/contour.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { refineGrid } from '../../../src/kernel/geo/smooth.ts'
import { drawGrid, gridOf } from '../../support/dem-files.ts'

const SEED = 20_261_121

function lines(contours: Contours): number[][][] {
  const { coords, offsets } = contours.paths
  return Array.from(contours.levels, (_, i) => {
    const line: number[][] = []
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++)
      line.push([coords[2 * k]!, coords[2 * k + 1]!])
    return line
  })
}

function lengthOf(line: number[][]): number {
  let sum = 0
  for (let i = 1; i < line.length; i++) {
    sum += Math.hypot(line[i]![0]! - line[i - 1]![0]!, line[i]![1]! - line[i - 1]![1]!)
  }
  return sum
}

function isClosed(line: number[][]): boolean {
  const last = line.at(-1)!
  return line[0]![0] === last[0] && line[0]![1] === last[1]
}

/** Pairs of segments that cross properly (not merely touch), over all lines. */
function crossings(all: number[][][]): number {
  const segments = all.flatMap((line) => line.slice(1).map((b, i) => [line[i]!, b] as const))
  const side = (a: number[], b: number[], p: number[]) =>
    Math.sign((b[0]! - a[0]!) * (p[1]! - a[1]!) - (b[1]! - a[1]!) * (p[0]! - a[0]!))
  let found = 0
  for (let i = 0; i < segments.length; i++) {
    for (let j = i + 1; j < segments.length; j++) {
      const [a, b] = segments[i]!
      const [c, d] = segments[j]!
      const proper =
        side(a, b, c) * side(a, b, d) < 0 &&
        side(c, d, a) * side(c, d, b) < 0 &&
        overlap(a, b, c, d)
      if (proper) found++
    }
  }
  return found
}

/** A crossing must be more than rounding: both segments' ends lie clearly on either side. */
function overlap(a: number[], b: number[], c: number[], d: number[]): boolean {
  const distance = (p: number[], q: number[], r: number[]) =>
    Math.abs((q[0]! - p[0]!) * (r[1]! - p[1]!) - (q[1]! - p[1]!) * (r[0]! - p[0]!)) /
    Math.hypot(q[0]! - p[0]!, q[1]! - p[1]!)
  return Math.min(distance(a, b, c), distance(a, b, d), distance(c, d, a), distance(c, d, b)) > 1e-9
}

describe('contours of drawn grids', () => {
  it('cuts a tilted plane into straight lines of known length', () => {
    // Height 2 x: level 10 runs along x = 5 from the south edge to the north edge.
    const grid = gridOf(21, 11, (column) => column * 2)
    const contours = contourGrid(grid, { intervalMeters: 10 })
    expect([...contours.levels]).toEqual([0, 10, 20, 30, 40].filter((level) => level > 0))
    for (const [i, line] of lines(contours).entries()) {
      expect(lengthOf(line)).toBeCloseTo(10, 12)
      expect(line.every(([x]) => Math.abs(x! - contours.levels[i]! / 2) < 1e-12)).toBe(true)
      expect(isClosed(line)).toBe(false)
    }
  })

  it('draws a cone as closed rings of the circles’ lengths', () => {
    const grid = gridOf(201, 201, (column, row) => 100 - Math.hypot(column - 100, row - 100))
    const contours = contourGrid(grid, { intervalMeters: 10 })
    const rings = lines(contours)
    for (const [i, ring] of rings.entries()) {
      const radius = 100 - contours.levels[i]!
      if (radius >= 100 || radius === 0) continue
      expect(isClosed(ring)).toBe(true)
      expect(Math.abs(lengthOf(ring) / (2 * Math.PI * radius) - 1)).toBeLessThan(0.002)
    }
    expect([...contours.levels].filter((level) => level === 50)).toHaveLength(1)
  })

  it('keeps higher ground on the right', () => {
    const grid = gridOf(21, 21, (column, row) => 10 - Math.hypot(column - 10, row - 10))
    const [ring] = lines(contourGrid(grid, { intervalMeters: 5 })).filter((line) => line.length > 9)
    let twice = 0
    for (let i = 1; i < ring!.length; i++) {
      twice += ring![i - 1]![0]! * ring![i]![1]! - ring![i]![0]! * ring![i - 1]![1]!
    }
    expect(twice).toBeLessThan(0)
  })

  it('decides a saddle by the height of its saddle point, not by the mean of its corners', () => {
    // Saddle height (9·9 - 0·4) / (9 + 9 - 0 - 4) = 5.786; mean 5.5. A level between the two tells them apart.
    const grid = drawGrid('9 4\n0 9')
    const joined = lines(contourGrid(grid, { intervalMeters: 5.7 }))
    expect(joined).toHaveLength(2)
    // High ground is joined through the middle: the lines cut off the low corners, north-east (1, 1) and south-west (0, 0).
    const near = (line: number[][], x: number, y: number) =>
      line.every(([px, py]) => Math.hypot(px! - x, py! - y) < 1)
    expect(joined.some((line) => near(line, 1, 1))).toBe(true)
    expect(joined.some((line) => near(line, 0, 0))).toBe(true)
  })

  it('ends at a void and never runs along it', () => {
    const grid = gridOf(21, 11, (column, row) =>
      column === 5 && row === 5 ? Number.NaN : column * 2,
    )
    const at10 = lines(contourGrid(grid, { intervalMeters: 10 })).filter(
      (line) => line[0]![0] === 5,
    )
    // The line at x = 5 loses the cells around the void: rows 4 to 6.
    expect(at10.map(lengthOf).sort()).toEqual([4, 4])
  })

  it('has no line around a plateau’s cells and none along the edge of the grid', () => {
    const flat = contourGrid(
      gridOf(9, 9, () => 10),
      { intervalMeters: 10 },
    )
    expect(flat.levels).toHaveLength(0)
    const island = drawGrid('0 0 0 0 0\n0 10 10 10 0\n0 10 10 10 0\n0 10 10 10 0\n0 0 0 0 0')
    const shore = contourGrid(island, { intervalMeters: 10 })
    expect(lines(shore)).toHaveLength(1)
    expect(isClosed(lines(shore)[0]!)).toBe(true)
    expect(lengthOf(lines(shore)[0]!)).toBe(8)
  })

  it('leaves out what shrinks to a point or to a double line', () => {
    const peak = drawGrid('0 0 0\n0 10 0\n0 0 0')
    expect(contourGrid(peak, { intervalMeters: 10 }).levels).toHaveLength(0)
    const ridge = drawGrid('0 0 0 0\n0 10 10 0\n0 0 0 0')
    expect(contourGrid(ridge, { intervalMeters: 10 }).levels).toHaveLength(0)
  })

  it('keeps decimal levels exact and never says -0', () => {
    const grid = gridOf(12, 3, (column) => column * 0.1 - 0.35)
    const { levels } = contourGrid(grid, { intervalMeters: 0.1 })
    const expected = [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    expect([...levels].sort((a, b) => a - b)).toEqual(expected)
    expect([...levels].some((level) => Object.is(level, -0))).toBe(false)
    expect([-10, -5, 0, 5].every(isIndexLevel) && !isIndexLevel(3)).toBe(true)
  })

  it.each([Number.NaN, 0, -1, 0.05, Number.POSITIVE_INFINITY])(
    'refuses an interval of %s',
    (interval) => {
      expect(() =>
        contourGrid(
          gridOf(3, 3, (c) => c),
          { intervalMeters: interval },
        ),
      ).toThrow(expect.objectContaining({ code: 'PARAMS_INVALID' }))
    },
  )

  it('refuses too many contours before making them, and makes just enough', () => {
    const grid = gridOf(300, 300, (column, row) => ((column + row) % 2) * 1_000)
    const run = (maxVertices: number) => contourGrid(grid, { intervalMeters: 1, maxVertices })
    expect(() => run(1_000_000)).toThrow(expect.objectContaining({ code: 'CONTOURS_TOO_MANY' }))
    expect(() => run(1_000_000)).toThrow(/about 179\.\d million vertices, of which 1 million/)
    const peaks = gridOf(101, 101, (column, row) => ((column & row & 1) === 1 ? 15 : 0))
    const lines = (maxLines: number) => contourGrid(peaks, { intervalMeters: 10, maxLines })
    expect(lines(2_500).levels).toHaveLength(2_500)
    expect(() => lines(2_499)).toThrow(/more than 2,499 lines/)
    const small = gridOf(11, 2, (column) => column)
    expect(contourGrid(small, { intervalMeters: 1, maxVertices: 40 }).levels.length).toBe(10)
    const steep = gridOf(2, 2, (column) => column * 1e9)
    for (const maxVertices of [undefined, Number.POSITIVE_INFINITY]) {
      const options = { intervalMeters: 0.1, ...(maxVertices !== undefined && { maxVertices }) }
      expect(() => contourGrid(steep, options)).toThrow(
        expect.objectContaining({ code: 'CONTOURS_TOO_MANY' }),
      )
    }
  })

  it.each([
    ['empty', gridOf(0, 0, () => 0)],
    ['1 × 1', gridOf(1, 1, () => 5)],
    ['one row', gridOf(9, 1, (column) => column * 10)],
    ['all void', gridOf(9, 9, () => Number.NaN)],
  ])('answers nothing for a grid that is %s', (_, grid) => {
    expect(contourGrid(grid, { intervalMeters: 1 }).levels).toHaveLength(0)
  })
})

/** Random ground; `rounded` puts many heights exactly on levels. */
function ground(width: number, height: number, values: number[], rounded: boolean): Grid {
  return gridOf(width, height, (column, row) => {
    const value = values[(row * width + column) % values.length]!
    return rounded ? Math.round(value) : value
  })
}

describe('contours of random grids', () => {
  // Half a millimetre off every level, so that only `rounded` ground stands on one.
  const height = fc.integer({ min: -20_000, max: 20_000 }).map((mm) => mm / 1_000 + 0.000_5)
  const heights = fc.array(height, {
    minLength: 60,
    maxLength: 90,
  })

  it('never cross, before and after smoothing', () => {
    const property = fc.property(heights, fc.boolean(), (values, rounded) => {
      const grid = ground(8, 8, values, rounded)
      expect(crossings(lines(contourGrid(grid, { intervalMeters: 5 })))).toBe(0)
      const smooth = contourGrid(refineGrid(grid, 2), { intervalMeters: 10 })
      expect(crossings(lines(smooth))).toBe(0)
    })
    fc.assert(property, { seed: SEED, numRuns: 60 })
  })

  it('has a crossing counter that can count', () => {
    expect(
      crossings([
        [
          [0, 0],
          [2, 2],
        ],
        [
          [0, 2],
          [2, 0],
        ],
      ]),
    ).toBe(1)
  })

  it('lie at their level on the surface, and every edge that must be crossed is', () => {
    const property = fc.property(heights, (values) => {
      const grid = ground(9, 7, values, false)
      const contours = contourGrid(grid, { intervalMeters: 3 })
      const open = lines(contours).filter((line) => !isClosed(line))
      // Open lines end only on the border of the grid.
      for (const line of open) {
        for (const [x, y] of [line[0]!, line.at(-1)!]) {
          expect(x === 0 || y === 0 || x === 8 || y === 6).toBe(true)
        }
      }
      let edges = 0
      for (let i = 0; i < 63; i++) {
        const z = Math.floor(grid.cells[i]! / 3)
        if (i % 9 < 8) edges += Math.abs(z - Math.floor(grid.cells[i + 1]! / 3))
        if (i < 54) edges += Math.abs(z - Math.floor(grid.cells[i + 9]! / 3))
      }
      const vertices = lines(contours).reduce(
        (sum, line) => sum + line.length - (isClosed(line) ? 1 : 0),
        0,
      )
      expect(vertices).toBe(edges)
    })
    fc.assert(property, { seed: SEED, numRuns: 100 })
  })

  it('do not depend on the strips that the work is done in', () => {
    // 600 rows of rough ground make many strips; the same ground in pieces of 40 rows makes one each.
    let state = SEED
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    const values = Array.from({ length: 600 * 200 }, () => random() * 100)
    const whole = gridOf(200, 600, (column, row) => values[row * 200 + column]!)
    const total = lines(contourGrid(whole, { intervalMeters: 10 })).reduce(
      (sum, line) => sum + lengthOf(line),
      0,
    )
    let pieces = 0
    for (let first = 0; first < 599; first += 40) {
      const rows = Math.min(41, 600 - first)
      const piece = gridOf(200, rows, (column, row) => values[(first + row) * 200 + column]!)
      pieces += lines(contourGrid(piece, { intervalMeters: 10 })).reduce(
        (sum, line) => sum + lengthOf(line),
        0,
      )
    }
    expect(Math.abs(total / pieces - 1)).toBeLessThan(1e-12)
    const ends = lines(contourGrid(whole, { intervalMeters: 10 })).filter((line) => !isClosed(line))
    for (const line of ends) {
      for (const [x, y] of [line[0]!, line.at(-1)!]) {
        expect(x === 0 || y === 0 || x === 199 || y === 599).toBe(true)
      }
    }
  })
})
