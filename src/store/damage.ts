// Is the database ours, and what is wrong with it? Looks only.
import { statSync } from 'node:fs'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { AppError } from '../base/errors.ts'
import { type CheckRhythm, isFullCheckDue } from './full-check.ts'
import { remembersOurSteps } from './migrate.ts'
import {
  type AddonOptions,
  APPLICATION_ID,
  type Connection,
  connect,
  sqliteCode,
} from './sqlite.ts'
import { strayRows } from './stray-rows.ts'

/** Throws STORE_UNSAFE for a database that is not ours. */
export function refuseForeign(connection: Connection): void {
  const id = connection.pragma('application_id', { simple: true }) as number
  const tables = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
  // One flipped bit in that number makes no stranger of a file that has been through our own steps.
  if (id === APPLICATION_ID || tables === 0 || remembersOurSteps(connection)) return
  throw new AppError(
    'STORE_UNSAFE',
    'The database file belongs to another program. Choose another data folder.',
  )
}

/**
 * What is wrong with the file, in SQLite's words; null when it is sound. Empty files are sound (a crash at birth). `readonly`
 * leaves file and log as they are; a writing connection moves the log into the file when it closes. With a `rhythm` a large file is not
 * checked in full every time.
 */
export function findDamage(
  file: string,
  options: AddonOptions & { readonly?: boolean; rhythm?: CheckRhythm | undefined } = {},
): string | null {
  const bytes = statSync(file).size
  if (bytes === 0) return null
  const { rhythm, ...rest } = options
  let connection: ReturnType<typeof connect> | null = null
  try {
    connection = connect(file, { ...rest, fileMustExist: true })
    refuseForeign(connection)
    const full = rhythm === undefined || isFullCheckDue(connection, bytes, rhythm)
    const check = full ? 'integrity_check' : 'quick_check'
    const verdict = connection.pragma(check, { simple: true }) as string
    if (verdict !== 'ok') return verdict.slice(0, 500)
    return strayRows(connection)
  } catch (error) {
    const code = sqliteCode(error)
    // A disk that stumbles once must not cost the database: only what SQLite says about the bytes is damage.
    if (code === null || isDiskTrouble(error)) throw error
    return code
  } finally {
    connection?.close()
  }
}
