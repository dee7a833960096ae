// A write-ahead log of another database of ours, put beside this one by a restore or a copy by hand: SQLite would take it for its
// own, and with the next checkpoint this database would be the other one. Both say which audit log they hold, so it can be told.
import { linkSync, rmSync } from 'node:fs'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

const LOG_ID = 'audit.log'

/** `log`: the bytes of the write-ahead log. Changes nothing; false when it cannot be told. Throws what the disk says. */
export function isForeignLog(database: string, log: Buffer, options: AddonOptions = {}): boolean {
  const own = logIdAlone(database, options)
  // Each entry names its log: nearly every commit of ours does.
  if (own === null || log.includes(own)) return false
  const told = logIdIn(database, { ...options, readonly: true })
  return told !== null && told !== own
}

/** Removes what a program that was killed in the middle left. */
function removeAlone(alone: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(alone + suffix, { force: true })
}

/** What the database says without its log: under a second name SQLite finds none. */
function logIdAlone(database: string, options: AddonOptions): string | null {
  const alone = `${database}.alone`
  removeAlone(alone)
  try {
    linkSync(database, alone)
  } catch {
    // A disk that gives no file two names.
    return null
  }
  try {
    return logIdIn(alone, { ...options, readonly: true })
  } finally {
    removeAlone(alone)
  }
}

function logIdIn(file: string, options: Parameters<typeof connect>[1]): string | null {
  let connection: Connection | null = null
  try {
    connection = connect(file, { ...options, fileMustExist: true })
    const select = connection.prepare('SELECT value FROM meta WHERE key = ?').pluck()
    return (select.get(LOG_ID) as string | undefined) ?? null
  } catch (error) {
    // Damaged, or without tables yet: others look after that.
    if (sqliteCode(error) === null || isDiskTrouble(error)) throw error
    return null
  } finally {
    connection?.close()
  }
}
