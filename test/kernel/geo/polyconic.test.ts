// The polyconic against the definition: the meridian's arc integrated numerically, and the way back.
import { expect, it } from 'vitest'
import { eccentricitySquared, GRS80 } from '../../../src/kernel/geo/ellipsoid.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { metresBetween } from './csv.ts'

/** Arc of the meridian from the equator by Gauss-Legendre quadrature with five points on 200 intervals. */
function arcMeters(latitudeDegrees: number): number {
  const nodes = [-0.906179845938664, -0.5384693101056831, 0, 0.5384693101056831, 0.906179845938664]
  const weights = [
    0.2369268850561891, 0.4786286704993665, 0.5688888888888889, 0.4786286704993665,
    0.2369268850561891,
  ]
  const e2 = eccentricitySquared(GRS80)
  const half = (latitudeDegrees * Math.PI) / 180 / 400
  let sum = 0
  for (let interval = 0; interval < 200; interval++) {
    nodes.forEach((node, k) => {
      const sine = Math.sin(half * (2 * interval + 1 + node))
      sum += weights[k]! * (1 - e2 * sine * sine) ** -1.5
    })
  }
  return GRS80.semiMajorMeters * (1 - e2) * half * sum
}

it('lays the central meridian out at its true length, to 10 nm', () => {
  const projector = createProjector(5880)
  for (const lat of [-89, -45, -33.7, -10, -0.001, 0, 5.3, 60, 90]) {
    const [easting, northing] = projector.forward(Float64Array.of(-54, lat))
    expect(easting).toBe(5_000_000)
    expect(Math.abs(northing! - 10_000_000 - arcMeters(lat))).toBeLessThan(1e-8)
  }
})

it('keeps every parallel at its true length from the meridian, as an arc around the apex of its cone', () => {
  const [easting, northing] = createProjector(5880).forward(Float64Array.of(-44, -30))
  const sine = Math.sin(Math.PI / 6)
  const cone =
    GRS80.semiMajorMeters /
    Math.sqrt(1 - eccentricitySquared(GRS80) * sine * sine) /
    Math.tan(Math.PI / 6)
  const apex = 10_000_000 - arcMeters(30) - cone
  expect(Math.hypot(easting! - 5_000_000, northing! - apex)).toBeCloseTo(cone, 6)
  expect(Math.atan2(easting! - 5_000_000, northing! - apex)).toBeCloseTo(
    (10 * sine * Math.PI) / 180,
    12,
  )
})

it('comes back from anywhere in Brazil and its sea within 10 nm', () => {
  const projector = createProjector(5880)
  for (let lon = -75; lon <= -25; lon += 1.7) {
    for (let lat = -36; lat <= 8; lat += 0.5) {
      const [backLon, backLat] = projector.inverse(projector.forward(Float64Array.of(lon, lat)))
      expect(metresBetween(backLon!, backLat!, lon, lat)).toBeLessThan(1e-8)
    }
  }
})
