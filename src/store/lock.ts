// One program per data folder: an EXCLUSIVE transaction held for life on a tiny SQLite file. The operating system
// drops it however the process dies, so there is no stale lock and no process number to trust.
import { chmodSync, statSync } from 'node:fs'
import { AppError } from '../base/errors.ts'
import { type AddonOptions, connect, sqliteCode } from './sqlite.ts'

/** A connection that nobody refers to is closed by the garbage collector, and the lock would be gone with it. */
const held = new Set<unknown>()

export interface InstanceLock {
  release(): void
}

/** Throws ALREADY_RUNNING when another process holds the lock of `file`. */
export function takeInstanceLock(file: string, options: AddonOptions = {}): InstanceLock {
  // No pragma before the lock: on a locked file it would already throw, outside the guarded call.
  const connection = connect(file, { ...options, timeout: 0 })
  try {
    keepPrivate(file)
    connection.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) {
      throw new AppError('ALREADY_RUNNING', 'Another sisrua already works on this data folder.', {
        cause: error,
      })
    }
    throw error
  }
  held.add(connection)
  return {
    release() {
      held.delete(connection)
      if (connection.inTransaction) connection.exec('ROLLBACK')
      connection.close()
    },
  }
}

/** Who can read it can hold it, and so keep the program from starting. SQLite, and former versions, let everybody. */
function keepPrivate(file: string): void {
  const { mode, uid } = statSync(file)
  if (uid === process.getuid?.() && (mode & 0o077) !== 0) chmodSync(file, 0o600)
}
