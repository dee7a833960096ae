// The projection kernels against numbers made by others: 45-digit transverse Mercator, PROJ's results, PROJ's own regression vectors.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { GRS80 } from '../../../src/kernel/geo/ellipsoid.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { transverseMercatorSeries, utmPlane } from '../../../src/kernel/geo/tm-coefficients.ts'
import { createPlaneProjector } from '../../../src/kernel/geo/tm-projector.ts'
import {
  forwardSeries,
  inverseSeries,
  scaleAndConvergence,
} from '../../../src/kernel/geo/tm-series.ts'
import { transform } from '../../../src/kernel/geo/transform.ts'
import { utmZone } from '../../../src/kernel/geo/zone.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'
import { metresBetween, printWorst, raise, referenceTable } from './csv.ts'

const plane = {
  ellipsoid: GRS80,
  centralMeridianDegrees: 0,
  scaleAtMeridian: 0.9996,
  falseEastingMeters: 0,
  falseNorthingMeters: 0,
}

describeWithSharedData('transverse Mercator against 45 digits', () => {
  const rows = referenceTable('tm_reference_grs80_k0.9996.csv').map((row) => ({
    lon: Number(row.dlon_deg),
    lat: Number(row.lat_deg),
    easting: Number(row.easting_from_cm_m),
    northing: Number(row.northing_from_equator_m),
    convergence: Number(row.convergence_deg),
    scale: Number(row.scale),
  }))
  const lonLat = Float64Array.from(rows.flatMap((row) => [row.lon, row.lat]))
  const metres = Float64Array.from(rows.flatMap((row) => [row.easting, row.northing]))
  const band = (lon: number) =>
    Math.abs(lon) <= 3.5 ? 'zone (3.5°)' : Math.abs(lon) <= 10 ? 'within 10°' : 'within 40°'

  it('is good to 10 nm forward and inverse, by the kernels and by the series alone', () => {
    expect(rows.length).toBeGreaterThan(9000)
    const series = transverseMercatorSeries(plane)
    const projector = createPlaneProjector(plane)
    const worst = new Map<string, number>()
    const out = new Float64Array(lonLat.length)
    const back = new Float64Array(lonLat.length)
    for (const [name, forward, inverse] of [
      ['kernel', projector.forward, projector.inverse],
      [
        'series',
        (from: Float64Array, to: Float64Array) => forwardSeries(series, from, to, 0, rows.length),
        (from: Float64Array, to: Float64Array) => inverseSeries(series, from, to, 0, rows.length),
      ],
    ] as const) {
      forward(lonLat, out)
      inverse(metres, back)
      rows.forEach((row, i) => {
        const forwardError = Math.hypot(out[2 * i]! - row.easting, out[2 * i + 1]! - row.northing)
        raise(worst, `${name} forward ${band(row.lon)}`, forwardError)
        const inverseError = metresBetween(back[2 * i]!, back[2 * i + 1]!, row.lon, row.lat)
        raise(worst, `${name} inverse ${band(row.lon)}`, inverseError)
      })
    }
    printWorst('transverse Mercator against 45 digits, metres', worst)
    for (const value of worst.values()) expect(value).toBeLessThan(1e-8)
  })

  it('gives scale and convergence to 1e-12', () => {
    const series = transverseMercatorSeries(plane)
    for (const row of rows) {
      const { scale, convergenceDegrees } = scaleAndConvergence(series, row.lon, row.lat)
      expect(Math.abs(scale / row.scale - 1)).toBeLessThan(1e-12)
      expect(Math.abs(convergenceDegrees - row.convergence)).toBeLessThan(1e-11)
    }
  })
})

describeWithSharedData('UTM against PROJ', () => {
  it('agrees in every SIRGAS 2000 zone to 10 nm, out to 40° from the meridian', () => {
    const worst = new Map<string, number>()
    for (const row of referenceTable('sirgas_utm_all_zones.csv.gz')) {
      const projector = createProjector(Number(row.epsg))
      const place = Float64Array.of(Number(row.lon), Number(row.lat))
      const [easting, northing] = projector.forward(place)
      const metres = Float64Array.of(Number(row.E), Number(row.N))
      const [lon, lat] = projector.inverse(metres)
      raise(worst, `${row.epsg} forward`, Math.hypot(easting! - metres[0]!, northing! - metres[1]!))
      raise(worst, `${row.epsg} inverse`, metresBetween(lon!, lat!, place[0]!, place[1]!))
    }
    printWorst('UTM against PROJ, metres', worst)
    expect(worst.size).toBe(48)
    for (const value of worst.values()) expect(value).toBeLessThan(1e-8)
  })

  it("agrees at every point's own zone, with scale and convergence", () => {
    const series = new Map<number, ReturnType<typeof transverseMercatorSeries>>()
    for (const row of referenceTable('sirgas_natural_zone.csv.gz')) {
      const [lon, lat, zone] = [Number(row.lon), Number(row.lat), Number(row.zone)]
      const [easting, northing] = createProjector(Number(row.epsg)).forward(
        Float64Array.of(lon, lat),
      )
      expect(Math.hypot(easting! - Number(row.E), northing! - Number(row.N))).toBeLessThan(1e-8)
      const own =
        series.get(zone) ??
        transverseMercatorSeries({ ...plane, centralMeridianDegrees: zone * 6 - 183 })
      series.set(zone, own)
      const { scale, convergenceDegrees } = scaleAndConvergence(own, lon, lat)
      // PROJ differentiates numerically: its own figures are good to about 1e-8.
      expect(Math.abs(scale - Number(row.scale))).toBeLessThan(1e-7)
      expect(Math.abs(convergenceDegrees - Number(row.convergence_deg))).toBeLessThan(1e-6)
      expect(utmZone(lon)).toBe(zone)
    }
  })
})

describeWithSharedData('other projections against PROJ', () => {
  const rows = referenceTable('points_20000_several_crs.csv.gz')
  // Limits in metres. PROJ 9.1 takes the meridian arc of the polyconic to the fourth power of the eccentricity squared and is
  // itself off by some micrometres (polyconic.test.ts integrates the arc); the Mercators are proj4's, at large coordinates.
  it.each([
    ['3857', 4326, 3857, 1e-6],
    ['5880', 4674, 5880, 2e-5],
    ['5641', 4674, 5641, 1e-5],
    ['32723', 4326, 32723, 1e-8],
    ['31983_from_4326', 4326, 31983, 1e-8],
    ['29193_projection_only', 4618, 29193, 1e-8],
  ] as const)('%s', (column, from, to, limit) => {
    const known = rows.filter((row) => row[`${column}_x`] !== '')
    const lonLat = Float64Array.from(known.flatMap((row) => [Number(row.lon), Number(row.lat)]))
    const metres = Float64Array.from(
      known.flatMap((row) => [Number(row[`${column}_x`]), Number(row[`${column}_y`])]),
    )
    const out = transform(from, to, lonLat).coords
    const back = transform(to, from, metres).coords
    const worst = new Map<string, number>()
    known.forEach((row, i) => {
      const error = Math.hypot(out[2 * i]! - metres[2 * i]!, out[2 * i + 1]! - metres[2 * i + 1]!)
      raise(worst, `${column} forward`, error)
      if (Math.abs(lonLat[2 * i + 1]!) === 90) return
      const [lon, lat] = [Number(row[`${column}_lon_inv`]), Number(row[`${column}_lat_inv`])]
      raise(worst, `${column} inverse`, metresBetween(back[2 * i]!, back[2 * i + 1]!, lon, lat))
    })
    printWorst(`${known.length} points, metres`, worst)
    for (const value of worst.values()) expect(value).toBeLessThan(limit)
  })
})

describeWithSharedData("PROJ's own regression vectors (gie)", () => {
  interface Vector {
    operation: string
    direction: 'forward' | 'inverse'
    tolerance: string
    check: 'expect' | 'roundtrip'
    input: string | null
    expected: string
  }
  const unit: Record<string, number> = { nm: 1e-9, mm: 1e-3, cm: 1e-2, m: 1 }
  const sphere = { semiMajorMeters: 6_400_000, inverseFlattening: Number.POSITIVE_INFINITY }
  const unscaled = { ...plane, scaleAtMeridian: 1 }
  const planes: Record<string, typeof plane> = {
    '+proj=etmerc +ellps=GRS80': unscaled,
    '+proj=tmerc +ellps=GRS80': unscaled,
    '+proj=tmerc +ellps=GRS80 +algo=auto': unscaled,
    '+proj=tmerc +ellps=GRS80 +algo=poder_engsager': unscaled,
    '+proj=tmerc +R=6400000': { ...unscaled, ellipsoid: sphere },
    '+proj=utm +ellps=GRS80 +zone=30': utmPlane(GRS80, 30, false),
    '+proj=utm +zone=32': utmPlane(GRS80, 32, false),
  }
  const numbers = (text: string) => text.trim().split(/\s+/).map(Number)
  const vectors = (
    JSON.parse(readFileSync(sharedData('proj/gie_vectors.json')!, 'utf8')) as Vector[]
  ).filter(
    (vector) =>
      vector.operation in planes &&
      vector.check === 'expect' &&
      vector.input !== null &&
      numbers(vector.input).every(Number.isFinite) &&
      numbers(vector.expected).every(Number.isFinite),
  )

  it('holds for the transverse Mercator vectors within 80° of the meridian', () => {
    let checked = 0
    const worst = new Map<string, number>()
    for (const vector of vectors) {
      const projector = createPlaneProjector(planes[vector.operation]!)
      const from = Float64Array.from(numbers(vector.input!).slice(0, 2))
      const to = numbers(vector.expected)
      const lon = vector.direction === 'forward' ? from[0]! : to[0]!
      const meridian = planes[vector.operation]!.centralMeridianDegrees
      if (Math.abs(lon - meridian) > 80) continue
      const out = new Float64Array(2)
      projector[vector.direction](from, out)
      const error =
        vector.direction === 'forward'
          ? Math.hypot(out[0]! - to[0]!, out[1]! - to[1]!)
          : metresBetween(out[0]!, out[1]!, to[0]!, to[1]!)
      const [size, name] = vector.tolerance.split(' ') as [string, string]
      raise(worst, `${vector.operation} ${vector.tolerance}`, error)
      expect(error, `${vector.operation} ${vector.input}`).toBeLessThanOrEqual(
        Number(size) * unit[name]!,
      )
      checked++
    }
    printWorst(`${checked} vectors, metres`, worst)
    expect(checked).toBeGreaterThan(40)
  })
})
