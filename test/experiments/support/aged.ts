// A database of an older schema with all that a program of that time would have left in it, and whether all of it is still there later.
import { createHash } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { MIGRATIONS } from '../../../src/store/sql/migrations.ts'
import { APPLICATION_ID } from '../../../src/store/sqlite.ts'
import { LATER } from './later-step.ts'

const fileOf = (dataFolder: string): string => path.join(dataFolder, 'sisrua.db')

/** The schema as text: every table, index and trigger. */
const schemaOf = (db: Database.Database): string =>
  JSON.stringify(db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all())

/** What the file should look like at each version: an empty database brought there in memory. */
export function schemas(): string[] {
  return [...MIGRATIONS, LATER].map((_, n) => {
    const db = new Database(':memory:')
    try {
      for (const { sql } of [...MIGRATIONS, LATER].slice(0, n + 1)) db.exec(sql)
      return schemaOf(db)
    } finally {
      db.close()
    }
  })
}

/** The version the file says it has, if its tables are those of that version; else `half`. */
export function stateOf(dataFolder: string, expected: readonly string[]): number | 'half' {
  const db = new Database(fileOf(dataFolder))
  try {
    const version = db.pragma('user_version', { simple: true }) as number
    return schemaOf(db) === expected[version - 1] ? version : 'half'
  } finally {
    db.close()
  }
}

const tablesIn = (db: Database.Database, schema = 'main'): string[] =>
  db
    .prepare(
      `SELECT name FROM ${schema}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
    )
    .pluck()
    .all() as string[]

const columnsIn = (db: Database.Database, table: string, schema = 'main'): string[] =>
  db
    .prepare(`SELECT name FROM pragma_table_info('${table}', '${schema}')`)
    .pluck()
    .all() as string[]

/** The same rows in a database of an older schema: what its program would have left behind. */
export function age(dataFolder: string, version: number): void {
  const file = fileOf(dataFolder)
  renameSync(file, `${file}.new`)
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  const db = new Database(file)
  db.pragma('page_size = 4096')
  db.pragma('auto_vacuum = INCREMENTAL')
  db.pragma(`application_id = ${APPLICATION_ID}`)
  db.pragma('foreign_keys = OFF')
  for (const { sql } of MIGRATIONS.slice(0, version)) db.exec(sql)
  const triggers = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all() as { name: string; sql: string }[]
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)
  db.prepare('ATTACH ? AS new').run(`${file}.new`)
  for (const table of tablesIn(db)) {
    const known = new Set(columnsIn(db, table, 'new'))
    const shared = columnsIn(db, table)
      .filter((name) => known.has(name))
      .join(', ')
    db.exec(`INSERT INTO main.${table} (${shared}) SELECT ${shared} FROM new.${table}`)
  }
  db.prepare("DELETE FROM meta WHERE key GLOB 'migration.*' AND substr(key, 11) + 0 > ?").run(
    version,
  )
  // What a program of that time could not have known: its own list of tables, and how far entries were looked up.
  db.exec("DELETE FROM meta WHERE key = 'schema.list'")
  if (!tablesIn(db).includes('audit_of_entity'))
    db.exec("DELETE FROM meta WHERE key = 'audit.looked_up'")
  for (const { sql } of triggers) db.exec(sql)
  db.pragma(`user_version = ${version}`)
  db.close()
  rmSync(`${file}.new`)
}

/** Of each table: its columns, how many rows, and a digest over them in an order of their own. */
export type Content = ReadonlyMap<string, { columns: string[]; rows: number; digest: string }>

/** `like`: only the tables and columns of that content. */
export function contentOf(dataFolder: string, like?: Content): Content {
  const db = new Database(fileOf(dataFolder))
  try {
    const tables = like === undefined ? tablesIn(db) : [...like.keys()]
    return new Map(
      tables.map((table) => {
        const columns = like?.get(table)?.columns ?? columnsIn(db, table)
        const list = columns.join(', ')
        // What every start writes is not what a step must keep.
        const which =
          table === 'meta' ? "WHERE key <> 'schema.list' AND key NOT GLOB 'migration.*'" : ''
        const rows = db
          .prepare(`SELECT ${list} FROM ${table} ${which} ORDER BY ${list}`)
          .raw()
          .all()
        const digest = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
        return [table, { columns, rows: rows.length, digest }]
      }),
    )
  } finally {
    db.close()
  }
}

/** Tables whose rows are not the same any more. Throws when one, or a column of it, is gone. */
export function changedTables(dataFolder: string, before: Content): string[] {
  const after = contentOf(dataFolder, before)
  return [...before].flatMap(([table, { digest }]) =>
    after.get(table)!.digest === digest ? [] : [table],
  )
}
