// Whether a damaged file still has every row: what is wrong with it then lies in indexes, in pages that nothing uses, in the pointer map
// or in the list of tables, which can all be made anew. SQLite names the tree of every page that it finds fault with, and the pages that
// no tree leads to; of these the pointer map says what they were.
import { closeSync, openSync } from 'node:fs'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { isMapPage, readPointerMap, SORT } from './pointer-map.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

const MOST_LINES = 100_000
/**
 * What `integrity_check` says of indexes that do not fit their table. Which of the two is wrong, it cannot tell: it is the index where
 * pages of it are spoilt. Whatever is not known here counts as a fault of a table.
 */
const OF_INDEX =
  /^(?:wrong # of entries in|row \d+ missing from|non-unique entry in|row \d+ values differ from|rowid not at end-of-record for row \d+ of) index (.+)$/
/** Faults of what no row depends on. */
const OF_NOTHING = [
  /^ok$/,
  /^\*\*\* in database main \*\*\*$/,
  /^Freelist: /,
  /^max rootpage \(\d+\) disagrees with header/,
  /^incremental_vacuum enabled with a max rootpage of zero/,
  /^(?:Tree \d+ [^:]*: )?(?:Bad ptr map entry|Failed to read ptrmap) key=/,
]
const OF_TREE = /^Tree (\d+)(?: |:)/
const OF_PAGE = /^Page (\d+): (?:never used|pointer map referenced)$/

/** `file`: a copy without a log, whose own indexes may be dropped. Throws what the disk says. */
export function hasWholeTables(file: string, options: AddonOptions = {}): boolean {
  let connection: Connection | null = null
  try {
    connection = connect(file, { ...options, fileMustExist: true })
    const indexes = new Map(
      connection
        .prepare(`SELECT rootpage, name FROM sqlite_schema WHERE type = 'index'`)
        .raw()
        .all() as [number, string][],
    )
    let lines = faultsOf(connection)
    /** Names of indexes that pages are spoilt of. */
    const spoilt = new Set<string>()
    if (lines === null) {
      // SQLite gave up on a page. Without the indexes that can go it says what is wrong with the rest.
      for (const name of dropIndexes(connection)) spoilt.add(name)
      connection.close()
      connection = connect(file, { ...options, readonly: true })
      lines = faultsOf(connection)
    }
    if (lines === null || lines.length >= MOST_LINES) return false
    const lost = new Set<number>()
    /** Names of indexes that do not fit their table. */
    const unfit = new Set<string>()
    for (const line of lines) {
      const page = OF_PAGE.exec(line)?.[1]
      const index = OF_INDEX.exec(line)?.[1]
      const tree = OF_TREE.exec(line)?.[1]
      if (page !== undefined) lost.add(Number(page))
      else if (index !== undefined) unfit.add(index)
      else if (OF_NOTHING.some((pattern) => pattern.test(line))) continue
      else if (tree !== undefined && indexes.has(Number(tree))) {
        spoilt.add(indexes.get(Number(tree))!)
      } else return false
    }
    for (const root of rootsOf(file, lost)) {
      const name = indexes.get(root)
      if (name !== undefined) spoilt.add(name)
      else if (root !== NO_TREE && root !== LIST_OF_TABLES) return false
    }
    return [...unfit].every((name) => spoilt.has(name))
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return false
  } finally {
    connection?.close()
  }
}

/** Line by line what SQLite finds; null when it stops at a page that it cannot read. */
function faultsOf(connection: Connection): string[] | null {
  const check = connection.prepare(`PRAGMA integrity_check(${MOST_LINES})`).pluck()
  try {
    return (check.all() as string[]).flatMap((text) => text.split('\n'))
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return null
  }
}

/** Takes the indexes that are no part of a table's definition off the list; answers their names. */
function dropIndexes(connection: Connection): string[] {
  connection.unsafeMode(true)
  connection.pragma('writable_schema = ON')
  return connection
    .prepare(`DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL RETURNING name`)
    .pluck()
    .all() as string[]
}

const NO_TREE = 0
const LIST_OF_TABLES = 1

/**
 * First pages of the trees that pages belonged to which no tree leads to, NO_TREE for free pages and maps, as the pointer map says; -1
 * where that makes no sense.
 */
function rootsOf(file: string, lost: ReadonlySet<number>): Set<number> {
  const roots = new Set<number>()
  if (lost.size === 0) return roots
  const entries = new Map<number, { sort: number; parent: number }>()
  const handle = openSync(file, 'r')
  try {
    for (const { page, sort, parent } of readPointerMap(handle)) entries.set(page, { sort, parent })
  } finally {
    closeSync(handle)
  }
  for (const page of lost) {
    if (isMapPage(page) || entries.get(page)?.sort === SORT.free) roots.add(NO_TREE)
    else roots.add(rootOf(page, entries))
  }
  return roots
}

/** No tree of ours is as high as this, nor any value as long. */
const MOST_STEPS = 100_000

function rootOf(page: number, entries: Map<number, { sort: number; parent: number }>): number {
  for (let at = page, steps = 0; steps < MOST_STEPS; steps++) {
    if (at === LIST_OF_TABLES) return at
    const entry = entries.get(at)
    if (entry?.sort === SORT.root) return at
    if (entry === undefined || entry.sort === SORT.free || entry.sort > SORT.inner) return -1
    at = entry.parent
  }
  return -1
}
