// Samples of a decoded block into the window as heights: the wanted band, rows north first, nodata as NaN, scale and offset applied.
import type { DemEncoding, DemWindow } from './dem-file.ts'

export type Cells = Float32Array | Float64Array
export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array

/** The commonest elevation file: one band of 16-bit integers. */
export function summedWhilePlaced({
  bitsPerSample,
  samplesPerPixel,
  predictor,
}: DemEncoding): boolean {
  return bitsPerSample === 16 && samplesPerPixel === 1 && predictor === 2
}

/** A table of all heights of 16-bit samples pays when there are more cells than entries. */
function lookedUp({ encoding, width, height }: DemWindow): boolean {
  const { bitsPerSample, samplesPerPixel } = encoding
  return bitsPerSample === 16 && samplesPerPixel === 1 && width * height > 1 << 16
}

/** Copies the part of a block that lies in the window as heights, turning the rows of a bottom-up file around. */
export function placeBlock(
  samples: Samples,
  window: DemWindow,
  block: number,
  cells: Cells,
  placing: Placing,
): void {
  const { width, height, encoding, bottomUp } = window
  const { blockWidth, samplesPerPixel, band } = encoding
  const left = window.columns[block]!
  const top = window.rows[block]!
  const from = Math.max(0, -left)
  const to = Math.min(blockWidth, width - left)
  const lastRow = Math.min(window.rowCounts[block]!, height - top)
  const areDifferences = summedWhilePlaced(encoding)
  const words =
    placing.heights === null
      ? null
      : new Int16Array(samples.buffer, samples.byteOffset, samples.length)
  for (let row = Math.max(0, -top); row < lastRow; row++) {
    const target = (bottomUp ? height - 1 - (top + row) : top + row) * width + left
    const source = row * blockWidth
    if (words !== null) {
      lookUpRow(words, source, from, to, areDifferences, placing.heights!, cells, target)
      continue
    }
    if (samplesPerPixel === 1) {
      cells.set(samples.subarray(source + from, source + to), target + from)
    } else {
      for (let column = from; column < to; column++) {
        cells[target + column] = samples[(source + column) * samplesPerPixel + band]!
      }
    }
    cleanRow(cells, target + from, target + to, placing)
  }
}

/** What means no height, and how a stored value becomes metres. */
export interface Placing {
  first: number
  second: number
  scale: number
  offset: number
  /** Height of every 16-bit sample; null when samples are looked at one by one. */
  heights: Cells | null
}

/** What all blocks of a window share. Without a stated nodata, -32768 and -9999 mean none, as everywhere in elevation data. */
export function startPlacing(window: DemWindow, cells: Cells): Placing {
  const { nodata, encoding, scale, offset } = window
  const narrow = cells instanceof Float32Array || encoding.bitsPerSample === 32
  const placing: Placing = {
    first: nodata === null ? -32_768 : narrow ? Math.fround(nodata) : nodata,
    second: nodata === null ? -9_999 : nodata,
    scale,
    offset,
    heights: null,
  }
  if (lookedUp(window) || summedWhilePlaced(encoding)) {
    placing.heights = heightTable(cells, encoding.sampleFormat === 2, placing)
  }
  return placing
}

/** The height of every 16-bit sample: voids, sign, scale and offset are looked up instead of computed. */
function heightTable(cells: Cells, signed: boolean, placing: Placing): Cells {
  const { first, second, scale, offset } = placing
  const heights =
    cells instanceof Float32Array ? new Float32Array(1 << 16) : new Float64Array(1 << 16)
  for (let i = 0; i < heights.length; i++) {
    const value = signed ? (i << 16) >> 16 : i
    heights[i] = value === first || value === second ? Number.NaN : value * scale + offset
  }
  return heights
}

/** One row of samples to heights; `areDifferences`: each to the sample before it, wrapping in 16 bits as the writer's did. */
function lookUpRow(
  samples: Int16Array,
  source: number,
  from: number,
  to: number,
  areDifferences: boolean,
  heights: Cells,
  cells: Cells,
  target: number,
): void {
  const kept = areDifferences ? -1 : 0
  let sample = 0
  for (let i = 0; i < from; i++) sample = ((sample & kept) + samples[source + i]!) | 0
  for (let i = from; i < to; i++) {
    sample = ((sample & kept) + samples[source + i]!) | 0
    cells[target + i] = heights[sample & 0xff_ff]!
  }
}

function cleanRow(
  cells: Cells,
  from: number,
  to: number,
  { first, second, scale, offset }: Placing,
): void {
  const scaled = scale !== 1 || offset !== 0
  for (let i = from; i < to; i++) {
    const value = cells[i]!
    // Beyond ±3e38 lie infinity and the "lowest float" that stands for nodata in many files.
    if (value === first || value === second || value > 3e38 || value < -3e38) cells[i] = Number.NaN
    else if (scaled) cells[i] = value * scale + offset
  }
}
