// Gives every distinct text a small number, so that tags are pairs of integers and each text is decoded once.
import type { JsonCursor } from './json-cursor.ts'

const SPACE = 32
const QUOTE = 34
const BACKSLASH = 92
const FNV_OFFSET = -2_128_831_035
const FNV_PRIME = 16_777_619

/**
 * Open addressing over the bytes of one file (FNV-1a hash, Fowler/Noll/Vo). The table keeps the bytes of each text once, since the
 * cursor's may be gone by then.
 * Texts written with and without escapes are different entries at first; `canonical` says which are one.
 */
export class StringTable {
  /** Number → text. */
  readonly strings: string[] = []
  private escapes = false
  /** The texts' bytes, one after another. */
  private pool = new Uint8Array(1 << 14)
  private poolLength = 0
  private starts = new Int32Array(1024)
  private lengths = new Int32Array(1024)
  private slots = new Int32Array(1 << 12)
  private hashes = new Int32Array(1 << 12)

  /** Reads the string at the cursor; answers its number. */
  read(cursor: JsonCursor): number {
    const { bytes, position } = cursor
    let p = position
    if (bytes[p] === SPACE) p++
    if (bytes[p] === QUOTE) {
      const start = ++p
      let c = bytes[p]
      let hash = FNV_OFFSET
      while (c !== undefined && c !== QUOTE && c !== BACKSLASH) {
        hash = Math.imul(hash ^ c, FNV_PRIME)
        c = bytes[++p]
      }
      if (c === QUOTE) {
        cursor.stringStart = start
        cursor.stringEnd = p
        cursor.stringEscaped = false
        cursor.position = p + 1
        return this.find(cursor, hash)
      }
    }
    cursor.string()
    return this.add(cursor)
  }

  /** The number of the cursor's last string. */
  add(cursor: JsonCursor): number {
    const { bytes, stringStart, stringEnd } = cursor
    let hash = FNV_OFFSET
    for (let i = stringStart; i < stringEnd; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME)
    return this.find(cursor, hash)
  }

  private find(cursor: JsonCursor, hash: number): number {
    const { bytes, stringStart, stringEnd } = cursor
    const { slots, hashes, starts, lengths, pool } = this
    const length = stringEnd - stringStart
    const mask = slots.length - 1
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const number = slots[slot]! - 1
      if (number < 0) break
      if (hashes[slot] === hash && lengths[number] === length) {
        const other = starts[number]!
        let i = 0
        while (i < length && pool[other + i] === bytes[stringStart + i]) i++
        if (i === length) return number
      }
      slot = (slot + 1) & mask
    }
    return this.enter(cursor, hash, slot)
  }

  /**
   * Numbers to replace others by, so that equal texts have equal numbers: the first of those that were written in different ways, with
   * escapes and without. Null when no text held an escape.
   */
  canonical(): Int32Array | null {
    if (!this.escapes) return null
    const first = new Map<string, number>()
    return Int32Array.from(this.strings, (text, number) => {
      const known = first.get(text)
      if (known === undefined) first.set(text, number)
      return known ?? number
    })
  }

  private enter(cursor: JsonCursor, hash: number, slot: number): number {
    const number = this.strings.length
    this.escapes ||= cursor.stringEscaped
    this.strings.push(cursor.text())
    if (number === this.starts.length) this.growEntries()
    const { bytes, stringStart, stringEnd } = cursor
    const length = stringEnd - stringStart
    const start = this.poolLength
    if (start + length > this.pool.length) this.growPool(length)
    const { pool } = this
    for (let i = 0; i < length; i++) pool[start + i] = bytes[stringStart + i]!
    this.poolLength = start + length
    this.starts[number] = start
    this.lengths[number] = length
    this.slots[slot] = number + 1
    this.hashes[slot] = hash
    if (number * 2 > this.slots.length) this.growSlots()
    return number
  }

  private growPool(more: number): void {
    const pool = new Uint8Array(Math.max(this.pool.length * 2, this.poolLength + more))
    pool.set(this.pool)
    this.pool = pool
  }

  private growEntries(): void {
    const starts = new Int32Array(this.starts.length * 2)
    starts.set(this.starts)
    this.starts = starts
    const lengths = new Int32Array(this.lengths.length * 2)
    lengths.set(this.lengths)
    this.lengths = lengths
  }

  private growSlots(): void {
    const { slots, hashes } = this
    this.slots = new Int32Array(slots.length * 2)
    this.hashes = new Int32Array(slots.length * 2)
    const mask = this.slots.length - 1
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] === 0) continue
      const hash = hashes[i]!
      let slot = (hash ^ (hash >>> 15)) & mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask
      this.slots[slot] = slots[i]!
      this.hashes[slot] = hash
    }
  }
}
