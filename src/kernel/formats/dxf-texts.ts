// The texts of one list as strings of a DXF file, each escaped and encoded once, however many features carry it.
import type { ByteWriter } from './byte-writer.ts'
import { escapeString } from './dxf-names.ts'
import { encodeUtf8 } from './utf8.ts'

export class DxfTexts {
  private readonly texts: readonly string[]
  /** Bytes of all texts so far, packed into little-endian words; each begins with a word. */
  private words = new Uint32Array(1 << 12)
  private used = 0
  /** Per text: its first word; -1 = not asked for yet. */
  private readonly starts: Int32Array
  private readonly lengths: Uint32Array

  constructor(texts: readonly string[]) {
    this.texts = texts
    this.starts = new Int32Array(texts.length).fill(-1)
    this.lengths = new Uint32Array(texts.length)
  }

  /** Bytes of text `number`. */
  lengthOf(number: number): number {
    if (this.starts[number] === -1) this.encode(number)
    return this.lengths[number]!
  }

  /** Writes text `number` and one more byte. */
  write(writer: ByteWriter, number: number, after: number): void {
    const length = this.lengthOf(number)
    // The last word may reach three bytes further than the text.
    writer.reserve(length + 4)
    const { view } = writer
    const { words } = this
    let at = this.starts[number]!
    let p = writer.length
    const end = p + length
    for (; p < end; p += 4) view.setUint32(p, words[at++]!, true)
    view.setUint8(end, after)
    writer.length = end + 1
  }

  private encode(number: number): void {
    const bytes = encodeUtf8(escapeString(this.texts[number]!))
    const count = (bytes.length + 3) >> 2
    if (this.used + count > this.words.length) {
      const larger = new Uint32Array(Math.max(this.words.length * 2, this.used + count))
      larger.set(this.words)
      this.words = larger
    }
    for (let i = 0; i < bytes.length; i++) {
      this.words[this.used + (i >> 2)]! |= bytes[i]! << (8 * (i & 3))
    }
    this.starts[number] = this.used
    this.lengths[number] = bytes.length
    this.used += count
  }
}
