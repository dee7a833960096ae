// Transverse Mercator one point at a time with the functions of Math: right everywhere the projection is usable
// (checked to 40° from the meridian), used where the polynomials of tm-kernel.ts do not reach, and for scale and convergence.
import type { TransverseMercatorSeries } from './tm-coefficients.ts'

const RADIANS = Math.PI / 180
const DEGREES = 180 / Math.PI

/** Beyond this ordinate of the conformal sphere the series means nothing; the limit PROJ uses for the same series. */
const ORDINATE_LIMIT = 2.623395162778

interface PlanePoint {
  eastingMeters: number
  northingMeters: number
}

/** A longitude difference in degrees, wrapped to [-180, 180]. */
export function wrapDegrees(degrees: number): number {
  if (degrees >= -180 && degrees <= 180) return degrees
  return degrees - 360 * Math.round(degrees / 360)
}

/**
 * Projects the points `start … end - 1` of interleaved lon, lat (degrees) to interleaved easting, northing (metres).
 * NaN comes out where NaN went in, beyond ±90° of latitude, more than 90° from the meridian, and near the two
 * points of the equator where the projection breaks down (about 82° from the meridian). `out` may be `lonLat`.
 */
export function forwardSeries(
  series: TransverseMercatorSeries,
  lonLat: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  const point: PlanePoint = { eastingMeters: 0, northingMeters: 0 }
  for (let i = 2 * start; i < 2 * end; i += 2) {
    forwardPoint(series, lonLat[i]!, lonLat[i + 1]!, point)
    out[i] = point.eastingMeters
    out[i + 1] = point.northingMeters
  }
}

function forwardPoint(
  series: TransverseMercatorSeries,
  lon: number,
  lat: number,
  point: PlanePoint,
): void {
  const lambda = wrapDegrees(lon - series.centralMeridianDegrees) * RADIANS
  if (!(Math.abs(lat) <= 90 && Math.abs(lambda) <= Math.PI / 2)) {
    point.eastingMeters = Number.NaN
    point.northingMeters = Number.NaN
    return
  }
  const tangent = conformalTangent(Math.tan(lat * RADIANS), series.eccentricity)
  const cosine = Math.cos(lambda)
  const xi = Math.atan2(tangent, cosine)
  const eta = Math.asinh(Math.sin(lambda) / Math.hypot(tangent, cosine))
  if (!(Math.abs(eta) <= ORDINATE_LIMIT)) {
    point.eastingMeters = Number.NaN
    point.northingMeters = Number.NaN
    return
  }
  const { alpha } = series
  let northing = xi
  let easting = eta
  for (let j = 0; j < 6; j++) {
    const twice = 2 * (j + 1)
    northing += alpha[j]! * Math.sin(twice * xi) * Math.cosh(twice * eta)
    easting += alpha[j]! * Math.cos(twice * xi) * Math.sinh(twice * eta)
  }
  point.eastingMeters = series.falseEastingMeters + series.radiusMeters * easting
  point.northingMeters = series.falseNorthingMeters + series.radiusMeters * northing
}

/**
 * The reverse of `forwardSeries`: interleaved easting, northing (metres) to interleaved lon, lat (degrees, lon in [-180, 180]).
 * NaN comes out where NaN went in and where no point of the Earth projects to. `out` may be `eastingNorthing`.
 */
export function inverseSeries(
  series: TransverseMercatorSeries,
  eastingNorthing: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  const { beta, eccentricity } = series
  for (let i = 2 * start; i < 2 * end; i += 2) {
    const eta = (eastingNorthing[i]! - series.falseEastingMeters) / series.radiusMeters
    const xi = (eastingNorthing[i + 1]! - series.falseNorthingMeters) / series.radiusMeters
    let xiSphere = xi
    let etaSphere = eta
    for (let j = 0; j < 6; j++) {
      const twice = 2 * (j + 1)
      xiSphere += beta[j]! * Math.sin(twice * xi) * Math.cosh(twice * eta)
      etaSphere += beta[j]! * Math.cos(twice * xi) * Math.sinh(twice * eta)
    }
    if (!(Math.abs(etaSphere) <= ORDINATE_LIMIT && Math.abs(xiSphere) <= Math.PI / 2 + 1e-12)) {
      out[i] = Number.NaN
      out[i + 1] = Number.NaN
      continue
    }
    const shape = Math.sinh(etaSphere)
    const cosine = Math.max(0, Math.cos(xiSphere))
    const lambda = Math.atan2(shape, cosine)
    const tangent = Math.sin(xiSphere) / Math.hypot(shape, cosine)
    out[i] = wrapDegrees(series.centralMeridianDegrees + lambda * DEGREES)
    out[i + 1] = Math.atan(geographicTangent(tangent, eccentricity)) * DEGREES
  }
}

/** Convergence of the meridian and point scale at one place. */
export interface ScaleAndConvergence {
  /** Ratio of a grid length to the same length on the ellipsoid. */
  scale: number
  /** Degrees, bearing of grid north clockwise from true north: azimuth on the grid = true azimuth - convergence. */
  convergenceDegrees: number
}

/** Point scale factor and meridian convergence (Karney 2011, eqs. 23–28) at lon, lat in degrees; NaN where `forwardSeries` gives NaN. */
export function scaleAndConvergence(
  series: TransverseMercatorSeries,
  lon: number,
  lat: number,
): ScaleAndConvergence {
  const lambda = wrapDegrees(lon - series.centralMeridianDegrees) * RADIANS
  if (!(Math.abs(lat) <= 90 && Math.abs(lambda) <= Math.PI / 2)) {
    return { scale: Number.NaN, convergenceDegrees: Number.NaN }
  }
  const tau = Math.tan(lat * RADIANS)
  const tangent = conformalTangent(tau, series.eccentricity)
  const cosine = Math.cos(lambda)
  const reach = Math.hypot(tangent, cosine)
  const xi = Math.atan2(tangent, cosine)
  const eta = Math.asinh(Math.sin(lambda) / reach)
  if (!(Math.abs(eta) <= ORDINATE_LIMIT)) {
    return { scale: Number.NaN, convergenceDegrees: Number.NaN }
  }
  let p = 1
  let q = 0
  for (let j = 0; j < 6; j++) {
    const twice = 2 * (j + 1)
    const factor = twice * series.alpha[j]!
    p += factor * Math.cos(twice * xi) * Math.cosh(twice * eta)
    q += factor * Math.sin(twice * xi) * Math.sinh(twice * eta)
  }
  const secant = Math.hypot(1, tau)
  const sine = tau / secant
  const e2 = series.eccentricity ** 2
  const onSphere = Math.atan2(tangent * Math.sin(lambda), cosine * Math.hypot(1, tangent))
  const sphereScale = (Math.sqrt(1 - e2 * sine * sine) * secant) / reach
  return {
    scale:
      (series.radiusMeters / series.ellipsoid.semiMajorMeters) * sphereScale * Math.hypot(p, q),
    convergenceDegrees: (Math.atan2(q, p) + onSphere) * DEGREES,
  }
}

/** Tangent of the conformal latitude from the tangent of the geographic one (Karney 2011, eqs. 7–9). */
function conformalTangent(tau: number, eccentricity: number): number {
  const secant = Math.hypot(1, tau)
  const sigma = Math.sinh(eccentricity * Math.atanh((eccentricity * tau) / secant))
  return tau * Math.hypot(1, sigma) - sigma * secant
}

/** The reverse by Newton's method (Karney 2011, eqs. 19–21); two steps reach double precision, the bound is for odd input. */
function geographicTangent(conformal: number, eccentricity: number): number {
  if (!Number.isFinite(conformal) || Math.abs(conformal) > 1e8) return conformal
  const e2 = eccentricity ** 2
  let tau = conformal / (1 - e2)
  for (let step = 0; step < 6; step++) {
    const current = conformalTangent(tau, eccentricity)
    const secant2 = 1 + tau * tau
    const change =
      ((conformal - current) / Math.sqrt(1 + current * current)) *
      ((1 + (1 - e2) * tau * tau) / ((1 - e2) * Math.sqrt(secant2)))
    tau += change
    if (Math.abs(change) <= 1e-16 * Math.max(1, Math.abs(tau))) break
  }
  return tau
}
