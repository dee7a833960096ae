// What the projector promises whatever the input: it comes back, it never lies outside its reach, and the fit never shows.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GRS80 } from '../../../src/kernel/geo/ellipsoid.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { transverseMercatorSeries, utmPlane } from '../../../src/kernel/geo/tm-coefficients.ts'
import { FIT_ERROR_LIMIT_METERS, fitLocal } from '../../../src/kernel/geo/tm-fit.ts'
import { forwardSeries } from '../../../src/kernel/geo/tm-series.ts'
import { metresBetween } from './csv.ts'

const seed = 20_260_101
const series = transverseMercatorSeries(utmPlane(GRS80, 23, true))
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })

describe(`createProjector (fast-check seed ${seed})`, () => {
  it('comes back to the place within 0.1 mm, from pole to pole and to 60° from the meridian', () => {
    const projector = createProjector(31983)
    fc.assert(
      fc.property(number(-105, 15), number(-89.9999, 89.9999), (lon, lat) => {
        const [backLon, backLat] = projector.inverse(projector.forward(Float64Array.of(lon, lat)))
        expect(metresBetween(backLon!, backLat!, lon, lat)).toBeLessThan(1e-4)
      }),
      { seed, numRuns: 5000 },
    )
  })

  it('gives a point the same numbers alone and in company, in place and in a new array', () => {
    const box = { west: -44, south: -23, east: -43, north: -22 }
    for (const projector of [createProjector(31983), createProjector(31983, box)]) {
      fc.assert(
        fc.property(
          fc.array(
            fc
              .tuple(number(-110, 20), number(-95, 95))
              .chain(([lon, lat]) =>
                fc.constantFrom(
                  [lon, lat],
                  [-43.5 + lon / 400, -22.5 + lat / 400],
                  [Number.NaN, lat],
                  [lon + 360, lat],
                ),
              ),
            { maxLength: 40 },
          ),
          (points) => {
            const lonLat = Float64Array.from(points.flat())
            const together = projector.forward(lonLat)
            points.forEach((point, i) => {
              const alone = projector.forward(Float64Array.from(point))
              expect([...together.subarray(2 * i, 2 * i + 2)]).toEqual([...alone])
            })
            const inPlace = lonLat.slice()
            expect(projector.forward(inPlace, inPlace)).toEqual(together)
            const back = projector.inverse(together)
            expect(projector.inverse(inPlace, inPlace)).toEqual(back)
          },
        ),
        { seed, numRuns: 300 },
      )
    }
  })

  it('is continuous where one kernel hands over to the other', () => {
    const projector = createProjector(31983)
    for (let lat = -89; lat <= 89; lat += 0.5) {
      const at = Float64Array.of(-35, lat, -35 + 1e-10, lat)
      const metres = projector.forward(at)
      const step = Math.hypot(metres[2]! - metres[0]!, metres[3]! - metres[1]!)
      expect(step).toBeLessThan(2.1e-5)
      const exact = new Float64Array(4)
      forwardSeries(series, at, exact, 0, 2)
      expect(Math.hypot(metres[0]! - exact[0]!, metres[1]! - exact[1]!)).toBeLessThan(1e-8)
    }
  })

  it.each([31983, 32723, 29193, 5880, 3857, 5641, 4326, 4674])(
    'EPSG:%i answers NaN for what is no place',
    (epsg) => {
      const projector = createProjector(epsg)
      const bad = Float64Array.of(
        Number.NaN,
        0,
        0,
        Number.NaN,
        -45,
        90.0001,
        -45,
        -91,
        Number.POSITIVE_INFINITY,
        0,
        0,
        Number.NEGATIVE_INFINITY,
      )
      expect([...projector.forward(bad)].slice(0, 4).every(Number.isNaN)).toBe(true)
      expect([...projector.forward(bad)].slice(4).every(Number.isNaN)).toBe(true)
      const nowhere = Float64Array.of(Number.NaN, 1, 1, Number.NaN, Number.POSITIVE_INFINITY, 1)
      expect([...projector.inverse(nowhere)].every(Number.isNaN)).toBe(true)
      expect(projector.forward(new Float64Array(0)).length).toBe(0)
      expect(projector.inverse(new Float64Array(0)).length).toBe(0)
    },
  )

  it('knows the poles and refuses the far side', () => {
    const projector = createProjector(31983)
    const poles = projector.forward(Float64Array.of(-45, 90, -45, -90))
    expect(poles[0]).toBeCloseTo(500_000, 6)
    expect(poles[1]).toBeCloseTo(10_000_000 + 9_997_964.943, 2)
    expect(poles[3]).toBeCloseTo(10_000_000 - 9_997_964.943, 2)
    const back = projector.inverse(poles)
    expect(back[1]).toBeCloseTo(90, 7)
    expect(back[3]).toBeCloseTo(-90, 7)
    // The far side of the Earth, and the branch points on the equator.
    const far = projector.forward(Float64Array.of(135, 10, 50, 0, 44.9, 0, -135.1, 0))
    expect([...far].every(Number.isNaN)).toBe(true)
    expect(projector.inverse(Float64Array.of(3e7, 1e7, 5e5, 4e7)).every(Number.isNaN)).toBe(true)
  })

  it('takes longitudes past the antimeridian for what they are', () => {
    const fiji = createProjector(32701)
    const [a, b] = [Float64Array.of(179.9, -17), Float64Array.of(-180.1, -17)].map((place) =>
      fiji.forward(place),
    )
    expect(Math.abs(a![0]! - b![0]!)).toBeLessThan(1e-6)
    const lon = fiji.inverse(a!)[0]!
    expect(Math.abs(lon)).toBeCloseTo(179.9, 9)
  })

  it('refuses a code that it does not know', () => {
    for (const epsg of [0, 31986, 32600, 32661, 999999, Number.NaN, 31983.5]) {
      expect(() => createProjector(epsg)).toThrowError(
        expect.objectContaining({ code: 'CRS_UNKNOWN' }),
      )
    }
  })
})

describe(`the fitted polynomial (fast-check seed ${seed})`, () => {
  it('is within its limit of the series at random points of random boxes', () => {
    fc.assert(
      fc.property(
        number(-48, -42),
        number(-33, 5),
        number(0, 3),
        number(0, 3),
        fc.integer(),
        (west, south, width, height, salt) => {
          const box = { west, south, east: west + width, north: south + height }
          const fit = fitLocal(series, box)
          expect(fit).not.toBeNull()
          const count = 200
          const lonLat = new Float64Array(2 * count)
          let state = salt >>> 0 || 1
          const random = () => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0
            return state / 2 ** 32
          }
          for (let i = 0; i < count; i++) {
            lonLat[2 * i] = Math.min(box.east, west + width * random())
            lonLat[2 * i + 1] = Math.min(box.north, south + height * random())
          }
          const fitted = createProjector(31983, box).forward(lonLat)
          const exact = new Float64Array(lonLat.length)
          forwardSeries(series, lonLat, exact, 0, count)
          for (let i = 0; i < lonLat.length; i += 2) {
            const error = Math.hypot(fitted[i]! - exact[i]!, fitted[i + 1]! - exact[i + 1]!)
            expect(error).toBeLessThan(FIT_ERROR_LIMIT_METERS)
          }
        },
      ),
      { seed, numRuns: 200 },
    )
  })

  it('is refused for a box that no polynomial serves, and the series takes over', () => {
    for (const box of [
      { west: -48, south: -33, east: -42, north: 5 },
      { west: 40, south: -1, east: 44, north: 1 },
      { west: -46, south: 84, east: -44, north: 88 },
      { west: Number.NaN, south: 0, east: 1, north: 1 },
      { west: -44, south: -20, east: -45, north: -21 },
    ]) {
      expect(fitLocal(series, box)).toBeNull()
      const projector = createProjector(31983, box)
      expect(projector.fitErrorMeters).toBeNull()
      const sample = Float64Array.of(-45.5, -23.5)
      expect(projector.forward(sample)).toEqual(createProjector(31983).forward(sample))
    }
  })

  it('never reaches outside its box', () => {
    const box = { west: -44, south: -23, east: -43.9, north: -22.9 }
    const projector = createProjector(31983, box)
    expect(projector.fitErrorMeters).toBeLessThan(FIT_ERROR_LIMIT_METERS)
    const outside = Float64Array.of(-44.0001, -22.95, -43.95, -22.8999, -40, 10, -43.95, -23.5)
    expect(projector.forward(outside)).toEqual(createProjector(31983).forward(outside))
  })
})
