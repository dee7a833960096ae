// Contour lengths per level against contourpy (serial, separate lines) on the same points, where no height stands on a level.
// The two differ in one rule only, and it is applied to ours: contourpy decides a saddle by the mean of its corners.
import { expect, it } from 'vitest'
import { contourGrid } from '../../../src/kernel/geo/contour.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { levelLengths, saddleDifference, sumLengths } from '../../support/contour-lengths.ts'
import { gridOf, readGridFile } from '../../support/dem-files.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { sharedData } from '../../support/shared-data.ts'

const SCRIPT = `
import sys, json, numpy as np, contourpy
job = json.load(sys.stdin)
z = np.array([[np.nan if v is None else v for v in row] for row in job['rows']])
made = contourpy.contour_generator(z=np.ma.masked_invalid(z), name='serial', line_type='Separate', corner_mask=False)
print(json.dumps([float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in made.lines(level))) for level in job['levels']]))
`

/** Worst difference of a level and of the total, as shares of the total. Lengths in cells. */
function compare(ground: Grid, intervalMeters: number): { level: number; total: number } {
  const grid = { ...ground, cellSizeX: 1, cellSizeY: 1 }
  const ours = sumLengths(
    levelLengths(contourGrid(grid, { intervalMeters })),
    saddleDifference(grid, intervalMeters, 'mean'),
  )
  const levels = [...ours.keys()]
  const rows = Array.from({ length: grid.height }, (_, r) =>
    Array.from(grid.cells.subarray(r * grid.width, (r + 1) * grid.width)),
  )
  const theirs = JSON.parse(python(SCRIPT, JSON.stringify({ rows, levels }))) as number[]
  const sum = theirs.reduce((a, b) => a + b, 0)
  expect(sum).toBeGreaterThan(100)
  let worst = 0
  let difference = 0
  for (const [i, level] of levels.entries()) {
    worst = Math.max(worst, Math.abs(ours.get(level)! - theirs[i]!) / sum)
    difference += ours.get(level)! - theirs[i]!
  }
  return { level: worst, total: Math.abs(difference) / sum }
}

describeWithJudge(
  'contourpy',
  ['/usr/bin/python3', '-c', 'import contourpy'],
  'contour lengths against contourpy',
  () => {
    it('agree to a millionth on rough ground with voids', () => {
      let state = 7
      const random = () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return state / 2 ** 32
      }
      const rough = gridOf(150, 120, () =>
        random() < 0.02 ? Number.NaN : Math.floor(random() * 400) + 1 / 3,
      )
      const { level, total } = compare(rough, 10)
      expect(level).toBeLessThan(1e-9)
      expect(total).toBeLessThan(1e-9)
    })

    for (const file of ['windows/andorra_window.tif', 'windows/bayreuth_window.tif']) {
      it.skipIf(sharedData(`dem/${file}`) === null)(
        `agree to a millionth on ${file}, a third of a metre higher so that no height is on a level`,
        async () => {
          const grid = await readGridFile(sharedData(`dem/${file}`)!)
          const off = { ...grid, cells: Float64Array.from(grid.cells, (z) => z + 1 / 3) }
          expect(compare(off, 10).total).toBeLessThan(1e-9)
          expect(compare(off, 5).level).toBeLessThan(1e-9)
        },
      )
    }
  },
)
