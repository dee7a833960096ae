// Bilinear and nearest heights against GDAL's on real tiles, and across the seam of two drawn tiles.
import fs from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { sampleGrids } from '../../../src/kernel/geo/sample.ts'
import { gridOf, readGridFile } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

const CASES = [
  ['bayreuth_window', 'dem/windows/bayreuth_window.tif'],
  ['nz_lidar5m_west', 'dem/geotiff/nz_lidar5m_west.tif'],
  ['poa_f32_nodata', 'dem/variants/poa_f32_none_strip.tif'],
  ['porto-alegre_sirgas22s_30m', 'dem/geotiff/porto-alegre_sirgas22s_30m.tif'],
] as const

describeWithSharedData('heights at 1,500 points', () => {
  it.each(CASES)('%s: bilinear within 1e-6 m, voids where GDAL has them', async (name, file) => {
    const grid = await readGridFile(sharedData(file)!)
    const text = gunzipSync(
      fs.readFileSync(sharedData(`contours/${name}_points.csv.gz`)!),
    ).toString()
    const [head, ...rows] = text
      .trim()
      .split('\n')
      .map((row) => row.split(','))
    const column = head!.indexOf('bilinear_centre')
    const heights = new Float64Array(rows.length)
    sampleGrids(
      [grid],
      Float64Array.from(rows.flatMap((row) => [Number(row[0]), Number(row[1])])),
      heights,
    )
    for (const [i, row] of rows.entries()) {
      if (row[column] === '') expect(heights[i]).toBeNaN()
      else expect(Math.abs(heights[i]! - Number(row[column]))).toBeLessThan(1e-6)
    }
  })
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
