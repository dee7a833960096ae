// Rows of the peer table for contours of a rough 3601² tile, each run in a process of its own, so that memory can be compared too:
// ours kept whole, as GDAL keeps its own, and handed out as they are finished, as our program takes them; gdal_contour's library into its
// Memory layer. In turn, CPU time of the contouring alone and the first of its process: neither side counts its start or the reading of
// the heights, neither writes a file.
// GDAL's lines are about 1.1 % longer on this ground: it cuts the same two corners off every saddle (1.10 %) and goes on for half a cell
// at the edge (0.04 %); contour-totals.ts explains the same level by level on real tiles. About five minutes, most of it GDAL's. Run alone: node test/bench/peers-terrain-contours.ts
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TerrainRow } from './peers-terrain.ts'
import { ROUGH_GROUND, SIDE } from './rough-ground.ts'

const PYTHON = '/usr/bin/python3'
const GDAL = `
import sys, time, resource
import numpy as np
from osgeo import gdal, ogr
gdal.UseExceptions()
n = ${SIDE}; z = np.fromfile(sys.argv[1], 'f4').reshape(n, n)
source = gdal.GetDriverByName('MEM').Create('', n, n, 1, gdal.GDT_Float32); source.GetRasterBand(1).WriteArray(z)
store = ogr.GetDriverByName('Memory').CreateDataSource('m'); layer = store.CreateLayer('c')
layer.CreateField(ogr.FieldDefn('ID', ogr.OFTInteger)); layer.CreateField(ogr.FieldDefn('elev', ogr.OFTReal))
start = time.process_time()
gdal.ContourGenerate(source.GetRasterBand(1), float(sys.argv[2]), 0, [], 0, 0, layer, 0, 1)
seconds = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
length = sum(feature.GetGeometryRef().Length() for feature in layer)
print('{"seconds": %f, "peakMiB": %f, "lines": %d, "length": %f}' % (seconds, peak, layer.GetFeatureCount(), length))
`

interface Run {
  seconds: number
  peakMiB: number
  lines: number
  length: number
}

interface OurRun extends Run {
  /** Seconds before, not counted. */
  started: number
  reading: number
}

/** Five pairs at 10 m, three at 1 m. */
export function contourPeers(): { rows: TerrainRow[]; missing: string[]; notes: string[] } {
  const rows: TerrainRow[] = []
  const notes: string[] = []
  try {
    execFileSync(PYTHON, ['-c', 'import numpy, osgeo.gdal'], { stdio: 'ignore' })
  } catch {
    return { rows, missing: ['python3-numpy, python3-gdal (Debian)'], notes }
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  const ground = path.join(folder, 'dem.f32')
  try {
    execFileSync(PYTHON, ['-c', `${ROUGH_GROUND}\nimport sys; z.tofile(sys.argv[1])`, ground])
    for (const [interval, pairs] of [
      [10, 5],
      [1, 3],
    ] as const) {
      const whole: OurRun[] = []
      const handedOut: OurRun[] = []
      const theirs: Run[] = []
      for (let i = 0; i < pairs; i++) {
        const ours = [path.join(import.meta.dirname, 'terrain-contours.ts'), ground]
        const how = [String(SIDE), String(interval)]
        whole.push(run(process.execPath, [...ours, ...how, 'whole']))
        theirs.push(run(PYTHON, ['-c', GDAL, ground, String(interval)]))
        handedOut.push(run(process.execPath, [...ours, ...how]))
      }
      const add = (way: string, mine: OurRun[]) => {
        rows.push({
          name: `contours ${interval} m, own process, ${way}, against GDAL`,
          ours: median(mine.map(({ seconds }) => seconds * 1e3)),
          peer: median(theirs.map(({ seconds }) => seconds * 1e3)),
          ratio: median(mine.map(({ seconds }, i) => theirs[i]!.seconds / seconds)),
          unit: 'ms',
        })
      }
      add('kept whole', whole)
      add('handed out', handedOut)
      const peak = (runs: Run[]) => Math.max(...runs.map(({ peakMiB }) => peakMiB)).toFixed(0)
      const share = (whole[0]!.length / theirs[0]!.length - 1) * 100
      const before = (key: 'started' | 'reading') =>
        (median([...whole, ...handedOut].map((mine) => mine[key])) * 1e3).toFixed(0)
      notes.push(
        `contours ${interval} m: peak memory ours ${peak(whole)} MiB kept whole and ${peak(handedOut)} MiB handed out, GDAL ${peak(theirs)} MiB; ${whole[0]!.lines} and ${theirs[0]!.lines} lines, length ${share.toFixed(3)} % apart; ours not counted: start and modules ${before('started')} ms, reading ${before('reading')} ms`,
      )
    }
    return { rows, missing: [], notes }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run<R extends Run>(program: string, args: string[]): R {
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8', timeout: 600_000 })) as R
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

if (process.argv[1] === import.meta.filename) {
  const { rows, missing, notes } = contourPeers()
  console.table(rows)
  for (const note of notes) console.log(note)
  for (const peer of missing) console.log(`missing: ${peer}`)
}
