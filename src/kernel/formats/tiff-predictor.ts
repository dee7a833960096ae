// Undoes TIFF's predictors and byte orders in place, so that a block's bytes become little-endian samples.

/** Swaps the bytes of each sample of 2, 4 or 8 bytes. */
export function swapBytes(bytes: Uint8Array, sampleBytes: number): void {
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
  for (let start = 0; start + rowBytes <= bytes.length; start += rowBytes) {
    for (let i = start + stride; i < start + rowBytes; i++)
      bytes[i] = bytes[i]! + bytes[i - stride]!
    row.set(bytes.subarray(start, start + rowBytes))
    for (let plane = 0; plane < sampleBytes; plane++) {
      const from = plane * rowSamples
      let to = start + sampleBytes - 1 - plane
      for (let i = 0; i < rowSamples; i++, to += sampleBytes) bytes[to] = row[from + i]!
    }
  }
}
