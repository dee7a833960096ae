// Brings a database to today's schema: each step once, in order, its checksum kept. A newer database is refused.
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { MIGRATIONS, type Migration } from './sql/migrations.ts'
import { type Connection, sqliteCode } from './sqlite.ts'
import { strayRows } from './stray-rows.ts'

const NEWEST = MIGRATIONS.at(-1)!.version

/**
 * How many steps this file has seen: `user_version`, unless that number is damaged. It is when the file remembers more steps,
 * or when it alone speaks of a newer program: every step is remembered in the transaction that counts it.
 */
export function schemaVersion(connection: Connection): number {
  const counted = userVersion(connection)
  const remembered = stepsRemembered(connection)
  const isAlone = counted > NEWEST && remembered > 0 && remembered <= NEWEST
  return isAlone ? remembered : Math.max(counted, remembered)
}

const userVersion = (connection: Connection): number =>
  connection.pragma('user_version', { simple: true }) as number

/** The last step whose checksum is kept; 0 where that cannot be read. */
export function stepsRemembered(connection: Connection): number {
  try {
    const last = connection
      .prepare(
        `SELECT max(CAST(substr(key, 11) AS INTEGER)) FROM meta WHERE key GLOB 'migration.[1-9]*'`,
      )
      .pluck()
    return (last.get() as number | null) ?? 0
  } catch (error) {
    if (sqliteCode(error) === null) throw error
    return 0
  }
}

/** Whether the file went through this program's first step: no other program remembers that. */
export function remembersOurSteps(connection: Connection): boolean {
  try {
    const first = connection.prepare(`SELECT value FROM meta WHERE key = 'migration.1'`).pluck()
    return first.get() === checksum(MIGRATIONS[0]!)
  } catch (error) {
    if (sqliteCode(error) === null) throw error
    return false
  }
}

/** Throws STORE_NEWER when the file was written by a newer program: it is never guessed at, never downgraded. */
export function refuseNewer(connection: Connection, migrations: readonly Migration[]): void {
  const found = schemaVersion(connection)
  const known = migrations.at(-1)?.version ?? 0
  if (found <= known) return
  throw new AppError(
    'STORE_NEWER',
    `The database has schema ${found}, this program knows up to ${known}. Install the newer program again.`,
    { data: { found, known } },
  )
}

/** What a step is remembered by. */
export function checksum(migration: Migration): string {
  return sha256Hex(migration.sql)
}

/**
 * Runs the missing steps. `beforeFirst` is called once before anything changes (a backup), only for a file that already
 * holds data. Throws STORE_UNSAFE when a step that ran long ago is not the one this program carries.
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[],
  beforeFirst: (from: number) => void,
): void {
  refuseNewer(connection, migrations)
  const from = schemaVersion(connection)
  if (from > 0) compareChecksums(connection, migrations, from)
  if (from !== userVersion(connection)) connection.pragma(`user_version = ${from}`)
  const missing = migrations.filter((one) => one.version > from)
  if (missing.length > 0 && from > 0) beforeFirst(from)
  for (const step of missing) runStep(connection, step)
}

/** Throws STORE_UNSAFE. A checksum that is wrong in one character is that of no other step: a bit of it flipped, and it is put right. */
function compareChecksums(
  connection: Connection,
  migrations: readonly Migration[],
  from: number,
): void {
  const read = connection.prepare('SELECT value FROM meta WHERE key = ?').pluck()
  for (const step of migrations) {
    if (step.version > from) return
    const key = `migration.${step.version}`
    const found = read.get(key) as string | undefined
    const right = checksum(step)
    if (found === right) continue
    if (found === undefined || charactersOff(found, right) !== 1) {
      throw new AppError(
        'STORE_UNSAFE',
        `Schema step ${step.version} of the database is not the one this program carries. Restore a backup.`,
        { data: { step: step.version } },
      )
    }
    connection.prepare('UPDATE meta SET value = ? WHERE key = ?').run(right, key)
  }
}

function charactersOff(found: string, right: string): number {
  if (found.length !== right.length) return right.length
  return [...right].filter((character, at) => character !== found[at]).length
}

function runStep(connection: Connection, step: Migration): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    connection.exec(step.sql)
    step.fill?.(connection)
    connection
      .prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
      .run(`migration.${step.version}`, checksum(step))
    connection.pragma(`user_version = ${step.version}`)
    const stray = strayRows(connection)
    const health = connection.pragma('quick_check', { simple: true })
    if (stray !== null || health !== 'ok') {
      throw new AppError('STORE_UNSAFE', `Schema step ${step.version} left the database unsound.`)
    }
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    throw error
  }
}
