// The last resort when a database is damaged and no backup is sound: every row that can still be read goes into a fresh file.
// What is missing afterwards shows: the audit log says that its chain is broken, results that are gone are RESULT_CORRUPT.
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { createPrivately } from './folders.ts'
import { migrate, schemaVersion } from './migrate.ts'
import type { Migration } from './sql/migrations.ts'
import {
  type AddonOptions,
  type Connection,
  connect,
  prepareEmptyFile,
  sqliteCode,
} from './sqlite.ts'

/** How many rows of each table were saved. */
export type Salvaged = Readonly<Record<string, number>>

interface Copied {
  rows: Salvaged
  /** Every table was read from its first row to its last, and every row was taken. */
  isWhole: boolean
}

/**
 * Copies what can be read of `damaged` into the new file `fresh`, which gets the schema that the damaged one had. Null when not
 * one row can be read; `fresh` is then of no use. Throws what the disk says.
 */
export function salvage(
  damaged: string,
  fresh: string,
  migrations: readonly Migration[],
  options: AddonOptions = {},
): Copied | null {
  let from: Connection | null = null
  let to: Connection | null = null
  try {
    from = connect(damaged, { ...options, readonly: true, fileMustExist: true })
    // Of a file that ends too early SQLite reads nothing at all, unless it is told that one knows.
    from.unsafeMode(true)
    from.pragma('writable_schema = ON')
    const version = schemaVersion(from)
    createPrivately(fresh)
    to = connect(fresh, options)
    prepareEmptyFile(to)
    to.pragma('synchronous = FULL')
    migrate(
      to,
      migrations.filter((step) => step.version <= version),
      () => {},
    )
    // Rows come table by table; who refers to a lost one goes afterwards.
    to.pragma('foreign_keys = OFF')
    const copied = copyAll(from, to)
    const total = Object.values(copied.rows).reduce((sum, count) => sum + count, 0)
    return total === 0 ? null : copied
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return null
  } finally {
    from?.close()
    to?.close()
  }
}

function copyAll(from: Connection, to: Connection): Copied {
  const rows: Record<string, number> = {}
  let isWhole = true
  const tables = to
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
    .pluck()
    .all() as string[]
  to.transaction(() => {
    for (const table of tables) {
      const copied = copyTable(from, to, table)
      rows[table] = copied.count
      isWhole &&= copied.isWhole
    }
    // Tables are made after those they refer to, so one pass in that order leaves no row without its parent.
    for (const table of tables) {
      const orphans = dropOrphans(to, table)
      rows[table]! -= orphans
      isWhole &&= orphans === 0
    }
  })()
  return { rows, isWhole }
}

interface Column {
  name: string
  /** Place in the primary key, from 1; 0 = not in it. */
  pk: number
}

/** Forward to the first page that cannot be read, then backward from the end to it. */
function copyTable(
  from: Connection,
  to: Connection,
  table: string,
): { count: number; isWhole: boolean } {
  const columns = to.pragma(`table_info(${table})`) as Column[]
  const names = columns.map(({ name }) => name).join(', ')
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)
  const backward = key.map(({ name }) => `${name} DESC`).join(', ') || 'rowid DESC'
  const insert = to.prepare(
    `INSERT OR IGNORE INTO ${table} (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  const stored = to.prepare(`SELECT count(*) FROM ${table}`).pluck()
  let count = 0
  let read = 0
  for (const order of ['', ` ORDER BY ${backward}`]) {
    try {
      // NOT INDEXED: a damaged index must not hide rows that are sound.
      const rows = from.prepare(`SELECT ${names} FROM ${table} NOT INDEXED${order}`).raw()
      for (const row of rows.iterate()) {
        read++
        count += put(insert, row as unknown[])
      }
      // The steps of the schema are remembered in the fresh file already.
      return { count, isWhole: order === '' && stored.get() === read }
    } catch (error) {
      if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    }
  }
  return { count, isWhole: false }
}

/** 1 when the row was taken; 0 when it was there already, or is no row that the schema allows. */
function put(insert: ReturnType<Connection['prepare']>, row: unknown[]): number {
  try {
    return insert.run(row).changes
  } catch (error) {
    if (sqliteCode(error)?.startsWith('SQLITE_CONSTRAINT')) return 0
    throw error
  }
}

/** Removes rows whose parent was lost; answers how many. */
function dropOrphans(to: Connection, table: string): number {
  let count = 0
  const references = to.pragma(`foreign_key_list(${table})`) as {
    table: string
    from: string
    to: string
  }[]
  for (const { table: parent, from: column, to: target } of references) {
    count += to
      .prepare(
        `DELETE FROM ${table} WHERE ${column} IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM ${parent} AS parent WHERE parent.${target} = ${table}.${column})`,
      )
      .run().changes
  }
  return count
}
