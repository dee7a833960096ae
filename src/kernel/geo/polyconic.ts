// The American polyconic projection (Brazil Polyconic), ellipsoidal. Own code because proj4's arc of the meridian stops at the third
// power of the flattening and is off by up to a millimetre.
// Source: J. P. Snyder, "Map Projections: A Working Manual" (1987), pages 128–131; meridian arc by Helmert's series to order 6.
import type { Ellipsoid } from './ellipsoid.ts'
import { eccentricitySquared } from './ellipsoid.ts'
import { wrapDegrees } from './tm-series.ts'

const RADIANS = Math.PI / 180
const DEGREES = 180 / Math.PI

/** Where the plane starts; the latitude of origin is the equator. */
export interface Polyconic {
  ellipsoid: Ellipsoid
  centralMeridianDegrees: number
  falseEastingMeters: number
  falseNorthingMeters: number
}

/** Below this latitude (radians) the formulas divide by nearly nothing and the equator's limit is exact to a nanometre. */
const EQUATOR_RADIANS = 1e-10

/** The projection over interleaved arrays; `out` may be the input. NaN beyond ±90° of latitude or of the meridian, where lines cross. */
export function polyconicProjector(plane: Polyconic) {
  const { ellipsoid, centralMeridianDegrees, falseEastingMeters, falseNorthingMeters } = plane
  const a = ellipsoid.semiMajorMeters
  const e2 = eccentricitySquared(ellipsoid)
  const arc = meridianArc(ellipsoid)

  function forward(lonLat: Float64Array, out: Float64Array): void {
    for (let i = 0; i + 1 < lonLat.length; i += 2) {
      const lambda = wrapDegrees(lonLat[i]! - centralMeridianDegrees) * RADIANS
      const phi = lonLat[i + 1]! * RADIANS
      if (!(Math.abs(lonLat[i + 1]!) <= 90 && Math.abs(lambda) <= Math.PI / 2)) {
        out[i] = Number.NaN
        out[i + 1] = Number.NaN
        continue
      }
      if (Math.abs(phi) < EQUATOR_RADIANS) {
        out[i] = falseEastingMeters + a * lambda
        out[i + 1] = falseNorthingMeters + arc(phi)
        continue
      }
      const sine = Math.sin(phi)
      const coneRadius = ((a / Math.sqrt(1 - e2 * sine * sine)) * Math.cos(phi)) / sine
      const angle = lambda * sine
      const sinHalf = Math.sin(angle / 2)
      out[i] = falseEastingMeters + coneRadius * Math.sin(angle)
      out[i + 1] = falseNorthingMeters + arc(phi) + coneRadius * 2 * sinHalf * sinHalf
    }
  }

  function inverse(eastingNorthing: Float64Array, out: Float64Array): void {
    for (let i = 0; i + 1 < eastingNorthing.length; i += 2) {
      const x = eastingNorthing[i]! - falseEastingMeters
      const y = eastingNorthing[i + 1]! - falseNorthingMeters
      const phi = latitudeOf(x, y)
      const sine = Math.sin(phi)
      const lambda =
        Math.abs(phi) < EQUATOR_RADIANS
          ? x / a
          : Math.asin((x * Math.tan(phi) * Math.sqrt(1 - e2 * sine * sine)) / a) / sine
      const good = Math.abs(lambda) <= Math.PI / 2 + 1e-12
      out[i] = good ? wrapDegrees(centralMeridianDegrees + lambda * DEGREES) : Number.NaN
      out[i + 1] = good ? phi * DEGREES : Number.NaN
    }
  }

  /**
   * Latitude from x, y by Newton's method. A point lies on the circle of its parallel, whose centre is the cone's apex:
   * x² + (r + M - y)² = r² with r = N cot(phi); divided by 2r this is regular at the equator too.
   */
  function latitudeOf(x: number, y: number): number {
    const miss = (phi: number) => {
      const sine = Math.sin(phi)
      const normal = a / Math.sqrt(1 - e2 * sine * sine)
      const short = arc(phi) - y
      return short + ((x * x + short * short) * Math.tan(phi)) / (2 * normal)
    }
    let phi = y / a
    for (let step = 0; step < 40; step++) {
      const h = 1e-6
      const value = miss(phi)
      const slope = (miss(phi + h) - miss(phi - h)) / (2 * h)
      const change = value / slope
      phi -= change
      if (!(Math.abs(phi) <= Math.PI / 2 + 0.1)) return Number.NaN
      if (Math.abs(change) < 1e-15) return phi
      // Rounding keeps the last change from reaching zero; a nanometre is 1.6e-16 radians.
      if (step > 8 && Math.abs(change) < 1e-14) return phi
    }
    return Number.NaN
  }

  return { forward, inverse }
}

/** Distance along the meridian from the equator, metres, of a latitude in radians. */
function meridianArc(ellipsoid: Ellipsoid): (phi: number) => number {
  const f = 1 / ellipsoid.inverseFlattening
  const n = f / (2 - f)
  const n2 = n * n
  const radius =
    (ellipsoid.semiMajorMeters / (1 + n)) * (1 + n2 * (1 / 4 + n2 * (1 / 64 + n2 / 256)))
  const c1 = n * (-3 / 2 + n2 * (9 / 16 - (n2 * 3) / 32))
  const c2 = n2 * (15 / 16 + n2 * (-15 / 32 + (n2 * 135) / 2048))
  const c3 = n2 * n * (-35 / 48 + (n2 * 105) / 256)
  const c4 = n2 * n2 * (315 / 512 - (n2 * 189) / 512)
  const c5 = (n2 * n2 * n * -693) / 1280
  const c6 = (n2 * n2 * n2 * 1001) / 2048
  return (phi) =>
    radius *
    (phi +
      c1 * Math.sin(2 * phi) +
      c2 * Math.sin(4 * phi) +
      c3 * Math.sin(6 * phi) +
      c4 * Math.sin(8 * phi) +
      c5 * Math.sin(10 * phi) +
      c6 * Math.sin(12 * phi))
}
