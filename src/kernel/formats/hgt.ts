// SRTM's `.hgt`: big-endian int16 posts, first row north, no header; name and size say everything.
import type { DemFile, DemStatement } from './dem-file.ts'
import { demUnreadable } from './dem-file.ts'

/** South-west corner of a tile in degrees by its name (`S23W045.hgt`), or null. */
export function hgtCorner(name: string): { lon: number; lat: number } | null {
  const words = /^([NS])(\d{1,2})([EW])(\d{1,3})(?=[._-]|$)/i.exec(name)
  if (words === null) return null
  const lat = Number(words[2]) * (words[1]!.toUpperCase() === 'S' ? -1 : 1)
  const lon = Number(words[4]) * (words[3]!.toUpperCase() === 'W' ? -1 : 1)
  return lat >= -90 && lat < 90 && lon >= -180 && lon < 180 ? { lon, lat } : null
}

/** Posts across and down of the tiles that exist: 3″, 1″, and 1″ × 2″ as SRTM has it beyond 50° of latitude. */
const SHAPES = [
  [1_201, 1_201],
  [3_601, 3_601],
  [1_801, 3_601],
] as const

/**
 * Opens a tile of `size` bytes, of one of the shapes above; first and last posts lie on the whole degrees. Voids are -32768. Heights
 * refer to EGM96 unless stated otherwise. DEM_UNREADABLE for any other size, so that half a download is no tile.
 */
export function openHgt(size: number, name: string, statement: DemStatement): DemFile {
  const corner = hgtCorner(name)
  if (corner === null) {
    throw demUnreadable(
      name,
      'its name gives no corner',
      'A tile is named by its south-west corner, e.g. S23W045.hgt.',
    )
  }
  const shape = SHAPES.find(([across, down]) => 2 * across * down === size)
  if (shape === undefined) {
    const shapes = SHAPES.map(([across, down]) => `${across} × ${down}`).join(', ')
    throw demUnreadable(
      name,
      `${size} bytes are no tile of ${shapes} posts of 16 bits`,
      'Get it again; it may be cut short.',
    )
  }
  const [width, height] = shape
  return {
    name,
    format: 'hgt',
    littleEndian: false,
    epsg: statement.epsg ?? 4326,
    verticalDatum: statement.verticalDatum ?? 'EGM96',
    accuracyMeters: statement.accuracyMeters ?? null,
    bottomUp: false,
    nodata: -32_768,
    scale: 1,
    offset: 0,
    images: [
      {
        width,
        height,
        cellSizeX: 1 / (width - 1),
        cellSizeY: 1 / (height - 1),
        originX: corner.lon,
        originY: corner.lat + 1,
        encoding: {
          compression: 1,
          lercWrapper: 0,
          predictor: 1,
          sampleFormat: 2,
          bitsPerSample: 16,
          littleEndian: false,
          samplesPerPixel: 1,
          band: 0,
          blockWidth: width,
          blockHeight: height,
        },
        table: {
          offsetsAt: -1,
          offsetSize: 0,
          countsAt: -1,
          countSize: 0,
          across: 1,
          down: 1,
          first: 0,
        },
      },
    ],
  }
}
