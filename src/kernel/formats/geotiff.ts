// Opens a GeoTIFF: picks the image and its overviews out of the directories and checks that we can read them.
import type { DemEncoding, DemFile, DemImage, DemReader, DemStatement } from './dem-file.ts'
import { demUnreadable } from './dem-file.ts'
import { readNodata, readPlace, readScaling } from './geotiff-keys.ts'
import type { TiffDirectory } from './tiff-directory.ts'
import { numberOf, numbersOf, readDirectories, TYPE_SIZES } from './tiff-directory.ts'

const MAX_SIDE = 1 << 24
const MAX_BLOCKS = 1 << 26
/** What one decoded block may take; a block is decoded whole. */
const MAX_BLOCK_BYTES = 1 << 28
/** TIFF's compression codes that we read; others get a name in the refusal. */
const COMPRESSIONS = new Set([1, 5, 8, 32_773, 32_946, 34_887, 50_000])
const REFUSED: Readonly<Record<number, string>> = {
  6: 'JPEG',
  7: 'JPEG',
  34712: 'JPEG 2000',
  34925: 'LZMA',
  50001: 'WebP',
  50002: 'JPEG XL',
}

/**
 * Reads a GeoTIFF's header: full image first, then its overviews, finest first. Takes one band (`statement.band`, else the first).
 * DEM_UNREADABLE with the reason for everything that we could not decode later.
 */
export async function openGeotiff(
  reader: DemReader,
  name: string,
  statement: DemStatement,
): Promise<DemFile> {
  const directories = await readDirectories(reader, name)
  const full = directories.find((directory) => (numberOf(directory, 254, 0) & 5) === 0)
  if (full === undefined) throw demUnreadable(name, 'it holds overviews only')
  if (directories.some((directory) => (numberOf(directory, 254, 0) & 4) !== 0)) {
    throw demUnreadable(
      name,
      'it marks its voids by a mask of their own, which is not read',
      'Mark them by a value, e.g. gdalwarp -dstnodata -9999.',
    )
  }
  const place = readPlace(full, name, statement)
  const band = statement.band ?? 0
  const width = numberOf(full, 256, 0)
  const height = numberOf(full, 257, 0)
  const images: DemImage[] = []
  for (const directory of directories) {
    const kind = numberOf(directory, 254, 0)
    if (directory !== full && (kind & 5) !== 1) continue
    const image = readImage(directory, name, band)
    // An overview covers the same ground with fewer pixels; its cells grow accordingly.
    const cellSizeX = (place.cellSizeX * width) / image.width
    const cellSizeY = (place.cellSizeY * height) / image.height
    if (directory !== full && (image.width > width || image.height > height)) continue
    const top = place.bottomUp ? place.cornerY + height * place.cellSizeY : place.cornerY
    images.push({
      ...image,
      cellSizeX,
      cellSizeY,
      originX: place.cornerX + cellSizeX / 2,
      originY: top - cellSizeY / 2,
    })
  }
  images.sort((a, b) => a.cellSizeX - b.cellSizeX)
  return {
    name,
    format: 'geotiff',
    littleEndian: full.littleEndian,
    epsg: place.epsg,
    verticalDatum: place.verticalDatum,
    accuracyMeters: statement.accuracyMeters ?? statedAccuracy(name),
    bottomUp: place.bottomUp,
    nodata: readNodata(full),
    ...readScaling(full, band),
    images,
  }
}

/** Copernicus GLO-30 against 317 stations of IBGE in Goiás and the Federal District: 1.98 m RMSE. Others: nobody said. */
function statedAccuracy(name: string): number | null {
  return /^Copernicus_DSM_(COG_)?10_/i.test(name) ? 1.98 : null
}

type Shape = Pick<DemImage, 'width' | 'height' | 'encoding' | 'table'>

function readImage(directory: TiffDirectory, name: string, band: number): Shape {
  const width = numberOf(directory, 256, 0)
  const height = numberOf(directory, 257, 0)
  if (!(width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE)) {
    throw demUnreadable(name, `it claims a size of ${width} × ${height} pixels`)
  }
  const samples = numberOf(directory, 277, 1)
  if (!(band >= 0 && band < samples && samples <= 4_096)) {
    throw demUnreadable(name, `it has ${samples} band(s), so there is no band ${band + 1}`)
  }
  const together = numberOf(directory, 284, 1) !== 2
  const tiled = directory.entries.has(322)
  const blockWidth = tiled ? numberOf(directory, 322, 0) : width
  const blockHeight = tiled
    ? numberOf(directory, 323, 0)
    : Math.min(numberOf(directory, 278, height), height)
  if (!(blockWidth >= 1 && blockHeight >= 1 && blockWidth <= MAX_SIDE && blockHeight <= MAX_SIDE)) {
    throw demUnreadable(name, `it claims blocks of ${blockWidth} × ${blockHeight} pixels`)
  }
  const encoding = readEncoding(directory, name, together ? samples : 1, together ? band : 0)
  encoding.blockWidth = blockWidth
  encoding.blockHeight = blockHeight
  const plainStrips = !tiled && encoding.compression === 1
  const blockBytes =
    blockWidth * blockHeight * encoding.samplesPerPixel * (encoding.bitsPerSample / 8)
  if (blockBytes > MAX_BLOCK_BYTES && !plainStrips) {
    throw demUnreadable(
      name,
      `one of its blocks would take ${Math.round(blockBytes / 1e6)} MB`,
      'Store it with tiles of 256 × 256 pixels.',
    )
  }
  const across = Math.ceil(width / blockWidth)
  const down = Math.ceil(height / blockHeight)
  const first = together ? 0 : band * across * down
  return { width, height, encoding, table: readTable(directory, name, tiled, across, down, first) }
}

function readEncoding(
  directory: TiffDirectory,
  name: string,
  samplesPerPixel: number,
  band: number,
): DemEncoding {
  const compression = numberOf(directory, 259, 1)
  if (!COMPRESSIONS.has(compression)) {
    const called = REFUSED[compression] ?? `number ${compression}`
    throw demUnreadable(
      name,
      `its compression (${called}) is not supported`,
      'Store it with deflate, LZW, ZSTD, LERC or PackBits.',
    )
  }
  const bits = numbersOf(directory, 258) ?? [1]
  const bitsPerSample = bits[0]!
  const sampleFormat = numberOf(directory, 339, 1)
  const integer = (sampleFormat === 1 || sampleFormat === 2) && [8, 16, 32].includes(bitsPerSample)
  const floating = sampleFormat === 3 && (bitsPerSample === 32 || bitsPerSample === 64)
  if (!(integer || floating) || bits.some((one) => one !== bitsPerSample)) {
    throw demUnreadable(
      name,
      `its samples (format ${sampleFormat}, ${bitsPerSample} bits) are no heights that we read`,
      'Store heights as 8-, 16- or 32-bit integers or 32- or 64-bit floating point.',
    )
  }
  const predictor = numberOf(directory, 317, 1)
  if (![1, 2, 3].includes(predictor) || (predictor === 3 && !floating)) {
    throw demUnreadable(name, `its predictor ${predictor} does not go with its samples`)
  }
  return {
    compression: compression === 32_946 ? 8 : compression,
    lercWrapper: numbersOf(directory, 50_674)?.[1] ?? 0,
    predictor: [5, 8, 32_946, 50_000].includes(compression) ? predictor : 1,
    sampleFormat,
    bitsPerSample,
    littleEndian: directory.littleEndian,
    samplesPerPixel,
    band,
    blockWidth: 0,
    blockHeight: 0,
  }
}

function readTable(
  directory: TiffDirectory,
  name: string,
  tiled: boolean,
  across: number,
  down: number,
  first: number,
): DemImage['table'] {
  const offsets = directory.entries.get(tiled ? 324 : 273)
  const counts = directory.entries.get(tiled ? 325 : 279)
  const needed = first + across * down
  const entrySizes = [2, 4, 8]
  const offsetSize = TYPE_SIZES[offsets?.type ?? 0] ?? 0
  const countSize = TYPE_SIZES[counts?.type ?? 0] ?? 0
  if (
    offsets === undefined ||
    counts === undefined ||
    needed > MAX_BLOCKS ||
    offsets.count < needed ||
    counts.count < needed ||
    !entrySizes.includes(offsetSize) ||
    !entrySizes.includes(countSize)
  ) {
    throw demUnreadable(name, 'its table of blocks is missing or too short')
  }
  return { offsetsAt: offsets.at, offsetSize, countsAt: counts.at, countSize, across, down, first }
}
