// A polynomial that stands in for the transverse Mercator inside one box. The projection is a conformal map of the isometric
// plane, so one complex polynomial of isometric latitude and longitude carries it; the isometric latitude is itself a
// polynomial of the latitude over so short a range. Built from the full series, then checked against it before use.
import type { Bbox } from './bbox.ts'
import type { TransverseMercatorSeries } from './tm-coefficients.ts'
import type { LocalFit } from './tm-fit-kernel.ts'
import { forwardFit } from './tm-fit-kernel.ts'
import { forwardSeries } from './tm-series.ts'

const RADIANS = Math.PI / 180

/** The polynomial is used only when no check point is farther off than this; a thousandth of a millimetre is a thousand times less than OSM's own rounding. */
export const FIT_ERROR_LIMIT_METERS = 2e-7

/** Degrees tried in turn: the small one serves a town, the large one a region. */
const POLYNOMIAL_DEGREES = [5, 8] as const

/**
 * Fits the box (degrees). Null when no polynomial keeps the limit: a box too large, or reaching where the series gives NaN.
 * The cost is a few thousand projections, so callers fit once for a job and not for a handful of points.
 */
export function fitLocal(series: TransverseMercatorSeries, bbox: Bbox): LocalFit | null {
  const width = bbox.east - bbox.west
  const height = bbox.north - bbox.south
  if (!(width >= 0 && height >= 0 && width <= 4 && height <= 4)) return null
  if (!(bbox.south >= -85 && bbox.north <= 85)) return null
  for (const degree of POLYNOMIAL_DEGREES) {
    const fit = interpolate(series, bbox, degree)
    fit.worstErrorMeters = worstError(series, fit)
    if (fit.worstErrorMeters <= FIT_ERROR_LIMIT_METERS) return fit
  }
  return null
}

function interpolate(series: TransverseMercatorSeries, bbox: Bbox, degree: 5 | 8): LocalFit {
  const centreLon = (bbox.west + bbox.east) / 2
  const centreLat = (bbox.south + bbox.north) / 2
  const e = series.eccentricity
  const isometricOf = (lat: number) => {
    const sine = Math.sin(lat * RADIANS)
    return Math.atanh(sine) - e * Math.atanh(e * sine)
  }
  const origin = isometricOf(centreLat)
  // A box without extent still needs a circle to sample; 1e-4 degrees is about ten metres.
  const halfHeight = Math.max((bbox.north - bbox.south) / 2, 1e-4)
  const halfWidth = Math.max((bbox.east - bbox.west) / 2, 1e-4) * RADIANS
  const radius = Math.hypot(
    halfWidth,
    Math.max(
      isometricOf(centreLat + halfHeight) - origin,
      origin - isometricOf(centreLat - halfHeight),
    ),
  )
  // Cauchy's integral over the circle around the box gives the Taylor coefficients (a discrete Fourier transform).
  const samples = 64
  const circle = new Float64Array(2 * samples)
  for (let k = 0; k < samples; k++) {
    const angle = (2 * Math.PI * k) / samples
    circle[2 * k] = centreLon + (radius * Math.sin(angle)) / RADIANS
    circle[2 * k + 1] = latitudeOf(origin + radius * Math.cos(angle), e)
  }
  forwardSeries(series, circle, circle, 0, samples)
  const real = new Float64Array(degree + 1)
  const imaginary = new Float64Array(degree + 1)
  for (let k = 0; k <= degree; k++) {
    for (let j = 0; j < samples; j++) {
      const angle = (-2 * Math.PI * ((k * j) % samples)) / samples
      const easting = circle[2 * j]! - series.falseEastingMeters
      const northing = circle[2 * j + 1]! - series.falseNorthingMeters
      real[k]! += northing * Math.cos(angle) - easting * Math.sin(angle)
      imaginary[k]! += northing * Math.sin(angle) + easting * Math.cos(angle)
    }
    real[k]! /= samples * radius ** k
    imaginary[k]! /= samples * radius ** k
  }
  real[0]! += series.falseNorthingMeters
  imaginary[0]! += series.falseEastingMeters
  return {
    bbox,
    degree,
    worstErrorMeters: Number.NaN,
    centreLon,
    centreLat,
    isometric: chebyshevInterpolant(
      (offset) => isometricOf(centreLat + offset) - origin,
      halfHeight,
      degree,
    ),
    real,
    imaginary,
  }
}

/** Latitude in degrees of an isometric latitude: fixed-point iteration, which gains three digits a step. */
function latitudeOf(isometric: number, eccentricity: number): number {
  let sine = Math.tanh(isometric)
  for (let step = 0; step < 8; step++) {
    sine = Math.tanh(isometric + eccentricity * Math.atanh(eccentricity * sine))
  }
  return Math.asin(sine) / RADIANS
}

/** Power-series coefficients of the interpolant of `f` over [-half, half] at Chebyshev's points (Newton's divided differences). */
function chebyshevInterpolant(
  f: (x: number) => number,
  half: number,
  degree: number,
): Float64Array {
  const count = degree + 1
  const nodes = Float64Array.from({ length: count }, (_, k) =>
    Math.cos((Math.PI * (k + 0.5)) / count),
  )
  const differences = Float64Array.from(nodes, (node) => f(node * half))
  for (let j = 1; j < count; j++) {
    for (let k = count - 1; k >= j; k--) {
      differences[k] = (differences[k]! - differences[k - 1]!) / (nodes[k]! - nodes[k - j]!)
    }
  }
  const powers = new Float64Array(count)
  for (let k = count - 1; k >= 0; k--) {
    for (let j = count - 1; j > 0; j--) powers[j] = powers[j - 1]! - powers[j]! * nodes[k]!
    powers[0] = differences[k]! - powers[0]! * nodes[k]!
  }
  return powers.map((value, k) => value / half ** k)
}

/** Largest distance from the full series on a lattice that includes edges and corners. */
function worstError(series: TransverseMercatorSeries, fit: LocalFit): number {
  const steps = 24
  const { west, south, east, north } = fit.bbox
  const exact = new Float64Array(2 * (steps + 1) ** 2)
  for (let row = 0, i = 0; row <= steps; row++) {
    for (let column = 0; column <= steps; column++, i += 2) {
      exact[i] = west + ((east - west) * column) / steps
      exact[i + 1] = south + ((north - south) * row) / steps
    }
  }
  const count = exact.length / 2
  const fitted = new Float64Array(exact.length)
  forwardFit(fit, exact, fitted, 0, count)
  forwardSeries(series, exact, exact, 0, count)
  let worst = 0
  for (let i = 0; i < exact.length; i += 2) {
    const error = Math.hypot(fitted[i]! - exact[i]!, fitted[i + 1]! - exact[i + 1]!)
    if (!(error <= worst)) worst = error
  }
  return worst
}
