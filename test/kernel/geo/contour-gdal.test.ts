// Contour lengths per level against gdal_contour's on real tiles.
// GDAL goes on to the outer edge of the border pixels and of pixels beside voids, half a cell farther than the lattice of sample points.
// So files without voids are compared on the lattice grown by that rim (edge heights repeated, lines cut half a cell out).
import fs from 'node:fs'
import { expect, it } from 'vitest'
import { contourGrid } from '../../../src/kernel/geo/contour.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { readGridFile } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

/** The grid with its border repeated once outside. */
function withRim(grid: Grid): Grid {
  const width = grid.width + 2
  const height = grid.height + 2
  const cells = new Float64Array(width * height)
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const row = Math.min(Math.max(r - 1, 0), grid.height - 1)
      const column = Math.min(Math.max(c - 1, 0), grid.width - 1)
      cells[r * width + c] = grid.cells[row * grid.width + column]!
    }
  }
  return {
    ...grid,
    cells,
    width,
    height,
    originX: grid.originX - grid.cellSizeX,
    originY: grid.originY + grid.cellSizeY,
  }
}

/** Length per level, coordinates held within half a cell of the grid. */
function lengths(grid: Grid, intervalMeters: number): Map<number, number> {
  const contours = contourGrid(withRim(grid), { intervalMeters })
  const { coords, offsets } = contours.paths
  const west = grid.originX - grid.cellSizeX / 2
  const east = west + grid.width * grid.cellSizeX
  const north = grid.originY + grid.cellSizeY / 2
  const south = north - grid.height * grid.cellSizeY
  const x = (i: number) => Math.min(Math.max(coords[2 * i]!, west), east)
  const y = (i: number) => Math.min(Math.max(coords[2 * i + 1]!, south), north)
  const sums = new Map<number, number>()
  for (const [path, level] of contours.levels.entries()) {
    let sum = sums.get(level) ?? 0
    for (let i = offsets[path]! + 1; i < offsets[path + 1]!; i++) {
      sum += Math.hypot(x(i) - x(i - 1), y(i) - y(i - 1))
    }
    sums.set(level, sum)
  }
  return sums
}

const CASES = [
  ['andorra_window', 'dem/windows/andorra_window.tif', [100, 10, 5]],
  ['bayreuth_window', 'dem/windows/bayreuth_window.tif', [10, 5]],
  ['porto-alegre_elevation', 'dem/geotiff/porto-alegre_elevation.tif', [10, 5, 1]],
  ['porto-alegre_sirgas22s_30m', 'dem/geotiff/porto-alegre_sirgas22s_30m.tif', [10, 5, 1]],
] as const

describeWithSharedData('contour lengths against gdal_contour', () => {
  for (const [name, file, intervals] of CASES) {
    for (const interval of intervals) {
      it(`${name} every ${interval} m`, async () => {
        const grid = await readGridFile(sharedData(file)!)
        const ours = lengths(grid, interval)
        const rows = fs
          .readFileSync(sharedData(`contours/${name}_${interval}m_levels.csv`)!, 'utf8')
          .trim()
          .split('\n')
          .slice(1)
          .map((row) => row.split(',').map(Number))
        let highest = Number.NEGATIVE_INFINITY
        for (const z of grid.cells) highest = Math.max(highest, z)
        let total = 0
        let theirs = 0
        for (const [level, , , , want] of rows as [number, number, number, number, number][]) {
          // A level equal to the highest height has only points and double lines: ours has none of it.
          const summit = level === highest
          expect(ours.has(level) || summit, `level ${level}`).toBe(true)
          total += ours.get(level) ?? 0
          theirs += want
        }
        // Always a little shorter: heights that stand exactly on a level give GDAL points and double lines, which we leave out.
        expect(total / theirs).toBeGreaterThan(0.993)
        expect(total / theirs).toBeLessThan(1.001)
      })
    }
  }
})
