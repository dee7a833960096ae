// What a start refuses before any work is taken: a database that may only be read.
import { AppError } from '../base/errors.ts'
import { type Connection, sqliteCode } from './sqlite.ts'

/** SQLite opens a write-protected file without a word, and would refuse every job later. Throws STORE_UNAVAILABLE. */
export function requireWritable(connection: Connection): void {
  const version = connection.pragma('user_version', { simple: true }) as number
  try {
    // BEGIN IMMEDIATE alone would only read.
    connection.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${version}; ROLLBACK`)
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    if (!sqliteCode(error)?.startsWith('SQLITE_READONLY')) throw error
    throw new AppError(
      'STORE_UNAVAILABLE',
      'The database may only be read, so no work could be stored. Take the write protection off sisrua.db in the data folder, or name another folder, then start again.',
      { cause: error },
    )
  }
}
