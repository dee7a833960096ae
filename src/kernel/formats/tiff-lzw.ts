// TIFF's LZW: codes from the high bit down, 9 to 12 bits wide, the width growing one code early (TIFF 6.0, section 13).

const CLEAR = 256
const END = 257
const FIRST_FREE = 258

/**
 * Decodes into `target`, which also bounds the work. Answers how many bytes were written, or -1 when the data is damaged (a code that
 * does not exist yet, or more output than fits). A string is remembered as the place in the output where it was written.
 */
export function decodeLzw(source: Uint8Array, target: Uint8Array): number {
  const starts = new Uint32Array(4_098)
  const lengths = new Uint32Array(4_098)
  const room = target.length
  const end = source.length
  let width = 9
  let next = FIRST_FREE
  let previousStart = 0
  let previousLength = 0
  let bits = 0
  let available = 0
  let read = 0
  let written = 0
  for (;;) {
    while (available < width && read < end) {
      bits = ((bits << 8) | source[read++]!) & 0xff_ff_ff
      available += 8
    }
    if (available < width) return written
    available -= width
    const code = (bits >>> available) & ((1 << width) - 1)
    if (code === END) return written
    if (code === CLEAR) {
      width = 9
      next = FIRST_FREE
      previousLength = 0
      continue
    }
    const start = written
    if (code < CLEAR) {
      if (written >= room) return -1
      target[written++] = code
    } else {
      let from: number
      let length: number
      if (code < next) {
        from = starts[code]!
        length = lengths[code]!
      } else if (code === next && previousLength > 0) {
        // The string being defined by this very code: the previous one and its own first byte.
        from = previousStart
        length = previousLength + 1
      } else return -1
      if (written + length > room) return -1
      for (const stop = written + length; written < stop; ) target[written++] = target[from++]!
    }
    if (previousLength > 0 && next < 4_097) {
      starts[next] = previousStart
      lengths[next] = previousLength + 1
      next++
      if (next === 511) width = 10
      else if (next === 1_023) width = 11
      else if (next === 2_047) width = 12
    }
    previousStart = start
    previousLength = written - start
  }
}
