// Are the files that are open still the ones at their place? Who deletes or replaces them while the program runs, as a tool that
// synchronises folders may, leaves it writing into files without a name: what it acknowledged then would be gone when it ends.
import { statSync } from 'node:fs'

export interface PlaceWatch {
  /** Call before every commit; asks the file system when it has not for a while. */
  isInPlace(): boolean
  /** Whether the database itself is what is gone, not its log alone. */
  isDatabaseGone(): boolean
}

/**
 * Two questions to the file system cost a fifth of a commit. What is acknowledged between two looks is in the connection, and goes
 * into the backup that is made of it.
 */
const LOOK_EVERY_MS = 20

/** Call when the database is open and was read from, so that its log is there. Windows lets nobody take away an open file. */
export function watchPlace(database: string): PlaceWatch {
  if (process.platform === 'win32') return { isInPlace: () => true, isDatabaseGone: () => false }
  const log = `${database}-wal`
  const first = { database: identityOf(database), log: identityOf(log) }
  const isSame = (before: Identity | null, now: Identity | null): boolean =>
    before === null || (now !== null && now.inode === before.inode && now.device === before.device)
  const isDatabaseGone = (): boolean => !isSame(first.database, identityOf(database))
  let lookedAt = Number.NEGATIVE_INFINITY
  return {
    isInPlace() {
      const now = performance.now()
      if (now - lookedAt < LOOK_EVERY_MS) return true
      lookedAt = now
      return !isDatabaseGone() && isSame(first.log, identityOf(log))
    },
    isDatabaseGone,
  }
}

interface Identity {
  device: number
  inode: number
}

function identityOf(file: string): Identity | null {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? null : { device: found.dev, inode: found.ino }
}
