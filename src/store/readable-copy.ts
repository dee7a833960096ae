// A database whose list of tables is spoilt: the rows are there, but SQLite does not know where they begin. The same steps make the
// same list with the same first pages in every file with pointer maps, whatever the tables hold, because such a file keeps all first
// pages together at its front: so a copy is given the list of an empty database of its age, and the rows are read from there.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { HEADER_BYTES, type HeaderFacts, PAGE_BYTES, rebuildHeader } from './header.ts'
import { remembersOurSteps, stepsRemembered } from './migrate.ts'
import { type Entry, entriesOf, listsOf } from './schema-list.ts'
import type { Migration } from './sql/migrations.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

/**
 * Makes `copy` out of `file` and its log, for reading: with the list of tables that the file must have had where its own is spoilt. False
 * when no list fits. Throws what the disk says.
 */
export function makeReadable(
  file: string,
  copy: string,
  migrations: readonly Migration[],
  options: AddonOptions = {},
): boolean {
  removeReadable(copy)
  if (!foldLog(file, copy, options)) return false
  const lists = listsOf(migrations, options)
  if (lists.some((list) => readsAs(copy, list, options))) return true
  for (const [i, list] of [...lists.entries()].reverse()) {
    try {
      lend(copy, list, options)
      if (isOfStep(copy, migrations[i]!.version, options)) return true
    } catch (error) {
      if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    }
  }
  return false
}

/** Removes a copy that has served, or that a killed program left. */
export function removeReadable(copy: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(copy + suffix, { force: true })
}

/** The copy holds what file and log hold together. False: SQLite can make nothing of them. */
function foldLog(file: string, copy: string, options: AddonOptions): boolean {
  for (const suffix of ['', '-wal', '-journal']) {
    if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix)
  }
  const handle = openSync(copy, 'r+')
  try {
    // Without a header that says what it must, SQLite does not even look into the log.
    const header = Buffer.alloc(HEADER_BYTES)
    readSync(handle, header, 0, HEADER_BYTES, 0)
    writeSync(handle, rebuildHeader(header, factsOf(fstatSync(handle).size)), 0, HEADER_BYTES, 0)
  } finally {
    closeSync(handle)
  }
  const connection = connectFreely(copy, options)
  try {
    connection.pragma('wal_checkpoint(TRUNCATE)')
    return true
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return false
  } finally {
    connection.close()
  }
}

/** What is wrong with the list of tables is known: this connection works all the same, and may write it. */
function connectFreely(copy: string, options: AddonOptions): Connection {
  const connection = connect(copy, { ...options, fileMustExist: true })
  connection.unsafeMode(true)
  connection.pragma('writable_schema = ON')
  return connection
}

const factsOf = (fileBytes: number): HeaderFacts => ({
  fileBytes,
  hasMaps: false,
  largestRoot: null,
  userVersion: null,
})

function readsAs(file: string, list: readonly Entry[], options: AddonOptions): boolean {
  let connection: Connection | null = null
  try {
    connection = connect(file, { ...options, fileMustExist: true })
    return JSON.stringify(entriesOf(connection)) === JSON.stringify(list)
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return false
  } finally {
    connection?.close()
  }
}

/** Makes the list empty in the file's first page, then has SQLite write this one behind everything else. */
function lend(copy: string, list: readonly Entry[], options: AddonOptions): void {
  const handle = openSync(copy, 'r+')
  try {
    writeSync(handle, emptyFirstPage(fstatSync(handle).size), 0, PAGE_BYTES, 0)
  } finally {
    closeSync(handle)
  }
  const connection = connectFreely(copy, options)
  try {
    const insert = connection.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)')
    connection.transaction(() => {
      for (const entry of list) insert.run(entry)
    })()
  } finally {
    connection.close()
  }
}

/** Page 1 of a file without pointer maps and free pages, so that new pages come after all others, and without a log. */
function emptyFirstPage(fileBytes: number): Buffer {
  const page = Buffer.alloc(PAGE_BYTES)
  rebuildHeader(Buffer.alloc(HEADER_BYTES), factsOf(fileBytes)).copy(page)
  page.fill(1, 18, 20)
  // An empty leaf of a table: its sort, and where its cells begin.
  page[HEADER_BYTES] = 13
  page.writeUInt16BE(PAGE_BYTES, HEADER_BYTES + 5)
  return page
}

/** Whether the tables found through the list are those of a database that went through this step last. */
function isOfStep(file: string, version: number, options: AddonOptions): boolean {
  const connection = connect(file, { ...options, readonly: true })
  try {
    return remembersOurSteps(connection) && stepsRemembered(connection) === version
  } finally {
    connection.close()
  }
}
