// The tiles whose contours gdal_contour has drawn, and the levels that differ by rule.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import type { Grid } from '../../src/kernel/geo/grid.ts'
import { readGrid, readGridFile } from './dem-files.ts'
import { sharedData } from './shared-data.ts'

/** A tile of which gdal_contour's lengths are known. */
export interface ContourCase {
  name: string
  file: string
  intervals: number[]
  /** Levels more than 0.5 % apart by the rule for heights on a level and for saddles, by interval. */
  exceptions: Record<number, number[]>
}

export const CASES: ContourCase[] = [
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

/** gdal_contour's `level → length` in units of the DEM's CRS. */
export function referenceLengths(name: string, interval: number): Map<number, number> {
  const csv = fs.readFileSync(sharedData(`contours/${name}_${interval}m_levels.csv`)!, 'utf8')
  const rows = csv.trim().split('\n').slice(1)
  return new Map(rows.map((row) => [Number(row.split(',')[0]), Number(row.split(',')[4])]))
}

/** The tile as a grid; `file` is relative to the shared data. */
export async function readCase(file: string): Promise<Grid> {
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
