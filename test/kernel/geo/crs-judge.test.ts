// Every system of the table against Debian's PROJ on points drawn here, the published datum operations by their EPSG codes, and NTv2
// grids of every build. The tables printed are the worst errors in metres:
//   npx vitest run --config test/vitest.config.ts --project unit test/kernel/geo/crs-judge.test.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { allCrs, crsOf } from '../../../src/kernel/geo/crs.ts'
import { openShiftGrid } from '../../../src/kernel/geo/ntv2.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { transform } from '../../../src/kernel/geo/transform.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { metresBetween, printWorst, raise } from './csv.ts'
import { ntv2File, type SubGrid } from './ntv2-file.ts'

const SEED = 20_261_121
const POINTS = 60

function createRandom(): () => number {
  let state = SEED
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** From each system's own geographic system to it and back: JSON {epsg: [lon, lat …]} in, {epsg: [x, y …]} out. */
const PROJECT = `
import sys, json
from pyproj import CRS, Transformer
out = {}
for epsg, xy in json.load(sys.stdin).items():
    crs = CRS.from_epsg(int(epsg))
    t = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    x, y = t.transform(xy[0::2], xy[1::2])
    out[epsg] = [v for pair in zip(x, y) for v in pair]
print(json.dumps(out))
`

/** One registered operation, degrees lon lat in and out; second list through its inverse. */
const OPERATE = `
import sys, json
from pyproj import Transformer
out = {}
for code, xy in json.load(sys.stdin).items():
    t = Transformer.from_pipeline('urn:ogc:def:coordinateOperation:EPSG::' + code)
    rows = []
    for direction in ('FORWARD', 'INVERSE'):
        lat, lon = t.transform(xy[1::2], xy[0::2], direction=direction)
        rows.append([v for pair in zip(lon, lat) for v in pair])
    out[code] = rows
print(json.dumps(out))
`

const GRID = `
import sys, json
from pyproj import Transformer
t = Transformer.from_pipeline(sys.argv[1])
xy = json.load(sys.stdin)
out = []
for direction in ('FORWARD', 'INVERSE'):
    x, y = t.transform(xy[0::2], xy[1::2], direction=direction)
    out.append([v if abs(v) < 1e9 else None for pair in zip(x, y) for v in pair])
print(json.dumps(out))
`

/** Points inside a box of degrees. */
function draw(
  random: () => number,
  [west, south, east, north]: readonly [number, number, number, number],
  count: number,
): number[] {
  return Array.from({ length: count }, () => [
    west + (east - west) * random(),
    south + (north - south) * random(),
  ]).flat()
}

/** A gentle field of shifts in seconds, the size of SAD69's. */
const field: SubGrid['shift'] = (lon, lat) => ({
  lon: -1.5 + Math.sin(lon * 2) / 8,
  lat: -1.7 + Math.cos(lat * 3) / 9,
})
const PARENT: SubGrid = { west: -47, south: -25, east: -43, north: -21, step: 0.5, shift: field }
const CHILDREN: SubGrid[] = [
  { west: -46, south: -24, east: -45, north: -23, step: 0.125, shift: field },
  { west: -44.5, south: -22.5, east: -43.5, north: -21.5, step: 0.25, shift: field },
]

describeWithJudge(
  'python3-pyproj',
  ['/usr/bin/python3', '-c', 'import pyproj'],
  `every system against PROJ (seed ${SEED})`,
  () => {
    it('projects and comes back in each of the systems, on its own datum', () => {
      const random = createRandom()
      const systems = allCrs().filter(({ kind }) => kind === 'projected')
      const places = Object.fromEntries(
        systems.map(({ epsg, area }) => [epsg, draw(random, area, POINTS)]),
      )
      const theirs = JSON.parse(python(PROJECT, JSON.stringify(places))) as Record<string, number[]>
      const worst = new Map<string, number>()
      for (const { epsg, name } of systems) {
        const projector = createProjector(epsg)
        const metres = projector.forward(Float64Array.from(places[epsg]!))
        const wanted = theirs[epsg]!
        const back = projector.inverse(Float64Array.from(wanted))
        const key = `${epsg} ${name}`
        for (let i = 0; i < wanted.length; i += 2) {
          raise(worst, key, Math.hypot(metres[i]! - wanted[i]!, metres[i + 1]! - wanted[i + 1]!))
          const [lon, lat] = [places[epsg]![i]!, places[epsg]![i + 1]!]
          raise(worst, key, metresBetween(back[i]!, back[i + 1]!, lon, lat))
        }
      }
      printWorst(`${systems.length} systems, ${POINTS} points each, there and back, metres`, worst)
      expect(systems.length).toBeGreaterThan(180)
      // The polyconic differs by PROJ's own meridian arc, Mercator by proj4's last step back; everything else is rounding.
      for (const [key, value] of worst) {
        const loose = key.includes('Polyconic') || /\/ (World|Brazil) Mercator/.test(key)
        expect(value, key).toBeLessThan(loose ? 2e-5 : 2e-8)
      }
    })

    it('shifts datums as the registered operations do, and names them', () => {
      const random = createRandom()
      const wanted = { 15485: 4618, 5881: 5527, 6193: 4225 }
      const places = Object.fromEntries(
        Object.entries(wanted).map(([code, epsg]) => [
          code,
          draw(random, crsOf(epsg).area, POINTS),
        ]),
      )
      const theirs = JSON.parse(python(OPERATE, JSON.stringify(places))) as Record<
        string,
        [number[], number[]]
      >
      const worst = new Map<string, number>()
      for (const [code, epsg] of Object.entries(wanted)) {
        const there = transform(epsg, 4674, Float64Array.from(places[code]!))
        const back = transform(4674, epsg, Float64Array.from(places[code]!))
        expect(there.operation.name).toContain(`EPSG:${code}`)
        expect(back.operation.name).toContain(`EPSG:${code}`)
        const [forward, inverse] = theirs[code]!
        for (let i = 0; i < forward.length; i += 2) {
          const key = `EPSG:${code} (${epsg} to 4674)`
          raise(
            worst,
            key,
            metresBetween(there.coords[i]!, there.coords[i + 1]!, forward[i]!, forward[i + 1]!),
          )
          raise(
            worst,
            `${key} back`,
            metresBetween(back.coords[i]!, back.coords[i + 1]!, inverse[i]!, inverse[i + 1]!),
          )
        }
      }
      printWorst('datum operations, metres', worst)
      for (const [key, value] of worst) expect(value, key).toBeLessThan(1e-8)
    })

    it.each([
      ['one grid, little-endian', [PARENT], true],
      ['one grid, big-endian', [PARENT], false],
      ['nested grids, little-endian', [PARENT, ...CHILDREN], true],
      ['nested grids, big-endian', [PARENT, ...CHILDREN], false],
    ] as const)('NTv2, %s: inside, on the edge, outside', (name, grids, little) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-grid-'))
      try {
        const bytes = ntv2File([...grids], little)
        const file = path.join(folder, 'SAD69_003.gsb')
        writeFileSync(file, bytes)
        const grid = openShiftGrid(file, bytes)
        const random = createRandom()
        const inside = draw(random, [-46.98, -24.98, -43.02, -21.02], 400)
        const edges = [-47, -25, -43, -21, -47, -23.3, -44.1, -25, -43, -22.2, -45.7, -21, -46, -24]
        const outside = [-47.5, -23, -42.9, -23, -45, -20.9, -45, -26]
        const pipeline = `+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=hgridshift +grids=${file} +step +proj=unitconvert +xy_in=rad +xy_out=deg`
        const all = [...inside, ...edges, ...outside]
        const [forward, inverse] = JSON.parse(python(GRID, JSON.stringify(all), [pipeline])) as [
          (number | null)[],
          (number | null)[],
        ]
        const options = { grids: [grid], method: 'grid', outsideGrid: 'nan' } as const
        const there = transform(4618, 4674, Float64Array.from(all), options)
        const back = transform(4674, 4618, Float64Array.from(all), options)
        const worst = new Map<string, number>()
        const known = inside.length + edges.length
        for (let i = 0; i < all.length; i += 2) {
          if (i >= known) {
            // PROJ has no answer there either.
            expect([forward[i], there.coords[i]]).toEqual([null, Number.NaN])
            expect(back.coords[i]).toBeNaN()
            continue
          }
          const where = i < inside.length ? 'inside' : 'edge'
          raise(
            worst,
            `${where}, forward`,
            metresBetween(there.coords[i]!, there.coords[i + 1]!, forward[i]!, forward[i + 1]!),
          )
          // Within a kilometre of the edge the way back is refused: the iteration could leave the grid.
          if (where === 'inside' && !nearSeam(all[i]!, all[i + 1]!)) {
            raise(
              worst,
              `${where}, back`,
              metresBetween(back.coords[i]!, back.coords[i + 1]!, inverse[i]!, inverse[i + 1]!),
            )
          }
        }
        printWorst(`NTv2, ${name}, metres`, worst)
        // PROJ keeps the shifts as 32-bit radians: 1.9 seconds are good to three micrometres there.
        for (const [key, value] of worst) expect(value, key).toBeLessThan(5e-6)
        // Never a silent fallback: one point outside, and the whole call says which way it went, or refuses.
        const best = transform(4618, 4674, Float64Array.from(all), { grids: [grid] })
        expect(best.operation).toMatchObject({ grids: [], accuracyMeters: 5 })
        expect(best.operation.fallback).toContain('4 of 411 points lie outside')
        expect(() =>
          transform(4618, 4674, Float64Array.from(all), { grids: [grid], method: 'grid' }),
        ).toThrow(expect.objectContaining({ code: 'CRS_REFUSED' }))
      } finally {
        rmSync(folder, { recursive: true })
      }
    })

    it('a grid read in the wrong byte order, or shifted the wrong way, would not pass (control)', () => {
      const bytes = ntv2File([PARENT])
      const place = Float64Array.of(-45.3, -23.4)
      const grid = openShiftGrid('SAD69_003', bytes)
      const right = transform(4618, 4674, place, { grids: [grid], method: 'grid' }).coords
      const flipped = openShiftGrid(
        'SAD69_003',
        ntv2File([
          {
            ...PARENT,
            shift: (lon, lat) => ({ lon: -field(lon, lat).lon, lat: field(lon, lat).lat }),
          },
        ]),
      )
      const wrong = transform(4618, 4674, place, { grids: [flipped], method: 'grid' }).coords
      expect(metresBetween(right[0]!, right[1]!, wrong[0]!, wrong[1]!)).toBeGreaterThan(50)
    })
  },
)

/** Near a border between parent and child, where the two programs may ask different grids on the way back, or near the outer edge. */
function nearSeam(lon: number, lat: number): boolean {
  return [PARENT, ...CHILDREN].some(({ west, south, east, north }) => {
    const margin = 0.011
    const within =
      lon > west - margin && lon < east + margin && lat > south - margin && lat < north + margin
    const deep =
      lon > west + margin && lon < east - margin && lat > south + margin && lat < north - margin
    return within && !deep
  })
}
