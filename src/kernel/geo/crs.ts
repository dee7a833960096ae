// Looks up a coordinate reference system by EPSG code: the generated table, and WGS 84 / UTM by its rule.
import { AppError } from '../../base/errors.ts'
import type { CrsRow, DatumName } from './crs-row.ts'
import { CRS_TABLE } from './crs-table.ts'
import type { Ellipsoid } from './ellipsoid.ts'
import { GRS80, INTERNATIONAL_1924, SAD69_ELLIPSOID, WGS84 } from './ellipsoid.ts'

/** A coordinate reference system. Geographic ones are degrees (lon, lat), the others metres (easting, northing). */
export interface Crs {
  epsg: number
  name: string
  datum: DatumName
  ellipsoid: Ellipsoid
  kind: 'geographic' | 'projected'
  /** PROJ words without the ellipsoid, e.g. `+proj=utm +zone=23 +south`. */
  projection: string
  /** Present when the projection is UTM. */
  utm: { zone: number; south: boolean } | null
  /** Degrees: west, south, east, north. */
  area: readonly [number, number, number, number]
}

/** The ellipsoid of each datum. */
export const DATUM_ELLIPSOIDS: Readonly<Record<DatumName, Ellipsoid>> = {
  'SIRGAS 2000': GRS80,
  'WGS 84': WGS84,
  SAD69: SAD69_ELLIPSOID,
  'SAD69(96)': SAD69_ELLIPSOID,
  'Corrego Alegre 1961': INTERNATIONAL_1924,
  'Corrego Alegre 1970-72': INTERNATIONAL_1924,
}

const byCode = new Map(CRS_TABLE.map((row) => [row[0], fromRow(row)]))

/** The system of a code, or CRS_UNKNOWN. */
export function crsOf(epsg: number): Crs {
  const found = byCode.get(epsg) ?? wgs84Utm(epsg)
  if (found !== null) return found
  throw new AppError(
    'CRS_UNKNOWN',
    `EPSG:${epsg} is not among the coordinate systems served, which are Brazil's and WGS 84's; "sisrua crs list" shows them. Bring data from another system into one of these first, e.g. ogr2ogr -t_srs EPSG:4674.`,
    { data: { epsg } },
  )
}

/** Every system that `crsOf` knows, by code. */
export function allCrs(): Crs[] {
  const list = [...byCode.values()]
  for (let zone = 1; zone <= 60; zone++) {
    list.push(wgs84Utm(32_600 + zone)!, wgs84Utm(32_700 + zone)!)
  }
  return list.sort((a, b) => a.epsg - b.epsg)
}

function fromRow([epsg, name, datum, projection, area]: CrsRow): Crs {
  const words = /^\+proj=utm \+zone=(\d+)( \+south)?$/.exec(projection)
  return {
    epsg,
    name,
    datum,
    ellipsoid: DATUM_ELLIPSOIDS[datum],
    kind: projection.startsWith('+proj=longlat') ? 'geographic' : 'projected',
    projection,
    utm: words === null ? null : { zone: Number(words[1]), south: words[2] !== undefined },
    area,
  }
}

/** EPSG 32601–32660 and 32701–32760. */
function wgs84Utm(epsg: number): Crs | null {
  if (!Number.isInteger(epsg)) return null
  const south = epsg > 32_700
  const zone = epsg - (south ? 32_700 : 32_600)
  if (zone < 1 || zone > 60) return null
  const west = zone * 6 - 186
  return fromRow([
    epsg,
    `WGS 84 / UTM zone ${zone}${south ? 'S' : 'N'}`,
    'WGS 84',
    `+proj=utm +zone=${zone}${south ? ' +south' : ''}`,
    south ? [west, -80, west + 6, 0] : [west, 0, west + 6, 84],
  ])
}
