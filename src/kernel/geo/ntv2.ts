// Opens an NTv2 datum grid (.gsb) far enough to trust it: is it whole, where does it reach, are its shifts shifts.
// The interpolation itself is proj4's (proj4-bridge.ts), which must never be asked for a point outside the grid.
// Format: NTv2 Developer's Guide, Geodetic Survey of Canada, 1995; longitudes and their shifts count positive WEST.
import { AppError } from '../../base/errors.ts'
import type { Ellipsoid } from './ellipsoid.ts'
import type { ArrayConverter } from './proj4-bridge.ts'
import { gridConverter, loadGrid } from './proj4-bridge.ts'

const RECORD_BYTES = 16
const HEADER_BYTES = 11 * RECORD_BYTES

/**
 * No datum shift in South America reaches this; a grid with more is damaged. It is also the margin that keeps proj4's inverse
 * iteration inside the grid, so SIRGAS 2000 points closer than this to its edge (about 1 km) count as outside.
 */
const LARGEST_SHIFT_DEGREES = 0.01

/** Keeps a point that lies exactly on an edge inside proj4's cells; 1e-11 degrees is a thousandth of a millimetre. */
const EDGE_DEGREES = 1e-11

interface Extent {
  west: number
  south: number
  east: number
  north: number
}

/** A grid ready for use. */
export interface ShiftGrid {
  /** File name without folder and ending, upper case: `SAD69_003`. */
  name: string
  /** Every sub-grid's box in degrees of the source datum. */
  extents: readonly Extent[]
  /** proj4's name for it. */
  key: string
}

/**
 * Opens a .gsb file. `fileName` gives the grid its name; the bytes are copied. FILE_UNREADABLE when it is not NTv2 in seconds, is cut
 * short, or holds a shift that is no shift.
 */
export function openShiftGrid(fileName: string, bytes: Uint8Array): ShiftGrid {
  const name = fileName
    .replace(/^.*[/\\]/, '')
    .replace(/\.gsb$/i, '')
    .toUpperCase()
  const refuse = (why: string) =>
    new AppError(
      'FILE_UNREADABLE',
      `The datum grid ${name} is not usable: ${why}. Get it again from IBGE.`,
      {
        data: { grid: name },
      },
    )
  if (bytes.length < 2 * HEADER_BYTES) throw refuse('it is shorter than its headers')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const littleEndian = view.getInt32(8, true) === 11
  if (!littleEndian && view.getInt32(8, false) !== 11) throw refuse('it is not an NTv2 file')
  let unit = ''
  for (let i = 56; i < 64; i++) unit += String.fromCharCode(bytes[i]!)
  if (unit.trim() !== 'SECONDS') throw refuse(`its shifts are in "${unit.trim()}", not in seconds`)
  const count = view.getInt32(40, littleEndian)
  const extents: Extent[] = []
  let offset = HEADER_BYTES
  for (let i = 0; i < count; i++) {
    if (offset + HEADER_BYTES > bytes.length) throw refuse('it ends before its last sub-grid')
    const field = (record: number) =>
      view.getFloat64(offset + record * RECORD_BYTES + 8, littleEndian) / 3600
    const [south, north, east, west] = [field(4), field(5), -field(6), -field(7)]
    const nodes = view.getInt32(offset + 168, littleEndian)
    const columns = Math.round((east - west) / field(9)) + 1
    const rows = Math.round((north - south) / field(8)) + 1
    if (!(columns >= 2 && rows >= 2 && columns * rows === nodes)) {
      throw refuse('the size of a sub-grid contradicts its node count')
    }
    offset += HEADER_BYTES
    if (offset + nodes * RECORD_BYTES > bytes.length) throw refuse('it ends inside a sub-grid')
    for (let node = 0; node < nodes; node++, offset += RECORD_BYTES) {
      const shift = Math.max(
        Math.abs(view.getFloat32(offset, littleEndian)),
        Math.abs(view.getFloat32(offset + 4, littleEndian)),
      )
      if (!(shift <= 3600 * LARGEST_SHIFT_DEGREES))
        throw refuse(`it holds a shift of ${shift} seconds`)
    }
    extents.push({ west, south, east, north })
  }
  if (extents.length === 0) throw refuse('it holds no sub-grid')
  const key = `sisrua-${name}-${bytes.length}-${checksum(bytes)}`
  loadGrid(key, bytes)
  return { name, extents, key }
}

/**
 * True where the grid may shift lon, lat (degrees): of its source datum going forward, of SIRGAS 2000 going back.
 * NaN is nowhere.
 */
export function gridCovers(grid: ShiftGrid, lon: number, lat: number, inverse: boolean): boolean {
  return extentAt(grid, lon, lat, inverse ? LARGEST_SHIFT_DEGREES : 0) !== null
}

/** The shift of one grid over arrays of degrees; NaN where `gridCovers` says no. */
export function gridShift(grid: ShiftGrid, from: Ellipsoid, to: Ellipsoid): ArrayConverter {
  const converter = gridConverter(grid.key, from, to)
  const masked = (inverse: boolean) => (coords: Float64Array, out: Float64Array) => {
    const margin = inverse ? LARGEST_SHIFT_DEGREES : 0
    for (let i = 0; i + 1 < coords.length; i += 2) {
      const lon = coords[i]!
      const lat = coords[i + 1]!
      const extent = extentAt(grid, lon, lat, margin)
      out[i] = extent === null ? Number.NaN : clamp(lon, extent.west, extent.east)
      out[i + 1] = extent === null ? Number.NaN : clamp(lat, extent.south, extent.north)
    }
    if (inverse) converter.inverse(out, out)
    else converter.forward(out, out)
  }
  return { forward: masked(false), inverse: masked(true) }
}

function extentAt(grid: ShiftGrid, lon: number, lat: number, margin: number): Extent | null {
  for (const extent of grid.extents) {
    if (
      lon >= extent.west + margin &&
      lon <= extent.east - margin &&
      lat >= extent.south + margin &&
      lat <= extent.north - margin
    ) {
      return extent
    }
  }
  return null
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low + EDGE_DEGREES), high - EDGE_DEGREES)
}

/** FNV-1a over the bytes: tells two files of one name apart in proj4's table; not for safety. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return (hash >>> 0).toString(16)
}
