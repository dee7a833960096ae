// Opens one connection and proves that it is set as the promises need: SQLite's version, then every pragma read back.
import Database from 'better-sqlite3'
import { AppError } from '../base/errors.ts'

export type Connection = Database.Database

/** `SRUA`: tells our file from any other SQLite file. */
export const APPLICATION_ID = 0x53525541

/** Where an executable keeps the addon; undefined lets better-sqlite3 find its own. */
export interface AddonOptions {
  nativeBinding?: string | undefined
}

/**
 * Whether this SQLite is free of the WAL-reset bug, which can lose committed pages when a checkpoint races a writer.
 * Fixed in 3.51.3, also in 3.50.7 and 3.44.6 (sqlite.org/wal.html#walresetbug).
 */
export function isSafeSqlite(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (major !== 3) return major > 3
  if (minor === 44) return patch >= 6
  if (minor === 50) return patch >= 7
  return minor > 51 || (minor === 51 && patch >= 3)
}

/** Throws STORE_UNSAFE unless the library that was really loaded is safe. */
export function requireSafeSqlite(version: string): void {
  if (isSafeSqlite(version)) return
  throw new AppError(
    'STORE_UNSAFE',
    `SQLite ${version} can lose committed data in WAL mode. Use a build with SQLite 3.51.3 or newer.`,
    { data: { version } },
  )
}

/** The version of the library that was really loaded. */
export function sqliteVersion(connection: Connection): string {
  return connection.prepare('SELECT sqlite_version()').pluck().get() as string
}

/** Length of the write-ahead log, in pages, at which a commit moves what is left of it into the database file. */
export const LOG_PAGES = 4000

/** Pragmas of the writing connection: name, value to set, value to read back. */
const PRAGMAS: readonly (readonly [string, string | number, string | number])[] = [
  ['journal_mode', 'WAL', 'wal'],
  // better-sqlite3 is compiled so that WAL means NORMAL; that loses acknowledged commits on power loss.
  ['synchronous', 'FULL', 2],
  ['foreign_keys', 'ON', 1],
  ['busy_timeout', 5000, 5000],
  ['trusted_schema', 'OFF', 0],
  ['cell_size_check', 'ON', 1],
  ['mmap_size', 0, 0],
  ['journal_size_limit', 67_108_864, 67_108_864],
  ['wal_autocheckpoint', LOG_PAGES, LOG_PAGES],
  ['cache_size', -16_000, -16_000],
  ['temp_store', 'MEMORY', 2],
]

/** macOS flushes the disk's own cache only when asked. */
const DARWIN_PRAGMAS: typeof PRAGMAS = [
  ['fullfsync', 'ON', 1],
  ['checkpoint_fullfsync', 'ON', 1],
]

/** Sets every pragma and reads it back. A database in memory has no WAL and no file to map. */
export function applyPragmas(connection: Connection, inMemory: boolean): void {
  const list = process.platform === 'darwin' ? [...PRAGMAS, ...DARWIN_PRAGMAS] : PRAGMAS
  for (const [name, value, expected] of list) {
    if (inMemory && (name === 'journal_mode' || name === 'mmap_size')) continue
    connection.pragma(`${name} = ${value}`)
    const found = connection.pragma(name, { simple: true })
    if (found !== expected) {
      throw new AppError(
        'STORE_UNSAFE',
        `SQLite did not accept ${name} = ${value} (it says ${found}). Is the data folder on a network drive?`,
        { data: { pragma: name, found: String(found) } },
      )
    }
  }
}

/** Libraries that were looked at; a process loads one. */
const safe = new Set<string | undefined>()

/** Before the first file is opened, so that not even a lock or a repair is trusted to an unsafe library. */
function requireSafeLibrary(nativeBinding: string | undefined): void {
  if (safe.has(nativeBinding)) return
  const nowhere = new Database(':memory:', nativeBinding === undefined ? {} : { nativeBinding })
  try {
    requireSafeSqlite(sqliteVersion(nowhere))
  } finally {
    nowhere.close()
  }
  safe.add(nativeBinding)
}

/** Opens a connection; `fileMustExist` and `readonly` as in better-sqlite3. Throws STORE_UNSAFE for a library that loses data. */
export function connect(file: string, options: AddonOptions & Database.Options = {}): Connection {
  const { nativeBinding, ...rest } = options
  requireSafeLibrary(nativeBinding)
  return new Database(file, {
    timeout: 5000,
    ...rest,
    ...(nativeBinding === undefined ? {} : { nativeBinding }),
  })
}

/** Before the first table: layout choices that cannot be changed later. */
export function prepareEmptyFile(connection: Connection): void {
  connection.pragma('page_size = 4096')
  connection.pragma('auto_vacuum = INCREMENTAL')
  connection.pragma(`application_id = ${APPLICATION_ID}`)
}

/** The code of an error raised by SQLite, or null. */
export function sqliteCode(error: unknown): string | null {
  return error instanceof Database.SqliteError ? error.code : null
}
