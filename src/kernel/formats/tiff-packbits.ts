// PackBits: runs and literals of bytes (TIFF 6.0, section 9).

/** Decodes into `target`; answers the bytes written, or -1 when the data is damaged or does not fit. */
export function decodePackbits(source: Uint8Array, target: Uint8Array): number {
  let read = 0
  let written = 0
  while (read < source.length) {
    const head = source[read++]!
    if (head === 128) continue
    const count = head < 128 ? head + 1 : 257 - head
    if (written + count > target.length) return -1
    if (head < 128) {
      if (read + count > source.length) return -1
      target.set(source.subarray(read, read + count), written)
      read += count
    } else {
      if (read >= source.length) return -1
      target.fill(source[read++]!, written, written + count)
    }
    written += count
  }
  return written
}
