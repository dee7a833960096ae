// LERC blocks. geotiff brings the decoder; what stands here bounds its output before it runs and restores the mask of empty pixels
// that geotiff's wrapper drops.

/** What the header of a LERC 2 blob says. */
interface LercHeader {
  pixels: number
  validPixels: number
  /** Byte offset of the mask's length. */
  maskAt: number
}

/** Decodes a LERC blob to the samples' bytes in the machine's order; throws when it is damaged or larger than `maxPixels`. */
export async function decodeLerc(
  blob: Uint8Array,
  maxPixels: number,
  sampleBytes: number,
  floating: boolean,
): Promise<Uint8Array> {
  const header = lercHeader(blob)
  if (header.pixels > maxPixels) throw new Error('LERC block larger than stated')
  const { getDecoder } = await import('geotiff')
  // [version, wrapper none]: the wrapper has been taken off already.
  const parameters = { LercParameters: [4, 0], planarConfiguration: 1 }
  const decoder = await getDecoder(34_887, parameters as never)
  const pixels = new Uint8Array((await decoder.decodeBlock(exact(blob))) as ArrayBuffer)
  if (floating && header.validPixels < header.pixels) {
    maskToNan(blob, header, pixels, sampleBytes)
  }
  return pixels
}

/** Lerc2 header (Esri LERC, Lerc2.h): key, version, checksum from version 3, rows, columns, depth from version 4, valid pixels. */
function lercHeader(blob: Uint8Array): LercHeader {
  const key = 'Lerc2 '
  for (let i = 0; i < key.length; i++) {
    if (blob[i] !== key.charCodeAt(i)) throw new Error('no LERC 2 block')
  }
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const version = view.getInt32(6, true)
  if (version < 1 || version > 6) throw new Error(`LERC version ${version}`)
  const sizeAt = version >= 3 ? 14 : 10
  const depth = version >= 4 ? view.getInt32(sizeAt + 8, true) : 1
  const countAt = sizeAt + (version >= 4 ? 12 : 8)
  const pixels = view.getInt32(sizeAt, true) * view.getInt32(sizeAt + 4, true) * depth
  if (!(pixels > 0)) throw new Error('LERC block without pixels')
  // After the count: block size, blob size, data type (int32 each), error, minimum, maximum (doubles); version 6 adds 4 + 4 + 8 + 8.
  const headerEnd = countAt + 4 + 12 + 24 + (version >= 6 ? 24 : 0)
  return { pixels, validPixels: view.getInt32(countAt, true), maskAt: headerEnd }
}

/** The mask is a bit per pixel, run-length coded: count > 0 literal bytes, < 0 one byte repeated, -32768 the end. */
function maskToNan(
  blob: Uint8Array,
  header: LercHeader,
  pixels: Uint8Array,
  sampleBytes: number,
): void {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const values =
    sampleBytes === 4 ? new Float32Array(pixels.buffer) : new Float64Array(pixels.buffer)
  if (header.validPixels === 0) {
    values.fill(Number.NaN)
    return
  }
  const end = header.maskAt + 4 + view.getInt32(header.maskAt, true)
  let at = header.maskAt + 4
  let pixel = 0
  while (at + 2 <= end) {
    const count = view.getInt16(at, true)
    at += 2
    if (count === -32_768) return
    const repeated = count < 0
    for (let i = 0; i < Math.abs(count); i++) {
      const byte = blob[repeated ? at : at + i]!
      for (let bit = 128; bit > 0; bit >>= 1, pixel++) {
        if ((byte & bit) === 0 && pixel < values.length) values[pixel] = Number.NaN
      }
    }
    at += repeated ? 1 : count
  }
}

/** A copy with a buffer of its own, as geotiff's decoders want it (`slice` would not do: Node's Buffer shares its memory there). */
function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
