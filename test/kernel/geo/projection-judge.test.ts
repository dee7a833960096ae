// A second opinion on fresh points: Debian's PROJ projects what a seed drew, in every zone, and shifts by a grid drawn here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { allCrs } from '../../../src/kernel/geo/crs.ts'
import { openShiftGrid } from '../../../src/kernel/geo/ntv2.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { transform } from '../../../src/kernel/geo/transform.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { metresBetween, raise } from './csv.ts'
import { ntv2File } from './ntv2-file.ts'

const seed = 20_260_103

function createRandom(): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Asks pyproj: lines "from to x y" in, lines "X Y" out; one transformer a pair, x before y. */
const ask = `
import sys
from functools import lru_cache
from pyproj import Transformer
make = lru_cache(None)(lambda a, b: Transformer.from_crs('EPSG:' + a, 'EPSG:' + b, always_xy=True))
for line in sys.stdin:
    a, b, x, y = line.split()
    print(*map(repr, make(a, b).transform(float(x), float(y))))
`

/** The same through an explicit pipeline given as argument, both directions: lines "forward|inverse x y". */
const askPipeline = `
import sys
from pyproj import Transformer
t = Transformer.from_pipeline(sys.argv[1])
for line in sys.stdin:
    d, x, y = line.split()
    print(*map(repr, t.transform(float(x), float(y), direction='FORWARD' if d == 'forward' else 'INVERSE')))
`

function judge(script: string, lines: string[], args: string[] = []): number[][] {
  const answer = python(script, `${lines.join('\n')}\n`, args)
    .trim()
    .split('\n')
  return answer.map((line) => line.split(' ').map(Number))
}

describeWithJudge(
  'python3-pyproj',
  ['/usr/bin/python3', '-c', 'import pyproj'],
  `PROJ as judge (seed ${seed})`,
  () => {
    it('projects 40 points in each of the UTM systems within 10 nm', () => {
      const random = createRandom()
      const lines: string[] = []
      const ours: { epsg: number; place: number[]; metres: Float64Array }[] = []
      for (const crs of allCrs()) {
        if (crs.utm === null || crs.datum.startsWith('Corrego') || crs.datum.startsWith('SAD69'))
          continue
        const geographic = crs.datum === 'WGS 84' ? 4326 : 4674
        for (let k = 0; k < 40; k++) {
          const lon = crs.utm.zone * 6 - 183 + (random() - 0.5) * (k < 30 ? 7 : 40)
          const lat = (random() - 0.5) * 160
          lines.push(`${geographic} ${crs.epsg} ${lon} ${lat}`)
          ours.push({
            epsg: crs.epsg,
            place: [lon, lat],
            metres: createProjector(crs.epsg).forward(Float64Array.of(lon, lat)),
          })
        }
      }
      const theirs = judge(ask, lines)
      expect(theirs.length).toBe(ours.length)
      const worst = new Map<string, number>()
      ours.forEach(({ epsg, place, metres }, i) => {
        const [x, y] = theirs[i] as [number, number]
        raise(worst, 'forward', Math.hypot(metres[0]! - x, metres[1]! - y))
        const [lon, lat] = createProjector(epsg).inverse(Float64Array.of(x, y))
        raise(worst, 'inverse', metresBetween(lon!, lat!, place[0]!, place[1]!))
      })
      process.stdout.write(`${ours.length} points, worst ${JSON.stringify([...worst])} m\n`)
      for (const value of worst.values()) expect(value).toBeLessThan(1e-8)
    })

    it('shifts by an NTv2 grid as PROJ does, within 5 micrometres', () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-grid-'))
      try {
        const bytes = ntv2File([
          {
            west: -47,
            south: -25,
            east: -43,
            north: -21,
            step: 0.5,
            shift: (lon, lat) => ({
              lon: -1.5 + Math.sin(lon * 2) / 8,
              lat: -1.7 + Math.cos(lat * 3) / 9,
            }),
          },
        ])
        const file = path.join(folder, 'SAD69_003.gsb')
        writeFileSync(file, bytes)
        const grid = openShiftGrid(file, bytes)
        const random = createRandom()
        const lines: string[] = []
        const ours: Float64Array[] = []
        for (let k = 0; k < 400; k++) {
          const place = Float64Array.of(-46.9 + 3.8 * random(), -24.9 + 3.8 * random())
          const forward = k % 2 === 0
          lines.push(`${forward ? 'forward' : 'inverse'} ${place[0]} ${place[1]}`)
          const [from, to] = forward ? [4618, 4674] : [4674, 4618]
          ours.push(transform(from!, to!, place, { grids: [grid], method: 'grid' }).coords)
        }
        const pipeline = `+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=hgridshift +grids=${file} +step +proj=unitconvert +xy_in=rad +xy_out=deg`
        const theirs = judge(askPipeline, lines, [pipeline])
        const worst = new Map<string, number>()
        ours.forEach((place, i) => {
          const [lon, lat] = theirs[i] as [number, number]
          raise(worst, lines[i]!.split(' ')[0]!, metresBetween(place[0]!, place[1]!, lon, lat))
        })
        process.stdout.write(`grid shift, worst ${JSON.stringify([...worst])} m\n`)
        // PROJ keeps the shifts as 32-bit radians: 1.9 seconds are good to three micrometres there.
        for (const value of worst.values()) expect(value).toBeLessThan(5e-6)
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  },
)
