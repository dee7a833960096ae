// Numbers that no map holds, through every function of the kernel that takes coordinates, boxes, codes or grids: an answer or an
// AppError, never a TypeError, a RangeError or a hang. The line functions have the same in lines-fuzz.test.ts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import type { Bbox } from '../../../src/kernel/geo/bbox.ts'
import { clipLoops } from '../../../src/kernel/geo/clip-loops.ts'
import { concatPaths } from '../../../src/kernel/geo/concat-paths.ts'
import { contourGrid } from '../../../src/kernel/geo/contour.ts'
import { parseCoordinates } from '../../../src/kernel/geo/coordinates-text.ts'
import { crsOf } from '../../../src/kernel/geo/crs.ts'
import { fillVoids } from '../../../src/kernel/geo/fill.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { indexNodes } from '../../../src/kernel/geo/node-index.ts'
import { openShiftGrid } from '../../../src/kernel/geo/ntv2.ts'
import { openCaps } from '../../../src/kernel/geo/open-caps.ts'
import { PolygonIndex } from '../../../src/kernel/geo/polygon-index.ts'
import { groundDistance, profileAlong } from '../../../src/kernel/geo/profile.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { orientRing, pointInRing, signedArea } from '../../../src/kernel/geo/ring.ts'
import { roadEdgesByLevel } from '../../../src/kernel/geo/road-levels.ts'
import { sampleGrids } from '../../../src/kernel/geo/sample.ts'
import { circleBbox, gridScale } from '../../../src/kernel/geo/site-circle.ts'
import { lineSlope } from '../../../src/kernel/geo/slope.ts'
import { refineGrid } from '../../../src/kernel/geo/smooth.ts'
import { spotHeights } from '../../../src/kernel/geo/summits.ts'
import { transform } from '../../../src/kernel/geo/transform.ts'
import { chooseCrs, gridFactors, utmZone, zoneReport } from '../../../src/kernel/geo/zone.ts'
import { type Line, pack } from '../../support/lines.ts'
import { ntv2File } from './ntv2-file.ts'

const SEED = 20_261_121
const RUNS = 400

/** Half ordinary, half the numbers that break things: NaN, ±180, the poles, zero of both signs, huge, tiny, not whole. */
const odd = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 0.5],
    ...[90, -90, 90.000001, 89.999999, 180, -180, 180.000001, -179.999999, 360, 540, -720],
    ...[1e-300, 5e-324, 1e8, -1e8, 1e16, 2 ** 53, 1e300, -1e300, Number.MAX_VALUE, 7_591_553.1],
  ),
)
const coords = fc
  .array(odd, { maxLength: 16 })
  .map((values) => Float64Array.from(values.slice(0, 2 * (values.length >> 1))))
const paths = fc
  .array(fc.array(fc.tuple(odd, odd), { maxLength: 6 }), { maxLength: 5 })
  .map((lines) => pack(lines as Line[]))
const epsg = fc.oneof(
  fc.constantFrom(
    4674,
    4326,
    31984,
    31976,
    5880,
    3857,
    3395,
    5641,
    29193,
    22523,
    5527,
    5524,
    32633,
  ),
  odd,
)
const bbox = fc
  .tuple(odd, odd, odd, odd)
  .map(([west, south, east, north]): Bbox => ({ west, south, east, north }))

/** Small grids with voids and monsters; 0 × 0, 1 × 1 and single rows among them. */
const grid = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), fc.infiniteStream(odd))
  .map(([width, height, numbers]): Grid => {
    const next = (): number => numbers.next().value!
    return {
      width,
      height,
      cells: Float32Array.from({ length: width * height }, next),
      originX: next(),
      originY: next(),
      cellSizeX: next(),
      cellSizeY: next(),
      epsg: 4326,
      verticalDatum: null,
      sources: [],
    }
  })

/** Runs and lets AppErrors pass; anything else is the failure looked for. */
function answersOrRefuses(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return false
  }
}

const STEPS: Record<string, fc.IProperty<unknown>> = {
  'createProjector, there and back': fc.property(epsg, coords, (code, places) => {
    answersOrRefuses(() => {
      const projector = createProjector(code)
      projector.inverse(projector.forward(places))
    })
  }),
  'createProjector with a box': fc.property(epsg, bbox, coords, (code, box, places) => {
    answersOrRefuses(() => createProjector(code, box).forward(places))
  }),
  transform: fc.property(epsg, epsg, coords, (from, to, places) => {
    answersOrRefuses(() => transform(from, to, places))
  }),
  crsOf: fc.property(odd, (code) => {
    answersOrRefuses(() => crsOf(code))
  }),
  'utmZone, chooseCrs': fc.property(odd, odd, (lon, lat) => {
    answersOrRefuses(() => utmZone(lon))
    answersOrRefuses(() => chooseCrs(lon, lat))
  }),
  'zoneReport, gridFactors': fc.property(bbox, epsg, odd, (box, code, height) => {
    answersOrRefuses(() => zoneReport(box, code))
    answersOrRefuses(() => gridFactors(box.west, box.south, code, height))
  }),
  'circleBbox, gridScale': fc.property(odd, odd, odd, odd, (lon, lat, radius, margin) => {
    answersOrRefuses(() => circleBbox(lon, lat, radius, margin))
    answersOrRefuses(() => gridScale(createProjector(31984), lon, lat))
  }),
  clipLoops: fc.property(paths, bbox, odd, (lines, box, radius) => {
    answersOrRefuses(() => clipLoops(lines, { kind: 'box', bbox: box }))
    answersOrRefuses(() => clipLoops(lines, { kind: 'circle', x: box.west, y: box.south, radius }))
  }),
  roadEdgesByLevel: fc.property(paths, fc.infiniteStream(odd), (lines, numbers) => {
    const levels = Array.from(lines.offsets, (_, i) => (i % 3) - 1)
    answersOrRefuses(() =>
      roadEdgesByLevel(
        lines,
        Array.from(lines.offsets, () => numbers.next().value!),
        levels,
      ),
    )
  }),
  openCaps: fc.property(paths, odd, odd, odd, (lines, x, y, halfWidth) => {
    answersOrRefuses(() =>
      openCaps(lines, [
        {
          x: x % 1e6,
          y: y % 1e6,
          dx: 1,
          dy: 0,
          halfWidth: Math.abs(halfWidth) % 100,
          levels: [0, 1],
        },
      ]),
    )
  }),
  'concatPaths, indexNodes': fc.property(paths, paths, coords, (one, other, ids) => {
    answersOrRefuses(() => concatPaths([one, other]))
    answersOrRefuses(() => indexNodes(ids))
  }),
  'rings and the polygon index': fc.property(coords, odd, odd, (ring, x, y) => {
    answersOrRefuses(() => signedArea(ring))
    answersOrRefuses(() => orientRing(ring.slice(), 0, ring.length / 2, true))
    answersOrRefuses(() => pointInRing(x, y, ring))
    answersOrRefuses(() => {
      const index = new PolygonIndex(ring)
      index.contains(x, y)
      index.crossings(x, y, y, x, [])
    })
  }),
  'sampleGrids, every method': fc.property(grid, coords, (one, places) => {
    for (const method of ['nearest', 'bilinear', 'bicubic'] as const) {
      answersOrRefuses(() =>
        sampleGrids([one], places, new Float64Array(places.length / 2), method),
      )
    }
  }),
  'contourGrid, any interval': fc.property(grid, odd, (one, intervalMeters) => {
    answersOrRefuses(() =>
      contourGrid(one, { intervalMeters, maxVertices: 10_000, maxLines: 1_000 }),
    )
  }),
  'fillVoids, refineGrid, spotHeights': fc.property(grid, odd, odd, (one, cells, relief) => {
    answersOrRefuses(() => fillVoids(one, cells))
    answersOrRefuses(() => refineGrid(one, 2))
    answersOrRefuses(() => spotHeights(one, Math.min(9, Math.abs(cells)), relief))
  }),
  'profileAlong, groundDistance, lineSlope': fc.property(grid, coords, odd, (one, places, step) => {
    // A profile may hold a million points; 100 km apart there are few enough for many runs.
    answersOrRefuses(() => profileAlong([one], places, Math.abs(step) < 100_000 ? 100_000 : step))
    answersOrRefuses(() => groundDistance(step, step, 0, 0))
    answersOrRefuses(() =>
      lineSlope(places, new Float64Array(places.length / 2), 0, places.length / 2),
    )
  }),
  'openShiftGrid, any bytes': fc.property(
    fc.uint8Array({ maxLength: 900 }),
    fc.nat(),
    (noise, at) => {
      answersOrRefuses(() => openShiftGrid('SAD69_003.gsb', noise))
      const whole = ntv2File([
        {
          west: -46,
          south: -24,
          east: -45,
          north: -23,
          step: 0.5,
          shift: () => ({ lon: 1, lat: 1 }),
        },
      ])
      for (const [i, byte] of noise.subarray(0, 9).entries())
        whole[(at + 37 * i) % whole.length] = byte
      answersOrRefuses(() => openShiftGrid('SAD69_003.gsb', whole))
    },
  ),
  parseCoordinates: fc.property(fc.string({ maxLength: 60, unit: 'grapheme' }), (text) => {
    answersOrRefuses(() => parseCoordinates(text))
  }),
}

describe(`bad input of every kind (seed ${SEED})`, () => {
  test.each(Object.keys(STEPS))('%s', (name) => {
    // Paths round the Earth and back are cut into a million steps each.
    const numRuns = name.startsWith('profile') ? 40 : RUNS
    fc.assert(STEPS[name]!, { seed: SEED, numRuns })
  })

  test('the net catches what it should (control)', () => {
    expect(() => answersOrRefuses(() => new Float64Array(-1))).toThrow(RangeError)
    expect(() => answersOrRefuses(() => (undefined as unknown as string).length)).toThrow(TypeError)
    expect(answersOrRefuses(() => crsOf(1))).toBe(false)
    expect(answersOrRefuses(() => crsOf(4674))).toBe(true)
  })
})
