// Voids filled only from their rims, and lattices joined only where they are one.
import { describe, expect, it } from 'vitest'
import { fillVoids } from '../../../src/kernel/geo/fill.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { mosaicGrids } from '../../../src/kernel/geo/mosaic.ts'
import { drawGrid } from '../../support/dem-files.ts'

const at = (grid: Grid, originX: number, originY = grid.originY): Grid => ({
  ...grid,
  originX,
  originY,
})

describe('filling voids', () => {
  it('takes the inverse-distance mean of the rims and marks what it made up', () => {
    const grid = drawGrid('1 1 1\n1 . 1\n1 1 1')
    const { grid: full, mask, filled, left } = fillVoids(grid, 5)
    expect(full.cells[4]).toBeCloseTo(1, 12)
    expect([...mask]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0])
    expect([filled, left]).toEqual([1, 0])
    expect(grid.cells[4]).toBeNaN()
    // In one row: distances 1 and 2, weights 1 and 1/4.
    expect(fillVoids(drawGrid('10 . . 20'), 5).grid.cells[1]).toBeCloseTo((10 + 20 / 4) / 1.25, 12)
  })

  it('stops at the distance asked for and leaves what has one rim only', () => {
    const wide = drawGrid('1 . . . . . 9')
    expect(fillVoids(wide, 2)).toMatchObject({ filled: 0, left: 5 })
    expect(fillVoids(drawGrid('1 . . .'), 9)).toMatchObject({ filled: 0, left: 3 })
    expect(fillVoids(drawGrid('. .\n. .'), 9)).toMatchObject({ filled: 0, left: 4 })
    const whole = drawGrid('1 2\n3 4')
    expect(fillVoids(whole, 9).grid.cells).toBe(whole.cells)
  })
})

describe('joining grids', () => {
  it('joins tiles that share their edge posts, and tiles that do not', () => {
    const west = drawGrid('1 2 3\n4 5 6')
    const sharing = mosaicGrids([west, at(drawGrid('3 7\n6 8'), 2)])
    expect(sharing).toHaveLength(1)
    expect([...sharing[0]!.cells]).toEqual([1, 2, 3, 7, 4, 5, 6, 8])
    const beside = mosaicGrids([west, at(drawGrid('7\n8'), 3)])
    expect([...beside[0]!.cells]).toEqual([1, 2, 3, 7, 4, 5, 6, 8])
  })

  it('prefers the earlier grid and fills its voids from the later one', () => {
    const joined = mosaicGrids([drawGrid('1 .\n3 4'), drawGrid('9 8\n7 6')])
    expect([...joined[0]!.cells]).toEqual([1, 8, 3, 4])
  })

  it('keeps unlike lattices apart: other cells, other phase, other system', () => {
    const grid = drawGrid('1 2\n3 4')
    expect(mosaicGrids([grid, drawGrid('1 2\n3 4', 2)])).toHaveLength(2)
    expect(mosaicGrids([grid, at(grid, 0.4)])).toHaveLength(2)
    expect(mosaicGrids([grid, { ...at(grid, 2), epsg: 31_982 }])).toHaveLength(2)
    expect(mosaicGrids([grid, at(grid, 2)])).toHaveLength(1)
  })

  it('does not make an empty continent of two far tiles', () => {
    const grid = drawGrid('1 2\n3 4')
    expect(mosaicGrids([grid, at(grid, 1e6)])).toHaveLength(2)
  })
})
