// A file that is read while it is decoded, through a window that is used again and again: its text never stands in memory whole.

/** Bytes that lie somewhere else and are read when they are needed. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number
  /** Reads into the start of `into` what stands at `position`; answers how many bytes, 0 at the end. */
  read(into: Uint8Array, position: number): number
}

/** All of it. */
export function readSource(source: ByteSource): Uint8Array {
  const bytes = new Uint8Array(source.size)
  return bytes.subarray(0, fill(source, bytes, 0))
}

export class SourceWindow {
  /** What can be seen now. */
  bytes: Uint8Array
  /** Where the first of these bytes stands in the source. */
  base = 0
  /** Whether nothing stands behind these bytes. */
  last: boolean
  private readonly source: ByteSource
  private readonly buffer: Uint8Array

  constructor(source: ByteSource, length: number) {
    this.source = source
    this.buffer = new Uint8Array(length)
    const count = fill(source, this.buffer, 0)
    this.bytes = this.buffer.subarray(0, count)
    this.last = count < length
  }

  /** Moves the window on: what stood at `from` in `bytes` is its first byte then. */
  moveTo(from: number): void {
    const { buffer, bytes } = this
    this.base += from
    const kept = bytes.length - from
    buffer.copyWithin(0, from, bytes.length)
    const count = fill(this.source, buffer.subarray(kept), this.base + kept)
    this.last = kept + count < buffer.length
    this.bytes = this.last ? buffer.subarray(0, kept + count) : buffer
  }
}

/** Fills `into` from `position` on; answers how far it came. */
function fill(source: ByteSource, into: Uint8Array, position: number): number {
  let done = 0
  while (done < into.length) {
    const count = source.read(into.subarray(done), position + done)
    if (count === 0) break
    done += count
  }
  return done
}
