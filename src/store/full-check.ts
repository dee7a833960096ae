// When a database is checked in full. SQLite's integrity_check also compares every index with its table, which takes seconds for a
// large file: below a size it is made at every start, above it in the first start of each week; quick_check in the others.
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { type Connection, sqliteCode } from './sqlite.ts'

/** Reliability design 8.6. */
export const FULL_BELOW_BYTES = 500 * 2 ** 20
const WEEK_MS = 7 * 86_400_000

/** In `meta`: milliseconds of the last full check. It lies in the file that was checked, so it goes wherever that goes. */
const KEY = 'integrity.checked'

export interface CheckRhythm {
  now: number
  /** A smaller database file is checked in full every time. */
  belowBytes: number
}

/** `bytes`: of the database file. A time that cannot be read, or that a clock set back puts into the future, does not count. */
export function isFullCheckDue(
  connection: Connection,
  bytes: number,
  { now, belowBytes }: CheckRhythm,
): boolean {
  if (bytes < belowBytes) return true
  const age = now - Number(lastFullCheck(connection) ?? Number.NaN)
  return !(age >= 0 && age < WEEK_MS)
}

/**
 * Call after the start's check, for a large file: small ones need no time. Only on a full disk it is left out: the next start checks
 * again.
 */
export function rememberFullCheck(
  connection: Connection,
  bytes: number,
  rhythm: CheckRhythm,
): void {
  if (bytes < rhythm.belowBytes || !isFullCheckDue(connection, bytes, rhythm)) return
  try {
    connection
      .prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)')
      .run(KEY, String(rhythm.now))
  } catch (error) {
    if (sqliteCode(error) !== 'SQLITE_FULL') throw error
  }
}

/** A file without the table, or one that is damaged there, says nothing. */
function lastFullCheck(connection: Connection): unknown {
  try {
    return connection.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(KEY)
  } catch (error) {
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return undefined
  }
}
