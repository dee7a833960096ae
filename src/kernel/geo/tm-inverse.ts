// Metres to degrees for many points near the central meridian, and the test that finds them.
import type { TransverseMercatorSeries } from './tm-coefficients.ts'
import type { TransverseMercatorKernel } from './tm-kernel.ts'
import {
  COS_4,
  COS_6,
  COS_8,
  COS_10,
  COS_12,
  COS_14,
  five,
  SIN_3,
  SIN_5,
  SIN_7,
  SIN_9,
  SIN_11,
  SIN_13,
} from './tm-kernel.ts'

const DEGREES = 180 / Math.PI

/**
 * Index of the first point from `start` on that is not surely near (or NaN), at most `end`. Points are easting, northing.
 * The ordinate of the limit shrinks with the cosine of the latitude; a polynomial below the cosine keeps the test on the safe side.
 */
export function nearInverse(
  series: TransverseMercatorSeries,
  eastingNorthing: Float64Array,
  start: number,
  end: number,
): number {
  const { falseEastingMeters, falseNorthingMeters } = series
  const scale = 1 / series.radiusMeters
  let i = start
  for (; i < end; i++) {
    const xi = (eastingNorthing[2 * i + 1]! - falseNorthingMeters) * scale
    const eta = Math.abs(eastingNorthing[2 * i]! - falseEastingMeters) * scale
    const xi2 = xi * xi
    const cosine = 1 - xi2 * (1 / 2 - xi2 * (1 / 24 - xi2 / 720))
    if (!(xi2 <= 2.4 && eta <= 0.129 * cosine - 5e-4)) break
  }
  return i
}

/**
 * The reverse of `forwardNear`: easting, northing (metres) for which `nearInverse` holds, to lon, lat (degrees).
 * `out` may be `eastingNorthing`.
 */
export function inverseNear(
  kernel: TransverseMercatorKernel,
  eastingNorthing: Float64Array,
  out: Float64Array,
  start: number,
  end: number,
): void {
  const { centralMeridianDegrees, falseEastingMeters, falseNorthingMeters, radiusMeters } =
    kernel.series
  const [c0, c1, c2, c3, c4] = five(kernel.toGeographic)
  const [b0, b1, b2, b3, b4] = five(kernel.beta)
  const scale = 1 / radiusMeters
  for (let i = 2 * start; i < 2 * end; i += 2) {
    const eta = (eastingNorthing[i]! - falseEastingMeters) * scale
    const xi = (eastingNorthing[i + 1]! - falseNorthingMeters) * scale
    const half = 0.5 * xi
    const z = half * half
    const z2 = z * z
    const sinHalf =
      half + half * z * (SIN_3 + z * SIN_5 + z2 * (SIN_7 + z * SIN_9 + z2 * (SIN_11 + z * SIN_13)))
    const cosHalf =
      1 -
      0.5 * z +
      z2 * (COS_4 + z * COS_6 + z2 * (COS_8 + z * COS_10 + z2 * (COS_12 + z * COS_14)))
    const sinXi = 2 * sinHalf * cosHalf
    const cosXi = 1 - 2 * sinHalf * sinHalf
    const sin2xi = 2 * sinXi * cosXi
    const cos2xi = 1 - 2 * sinXi * sinXi
    const eta2 = eta * eta
    const sinhEta =
      eta * (1 + eta2 * (1 / 6 + eta2 * (1 / 120 + eta2 * (1 / 5040 + eta2 * (1 / 362880)))))
    const coshEta = 1 + eta2 * (0.5 + eta2 * (1 / 24 + eta2 * (1 / 720 + eta2 * (1 / 40320))))
    const sinh2eta = 2 * sinhEta * coshEta
    const cosh2eta = 1 + 2 * sinhEta * sinhEta
    const sineReal = sin2xi * cosh2eta
    const sineImaginary = cos2xi * sinh2eta
    const real = cos2xi * cosh2eta
    const imaginary = -sin2xi * sinh2eta
    const r3 = b4 * real + b3
    const i3 = b4 * imaginary
    const r2 = r3 * real - i3 * imaginary + b2
    const i2 = r3 * imaginary + i3 * real
    const r1 = r2 * real - i2 * imaginary + b1
    const i1 = r2 * imaginary + i2 * real
    const r0 = r1 * real - i1 * imaginary + b0
    const i0 = r1 * imaginary + i1 * real
    // The corrections to xi and eta are below 0.001: short sines and cosines again.
    const deltaXi = r0 * sineReal - i0 * sineImaginary
    const deltaEta = r0 * sineImaginary + i0 * sineReal
    const deltaXi2 = deltaXi * deltaXi
    const sinDeltaXi = deltaXi * (1 - deltaXi2 * (1 / 6 - deltaXi2 * (1 / 120)))
    const cosDeltaXi = 1 - deltaXi2 * (0.5 - deltaXi2 * (1 / 24))
    const deltaEta2 = deltaEta * deltaEta
    const sinhDeltaEta = deltaEta * (1 + deltaEta2 * (1 / 6 + deltaEta2 * (1 / 120)))
    const coshDeltaEta = 1 + deltaEta2 * (0.5 + deltaEta2 * (1 / 24))
    const sinSphere = sinXi * cosDeltaXi + cosXi * sinDeltaXi
    const cosSphere = cosXi * cosDeltaXi - sinXi * sinDeltaXi
    const sinhSphere = sinhEta * coshDeltaEta + coshEta * sinhDeltaEta
    const coshSphere = coshEta * coshDeltaEta + sinhEta * sinhDeltaEta
    const reciprocal = 1 / (coshSphere * cosSphere)
    const t = sinhSphere * coshSphere * reciprocal
    const t2 = t * t
    const t4 = t2 * t2
    const lambda =
      t *
      (1 -
        t2 * (1 / 3) +
        t4 * (1 / 5 - t2 * (1 / 7) + t4 * (1 / 9 - t2 * (1 / 11) + t4 * (1 / 13 - t2 * (1 / 15)))))
    const sinChi = sinSphere * reciprocal * cosSphere
    const cosChi =
      Math.sqrt(sinhSphere * sinhSphere + cosSphere * cosSphere) * reciprocal * cosSphere
    // xi' - chi from its sine, which is below 0.005 so near the meridian.
    const sine = sinSphere * cosChi - cosSphere * sinChi
    const sine2 = sine * sine
    const xiMinusChi = sine * (1 + sine2 * (1 / 6 + sine2 * (3 / 40)))
    const sinTwiceChi = 2 * sinChi * cosChi
    const cosTwiceChi = 1 - 2 * sinChi * sinChi
    const cosSquared = cosTwiceChi * cosTwiceChi
    const toGeographic =
      sinTwiceChi * (c0 + cosTwiceChi * c1 + cosSquared * (c2 + cosTwiceChi * c3 + cosSquared * c4))
    out[i] = centralMeridianDegrees + lambda * DEGREES
    out[i + 1] = (xi + deltaXi - xiMinusChi + toGeographic) * DEGREES
  }
}
