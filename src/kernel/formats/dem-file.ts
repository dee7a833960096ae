// What an elevation file is to this program: its shape on the map, the images in it, and a window cut out of it.
import { AppError } from '../../base/errors.ts'

/** Random access to a file's bytes. */
export interface DemReader {
  readonly size: number
  /** Fills `target` from `offset` on; DEM_UNREADABLE when the file is shorter than that. */
  read(offset: number, target: Uint8Array): Promise<void>
}

/** What a person states about a file, in a side-car or an option; it wins over the file. */
export interface DemStatement {
  epsg?: number | undefined
  /** The system of a file that names none; one that does keeps its own. */
  epsgIfNone?: number | undefined
  verticalDatum?: string | undefined
  /** Root mean square error of the heights, metres. */
  accuracyMeters?: number | undefined
  /** 0 is the first. */
  band?: number | undefined
}

/** Where the bytes of an image's blocks stand: the file's own table, or (hgt) one plain run from byte 0. */
export interface BlockTable {
  offsetsAt: number
  /** Bytes per entry of each table: 2, 4 or 8. */
  offsetSize: number
  countsAt: number
  countSize: number
  /** Blocks across and down, in one plane. */
  across: number
  down: number
  /** First entry of the wanted band's plane (planes stored apart). */
  first: number
}

/** One image of a file: the full one or an overview. */
export interface DemImage {
  width: number
  height: number
  cellSizeX: number
  cellSizeY: number
  originX: number
  originY: number
  encoding: DemEncoding
  table: BlockTable
}

/** An opened elevation file: header only, no heights. */
export interface DemFile {
  name: string
  format: 'geotiff' | 'hgt'
  littleEndian: boolean
  epsg: number
  verticalDatum: string | null
  accuracyMeters: number | null
  bottomUp: boolean
  nodata: number | null
  scale: number
  offset: number
  /** Finest first. */
  images: DemImage[]
}

/** How the bytes of a window's blocks are to be read. Numbers are TIFF's own codes. */
export interface DemEncoding {
  /** 1 none, 5 LZW, 8 deflate, 32773 PackBits, 34887 LERC, 50000 Zstandard. */
  compression: number
  /** What LERC was wrapped in: 0 nothing, 1 deflate, 2 Zstandard. */
  lercWrapper: number
  /** 1 none, 2 differences of integers, 3 differences of floating point bytes. */
  predictor: number
  /** 1 unsigned, 2 signed, 3 floating point. */
  sampleFormat: number
  bitsPerSample: number
  littleEndian: boolean
  /** Samples of one pixel that lie together in a block, and which of them is wanted. */
  samplesPerPixel: number
  band: number
  blockWidth: number
  blockHeight: number
}

/** A window of one elevation file: its undecoded blocks and all that is needed to decode them. Plain data; `bytes` can be moved. */
export interface DemWindow {
  /** File name (no folder), for notes and sources. */
  name: string
  format: 'geotiff' | 'hgt'
  epsg: number
  verticalDatum: string | null
  /** Stated root mean square error of the heights in metres; null when nobody said. */
  accuracyMeters: number | null
  /** Size in cells and place of the first sample point, as in `Grid`; always north-up, whatever the file is. */
  width: number
  height: number
  originX: number
  originY: number
  cellSizeX: number
  cellSizeY: number
  /** True when the file's rows run from south to north. */
  bottomUp: boolean
  encoding: DemEncoding
  /** The value that means no height; null when the file names none (the usual conventions then hold). */
  nodata: number | null
  /** Metres = stored value * scale + offset. */
  scale: number
  offset: number
  /** All blocks one after another. */
  bytes: Uint8Array
  /** Per block: where its bytes start, how many there are (0 = sparse, all nodata). */
  starts: Uint32Array
  lengths: Uint32Array
  /** Per block: column and row (file order) of its first pixel relative to the window's first pixel, and how many rows it holds. */
  columns: Int32Array
  rows: Int32Array
  rowCounts: Uint32Array
}

/** The error of the readers of elevation files: which file, what is wrong with it, and what to do if anything can be done. */
export function demUnreadable(name: string, reason: string, advice = ''): AppError {
  const what = `The elevation file ${name} cannot be read: ${reason}.`
  return new AppError('DEM_UNREADABLE', advice === '' ? what : `${what} ${advice}`, {
    data: { file: name, reason },
  })
}
