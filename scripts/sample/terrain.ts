// The terrain under the sample town, and a GeoTIFF writer small enough to read: float32, one deflate strip per 16 rows, EPSG:4326.
import { deflateSync } from 'node:zlib'

const ARC_SECOND = 1 / 3600
/** Rows per strip. */
const STRIP_ROWS = 16
const NODATA = '-9999'

/** Metres above the geoid at metres east and north of the centre: two hills and a valley where the river runs. */
export function terrainHeight(east: number, north: number, riverEast: number): number {
  const hills =
    34 * Math.exp(-((east + 620) ** 2 + (north - 480) ** 2) / 420 ** 2) +
    22 * Math.exp(-((east - 900) ** 2 + (north + 700) ** 2) / 600 ** 2) +
    9 * Math.sin(east / 310) * Math.cos(north / 270)
  const fromRiver = Math.abs(east - riverEast - 60 * Math.sin(north / 500))
  const valley = -9 * Math.exp(-((fromRiver / 130) ** 2))
  return 21 + hills + valley + north * 0.004
}

/**
 * A tile around a centre, `halfDegrees` to each side; heights are those of the cell centres (pixel is area).
 * EGM96 is stated as the vertical system, as SRTM tiles mean it.
 */
export function makeTerrain(
  latitude: number,
  longitude: number,
  halfDegrees: number,
  riverEast: number,
): Uint8Array {
  const size = Math.ceil((2 * halfDegrees) / ARC_SECOND)
  const west = longitude - (size / 2) * ARC_SECOND
  const north = latitude + (size / 2) * ARC_SECOND
  const metersPerDegree = 111_320
  const cells = new Float32Array(size * size)
  for (let row = 0; row < size; row++) {
    const y = (north - (row + 0.5) * ARC_SECOND - latitude) * metersPerDegree
    for (let column = 0; column < size; column++) {
      const degrees = west + (column + 0.5) * ARC_SECOND - longitude
      const x = degrees * metersPerDegree * Math.cos((latitude * Math.PI) / 180)
      cells[row * size + column] = terrainHeight(x, y, riverEast)
    }
  }
  return writeGeotiff(cells, size, size, west, north, ARC_SECOND)
}

type Field = { tag: number; type: number; values: number[] | Buffer }

const SHORT = 3
const LONG = 4
const ASCII = 2
const DOUBLE = 12
const BYTES: Record<number, number> = { [ASCII]: 1, [SHORT]: 2, [LONG]: 4, [DOUBLE]: 8 }

function writeGeotiff(
  cells: Float32Array,
  width: number,
  height: number,
  west: number,
  north: number,
  cellDegrees: number,
): Uint8Array {
  const strips: Buffer[] = []
  for (let row = 0; row < height; row += STRIP_ROWS) {
    const part = cells.subarray(row * width, Math.min(height, row + STRIP_ROWS) * width)
    strips.push(deflateSync(new Uint8Array(part.buffer, part.byteOffset, part.byteLength)))
  }
  const geoKeys = [
    // Version 1.1.0, four keys: geographic model, pixel is area, EPSG:4326, heights above EGM96 (EPSG:5773).
    ...[1, 1, 0, 4],
    ...[1024, 0, 1, 2],
    ...[1025, 0, 1, 1],
    ...[2048, 0, 1, 4326],
    ...[4096, 0, 1, 5773],
  ]
  const fields: Field[] = [
    { tag: 256, type: LONG, values: [width] },
    { tag: 257, type: LONG, values: [height] },
    { tag: 258, type: SHORT, values: [32] },
    { tag: 259, type: SHORT, values: [8] },
    { tag: 262, type: SHORT, values: [1] },
    { tag: 273, type: LONG, values: strips.map(() => 0) },
    { tag: 277, type: SHORT, values: [1] },
    { tag: 278, type: LONG, values: [STRIP_ROWS] },
    { tag: 279, type: LONG, values: strips.map((strip) => strip.length) },
    { tag: 339, type: SHORT, values: [3] },
    { tag: 33550, type: DOUBLE, values: [cellDegrees, cellDegrees, 0] },
    { tag: 33922, type: DOUBLE, values: [0, 0, 0, west, north, 0] },
    { tag: 34735, type: SHORT, values: geoKeys },
    { tag: 42113, type: ASCII, values: Buffer.from(`${NODATA}\0`) },
  ]
  const directorySize = 2 + fields.length * 12 + 4
  let at = 8 + directorySize
  const places = fields.map(({ type, values }) => {
    const size = values.length * BYTES[type]!
    const place = size <= 4 ? 0 : at
    if (size > 4) at += size + (size % 2)
    return place
  })
  const offsets = fields.find(({ tag }) => tag === 273)!
  offsets.values = strips.map((strip) => {
    const place = at
    at += strip.length
    return place
  })
  const file = Buffer.alloc(at)
  file.write('II', 0, 'latin1')
  file.writeUInt16LE(42, 2)
  file.writeUInt32LE(8, 4)
  file.writeUInt16LE(fields.length, 8)
  fields.forEach(({ tag, type, values }, i) => {
    const entry = 10 + i * 12
    file.writeUInt16LE(tag, entry)
    file.writeUInt16LE(type, entry + 2)
    file.writeUInt32LE(values.length, entry + 4)
    if (places[i] !== 0) file.writeUInt32LE(places[i]!, entry + 8)
    writeValues(file, places[i] || entry + 8, type, values)
  })
  for (const [i, strip] of strips.entries()) strip.copy(file, (offsets.values as number[])[i]!)
  return file
}

function writeValues(file: Buffer, at: number, type: number, values: number[] | Buffer): void {
  if (values instanceof Buffer) {
    values.copy(file, at)
    return
  }
  values.forEach((value, i) => {
    if (type === SHORT) file.writeUInt16LE(value, at + i * 2)
    else if (type === LONG) file.writeUInt32LE(value, at + i * 4)
    else file.writeDoubleLE(value, at + i * 8)
  })
}
