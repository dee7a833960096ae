// The write-ahead log beside the database, before SQLite opens them: what a flipped bit would make SQLite drop is put right, or told.
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { type StoreFolders, syncFolder, writeFileDurably } from './folders.ts'
import { isForeignLog } from './foreign-log.ts'
import { type LogState, mendFrames, pageInLog } from './log-frames.ts'
import { copyAway } from './quarantine.ts'
import type { AddonOptions } from './sqlite.ts'

/** Far above what a log grows to; a larger one is left to SQLite. */
const MOST_BYTES = 2 ** 30
const LOOKS = 5

interface MendedLog {
  state: LogState
  /** Where the log is kept as it was found. */
  quarantine: string | null
  reason: string | null
}

const FOREIGN =
  'the write-ahead log belongs to another database: the work since the last checkpoint is lost'

/** The log as it was found goes to quarantine before anything about it is changed. Throws what the disk says. */
export function mendLog(folders: StoreFolders, now: number, options: AddonOptions = {}): MendedLog {
  const file = `${folders.database}-wal`
  const sound: MendedLog = { state: 'sound', quarantine: null, reason: null }
  if (sizeOf(folders.database) === 0) return sound
  const size = sizeOf(file)
  if (size === 0 || size > MOST_BYTES) return sound
  const log = readFileSync(file)
  if (isForeignLog(folders.database, log, options)) {
    const quarantine = copyAway(folders, now, FOREIGN)
    for (const suffix of ['-wal', '-shm']) rmSync(folders.database + suffix, { force: true })
    syncFolder(path.dirname(folders.database))
    return { state: 'damaged', quarantine, reason: FOREIGN }
  }
  const { state, readable, tornAt } = mendFrames(log)
  if (state === 'sound') {
    // What a power cut left of a commit. New work would lie before it, and after the next cut it would look like work that came later.
    if (tornAt !== null) cutAt(file, tornAt)
    return sound
  }
  const reason =
    state === 'mended'
      ? 'the write-ahead log was damaged and is mended'
      : 'the write-ahead log is damaged: the work after the damage is lost'
  const quarantine = copyAway(folders, now, reason)
  // What stands behind the damage would look damaged again after the next kill.
  const kept = state === 'mended' ? log : log.subarray(0, readable)
  writeFileDurably(file, kept)
  return { state, quarantine, reason }
}

function cutAt(file: string, bytes: number): void {
  const handle = openSync(file, 'r+')
  try {
    ftruncateSync(handle, bytes)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/**
 * The same look, changing nothing. A server may be writing: what looks damaged once is looked at again, since a log that begins
 * anew while it is read is half one and half the other.
 */
export function findLogDamage(folders: StoreFolders): string | null {
  const file = `${folders.database}-wal`
  for (let look = 0; look < LOOKS; look++) {
    const size = sizeOf(file)
    if (size === 0 || size > MOST_BYTES) return null
    if (mendFrames(readFileSync(file)).state === 'sound') return null
  }
  return 'the write-ahead log is damaged'
}

/** The first page of the database when the log holds it: SQLite then does not look at the one in the file. */
export function firstPageInLog(database: string): Buffer | null {
  const size = sizeOf(`${database}-wal`)
  return size === 0 || size > MOST_BYTES ? null : pageInLog(readFileSync(`${database}-wal`), 1)
}

const sizeOf = (file: string): number => {
  const found = statSync(file, { throwIfNoEntry: false })
  return found?.isFile() ? found.size : 0
}
