// Chooses the UTM system of a place and says what the choice costs: scale, convergence, a neighbouring zone.
import { AppError } from '../../base/errors.ts'
import type { Bbox } from './bbox.ts'
import { inNorthernBrazil } from './brazil-north.ts'
import { crsOf } from './crs.ts'
import { gaussianRadiusMeters } from './ellipsoid.ts'
import type { TransverseMercatorSeries } from './tm-coefficients.ts'
import { transverseMercatorSeries, utmPlane } from './tm-coefficients.ts'
import { scaleAndConvergence } from './tm-series.ts'

/** The system chosen for a place. */
export interface ChosenCrs {
  epsg: number
  /** 1–60. */
  zone: number
  /** Of the system, not of the place: Boa Vista lies north of the equator in a system whose northings start at 10 000 000. */
  hemisphere: 'N' | 'S'
  /** `WGS 84` means that the place lies outside the area of SIRGAS 2000; the result should carry a note. */
  system: 'SIRGAS 2000' | 'WGS 84'
}

/** Zone 1–60 of a longitude in degrees; 180 counts as the end of zone 60. */
export function utmZone(lon: number): number {
  return Math.min(60, Math.max(1, Math.floor((lon + 180) / 6) + 1))
}

/**
 * The UTM system for a place, in degrees. Brazil: 31960 + zone in both hemispheres (EPSG defines 31978–31985 so), 5396 in zone 26.
 * Elsewhere in the area of SIRGAS 2000: the system of the place's hemisphere. Elsewhere: WGS 84 / UTM.
 * PARAMS_INVALID when lon or lat is no place; CRS_REFUSED beyond 84° N and 80° S, where UTM ends.
 */
export function chooseCrs(lon: number, lat: number): ChosenCrs {
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) {
    throw new AppError(
      'PARAMS_INVALID',
      'A place needs a longitude within ±180 and a latitude within ±90 degrees.',
    )
  }
  if (lat > 84 || lat < -80) {
    throw new AppError(
      'CRS_REFUSED',
      `UTM ends at 84° N and 80° S; latitude ${lat} needs a polar system, which is not offered. Name a system with "crs".`,
      { data: { lat } },
    )
  }
  const zone = utmZone(lon)
  const sirgas = sirgasCode(lon, lat, zone)
  if (sirgas !== null) {
    const hemisphere = crsOf(sirgas).utm?.south === false ? 'N' : 'S'
    return { epsg: sirgas, zone, hemisphere, system: 'SIRGAS 2000' }
  }
  const south = lat < 0
  return {
    epsg: (south ? 32_700 : 32_600) + zone,
    zone,
    hemisphere: south ? 'S' : 'N',
    system: 'WGS 84',
  }
}

/** The SIRGAS 2000 code whose area of use holds the place, or null. */
function sirgasCode(lon: number, lat: number, zone: number): number | null {
  const north = lat > 0 && !inNorthernBrazil(lon, lat)
  let code: number
  if (north) {
    // EPSG numbers 11N–22N in a row; 23N and 24N (6210, 6211) are Brazil's sea, which the southern systems serve.
    if (zone < 11 || zone > 22) return null
    code = 31_954 + zone
  } else {
    // 31960 + 26 is SIRGAS 1995 / UTM 17N, hence the exception.
    if (zone < 17 || zone > 26) return null
    code = zone === 26 ? 5396 : 31_960 + zone
  }
  const [, south, , top] = crsOf(code).area
  return lat >= south && lat <= top ? code : null
}

/** What using one UTM system costs over an area. */
export interface ZoneReport {
  /** Largest |scale - 1| over the area: 0.0004 means 40 cm a kilometre. */
  worstScaleError: number
  /** Grid convergence at the centre; positive east of the central meridian north of the equator. */
  convergenceDegrees: number
  /** The area reaches beyond the six degrees of the system's own zone. */
  crossesZone: boolean
  /** Zones other than the system's own that the area reaches into, west to east. */
  neighbourZones: number[]
}

/** The report for an area (degrees) in a UTM system of the table; CRS_REFUSED for a system that is not UTM, NaN far outside it. */
export function zoneReport(bbox: Bbox, epsg: number): ZoneReport {
  const { series, zone } = utmOf(epsg)
  const centreLon = (bbox.west + bbox.east) / 2
  const centreLat = (bbox.south + bbox.north) / 2
  // Scale grows with the distance from the meridian, so the extremes lie on the west and east edges at the latitude
  // nearest the equator, and, where the meridian crosses the area, on the meridian.
  const widestLat = Math.min(Math.max(0, bbox.south), bbox.north)
  const meridian = Math.min(Math.max(series.centralMeridianDegrees, bbox.west), bbox.east)
  let worstScaleError = 0
  for (const lon of [bbox.west, meridian, bbox.east]) {
    for (const lat of [bbox.south, widestLat, bbox.north]) {
      const error = Math.abs(scaleAndConvergence(series, lon, lat).scale - 1)
      // NaN must win: beyond the projection's reach there is no figure to give.
      if (!(error <= worstScaleError)) worstScaleError = error
    }
  }
  const neighbourZones: number[] = []
  const lastZone = utmZone(bbox.east > bbox.west ? bbox.east - 1e-9 : bbox.east)
  for (let other = utmZone(bbox.west); other <= lastZone; other++) {
    if (other !== zone) neighbourZones.push(other)
  }
  return {
    worstScaleError,
    convergenceDegrees: scaleAndConvergence(series, centreLon, centreLat).convergenceDegrees,
    crossesZone: neighbourZones.length > 0,
    neighbourZones,
  }
}

/** Factors between lengths on the ground and on the grid at one place. */
export interface GridFactors {
  /** Grid length / ellipsoid length. */
  scale: number
  /** Ellipsoid length / ground length. */
  elevation: number
  /** Grid length / ground length: multiply a taped length by it to draw it. */
  combined: number
}

/**
 * The combined factor at lon, lat (degrees) for a height in metres ABOVE THE ELLIPSOID (in Brazil the height above sea level is
 * off by the geoid's −30 … +10 m, at most 5 mm a kilometre). R is the Gaussian mean radius. CRS_REFUSED for a system that is not UTM.
 */
export function gridFactors(
  lon: number,
  lat: number,
  epsg: number,
  ellipsoidalHeightMeters: number,
): GridFactors {
  const { series } = utmOf(epsg)
  const { scale } = scaleAndConvergence(series, lon, lat)
  const radius = gaussianRadiusMeters(series.ellipsoid, lat)
  const elevation = radius / (radius + ellipsoidalHeightMeters)
  return { scale, elevation, combined: scale * elevation }
}

function utmOf(epsg: number): { series: TransverseMercatorSeries; zone: number } {
  const crs = crsOf(epsg)
  if (crs.utm === null) {
    throw new AppError(
      'CRS_REFUSED',
      `EPSG:${epsg} (${crs.name}) is not a UTM system; scale and convergence are given for UTM only.`,
      { data: { epsg } },
    )
  }
  const { zone, south } = crs.utm
  return { series: transverseMercatorSeries(utmPlane(crs.ellipsoid, zone, south)), zone }
}
