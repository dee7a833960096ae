// Contour lengths per level against gdal_contour's on real tiles.
// GDAL and we differ by rule in three things: GDAL goes on for half a cell beyond the outermost sample points and into voids, it cuts
// off the same two corners at every saddle, and a height exactly on a level is moved up by a micrometre, so that a ridge one point
// wide gets a line out and back. The first is added to ours before anything is compared. Levels that are still more than 0.5 % apart
// are listed here, and each has to vanish when the two other rules are applied as well: that is their cause.
import { expect, it } from 'vitest'
import { contourGrid } from '../../../src/kernel/geo/contour.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { CASES, readCase, referenceLengths } from '../../support/contour-cases.ts'
import {
  asGdal,
  gdalQuarters,
  levelLengths,
  raisedOffLevels,
  sumLengths,
} from '../../support/contour-lengths.ts'
import { readGridFile } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

const TOLERANCE = 0.005

/** Reference lengths have six decimals in degrees: less than a metre is not compared as a ratio. */
const apart = (ours: number, theirs: number): boolean =>
  Math.abs(ours - theirs) > Math.max(TOLERANCE * theirs, 1e-5)

describeWithSharedData('contour lengths against gdal_contour', () => {
  for (const { name, file, intervals, exceptions } of CASES) {
    for (const interval of intervals) {
      it(`${name} every ${interval} m`, async () => {
        const grid = await readCase(file)
        const want = referenceLengths(name, interval)
        const rim = levelLengths(contourGrid(gdalQuarters(grid), { intervalMeters: interval }))
        const ours = sumLengths(levelLengths(contourGrid(grid, { intervalMeters: interval })), rim)
        const byTheirRules = asGdal(grid, interval)
        const different: number[] = []
        for (const [level, length] of want) {
          if (apart(ours.get(level) ?? 0, length)) different.push(level)
          expect(apart(byTheirRules.get(level) ?? 0, length), `level ${level}`).toBe(false)
        }
        expect(different).toEqual(exceptions[interval] ?? [])
        // The same levels: none of ours is unknown to GDAL, and what GDAL has beyond ours has no length or is listed.
        for (const level of ours.keys()) expect(want.has(level), `level ${level}`).toBe(true)
        for (const [level, length] of want) {
          expect(ours.has(level) || length < 1e-5 || different.includes(level)).toBe(true)
        }
        const total = (lengths: Map<number, number>) =>
          [...lengths.values()].reduce((a, b) => a + b, 0)
        expect(Math.abs(total(byTheirRules) / total(want) - 1)).toBeLessThan(2e-6)
      })
    }
  }

  it('tells its cause: heights on levels, not the lines between them', async () => {
    // Bayreuth's heights are whole metres and many stand on a level. A third of a metre higher, none does, and rule and rule agree.
    const grid = await readGridFile(sharedData('dem/windows/bayreuth_window.tif')!)
    const lengths = (ground: Grid) => levelLengths(contourGrid(ground, { intervalMeters: 5 }))
    const sum = (ground: Grid) => [...lengths(ground).values()].reduce((a, b) => a + b, 0)
    const off = { ...grid, cells: Float64Array.from(grid.cells, (z) => z + 1 / 3) }
    expect(sum(raisedOffLevels(off, 5))).toBe(sum(off))
    // On their levels, the rule about ridges one point wide makes GDAL longer.
    expect(sum(raisedOffLevels(grid, 5)) / sum(grid)).toBeGreaterThan(1.001)
  })
})
