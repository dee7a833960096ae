// What the fast transverse Mercator loops of tm-forward.ts and tm-inverse.ts share: the constants of a plane in the form that
// polynomials want. Those loops are Krüger's series of order 6 without a call of Math (the inverse: one square root) and without a
// branch. They are good to NEAR_DEGREES from the meridian and silently wrong beyond, so callers sort the points first.
import type { TransverseMercatorSeries } from './tm-coefficients.ts'

/** The kernels are good to this many degrees from the central meridian: the zone, and four degrees and a half beyond it. */
export const NEAR_DEGREES = 7.5

// Sine and cosine for |x| <= 45°: minimax polynomials with the coefficients of fdlibm (k_sin.c, k_cos.c; Sun Microsystems, 1993).
export const SIN_3 = -0.16666666666666632
export const SIN_5 = 0.00833333333332249
export const SIN_7 = -0.0001984126982985795
export const SIN_9 = 2.7557313707070068e-6
export const SIN_11 = -2.5050760253406863e-8
export const SIN_13 = 1.58969099521155e-10
export const COS_4 = 0.0416666666666666
export const COS_6 = -0.001388888888887411
export const COS_8 = 2.480158728947673e-5
export const COS_10 = -2.7557314351390663e-7
export const COS_12 = 2.087572321298175e-9
export const COS_14 = -1.1359647557788195e-11

/** The constants of one plane in the form that the loops want. */
export interface TransverseMercatorKernel {
  series: TransverseMercatorSeries
  toConformal: Float64Array
  toGeographic: Float64Array
  alpha: Float64Array
  beta: Float64Array
}

export function transverseMercatorKernel(
  series: TransverseMercatorSeries,
): TransverseMercatorKernel {
  return {
    series,
    toConformal: powersOfCosine(series.toConformal),
    toGeographic: powersOfCosine(series.toGeographic),
    alpha: powersOfCosine(series.alpha),
    beta: powersOfCosine(series.beta),
  }
}

/**
 * The sum of a_j sin 2jx as sin 2x times a polynomial in cos 2x (Chebyshev polynomials of the second kind, written out).
 * With complex sine and cosine the same numbers give the plane's series. The sixth harmonic is left out: it is below half a
 * nanometre everywhere (the others are kept to order 6 in n).
 */
function powersOfCosine(a: Float64Array): Float64Array {
  const [a1, a2, a3, a4, a5] = five(a)
  return Float64Array.of(a1 - a3 + a5, 2 * a2 - 4 * a4, 4 * a3 - 12 * a5, 8 * a4, 16 * a5)
}

/** The first five numbers as a tuple, so that a loop holds them in registers. */
export function five(values: Float64Array): [number, number, number, number, number] {
  return [values[0]!, values[1]!, values[2]!, values[3]!, values[4]!]
}
