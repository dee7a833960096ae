// What a GeoTIFF says about its place on Earth: coordinate system, vertical datum, and the lattice of its pixels.
import type { DemStatement } from './dem-file.ts'
import { demUnreadable } from './dem-file.ts'
import { crsByParameters } from './geotiff-crs.ts'
import type { TiffDirectory } from './tiff-directory.ts'
import { numbersOf, textOf } from './tiff-directory.ts'

const KEY_MODEL_TYPE = 1024
const KEY_RASTER_TYPE = 1025
const KEY_GEOGRAPHIC = 2048
const KEY_PROJECTED = 3072
const KEY_VERTICAL = 4096
const KEY_VERTICAL_UNITS = 4099
const USER_DEFINED = 32_767
const DOUBLES = 34_736
/** EPSG codes of vertical systems met in elevation files. */
const VERTICAL_DATUMS: ReadonlyMap<number, string> = new Map([
  [5773, 'EGM96'],
  [5171, 'EGM96'],
  [3855, 'EGM2008'],
  [1027, 'EGM2008'],
  [5798, 'EGM84'],
  [5714, 'mean sea level'],
  [4979, 'WGS 84 ellipsoid'],
])

/** Metres of the units that heights may be stored in: codes of EPSG, and words as GDAL keeps them. */
const FOOT_METERS = 0.3048
const SURVEY_FOOT_METERS = 1200 / 3937
const UNIT_CODES: ReadonlyMap<number, number> = new Map([
  [9001, 1],
  [9002, FOOT_METERS],
  [9003, SURVEY_FOOT_METERS],
])
const UNIT_WORDS: readonly (readonly [RegExp, number])[] = [
  [/^(us|u\.s\.).*(ft|foot|feet)$|survey/i, SURVEY_FOOT_METERS],
  [/^(international )?(ft|foot|feet)$/i, FOOT_METERS],
]

/** The lattice: sample point of the first pixel in file order, and the steps. */
export interface GeotiffPlace {
  epsg: number
  verticalDatum: string | null
  /** Coordinates of the OUTER corner of the first pixel (a pixel-is-point file is moved by half a cell to get there). */
  cornerX: number
  cornerY: number
  cellSizeX: number
  cellSizeY: number
  bottomUp: boolean
}

/** Reads keys and transform. DEM_UNREADABLE for rotated images, images without a place and systems without an EPSG code that can be told. */
export function readPlace(
  directory: TiffDirectory,
  name: string,
  statement: DemStatement,
): GeotiffPlace {
  const keys = geoKeys(directory)
  const lattice = readLattice(directory, name)
  const shift = keys.get(KEY_RASTER_TYPE) === 2 ? 0.5 : 0
  return {
    epsg: statement.epsg ?? epsgOf(keys, name, statement.epsgIfNone),
    verticalDatum: statement.verticalDatum ?? verticalOf(keys, name),
    cornerX: lattice.x - shift * lattice.stepX,
    cornerY: lattice.y - shift * lattice.stepY,
    cellSizeX: lattice.stepX,
    cellSizeY: Math.abs(lattice.stepY),
    bottomUp: lattice.stepY > 0,
  }
}

function geoKeys(directory: TiffDirectory): Map<number, number> {
  const keys = new Map<number, number>()
  const table = numbersOf(directory, 34_735)
  if (table === null || table.length < 4) return keys
  const doubles = numbersOf(directory, DOUBLES) ?? []
  const count = Math.min(table[3]!, (table.length >> 2) - 1)
  for (let i = 1; i <= count; i++) {
    // A value stands in the table itself (location 0, codes) or among the doubles; texts are left out.
    const location = table[i * 4 + 1]!
    const value = table[i * 4 + 3]!
    if (location === 0) keys.set(table[i * 4]!, value)
    else if (location === DOUBLES && value < doubles.length)
      keys.set(table[i * 4]!, doubles[value]!)
  }
  return keys
}

function epsgOf(keys: Map<number, number>, name: string, ifNone: number | undefined): number {
  const projected = keys.get(KEY_MODEL_TYPE) === 1 || keys.has(KEY_PROJECTED)
  const code = keys.get(projected ? KEY_PROJECTED : KEY_GEOGRAPHIC)
  if (code !== undefined && code !== USER_DEFINED && code >= 1_024) return code
  const found = crsByParameters(keys, projected)
  if (found !== null) return found
  if (ifNone !== undefined) return ifNone
  const reason =
    code === undefined && !keys.has(KEY_MODEL_TYPE)
      ? 'it names no coordinate system'
      : 'its coordinate system is given by parameters that fit no EPSG code, or more than one'
  throw demUnreadable(
    name,
    reason,
    `Say which it is with --dem-crs, or in a file ${name}.json beside it, e.g. {"epsg": 31983}.`,
  )
}

/** As the keys say; Copernicus tiles, whose keys say nothing, by their name. */
function verticalOf(keys: Map<number, number>, name: string): string | null {
  const code = keys.get(KEY_VERTICAL)
  const known = code === undefined ? undefined : VERTICAL_DATUMS.get(code)
  if (known !== undefined) return known
  if (/^Copernicus_DSM_/i.test(name)) return 'EGM2008'
  if (/srtm|^[NS]\d\d[EW]\d\d\d/i.test(name)) return 'EGM96'
  return null
}

function readLattice(
  directory: TiffDirectory,
  name: string,
): { x: number; y: number; stepX: number; stepY: number } {
  const matrix = numbersOf(directory, 34_264)
  if (matrix !== null && matrix.length >= 16) {
    const [a, b, , d, e, f, , h] = matrix as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    if (b !== 0 || e !== 0) throw demUnreadable(name, 'its rows do not run east', NORTH_UP)
    return checked({ x: d, y: h, stepX: a, stepY: f }, name)
  }
  const scale = numbersOf(directory, 33_550)
  const tie = numbersOf(directory, 33_922)
  if (scale === null || tie === null || scale.length < 2 || tie.length < 6) {
    throw demUnreadable(
      name,
      'it does not say where on Earth it lies',
      'Only georeferenced TIFF files (GeoTIFF) hold elevation.',
    )
  }
  const stepX = scale[0]!
  const stepY = -scale[1]!
  return checked({ x: tie[3]! - tie[0]! * stepX, y: tie[4]! - tie[1]! * stepY, stepX, stepY }, name)
}

const NORTH_UP = 'Rotated images are not taken; warp it north-up first (gdalwarp does).'

function checked(
  lattice: { x: number; y: number; stepX: number; stepY: number },
  name: string,
): { x: number; y: number; stepX: number; stepY: number } {
  const { x, y, stepX, stepY } = lattice
  const sound =
    Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(stepX) && Number.isFinite(stepY)
  if (!sound || stepX === 0 || stepY === 0 || Math.abs(x) > 1e9 || Math.abs(y) > 1e9) {
    throw demUnreadable(name, 'its georeference holds impossible numbers')
  }
  if (stepX < 0) throw demUnreadable(name, 'its rows run from east to west', NORTH_UP)
  return lattice
}

/**
 * What makes metres of a band's stored values: scale and offset as GDAL writes them into its metadata tag (1 and 0 when absent or not
 * finite), times the length of the unit that the band or the keys name. Unknown units count as metres.
 */
export function readScaling(
  directory: TiffDirectory,
  band: number,
): { scale: number; offset: number } {
  const text = textOf(directory, 42_112) ?? ''
  const item = (role: string): string => {
    for (const [, attributes, value] of text.matchAll(/<Item ([^>]*)>([^<]*)<\/Item>/g)) {
      const sample = /sample="(\d+)"/.exec(attributes!)
      const matches = attributes!.includes(`role="${role}"`) && Number(sample?.[1] ?? 0) === band
      if (matches) return value!.trim()
    }
    return ''
  }
  const number = (role: string, fallback: number): number => {
    const words = item(role)
    return words !== '' && Number.isFinite(Number(words)) ? Number(words) : fallback
  }
  const unit = item('unittype')
  const meters =
    UNIT_WORDS.find(([words]) => words.test(unit))?.[1] ??
    (unit === '' ? UNIT_CODES.get(geoKeys(directory).get(KEY_VERTICAL_UNITS) ?? 0) : undefined) ??
    1
  return { scale: number('scale', 1) * meters, offset: number('offset', 0) * meters }
}

/** GDAL's nodata tag, or null. */
export function readNodata(directory: TiffDirectory): number | null {
  const text = textOf(directory, 42_113)?.trim() ?? ''
  if (text === '') return null
  if (/^[-+]?nan/i.test(text)) return Number.NaN
  const number = Number(text)
  return Number.isNaN(number) ? null : number
}
