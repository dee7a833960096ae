// Degrees to metres for many points near the central meridian, and the test that finds them.
import type { TransverseMercatorKernel } from './tm-kernel.ts'
import {
  COS_4,
  COS_6,
  COS_8,
  COS_10,
  COS_12,
  COS_14,
  five,
  NEAR_DEGREES,
  SIN_3,
  SIN_5,
  SIN_7,
  SIN_9,
  SIN_11,
  SIN_13,
} from './tm-kernel.ts'

const RADIANS = Math.PI / 180

/** Index of the first point from `start` on that is not near (or NaN), at most `end`. Points are lon, lat in degrees. */
export function nearForward(
  centralMeridianDegrees: number,
  lonLat: Float64Array,
  start: number,
  end: number,
): number {
  let i = start
  while (
    i < end &&
    Math.abs(lonLat[2 * i]! - centralMeridianDegrees) <= NEAR_DEGREES &&
    Math.abs(lonLat[2 * i + 1]!) <= 90
  ) {
    i++
  }
  return i
}

/**
 * Projects the points `start … end - 1` of interleaved lon, lat (degrees), all near the meridian, to easting, northing (metres).
 * Steps and names follow Karney 2011, section 2: chi is the conformal latitude, xi and eta the sphere's transverse coordinates.
 * `out` may be `lonLat`.
 */
export function forwardNear(
  kernel: TransverseMercatorKernel,
  lonLat: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  const { centralMeridianDegrees, falseEastingMeters, falseNorthingMeters, radiusMeters } =
    kernel.series
  const [c0, c1, c2, c3, c4] = five(kernel.toConformal)
  const [a0, a1, a2, a3, a4] = five(kernel.alpha)
  const halfRadian = RADIANS / 2
  for (let i = 2 * start; i < 2 * end; i += 2) {
    const lambda = (lonLat[i]! - centralMeridianDegrees) * RADIANS
    const half = lonLat[i + 1]! * halfRadian
    const z = half * half
    // Polynomials in pairs (Estrin's scheme): half the waiting of Horner's rule for one operation more.
    const z2 = z * z
    const sinHalf =
      half + half * z * (SIN_3 + z * SIN_5 + z2 * (SIN_7 + z * SIN_9 + z2 * (SIN_11 + z * SIN_13)))
    const cosHalf =
      1 -
      0.5 * z +
      z2 * (COS_4 + z * COS_6 + z2 * (COS_8 + z * COS_10 + z2 * (COS_12 + z * COS_14)))
    const sinPhi = 2 * sinHalf * cosHalf
    const cosPhi = 1 - 2 * sinHalf * sinHalf
    const sinTwicePhi = 2 * sinPhi * cosPhi
    const cosTwicePhi = 1 - 2 * sinPhi * sinPhi
    // chi - phi is below 0.0034: two or three terms of its sine and cosine are exact.
    const cosSquared = cosTwicePhi * cosTwicePhi
    const delta =
      sinTwicePhi * (c0 + cosTwicePhi * c1 + cosSquared * (c2 + cosTwicePhi * c3 + cosSquared * c4))
    const delta2 = delta * delta
    const sinDelta = delta * (1 - delta2 * (1 / 6 - delta2 * (1 / 120)))
    const cosDelta = 1 - delta2 * (0.5 - delta2 * (1 / 24))
    const sinChi = sinPhi * cosDelta + cosPhi * sinDelta
    const cosChi = cosPhi * cosDelta - sinPhi * sinDelta
    const lambda2 = lambda * lambda
    const sinLambda =
      lambda *
      (1 +
        lambda2 * (-1 / 6 + lambda2 * (1 / 120 + lambda2 * (-1 / 5040 + lambda2 * (1 / 362880)))))
    const versine =
      lambda2 * (0.5 + lambda2 * (-1 / 24 + lambda2 * (1 / 720 + lambda2 * (-1 / 40320))))
    const u = cosChi * (1 - versine)
    const w = cosChi * sinLambda
    const w2 = w * w
    const q = 1 - w2
    // One division serves both quotients: tan(xi' - chi) and 1 / (1 - w²).
    const sinChi2 = sinChi * sinChi
    const d = cosChi * u + sinChi2
    const reciprocal = 1 / (q * d)
    const inverseQ = reciprocal * d
    const t = sinChi * cosChi * versine * reciprocal * q
    const t2 = t * t
    const xiMinusChi = t * (1 + t2 * (-1 / 3 + t2 * (1 / 5)))
    const w4 = w2 * w2
    const eta =
      w *
      (1 +
        w2 * (1 / 3) +
        w4 * (1 / 5 + w2 * (1 / 7) + w4 * (1 / 9 + w2 * (1 / 11) + w4 * (1 / 13 + w2 * (1 / 15)))))
    const sin2xi = 2 * u * sinChi * inverseQ
    const cos2xi = 1 - 2 * sinChi2 * inverseQ
    const sinh2eta = 2 * w * inverseQ
    const cosh2eta = (1 + w2) * inverseQ
    const sineReal = sin2xi * cosh2eta
    const sineImaginary = cos2xi * sinh2eta
    const real = cos2xi * cosh2eta
    // Horner's rule in the complex cosine, real - i imaginary.
    const imaginary = sin2xi * sinh2eta
    const r3 = a4 * real + a3
    const i3 = -a4 * imaginary
    const r2 = r3 * real + i3 * imaginary + a2
    const i2 = i3 * real - r3 * imaginary
    const r1 = r2 * real + i2 * imaginary + a1
    const i1 = i2 * real - r2 * imaginary
    const r0 = r1 * real + i1 * imaginary + a0
    const i0 = i1 * real - r1 * imaginary
    out[i] = falseEastingMeters + radiusMeters * (eta + r0 * sineImaginary + i0 * sineReal)
    out[i + 1] =
      falseNorthingMeters +
      radiusMeters * (2 * half + delta + xiMinusChi + r0 * sineReal - i0 * sineImaginary)
  }
}
