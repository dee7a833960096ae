// A ZIP archive as a stream: deflated, sizes after the data, so that nothing is held in memory. Archives stay below 4 GiB
// (about fifteen million audit entries); more is refused, not written wrong.
import { Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'
import type { BundleFile } from './bundle.ts'

const LOCAL = 0x04034b50
const DESCRIPTOR = 0x08074b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
/** Sizes follow the data; the name is UTF-8. */
const FLAGS = 0x0808
const DEFLATED = 8
const VERSION = 20
/** 1 January 1980: an archive of the same log is the same bytes. */
const DATE = 0x0021
const LIMIT = 0xffff_fffe

interface Written {
  name: Buffer
  crc: number
  packed: number
  size: number
  offset: number
}

/** Values with their width in bytes, little-endian, one after the other. */
function record(fields: readonly [number, 2 | 4][], tail: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [, width]) => sum + width, 0))
  let at = 0
  for (const [value, width] of fields) {
    bytes.writeUIntLE(value, at, width)
    at += width
  }
  return Buffer.concat([bytes, tail])
}

function* counted(chunks: Iterable<Uint8Array>, file: Written): Iterable<Uint8Array> {
  for (const chunk of chunks) {
    file.crc = crc32(chunk, file.crc)
    file.size += chunk.length
    yield chunk
  }
}

export async function* zipStream(files: readonly BundleFile[]): AsyncGenerator<Uint8Array> {
  const written: Written[] = []
  let offset = 0
  for (const { name, chunks } of files) {
    const file: Written = { name: Buffer.from(name), crc: 0, packed: 0, size: 0, offset }
    const head: [number, 2 | 4][] = [
      [LOCAL, 4],
      [VERSION, 2],
      [FLAGS, 2],
      [DEFLATED, 2],
      [0, 2],
      [DATE, 2],
      [0, 4],
      [0, 4],
      [0, 4],
      [file.name.length, 2],
      [0, 2],
    ]
    const header = record(head, file.name)
    yield header
    const packed = Readable.from(counted(chunks, file)).compose(createDeflateRaw({ level: 1 }))
    for await (const chunk of packed) {
      file.packed += (chunk as Buffer).length
      yield chunk as Buffer
    }
    if (offset + file.packed > LIMIT || file.size > LIMIT) {
      throw new RangeError('an archive of 4 GiB or more; export to a folder instead')
    }
    const descriptor = record([
      [DESCRIPTOR, 4],
      [file.crc, 4],
      [file.packed, 4],
      [file.size, 4],
    ])
    yield descriptor
    offset += header.length + file.packed + descriptor.length
    written.push(file)
  }
  const start = offset
  for (const file of written) {
    const entry = centralRecord(file)
    offset += entry.length
    yield entry
  }
  yield record([
    [END, 4],
    [0, 4],
    [written.length, 2],
    [written.length, 2],
    [offset - start, 4],
    [start, 4],
    [0, 2],
  ])
}

function centralRecord({ name, crc, packed, size, offset }: Written): Buffer {
  const fields: [number, 2 | 4][] = [
    [CENTRAL, 4],
    [VERSION, 2],
    [VERSION, 2],
    [FLAGS, 2],
    [DEFLATED, 2],
    [0, 2],
    [DATE, 2],
    [crc, 4],
    [packed, 4],
    [size, 4],
    [name.length, 2],
    [0, 4],
    [0, 4],
    [0, 4],
    [offset, 4],
  ]
  return record(fields, name)
}
