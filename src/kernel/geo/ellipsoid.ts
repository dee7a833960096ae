// Figures of the Earth used in Brazil, and the radii that follow from them.

/** An ellipsoid of revolution by its two defining figures. */
export interface Ellipsoid {
  semiMajorMeters: number
  inverseFlattening: number
}

/** SIRGAS 2000. */
export const GRS80: Ellipsoid = { semiMajorMeters: 6_378_137, inverseFlattening: 298.257222101 }
/** WGS 84; its semi-minor axis is 0.1 mm longer than that of GRS80. */
export const WGS84: Ellipsoid = { semiMajorMeters: 6_378_137, inverseFlattening: 298.257223563 }
/** SAD69 as IBGE adopted it: 1/298.25, not the 1/298.247167 of GRS67. */
export const SAD69_ELLIPSOID: Ellipsoid = { semiMajorMeters: 6_378_160, inverseFlattening: 298.25 }
/** International 1924 (Hayford): Córrego Alegre. */
export const INTERNATIONAL_1924: Ellipsoid = { semiMajorMeters: 6_378_388, inverseFlattening: 297 }

/** First eccentricity squared. */
export function eccentricitySquared(ellipsoid: Ellipsoid): number {
  const flattening = 1 / ellipsoid.inverseFlattening
  return flattening * (2 - flattening)
}

/** Radius of curvature in the meridian (M) and in the prime vertical (N), metres, at a latitude in degrees. */
export function curvatureRadii(
  ellipsoid: Ellipsoid,
  latitudeDegrees: number,
): { meridianMeters: number; primeVerticalMeters: number } {
  const e2 = eccentricitySquared(ellipsoid)
  const sine = Math.sin((latitudeDegrees * Math.PI) / 180)
  const w2 = 1 - e2 * sine * sine
  const primeVerticalMeters = ellipsoid.semiMajorMeters / Math.sqrt(w2)
  return { meridianMeters: (primeVerticalMeters * (1 - e2)) / w2, primeVerticalMeters }
}

/** Mean (Gaussian) radius of curvature in metres, the R of elevation factors. */
export function gaussianRadiusMeters(ellipsoid: Ellipsoid, latitudeDegrees: number): number {
  const { meridianMeters, primeVerticalMeters } = curvatureRadii(ellipsoid, latitudeDegrees)
  return Math.sqrt(meridianMeters * primeVerticalMeters)
}
