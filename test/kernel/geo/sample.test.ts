// Bilinear and nearest heights against GDAL's on real tiles, and across the seam of two drawn tiles.
import fs from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { sampleGrids } from '../../../src/kernel/geo/sample.ts'
import { CASES, readCase } from '../../support/contour-cases.ts'
import { drawGrid, gridOf } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

/** Points on the edge between two cells belong to either. */
const onEdge = (cells: number) => Math.abs(cells - Math.round(cells)) < 1e-6

describeWithSharedData('heights at 1,500 points', () => {
  it.each(CASES)(
    '$name: within 1e-6 m of GDAL, voids where GDAL has them',
    async ({ name, file }) => {
      const grid = await readCase(file)
      const text = gunzipSync(
        fs.readFileSync(sharedData(`contours/${name}_points.csv.gz`)!),
      ).toString()
      const [head, ...rows] = text
        .trim()
        .split('\n')
        .map((row) => row.split(','))
      const numbered = (column: string) => head!.indexOf(column)
      const places = Float64Array.from(rows.flatMap((row) => [Number(row[0]), Number(row[1])]))
      const bilinear = new Float64Array(rows.length)
      const nearest = new Float64Array(rows.length)
      sampleGrids([grid], places, bilinear)
      sampleGrids([grid], places, nearest, 'nearest')
      let [worst, heights, voids, compared] = [0, 0, 0, 0]
      for (const [i, row] of rows.entries()) {
        const want = row[numbered('bilinear_centre')]!
        if (want === '') {
          expect(bilinear[i]).toBeNaN()
          voids++
        } else {
          worst = Math.max(worst, Math.abs(bilinear[i]! - Number(want)))
          heights++
        }
        const cell = row[numbered('nearest')]!
        if (
          cell === '' ||
          onEdge(Number(row[numbered('col')])) ||
          onEdge(Number(row[numbered('row')]))
        )
          continue
        compared++
        if (cell === 'nodata') expect(nearest[i]).toBeNaN()
        else expect(Math.abs(nearest[i]! - Number(cell))).toBeLessThan(1e-6)
      }
      process.stdout.write(
        `${name}: ${heights} heights, worst difference ${worst.toExponential(1)} m, ${voids} voids; nearest at ${compared} points\n`,
      )
      expect(worst).toBeLessThan(1e-6)
      expect(heights).toBeGreaterThan(500)
      expect(compared).toBeGreaterThan(1_000)
    },
  )
})

it.each(['sharing', 'not sharing'])('tiles %s their edge posts have no seam', (kind) => {
  const plane = (column: number, row: number) => 3 * column - row
  const west = gridOf(11, 11, plane)
  const first = kind === 'sharing' ? 10 : 11
  const east = { ...gridOf(11, 11, (column, row) => plane(column + first, row)), originX: first }
  const heights = new Float64Array(3)
  sampleGrids([west, east], Float64Array.of(9.75, 5, 10.5, 5, 11.25, 5), heights)
  expect([...heights]).toEqual([9.75, 10.5, 11.25].map((x) => 3 * x - 5))
  sampleGrids([west], Float64Array.of(9.75, 5, 10.75, 5, -0.25, 5), heights)
  expect([...heights].map(Number.isNaN)).toEqual([false, true, false])
})

it('beside a void, posts and the lines between them keep their heights, whatever rounding does', () => {
  const grid = drawGrid('1 . .\n3 5 .\n7 9 11')
  const heights = new Float64Array(9)
  const nudge = 5e-13
  const places = [
    ...[1, 1, 1 + nudge, 1 - nudge, 1 - nudge, 1 + nudge],
    // On the row of 3 and 5, on the column of 5 and 9.
    ...[0.25, 1, 0.25, 1 + nudge, 1, 0.5, 1 + nudge, 0.5],
    // A nanocell is rounding, a millionth is not.
    ...[0.25, 1 + 1e-6, 1 + 1e-6, 1 + 1e-6],
  ]
  sampleGrids([grid], Float64Array.from(places), heights)
  const want = [5, 5, 5, 3.5, 3.5, 7, 7, Number.NaN, Number.NaN]
  for (const [i, height] of want.entries()) {
    if (Number.isNaN(height)) expect(heights[i]).toBeNaN()
    else expect(heights[i]).toBeCloseTo(height, 9)
  }
})
