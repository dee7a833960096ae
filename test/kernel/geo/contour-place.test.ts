// Crossed edges of a small grid to coordinates: both directions, and what is left out where heights stand on the level.
import { describe, expect, it } from 'vitest'
import { placeVertices } from '../../../src/kernel/geo/contour-place.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'

/** Points 2 m apart eastwards and 4 m southwards, from (100, 50):
 *
 *     0   4   8
 *     6   9  10
 */
const grid: Grid = {
  cells: Float32Array.of(0, 4, 8, 6, 9, 10),
  width: 3,
  height: 2,
  originX: 100,
  originY: 50,
  cellSizeX: 2,
  cellSizeY: 4,
  epsg: 31_983,
  verticalDatum: null,
  sources: [],
}
const eastOf = (point: number) => 2 * point
const southOf = (point: number) => 2 * point + 1

function placed(level: number, ...edges: number[]): number[] {
  const coords = new Float64Array(20)
  const end = placeVertices(grid, level, Int32Array.from(edges), 0, edges.length, coords, 0, 0)
  return [...coords.subarray(0, 2 * end)]
}

describe('placing crossed edges', () => {
  it('interpolates along the edge, east and south', () => {
    expect(placed(3, eastOf(0))).toEqual([101.5, 50])
    expect(placed(3, southOf(0))).toEqual([100, 48])
    expect(placed(9, southOf(2))).toEqual([104, 48])
    expect(placed(7.5, eastOf(3))).toEqual([101, 46])
  })

  it('leaves out a vertex that repeats the one before it', () => {
    // Three edges meet the height 4 at the middle point of the first row.
    expect(placed(4, eastOf(0), southOf(1), eastOf(1), southOf(0))).toEqual([
      102,
      50,
      100,
      50 - (4 / 6) * 4,
    ])
  })

  it('leaves out a spike, back to what was before it', () => {
    expect(placed(6, southOf(0), southOf(1), southOf(0), eastOf(1))).toEqual([100, 46, 103, 50])
  })

  it('goes on behind what stands in the array, and looks no further back than the line starts', () => {
    const coords = Float64Array.of(101.5, 50, 0, 0, 0, 0)
    const edges = Int32Array.of(eastOf(0), southOf(0))
    expect(placeVertices(grid, 3, edges, 0, 2, coords, 1, 1)).toBe(3)
    expect([...coords]).toEqual([101.5, 50, 101.5, 50, 100, 48])
  })
})
