// Undoes TIFF's predictors and byte orders in place, so that a block's bytes become little-endian samples.

/** Swaps the bytes of each sample of 2, 4 or 8 bytes. */
export function swapBytes(bytes: Uint8Array, sampleBytes: number): void {
  if (sampleBytes === 2 && bytes.byteOffset % 2 === 0) {
    const samples = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1)
    for (let i = 0; i < samples.length; i++) samples[i] = (samples[i]! << 8) | (samples[i]! >> 8)
    return
  }
  const last = bytes.length - sampleBytes
  for (let i = 0; i <= last; i += sampleBytes) {
    for (let a = i, b = i + sampleBytes - 1; a < b; a++, b--) {
      const byte = bytes[a]!
      bytes[a] = bytes[b]!
      bytes[b] = byte
    }
  }
}

/**
 * Predictor 2: each row holds differences to the sample `stride` before (same band of the previous pixel). Sums wrap as the writer's
 * did, in the width of the sample. `samples` are integers of the sample's width; 64-bit samples come as pairs of 32-bit halves.
 */
export function addDifferences(
  samples: Uint8Array | Int16Array | Int32Array,
  rowSamples: number,
  stride: number,
): void {
  for (let row = 0; row + rowSamples <= samples.length; row += rowSamples) {
    const end = row + rowSamples
    for (let i = row + stride; i < end; i++) samples[i] = samples[i]! + samples[i - stride]!
  }
}

/** Predictor 2 on 64-bit samples, little-endian halves with the carry between them. */
export function addWideDifferences(halves: Uint32Array, rowSamples: number, stride: number): void {
  for (let row = 0; row + rowSamples * 2 <= halves.length; row += rowSamples * 2) {
    const end = row + rowSamples * 2
    for (let i = row + stride * 2; i < end; i += 2) {
      const low = halves[i]! + halves[i - stride * 2]!
      halves[i] = low
      const carry = low > 0xff_ff_ff_ff ? 1 : 0
      halves[i + 1] = halves[i + 1]! + halves[i + 1 - stride * 2]! + carry
    }
  }
}

/**
 * Predictor 3 (Adobe Photoshop TIFF Technical Note 3): a row holds the samples' bytes by significance, most significant first, as
 * byte differences. Leaves little-endian floating point whatever the file's byte order.
 */
export function joinFloatBytes(
  bytes: Uint8Array,
  rowSamples: number,
  sampleBytes: number,
  stride: number,
): void {
  const rowBytes = rowSamples * sampleBytes
  const row = new Uint8Array(rowBytes)
  const aligned = bytes.byteOffset % 4 === 0 && sampleBytes === 4
  const words = aligned
    ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
    : new Int32Array(0)
  for (let start = 0; start + rowBytes <= bytes.length; start += rowBytes) {
    sumBytes(bytes, start, row, stride)
    if (aligned) joinWords(row, rowSamples, words, start >> 2)
    else joinBytes(row, rowSamples, sampleBytes, bytes, start)
  }
}

/** Sums of the byte differences of one row, modulo 256. */
function sumBytes(bytes: Uint8Array, start: number, row: Uint8Array, stride: number): void {
  if (stride === 1) {
    let sum = 0
    for (let i = 0; i < row.length; i++) {
      sum = (sum + bytes[start + i]!) & 255
      row[i] = sum
    }
    return
  }
  for (let i = 0; i < row.length; i++) {
    row[i] = i < stride ? bytes[start + i]! : bytes[start + i]! + row[i - stride]!
  }
}

/** Four planes of bytes to little-endian words of a little-endian machine, as every one that Node runs on is. */
function joinWords(row: Uint8Array, count: number, words: Int32Array, to: number): void {
  const second = count
  const third = 2 * count
  const fourth = 3 * count
  for (let i = 0; i < count; i++) {
    words[to + i] =
      (row[i]! << 24) | (row[second + i]! << 16) | (row[third + i]! << 8) | row[fourth + i]!
  }
}

function joinBytes(
  row: Uint8Array,
  rowSamples: number,
  sampleBytes: number,
  bytes: Uint8Array,
  start: number,
): void {
  for (let plane = 0; plane < sampleBytes; plane++) {
    const from = plane * rowSamples
    let to = start + sampleBytes - 1 - plane
    for (let i = 0; i < rowSamples; i++, to += sampleBytes) bytes[to] = row[from + i]!
  }
}
