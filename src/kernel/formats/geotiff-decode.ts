// Undecoded blocks to heights: decompress, undo the predictor, place them into the window.
import type { DemEncoding, DemWindow } from './dem-file.ts'
import { demUnreadable } from './dem-file.ts'
import type { Cells, Samples } from './geotiff-place.ts'
import { placeBlock, startPlacing, summedWhilePlaced } from './geotiff-place.ts'
import { decodeLerc } from './tiff-lerc.ts'
import { decodeLzw } from './tiff-lzw.ts'
import { decodePackbits } from './tiff-packbits.ts'
import { addDifferences, addWideDifferences, joinFloatBytes, swapBytes } from './tiff-predictor.ts'

/** The decoders that Node lends, never more than `expected` bytes. Without `zstd` such files are refused. */
export interface BlockCodecs {
  inflate(bytes: Uint8Array, expected: number): Uint8Array
  zstd?(bytes: Uint8Array, expected: number): Uint8Array
}

/**
 * Heights of a window, row-major, first row north. 32-bit floats unless the file holds more digits (32-bit integers, 64-bit floats, or
 * a scale). DEM_UNREADABLE when a block cannot be decoded or is cut short.
 */
export async function decodeBlocks(window: DemWindow, codecs: BlockCodecs): Promise<Cells> {
  const { encoding, width, height } = window
  const scaled = window.scale !== 1 || window.offset !== 0
  const wide =
    encoding.bitsPerSample === 64 || (encoding.bitsPerSample === 32 && encoding.sampleFormat !== 3)
  const cells = wide || scaled ? new Float64Array(width * height) : new Float32Array(width * height)
  // Blocks cover the window; only those that are not stored leave it as it is.
  if (window.lengths.includes(0)) cells.fill(Number.NaN)
  const placing = startPlacing(window, cells)
  const sampleBytes = encoding.bitsPerSample / 8
  const rowBytes = encoding.blockWidth * encoding.samplesPerPixel * sampleBytes
  const largest = rowBytes * encoding.blockHeight
  const scratch = [5, 32_773].includes(encoding.compression) ? new Uint8Array(largest) : null
  for (let i = 0; i < window.starts.length; i++) {
    if (window.lengths[i] === 0) continue
    const raw = window.bytes.subarray(window.starts[i]!, window.starts[i]! + window.lengths[i]!)
    const rows = window.rowCounts[i]!
    const bytes = await unpack(raw, encoding, rowBytes, rows, window.name, codecs, scratch)
    if (bytes.length < rows * rowBytes) {
      throw demUnreadable(window.name, 'one of its blocks is cut short')
    }
    restore(bytes, encoding)
    placeBlock(samplesOf(bytes, encoding), window, i, cells, placing)
  }
  return cells
}

/** The block's bytes, uncompressed; an array that may be changed, good until the next block is unpacked. */
async function unpack(
  raw: Uint8Array,
  encoding: DemEncoding,
  rowBytes: number,
  rows: number,
  name: string,
  codecs: BlockCodecs,
  scratch: Uint8Array | null,
): Promise<Uint8Array> {
  // Some writers fill the last strip up to its full height: that much is allowed, `rows` is needed.
  const limit = rowBytes * Math.max(rows, encoding.blockHeight)
  try {
    switch (encoding.compression) {
      case 1:
        return new Uint8Array(raw)
      case 8:
        return aligned(codecs.inflate(raw, limit))
      case 50_000:
        return aligned(unzstd(raw, limit, codecs))
      case 34_887: {
        let blob = raw
        // A blob that did not shrink is a little longer than its pixels.
        if (encoding.lercWrapper === 1) blob = codecs.inflate(raw, limit * 2 + 4_096)
        else if (encoding.lercWrapper === 2) blob = unzstd(raw, limit * 2 + 4_096, codecs)
        const sampleBytes = encoding.bitsPerSample / 8
        const floating = encoding.sampleFormat === 3
        return await decodeLerc(blob, limit / sampleBytes, sampleBytes, floating)
      }
      default: {
        // The same room for every block: the one before has been placed.
        const bytes = scratch === null ? new Uint8Array(limit) : scratch
        const decode = encoding.compression === 5 ? decodeLzw : decodePackbits
        const length = decode(raw, bytes)
        if (length < 0) throw new Error('damaged')
        return bytes.subarray(0, length)
      }
    }
  } catch (cause) {
    throw Object.assign(demUnreadable(name, 'one of its blocks is damaged'), { cause })
  }
}

/** geotiff's own Zstandard decoder never ends on some damaged frames, so Node's is used. */
function unzstd(bytes: Uint8Array, expected: number, codecs: BlockCodecs): Uint8Array {
  if (codecs.zstd === undefined) throw new Error('no Zstandard decoder was lent')
  return codecs.zstd(bytes, expected)
}

/** Typed views need an offset that is a multiple of the sample's size; what was lent may lie anywhere. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
}

/**
 * Byte order and predictor undone in place: little-endian samples are left. Differences of single 16-bit samples stay, because they
 * are summed while they are placed.
 */
function restore(bytes: Uint8Array, encoding: DemEncoding): void {
  const { predictor, samplesPerPixel, blockWidth } = encoding
  const sampleBytes = encoding.bitsPerSample / 8
  const rowSamples = blockWidth * samplesPerPixel
  if (predictor === 3) {
    joinFloatBytes(bytes, rowSamples, sampleBytes, samplesPerPixel)
    return
  }
  // LERC too: libtiff, which writes such files, turns the samples around before it packs them.
  if (!encoding.littleEndian && sampleBytes > 1) swapBytes(bytes, sampleBytes)
  if (predictor !== 2 || summedWhilePlaced(encoding)) return
  if (sampleBytes === 1) addDifferences(bytes, rowSamples, samplesPerPixel)
  else if (sampleBytes === 2) {
    addDifferences(view(bytes, Int16Array, 2), rowSamples, samplesPerPixel)
  } else if (sampleBytes === 4) {
    addDifferences(view(bytes, Int32Array, 4), rowSamples, samplesPerPixel)
  } else addWideDifferences(view(bytes, Uint32Array, 4), rowSamples, samplesPerPixel)
}

/** A typed view; every unpacker's bytes start at a multiple of eight. */
function view<T>(
  bytes: Uint8Array,
  type: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
  size: number,
): T {
  return new type(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / size))
}

function samplesOf(bytes: Uint8Array, encoding: DemEncoding): Samples {
  const { bitsPerSample, sampleFormat } = encoding
  if (bitsPerSample === 8) return sampleFormat === 2 ? view(bytes, Int8Array, 1) : bytes
  if (bitsPerSample === 16) {
    return sampleFormat === 2 ? view(bytes, Int16Array, 2) : view(bytes, Uint16Array, 2)
  }
  if (bitsPerSample === 64) return view(bytes, Float64Array, 8)
  if (sampleFormat === 3) return view(bytes, Float32Array, 4)
  return sampleFormat === 2 ? view(bytes, Int32Array, 4) : view(bytes, Uint32Array, 4)
}
