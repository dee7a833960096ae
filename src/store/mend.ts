// A database whose header alone is damaged holds every row that was ever in it. Here a copy gets a header that fits the rest of
// the file, and is taken only when it then passes everything that a start asks of a sound database. The original is never touched.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { findDamage } from './damage.ts'
import { rebuildFreeList } from './free-list.ts'
import {
  HEADER_BYTES,
  type HeaderFacts,
  isStrangeHeader,
  PAGE_BYTES,
  rebuildHeader,
} from './header.ts'
import { firstPageInLog } from './mend-log.ts'
import { remembersOurSteps, stepsRemembered } from './migrate.ts'
import { type AddonOptions, connect, sqliteCode } from './sqlite.ts'

/** Logs that belong to the state of a database file. */
const LOGS = ['-wal', '-journal']

/**
 * Whether the header says what no header of ours says: the one in the log when there is one, because that in the file of a young
 * database, whose log was never moved into it, is not finished.
 */
export function hasStrangeHeader(file: string): boolean {
  if (statSync(file).size < HEADER_BYTES) return false
  const handle = openSync(file, 'r')
  try {
    if (!isStrangeHeader(readHeader(handle))) return false
  } finally {
    closeSync(handle)
  }
  const page = firstPageInLog(file)
  return page === null || isStrangeHeader(page)
}

/**
 * Makes `copy` out of `file` and its logs, with the header written anew. `whole`: nothing at all is wrong with the copy, so that
 * it holds every row. `part`: it can be read, but something else is damaged too. `none`: the header is of no help. Throws what
 * the disk says.
 */
export function mendHeader(
  file: string,
  copy: string,
  options: AddonOptions = {},
): 'whole' | 'part' | 'none' {
  removeMended(copy)
  for (const suffix of ['', ...LOGS]) {
    if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix)
  }
  try {
    const hasMaps = hasPointerMaps(copy)
    patch(copy, (header, fileBytes) => {
      return rebuildHeader(header, { fileBytes, hasMaps, largestRoot: null, userVersion: null })
    })
    const facts = settle(copy, options)
    if (facts === null) return 'none'
    patch(copy, (header, fileBytes) => rebuildHeader(header, { fileBytes, hasMaps, ...facts }))
    if (findDamage(copy, options) === null) return 'whole'
    if (facts.largestRoot === 0) return 'part'
    const list = openSync(copy, 'r+')
    try {
      rebuildFreeList(list)
      fsyncSync(list)
    } finally {
      closeSync(list)
    }
    return findDamage(copy, options) === null ? 'whole' : 'part'
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return 'none'
  }
}

/** Removes a copy that was not taken, or that a killed program left. */
export function removeMended(copy: string): void {
  for (const suffix of ['', ...LOGS, '-shm']) rmSync(copy + suffix, { force: true })
}

/** Moves the log into the file and answers what its tables say about its header; null when they are not ours. */
function settle(
  copy: string,
  options: AddonOptions,
): Pick<HeaderFacts, 'largestRoot' | 'userVersion'> | null {
  const connection = connect(copy, { ...options, fileMustExist: true })
  try {
    connection.pragma('synchronous = FULL')
    connection.pragma('wal_checkpoint(TRUNCATE)')
    if (!remembersOurSteps(connection)) return null
    const largest = connection.prepare('SELECT max(rootpage) FROM sqlite_schema').pluck()
    const hasMaps = connection.pragma('auto_vacuum', { simple: true }) !== 0
    return {
      largestRoot: hasMaps ? (largest.get() as number) : 0,
      userVersion: stepsRemembered(connection),
    }
  } finally {
    connection.close()
  }
}

/** The map of a file that has them is page 2, and its first entry says that page 3 is where a table begins. */
function hasPointerMaps(file: string): boolean {
  const handle = openSync(file, 'r')
  try {
    const entry = Buffer.alloc(5)
    readSync(handle, entry, 0, entry.length, PAGE_BYTES)
    return entry.equals(Buffer.from([1, 0, 0, 0, 0]))
  } finally {
    closeSync(handle)
  }
}

function patch(file: string, rebuild: (header: Buffer, fileBytes: number) => Buffer): void {
  const handle = openSync(file, 'r+')
  try {
    writeSync(handle, rebuild(readHeader(handle), fstatSync(handle).size), 0, HEADER_BYTES, 0)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function readHeader(handle: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  readSync(handle, header, 0, HEADER_BYTES, 0)
  return header
}
