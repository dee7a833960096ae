// SQLite's list of tables, indexes and triggers: what it must be after each of our steps, and whether it is. A bit that flips in the
// text of a table is no damage to SQLite: the table has another name then, or another rule.
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { sha256Hex } from '../base/hash.ts'
import { schemaVersion } from './migrate.ts'
import type { Migration } from './sql/migrations.ts'
import {
  type AddonOptions,
  type Connection,
  connect,
  prepareEmptyFile,
  sqliteCode,
} from './sqlite.ts'

/** A row of `sqlite_schema`: sort, name, table, first page, text. */
export type Entry = [string, string, string, number, string | null]

const DIGEST = 'schema.list'

export const entriesOf = (connection: Connection): Entry[] =>
  connection
    .prepare('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid')
    .raw()
    .all() as Entry[]

/** The list after each step. */
export function listsOf(migrations: readonly Migration[], options: AddonOptions): Entry[][] {
  const empty = connect(':memory:', options)
  try {
    prepareEmptyFile(empty)
    return migrations.map((step) => {
      empty.exec('BEGIN')
      empty.exec(step.sql)
      step.fill?.(empty)
      empty.exec('COMMIT')
      return entriesOf(empty)
    })
  } finally {
    empty.close()
  }
}

const digestOf = (entries: readonly Entry[]): string => sha256Hex(JSON.stringify(entries))

/** The list is as it should be: the next start need not make another to compare it with. */
export function rememberList(connection: Connection): void {
  const digest = digestOf(entriesOf(connection))
  const known = connection.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(DIGEST)
  if (known === digest) return
  connection.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(DIGEST, digest)
}

/**
 * Whether something is missing in the list, or says something else than our steps wrote. What somebody added does no harm. Call for a file
 * that SQLite finds sound.
 */
export function isListDamaged(
  file: string,
  migrations: readonly Migration[],
  options: AddonOptions = {},
): boolean {
  const connection = connect(file, { ...options, readonly: true, fileMustExist: true })
  try {
    const entries = entriesOf(connection)
    if (entries.length === 0 || digestOf(entries) === rememberedOf(connection)) return false
    const version = schemaVersion(connection)
    const wanted = listsOf(
      migrations.filter((step) => step.version <= version),
      options,
    ).at(-1)
    // A newer program's list is not ours to judge.
    if (wanted === undefined || version > migrations.at(-1)!.version) return false
    const found = new Set(entries.map(said))
    return !wanted.every((entry) => found.has(said(entry)))
  } finally {
    connection.close()
  }
}

/** Where a tree begins depends on how the file was made; SQLite looks after that itself. */
const said = ([type, name, table, , sql]: Entry): string => JSON.stringify([type, name, table, sql])

function rememberedOf(connection: Connection): unknown {
  try {
    return connection.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(DIGEST)
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return undefined
  }
}
