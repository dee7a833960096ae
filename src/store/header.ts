// The first hundred bytes of the database file (https://www.sqlite.org/fileformat.html#the_database_header). Nothing in them is
// anybody's work: what they say is the same in every file of ours, or follows from the rest of the file.
import { APPLICATION_ID } from './sqlite.ts'

export const HEADER_BYTES = 100
export const PAGE_BYTES = 4096
/** Offsets: numbers are big-endian, four bytes unless said otherwise. */
const AT = {
  pageSize: 16, // two bytes
  writeVersion: 18, // one byte
  readVersion: 19, // one byte
  reserved: 20, // one byte
  changeCounter: 24,
  pageCount: 28,
  schemaFormat: 44,
  cacheSize: 48,
  largestRoot: 52,
  encoding: 56,
  userVersion: 60,
  incrementalVacuum: 64,
  applicationId: 68,
  unused: 72, // twenty bytes
  validFor: 92,
} as const

/** What the rest of the file says about its header; null = leave what is there. */
export interface HeaderFacts {
  fileBytes: number
  /** Whether the file has pointer maps; it then must say so. */
  hasMaps: boolean
  largestRoot: number | null
  userVersion: number | null
}

/**
 * The header as it must be. Kept of the old one: counters that any value does for, the list of free pages (free-list.ts), and whether
 * the file is in WAL mode, unless that makes no sense.
 */
export function rebuildHeader(found: Uint8Array, facts: HeaderFacts): Buffer {
  const header = Buffer.from(found.subarray(0, HEADER_BYTES))
  const number = (at: number): number => header.readUInt32BE(at)
  header.write('SQLite format 3\0', 0, 'latin1')
  header.writeUInt16BE(PAGE_BYTES, AT.pageSize)
  const version = header[AT.writeVersion]!
  if (version !== header[AT.readVersion] || version < 1 || version > 2) {
    header.fill(2, AT.writeVersion, AT.reserved)
  }
  header.set([0, 64, 32, 32], AT.reserved)
  header.writeUInt32BE(Math.floor(facts.fileBytes / PAGE_BYTES), AT.pageCount)
  header.writeUInt32BE(4, AT.schemaFormat)
  header.writeUInt32BE(0, AT.cacheSize)
  header.writeUInt32BE(1, AT.encoding)
  // Both are zero in a file that was made without pointer maps.
  if (facts.hasMaps || number(AT.largestRoot) !== 0 || number(AT.incrementalVacuum) !== 0) {
    header.writeUInt32BE(1, AT.incrementalVacuum)
    const largest = facts.largestRoot ?? Math.max(1, number(AT.largestRoot))
    header.writeUInt32BE(largest, AT.largestRoot)
  }
  if (facts.userVersion !== null) header.writeUInt32BE(facts.userVersion, AT.userVersion)
  header.writeUInt32BE(APPLICATION_ID, AT.applicationId)
  header.fill(0, AT.unused, AT.validFor)
  // Only where these two agree is the number of pages believed.
  header.copyWithin(AT.validFor, AT.changeCounter, AT.changeCounter + 4)
  return header
}

/** Whether anything stands in the header that this program never writes, though SQLite may live with it. */
export function isStrangeHeader(found: Uint8Array): boolean {
  const fact = { fileBytes: 0, hasMaps: false, largestRoot: null, userVersion: null }
  const right = rebuildHeader(found, fact)
  // While a log waits beside the file its size may be ahead of its header; the counters are SQLite's own affair.
  const own: readonly number[] = [AT.pageCount, AT.validFor]
  for (const at of own) right.set(found.subarray(at, at + 4), at)
  return !right.equals(found.subarray(0, HEADER_BYTES))
}
