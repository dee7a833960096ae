// Contour lengths per level against gdal_contour's on real tiles.
// GDAL and we differ by rule in three things: GDAL goes on for half a cell beyond the outermost sample points and into voids, it cuts
// off the same two corners at every saddle, and a height exactly on a level is moved up by a micrometre, so that a ridge one point
// wide gets a line out and back. The first is added to ours before anything is compared. Levels that are still more than 0.5 % apart
// are listed here, and each has to vanish when the two other rules are applied as well: that is their cause.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { expect, it } from 'vitest'
import { contourGrid } from '../../../src/kernel/geo/contour.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import {
  asGdal,
  gdalQuarters,
  levelLengths,
  raisedOffLevels,
  sumLengths,
} from '../../support/contour-lengths.ts'
import { readGrid, readGridFile } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

const TOLERANCE = 0.005

interface Case {
  name: string
  file: string
  intervals: number[]
  /** Levels more than 0.5 % apart by the rule for heights on a level and for saddles, by interval. */
  exceptions: Record<number, number[]>
}

const CASES: Case[] = [
  {
    name: 'andorra_window',
    file: 'dem/windows/andorra_window.tif',
    intervals: [100, 10, 5],
    exceptions: {
      '5': [
        860, 865, 870, 875, 885, 930, 985, 1115, 1140, 2600, 2620, 2625, 2630, 2650, 2660, 2675,
        2685, 2690, 2695, 2705, 2750, 2755, 2825, 2830,
      ],
      '10': [860, 870, 930, 1140, 2600, 2620, 2630, 2650, 2660, 2690, 2750, 2830],
      '100': [2600],
    },
  },
  {
    name: 'bayreuth_window',
    file: 'dem/windows/bayreuth_window.tif',
    intervals: [10, 5],
    exceptions: {
      '5': [
        315, 325, 330, 335, 340, 345, 350, 355, 360, 365, 370, 375, 410, 420, 430, 435, 445, 450,
        485, 490, 530, 535, 590,
      ],
      '10': [330, 340, 350, 360, 370, 410, 420, 430, 450, 490, 530, 590],
    },
  },
  {
    name: 'porto-alegre_elevation',
    file: 'dem/geotiff/porto-alegre_elevation.tif',
    intervals: [10, 5, 1],
    exceptions: {
      '1': [
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
        27, 28, 29, 30, 32, 36, 37, 38, 39, 40, 41, 42, 43, 44, 47, 51, 53, 61, 67, 77, 82, 84, 87,
        88, 107, 111, 168, 201, 202, 204, 205, 207, 214, 218, 219, 220, 222, 223, 224, 225, 226,
        231, 232, 235, 236, 237, 241, 244, 246, 252, 253, 254,
      ],
      '5': [5, 10, 15, 20, 25, 30, 40, 205, 220, 225, 235],
      '10': [10, 20, 30, 40, 220],
    },
  },
  {
    name: 'porto-alegre_sirgas22s_30m',
    file: 'dem/geotiff/porto-alegre_sirgas22s_30m.tif',
    intervals: [10, 5, 1],
    exceptions: {
      '1': [3, 4, 5, 7, 8, 9, 10, 11, 12, 17, 23, 29, 41, 224, 235, 245, 252],
      '5': [5, 10, 235, 245],
      '10': [10],
    },
  },
  {
    name: 'nz_lidar5m_west',
    file: 'dem/geotiff/nz_lidar5m_west.tif',
    intervals: [10, 5, 1],
    exceptions: { '1': [66, 67, 68, 69, 71, 77, 80, 338, 345], '5': [80, 345], '10': [80] },
  },
  {
    name: 'cabecadeboi_mg',
    file: 'dem/geotiff/cabecadeboi_mg.tif',
    intervals: [10, 5],
    exceptions: {
      '5': [5, 50, 65, 70, 115, 150, 160, 180, 185, 190, 225],
      '10': [50, 70, 150, 160, 180, 190],
    },
  },
  {
    name: 'poa_f32_nodata',
    file: 'dem/variants/poa_f32_none_strip.tif',
    intervals: [10, 5, 1],
    exceptions: { '1': [2, 3, 4, 5, 7, 9, 11, 15, 17, 18, 22, 29, 48, 54], '5': [5, 15] },
  },
  { name: 'S29W072_full', file: 'dem/hgt/S29W072.hgt.zip', intervals: [100, 50], exceptions: {} },
]

/** `level → length` in units of the DEM's CRS. */
function reference(name: string, interval: number): Map<number, number> {
  const csv = fs.readFileSync(sharedData(`contours/${name}_${interval}m_levels.csv`)!, 'utf8')
  const rows = csv.trim().split('\n').slice(1)
  return new Map(rows.map((row) => [Number(row.split(',')[0]), Number(row.split(',')[4])]))
}

async function read(file: string): Promise<Grid> {
  const path = sharedData(file)!
  if (!file.endsWith('.zip')) {
    // cabecadeboi_mg.tif does not name its system.
    return readGridFile(path, undefined, { epsg: file.includes('cabeca') ? 31_983 : undefined })
  }
  const bytes = execFileSync(
    '/usr/bin/python3',
    [
      '-c',
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); sys.stdout.buffer.write(z.read(z.namelist()[0]))',
      path,
    ],
    { maxBuffer: 1 << 26 },
  )
  return readGrid(bytes, file.split('/').pop()!.replace('.zip', ''))
}

/** Reference lengths have six decimals in degrees: less than a metre is not compared as a ratio. */
const apart = (ours: number, theirs: number): boolean =>
  Math.abs(ours - theirs) > Math.max(TOLERANCE * theirs, 1e-5)

describeWithSharedData('contour lengths against gdal_contour', () => {
  for (const { name, file, intervals, exceptions } of CASES) {
    for (const interval of intervals) {
      it(`${name} every ${interval} m`, async () => {
        const grid = await read(file)
        const want = reference(name, interval)
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
    const grid = await read('dem/windows/bayreuth_window.tif')
    const lengths = (ground: Grid) => levelLengths(contourGrid(ground, { intervalMeters: 5 }))
    const sum = (ground: Grid) => [...lengths(ground).values()].reduce((a, b) => a + b, 0)
    const off = { ...grid, cells: Float64Array.from(grid.cells, (z) => z + 1 / 3) }
    expect(sum(raisedOffLevels(off, 5))).toBe(sum(off))
    // On their levels, the rule about ridges one point wide makes GDAL longer.
    expect(sum(raisedOffLevels(grid, 5)) / sum(grid)).toBeGreaterThan(1.001)
  })
})
