// Moves degrees from one ellipsoid to another through geocentric coordinates: the three-parameter datum shift.
// Own code because proj4 takes GRS80 for WGS 84 (they differ by 0.1 mm in the semi-minor axis) and so differs from PROJ by as much.
import type { Ellipsoid } from './ellipsoid.ts'
import { eccentricitySquared } from './ellipsoid.ts'

const RADIANS = Math.PI / 180
const DEGREES = 180 / Math.PI

/**
 * Shifts interleaved lon, lat (degrees) in place by a translation in metres. Points are taken to lie on the ellipsoid and the height
 * that the shift gives them is dropped, as PROJ does for two-dimensional systems. NaN in, NaN out; beyond ±90° NaN.
 * Back to degrees by Bowring's formula (Survey Review 23, 1976), repeated once: below a nanometre for any height near the ground.
 */
export function translateDegrees(
  lonLat: Float64Array,
  from: Ellipsoid,
  to: Ellipsoid,
  [dx, dy, dz]: readonly [number, number, number],
): void {
  const fromE2 = eccentricitySquared(from)
  const toE2 = eccentricitySquared(to)
  const a = to.semiMajorMeters
  const b = a * (1 - 1 / to.inverseFlattening)
  const secondE2 = toE2 / (1 - toE2)
  for (let i = 0; i + 1 < lonLat.length; i += 2) {
    const lambda = lonLat[i]! * RADIANS
    const phi = lonLat[i + 1]! * RADIANS
    if (!(Math.abs(lonLat[i + 1]!) <= 90)) {
      lonLat[i] = Number.NaN
      lonLat[i + 1] = Number.NaN
      continue
    }
    const sine = Math.sin(phi)
    const radius = from.semiMajorMeters / Math.sqrt(1 - fromE2 * sine * sine)
    const x = radius * Math.cos(phi) * Math.cos(lambda) + dx
    const y = radius * Math.cos(phi) * Math.sin(lambda) + dy
    const z = radius * (1 - fromE2) * sine + dz
    const p = Math.hypot(x, y)
    // The reduced latitude as sine and cosine, not as a tangent, so that the poles are ordinary points.
    let up = z * a
    let out = p * b
    for (let step = 0; step < 2; step++) {
      const length = Math.hypot(up, out)
      const sinReduced = up / length
      const cosReduced = out / length
      const north = z + secondE2 * b * sinReduced ** 3
      const east = p - toE2 * a * cosReduced ** 3
      lonLat[i + 1] = Math.atan2(north, east) * DEGREES
      up = north * b
      out = east * a
    }
    lonLat[i] = Math.atan2(y, x) * DEGREES
  }
}
