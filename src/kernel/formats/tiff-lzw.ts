// TIFF's LZW: codes from the high bit down, 9 to 12 bits wide, the width growing one code early (TIFF 6.0, section 13).

const CLEAR = 256
const END = 257
const FIRST_FREE = 258
const MAX_CODES = 4_097
/** Bytes that are moved at once. */
const WORD = 4

/**
 * Decodes into `target`, which also bounds the work. Answers how many bytes were written, or -1 when the data is damaged (a code that
 * does not exist yet, or more output than fits).
 *
 * No strings are kept. A new code stands for the previous string and the first byte after it, and both lie in the output already: the
 * string of code k begins where the previous string was written and ends with the first byte of the one after it, `starts[k + 1]`.
 */
export function decodeLzw(source: Uint8Array, target: Uint8Array): number {
  const starts = new Uint32Array(MAX_CODES + 1)
  const words = new DataView(target.buffer, target.byteOffset, target.byteLength)
  const room = target.length
  const end = source.length
  let width = 9
  let next = FIRST_FREE
  let bits = 0
  let available = 0
  let read = 0
  let written = 0
  for (;;) {
    if (available < width) {
      if (read + 2 < end) {
        // At most 11 bits are left over, so three more bytes fit.
        bits = (bits << 16) | (source[read]! << 8) | source[read + 1]!
        read += 2
        available += 16
      } else {
        while (available < width && read < end) {
          bits = (bits << 8) | source[read++]!
          available += 8
        }
        if (available < width) return written
      }
    }
    available -= width
    const code = (bits >>> available) & ((1 << width) - 1)
    if (code < CLEAR) {
      if (written >= room) return -1
      starts[next] = written
      target[written++] = code
    } else if (code === CLEAR) {
      width = 9
      next = FIRST_FREE
      continue
    } else if (code === END) return written
    else {
      if (code >= next) return -1
      starts[next] = written
      let from = starts[code]!
      const stop = written + starts[code + 1]! - from + 1
      if (stop > room) return -1
      if (code + 1 < next && stop + WORD <= room) {
        // What is moved beyond the string's end is overwritten by the next one.
        for (; written < stop; written += WORD, from += WORD) {
          words.setInt32(written, words.getInt32(from))
        }
        written = stop
      } else {
        // The string that is being defined by this very code reads the byte that it has just written.
        while (written < stop) target[written++] = target[from++]!
      }
    }
    if (next < MAX_CODES) {
      next++
      if (next === 512) width = 10
      else if (next === 1_024) width = 11
      else if (next === 2_048) width = 12
    }
  }
}
