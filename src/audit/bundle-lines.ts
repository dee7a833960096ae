// Reads a file line by line as bytes, without holding it whole and without making a string of it.
import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK = 4 * 1024 * 1024

export interface LineBytes {
  /** Valid until the next call. The byte before `start` belongs to the caller. */
  bytes: Buffer
  start: number
  /** Exclusive, without the newline. */
  end: number
}

export class BytesByLine {
  readonly #handle: number
  #buffer = Buffer.alloc(CHUNK + 1)
  /** Unread bytes lie in [from, to); the byte before them is always there. */
  #from = 1
  #to = 1
  #done = false
  /** The file ended without a newline; what came after the last one is not given out. */
  torn = false

  constructor(file: string) {
    this.#handle = openSync(file, 'r')
  }

  next(): LineBytes | null {
    for (let looked = this.#from; ; ) {
      const end = this.#buffer.subarray(0, this.#to).indexOf(10, looked)
      if (end >= 0) {
        const start = this.#from
        this.#from = end + 1
        return { bytes: this.#buffer, start, end }
      }
      if (this.#done) {
        this.torn = this.#from < this.#to
        return null
      }
      const unread = this.#to - this.#from
      this.#fill()
      looked = this.#from + unread
    }
  }

  #fill(): void {
    const unread = this.#to - this.#from
    const target =
      unread * 2 > this.#buffer.length ? Buffer.alloc(this.#buffer.length * 2) : this.#buffer
    this.#buffer.copy(target, 1, this.#from, this.#to)
    this.#buffer = target
    this.#from = 1
    this.#to = 1 + unread
    const read = readSync(this.#handle, target, this.#to, target.length - this.#to, null)
    this.#to += read
    if (read === 0) {
      this.#done = true
      closeSync(this.#handle)
    }
  }
}
