// TIFF's skeleton: header and directories, classic and BigTIFF, both byte orders. Every count and offset is checked against the
// file's size and a limit before anything is allocated, so that a damaged file costs an error and nothing else.
import type { DemReader } from './dem-file.ts'
import { demUnreadable } from './dem-file.ts'

/** One entry of a directory: where its values stand. Small values are fetched at once, large tables on demand. */
export interface TiffEntry {
  type: number
  count: number
  /** Byte offset of the values in the file. */
  at: number
  /** The values' bytes when they are few; null for long tables. */
  bytes: Uint8Array | null
}

export interface TiffDirectory {
  entries: Map<number, TiffEntry>
  littleEndian: boolean
}

/** Bytes of one value by TIFF type code; 0 = a type that does not exist. */
export const TYPE_SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8] as const

const MAX_DIRECTORIES = 64
const MAX_ENTRIES = 1_024
const MAX_VALUE_BYTES = 1 << 20
const TABLES = new Set([273, 279, 324, 325])
const SUB_DIRECTORIES = 330

/** All directories of a file in order, sub-directories after their parent. */
export async function readDirectories(reader: DemReader, name: string): Promise<TiffDirectory[]> {
  const head = await take(reader, 0, Math.min(16, reader.size), name)
  const littleEndian = head[0] === 0x49 && head[1] === 0x49
  if (head.length < 8 || (!littleEndian && !(head[0] === 0x4d && head[1] === 0x4d))) {
    throw demUnreadable(name, 'it is no TIFF file')
  }
  const view = viewOf(head)
  const magic = view.getUint16(2, littleEndian)
  const big = magic === 43
  if (
    (!big && magic !== 42) ||
    (big && (head.length < 16 || view.getUint16(4, littleEndian) !== 8))
  ) {
    throw demUnreadable(name, 'it is no TIFF file')
  }
  const first = big ? big64(view, 8, littleEndian) : view.getUint32(4, littleEndian)
  const directories: TiffDirectory[] = []
  const seen = new Set<number>()
  const waiting = [first]
  while (waiting.length > 0) {
    const at = waiting.shift()!
    if (at === 0) continue
    if (seen.has(at)) throw demUnreadable(name, 'its directories point at each other in a circle')
    if (directories.length >= MAX_DIRECTORIES) {
      throw demUnreadable(name, `it has more than ${MAX_DIRECTORIES} directories`)
    }
    seen.add(at)
    const { directory, next } = await readDirectory(reader, at, big, littleEndian, name)
    directories.push(directory)
    const children = numbersOf(directory, SUB_DIRECTORIES) ?? []
    waiting.unshift(...children.slice(0, MAX_DIRECTORIES), next)
  }
  if (directories.length === 0) throw demUnreadable(name, 'it has no directory')
  return directories
}

async function readDirectory(
  reader: DemReader,
  at: number,
  big: boolean,
  littleEndian: boolean,
  name: string,
): Promise<{ directory: TiffDirectory; next: number }> {
  const countSize = big ? 8 : 2
  const entrySize = big ? 20 : 12
  const pointerSize = big ? 8 : 4
  const countView = viewOf(await take(reader, at, countSize, name))
  const count = big ? big64(countView, 0, littleEndian) : countView.getUint16(0, littleEndian)
  if (count === 0 || count > MAX_ENTRIES) {
    throw demUnreadable(name, `a directory claims ${count} entries`)
  }
  const body = await take(reader, at + countSize, count * entrySize + pointerSize, name)
  const view = viewOf(body)
  const entries = new Map<number, TiffEntry>()
  for (let i = 0; i < count; i++) {
    const from = i * entrySize
    const tag = view.getUint16(from, littleEndian)
    const type = view.getUint16(from + 2, littleEndian)
    const size = TYPE_SIZES[type] ?? 0
    if (size === 0) continue
    const values = big
      ? big64(view, from + 4, littleEndian)
      : view.getUint32(from + 4, littleEndian)
    const length = values * size
    const inline = from + (big ? 12 : 8)
    const inFile = big ? big64(view, inline, littleEndian) : view.getUint32(inline, littleEndian)
    const offset = length <= pointerSize ? at + countSize + inline : inFile
    if (offset + length > reader.size) {
      throw demUnreadable(name, `entry ${tag} of a directory points beyond the end of the file`)
    }
    let bytes: Uint8Array | null = null
    if (length <= pointerSize) bytes = body.slice(inline, inline + length)
    else if (!TABLES.has(tag) && length <= MAX_VALUE_BYTES) {
      bytes = await take(reader, offset, length, name)
    }
    entries.set(tag, { type, count: values, at: offset, bytes })
  }
  const tail = count * entrySize
  const next = big ? big64(view, tail, littleEndian) : view.getUint32(tail, littleEndian)
  return { directory: { entries, littleEndian }, next }
}

/** The numbers of an entry, or null when it is absent, not numeric or too long to have been fetched. */
export function numbersOf(directory: TiffDirectory, tag: number): number[] | null {
  const entry = directory.entries.get(tag)
  if (entry === undefined || entry.bytes === null) return null
  const view = viewOf(entry.bytes)
  const { littleEndian } = directory
  const numbers = new Array<number>(entry.count)
  for (let i = 0; i < entry.count; i++) {
    const value = numberAt(view, entry.type, i, littleEndian)
    if (value === null) return null
    numbers[i] = value
  }
  return numbers
}

/** First number of an entry, or `fallback` when there is none. */
export function numberOf(directory: TiffDirectory, tag: number, fallback: number): number {
  return numbersOf(directory, tag)?.[0] ?? fallback
}

/** Text of an ASCII entry up to its first NUL, or null. */
export function textOf(directory: TiffDirectory, tag: number): string | null {
  const bytes = directory.entries.get(tag)?.bytes
  if (bytes === undefined || bytes === null) return null
  let text = ''
  for (const byte of bytes) {
    if (byte === 0) break
    text += String.fromCharCode(byte)
  }
  return text
}

function numberAt(view: DataView, type: number, i: number, littleEndian: boolean): number | null {
  switch (type) {
    case 1:
    case 7:
      return view.getUint8(i)
    case 6:
      return view.getInt8(i)
    case 3:
      return view.getUint16(i * 2, littleEndian)
    case 8:
      return view.getInt16(i * 2, littleEndian)
    case 4:
    case 13:
      return view.getUint32(i * 4, littleEndian)
    case 9:
      return view.getInt32(i * 4, littleEndian)
    case 11:
      return view.getFloat32(i * 4, littleEndian)
    case 12:
      return view.getFloat64(i * 8, littleEndian)
    case 16:
    case 18:
      return big64(view, i * 8, littleEndian)
    default:
      return null
  }
}

/** An unsigned 64-bit number; what does not fit a double exactly is far beyond any file and fails the bounds check that follows. */
function big64(view: DataView, at: number, littleEndian: boolean): number {
  return Number(view.getBigUint64(at, littleEndian))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

async function take(
  reader: DemReader,
  offset: number,
  length: number,
  name: string,
): Promise<Uint8Array> {
  if (!(offset >= 0 && offset + length <= reader.size)) {
    throw demUnreadable(name, 'it is cut short or its directory points beyond its end')
  }
  const bytes = new Uint8Array(length)
  await reader.read(offset, bytes)
  return bytes
}
