// Coordinate systems that a GeoTIFF gives by parameters instead of a code: the one of our table with the same datum and projection.
import { allCrs } from '../geo/crs.ts'
import type { DatumName } from '../geo/crs-row.ts'

const KEY_GEOGRAPHIC = 2048
const KEY_DATUM = 2050
const KEY_PROJECTION = 3074
const KEY_METHOD = 3075
const KEY_LINEAR_UNITS = 3076
const KEY_ORIGIN_LONGITUDE = 3080
const KEY_ORIGIN_LATITUDE = 3081
const KEY_FALSE_EASTING = 3082
const KEY_FALSE_NORTHING = 3083
const KEY_SCALE = 3092
const METRE = 9001
const TRANSVERSE_MERCATOR = 1

/** EPSG codes of geographic systems and of their datums. An ellipsoid alone names no datum: GRS 80 is that of SIRGAS, ETRS89, NAD83 … */
const DATUMS: ReadonlyMap<number, DatumName> = new Map([
  [4674, 'SIRGAS 2000'],
  [6674, 'SIRGAS 2000'],
  [4326, 'WGS 84'],
  [6326, 'WGS 84'],
  [4618, 'SAD69'],
  [6618, 'SAD69'],
  [6291, 'SAD69'],
  [5527, 'SAD69(96)'],
  [1075, 'SAD69(96)'],
  [4225, 'Corrego Alegre 1970-72'],
  [6225, 'Corrego Alegre 1970-72'],
  [5524, 'Corrego Alegre 1961'],
  [1074, 'Corrego Alegre 1961'],
])

/** EPSG code of the system that the keys describe, or null when they fit none or several. `keys` holds codes and numbers alike. */
export function crsByParameters(
  keys: ReadonlyMap<number, number>,
  projected: boolean,
): number | null {
  const datum =
    DATUMS.get(keys.get(KEY_GEOGRAPHIC) ?? 0) ?? DATUMS.get(keys.get(KEY_DATUM) ?? 0) ?? null
  if (datum === null) return null
  const utm = projected ? utmOf(keys) : null
  if (projected && utm === null) return null
  const found = allCrs().find((crs) => {
    if (crs.datum !== datum) return false
    if (utm === null) return crs.kind === 'geographic'
    return crs.utm?.zone === utm.zone && crs.utm.south === utm.south
  })
  return found?.epsg ?? null
}

/** A UTM zone by its projection code (160zz north, 161zz south) or by the parameters of the transverse Mercator. */
function utmOf(keys: ReadonlyMap<number, number>): { zone: number; south: boolean } | null {
  if ((keys.get(KEY_LINEAR_UNITS) ?? METRE) !== METRE) return null
  const code = keys.get(KEY_PROJECTION) ?? 0
  if (code > 16_000 && code <= 16_060) return { zone: code - 16_000, south: false }
  if (code > 16_100 && code <= 16_160) return { zone: code - 16_100, south: true }
  const zone = ((keys.get(KEY_ORIGIN_LONGITUDE) ?? Number.NaN) + 183) / 6
  const nearest = Math.round(zone)
  const falseNorthing = keys.get(KEY_FALSE_NORTHING)
  const fits =
    keys.get(KEY_METHOD) === TRANSVERSE_MERCATOR &&
    Math.abs(zone - nearest) < 1e-9 &&
    Math.abs(keys.get(KEY_ORIGIN_LATITUDE) ?? 0) < 1e-9 &&
    keys.get(KEY_SCALE) === 0.9996 &&
    keys.get(KEY_FALSE_EASTING) === 500_000 &&
    (falseNorthing === 0 || falseNorthing === 10_000_000)
  return fits ? { zone: nearest, south: falseNorthing !== 0 } : null
}
