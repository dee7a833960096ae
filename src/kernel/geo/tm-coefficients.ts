// Krüger's series for the transverse Mercator to order 6 in the third flattening n: the numbers every kernel here shares.
// Source: C. F. F. Karney, "Transverse Mercator with an accuracy of a few nanometers", J. Geodesy 85 (2011), eqs. 12, 14, 35, 36;
// latitude series: the same author, "On auxiliary latitudes" (2023), appendix (conformal <-> geographic).
import type { Ellipsoid } from './ellipsoid.ts'
import { eccentricitySquared } from './ellipsoid.ts'

/** A transverse Mercator plane: where it touches, how it is scaled and where its numbers start. */
export interface TransverseMercator {
  ellipsoid: Ellipsoid
  centralMeridianDegrees: number
  scaleAtMeridian: number
  falseEastingMeters: number
  falseNorthingMeters: number
}

/** Everything the kernels need for one plane, computed once. Arrays hold the factors of sin 2jx, j = 1 … 6. */
export interface TransverseMercatorSeries extends TransverseMercator {
  eccentricity: number
  /** scale at the meridian times the rectifying radius, metres. */
  radiusMeters: number
  /** Conformal sphere to plane (Karney's alpha). */
  alpha: Float64Array
  /** Plane to conformal sphere (Karney's beta). */
  beta: Float64Array
  /** Geographic minus conformal latitude and the reverse. */
  toConformal: Float64Array
  toGeographic: Float64Array
}

/** The UTM plane of a zone (1–60). */
export function utmPlane(ellipsoid: Ellipsoid, zone: number, south: boolean): TransverseMercator {
  return {
    ellipsoid,
    centralMeridianDegrees: zone * 6 - 183,
    scaleAtMeridian: 0.9996,
    falseEastingMeters: 500_000,
    falseNorthingMeters: south ? 10_000_000 : 0,
  }
}

export function transverseMercatorSeries(plane: TransverseMercator): TransverseMercatorSeries {
  const f = 1 / plane.ellipsoid.inverseFlattening
  const n = f / (2 - f)
  const n2 = n * n
  const rectifyingRadius =
    (plane.ellipsoid.semiMajorMeters / (1 + n)) * (1 + n2 * (1 / 4 + n2 * (1 / 64 + n2 / 256)))
  return {
    ...plane,
    eccentricity: Math.sqrt(eccentricitySquared(plane.ellipsoid)),
    radiusMeters: plane.scaleAtMeridian * rectifyingRadius,
    alpha: series(n, ALPHA),
    beta: series(n, BETA),
    toConformal: series(n, TO_CONFORMAL),
    toGeographic: series(n, TO_GEOGRAPHIC),
  }
}

/** Row j (from 1) holds the factors of n^j … n^6; answers the six sums. */
function series(n: number, rows: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(rows, (row, j) => {
    let sum = 0
    for (let k = row.length - 1; k >= 0; k--) sum = sum * n + row[k]!
    return sum * n ** (j + 1)
  })
}

const ALPHA = [
  [1 / 2, -2 / 3, 5 / 16, 41 / 180, -127 / 288, 7891 / 37800],
  [13 / 48, -3 / 5, 557 / 1440, 281 / 630, -1983433 / 1935360],
  [61 / 240, -103 / 140, 15061 / 26880, 167603 / 181440],
  [49561 / 161280, -179 / 168, 6601661 / 7257600],
  [34729 / 80640, -3418889 / 1995840],
  [212378941 / 319334400],
] as const

/** The signs are those of a correction that is ADDED (Karney subtracts beta). */
const BETA = [
  [-1 / 2, 2 / 3, -37 / 96, 1 / 360, 81 / 512, -96199 / 604800],
  [-1 / 48, -1 / 15, 437 / 1440, -46 / 105, 1118711 / 3870720],
  [-17 / 480, 37 / 840, 209 / 4480, -5569 / 90720],
  [-4397 / 161280, 11 / 504, 830251 / 7257600],
  [-4583 / 161280, 108847 / 3991680],
  [-20648693 / 638668800],
] as const

const TO_CONFORMAL = [
  [-2, 2 / 3, 4 / 3, -82 / 45, 32 / 45, 4642 / 4725],
  [5 / 3, -16 / 15, -13 / 9, 904 / 315, -1522 / 945],
  [-26 / 15, 34 / 21, 8 / 5, -12686 / 2835],
  [1237 / 630, -12 / 5, -24832 / 14175],
  [-734 / 315, 109598 / 31185],
  [444337 / 155925],
] as const

const TO_GEOGRAPHIC = [
  [2, -2 / 3, -2, 116 / 45, 26 / 45, -2854 / 675],
  [7 / 3, -8 / 5, -227 / 45, 2704 / 315, 2323 / 945],
  [56 / 15, -136 / 35, -1262 / 105, 73814 / 2835],
  [4279 / 630, -332 / 35, -399572 / 14175],
  [4174 / 315, -144838 / 6237],
  [601676 / 22275],
] as const
