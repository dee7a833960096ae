// The loops that evaluate a fitted polynomial (tm-fit.ts) over the points of its box.
import type { Bbox } from './bbox.ts'

const RADIANS = Math.PI / 180

/** A polynomial checked to stand in for the series inside `bbox`. */
export interface LocalFit {
  bbox: Bbox
  degree: 5 | 8
  /** Largest distance from the full series over the check points, metres. */
  worstErrorMeters: number
  centreLon: number
  centreLat: number
  /** Isometric latitude minus that of the centre, as a polynomial of degrees from the centre. */
  isometric: Float64Array
  /** Complex coefficients: real part northing, imaginary part easting (metres). */
  real: Float64Array
  imaginary: Float64Array
}

/** Index of the first point from `start` on that lies outside the fitted box (or is NaN), at most `end`. */
export function insideFit(fit: LocalFit, lonLat: Float64Array, start: number, end: number): number {
  const { west, south, east, north } = fit.bbox
  let i = start
  for (; i < end; i++) {
    const lon = lonLat[2 * i]!
    const lat = lonLat[2 * i + 1]!
    if (!(lon >= west && lon <= east && lat >= south && lat <= north)) break
  }
  return i
}

/** Projects the points `start … end - 1`, all inside the box, from lon, lat (degrees) to easting, northing. `out` may be `lonLat`. */
export function forwardFit(
  fit: LocalFit,
  lonLat: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  if (fit.degree === 5) forwardDegree5(fit, lonLat, out, start, end)
  else forwardAnyDegree(fit, lonLat, out, start, end)
}

/** Written out because this loop carries a town: the general one below takes twice the time. */
function forwardDegree5(
  fit: LocalFit,
  lonLat: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  const { centreLon, centreLat } = fit
  const [p0, p1, p2, p3, p4, p5] = six(fit.isometric)
  const [r0, r1, r2, r3, r4, r5] = six(fit.real)
  const [i0, i1, i2, i3, i4, i5] = six(fit.imaginary)
  for (let i = 2 * start; i < 2 * end; i += 2) {
    const y = (lonLat[i]! - centreLon) * RADIANS
    const p = lonLat[i + 1]! - centreLat
    const pp = p * p
    const x = p0 + p * p1 + pp * (p2 + p * p3 + pp * (p4 + p * p5))
    const re4 = r5 * x - i5 * y + r4
    const im4 = r5 * y + i5 * x + i4
    const re3 = re4 * x - im4 * y + r3
    const im3 = re4 * y + im4 * x + i3
    const re2 = re3 * x - im3 * y + r2
    const im2 = re3 * y + im3 * x + i2
    const re1 = re2 * x - im2 * y + r1
    const im1 = re2 * y + im2 * x + i1
    out[i] = re1 * y + im1 * x + i0
    out[i + 1] = re1 * x - im1 * y + r0
  }
}

function forwardAnyDegree(
  fit: LocalFit,
  lonLat: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  const { centreLon, centreLat, isometric, real, imaginary, degree } = fit
  for (let i = 2 * start; i < 2 * end; i += 2) {
    const y = (lonLat[i]! - centreLon) * RADIANS
    const p = lonLat[i + 1]! - centreLat
    let x = isometric[degree]!
    let re = real[degree]!
    let im = imaginary[degree]!
    for (let k = degree - 1; k >= 0; k--) x = x * p + isometric[k]!
    for (let k = degree - 1; k >= 0; k--) {
      const next = re * x - im * y + real[k]!
      im = re * y + im * x + imaginary[k]!
      re = next
    }
    out[i] = im
    out[i + 1] = re
  }
}

function six(a: Float64Array): [number, number, number, number, number, number] {
  return [a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!]
}
