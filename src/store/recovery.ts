// Before the database is used: is it ours, is it sound? If not, it goes to quarantine as it is, whole, and the newest
// sound backup takes its place, or else the rows that can still be read. Nothing in quarantine is ever deleted by the program.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { type Backup, isSoundBackup, listBackups } from './backup.ts'
import { findDamage } from './damage.ts'
import { copyDurably, type StoreFolders, syncFolder } from './folders.ts'
import type { CheckRhythm } from './full-check.ts'
import type { LogState } from './log-frames.ts'
import { hasStrangeHeader, mendHeader, removeMended } from './mend.ts'
import { mendLog } from './mend-log.ts'
import { moveAway } from './quarantine.ts'
import { makeReadable, removeReadable } from './readable-copy.ts'
import { type Salvaged, salvage } from './salvage.ts'
import { isListDamaged } from './schema-list.ts'
import { MIGRATIONS, type Migration } from './sql/migrations.ts'
import type { AddonOptions } from './sqlite.ts'
import { hasWholeTables } from './whole-tables.ts'

/**
 * How the storage came up: as it was; mended, from a backup or from its readable rows; or empty because there was nothing to
 * restore.
 */
type StorageState = 'ok' | 'restored' | 'new'

export interface Recovery {
  storage: StorageState
  /** Folder the damaged files were moved to; null when nothing was wrong. */
  quarantine: string | null
  /** What was wrong is made anew (the header, indexes, the list of tables), and not one row is lost. */
  mended: boolean
  /** The backup that took their place. */
  backup: Backup | null
  /** Rows that were saved for want of a backup. */
  salvaged: Salvaged | null
  /** What was found of the write-ahead log: mended, or damaged so that the work behind the damage is lost. */
  log: LogState
  /** What SQLite said. */
  reason: string | null
}

/**
 * Checks the file and its log and puts them right; killed anywhere in between, it goes on at the next start. Throws STORE_UNSAFE when the
 * file is not ours at all, and what SQLite or the disk throws when it cannot be read: that is no damage. With `belowBytes` a database file
 * that is not smaller is checked in full once a week.
 */
export function recover(
  folders: StoreFolders,
  now: number,
  options: AddonOptions = {},
  migrations: readonly Migration[] = MIGRATIONS,
  belowBytes: number = Number.POSITIVE_INFINITY,
): Recovery {
  refuseNoFile(folders.database)
  // Before SQLite sees it: that would take the rest of a damaged log for nothing and overwrite it.
  const log = mendLog(folders, now, options)
  // Where a bit of the log was wrong, nothing is taken for granted.
  const rhythm = log.state === 'sound' ? { now, belowBytes } : undefined
  const found = recoverDatabase(folders, now, options, migrations, rhythm)
  if (log.state === 'sound') return { ...found, log: log.state }
  return {
    ...found,
    log: log.state,
    storage: found.storage === 'ok' ? 'restored' : found.storage,
    quarantine: found.quarantine ?? log.quarantine,
    reason: found.reason ?? log.reason,
  }
}

function recoverDatabase(
  folders: StoreFolders,
  now: number,
  options: AddonOptions,
  migrations: readonly Migration[],
  rhythm: CheckRhythm | undefined,
): Omit<Recovery, 'log'> {
  const { database } = folders
  const temporary = temporaryOf(folders)
  const copy = `${database}.mended`
  const readable = `${database}.readable`
  removeMended(copy)
  removeReadable(readable)
  const lacks = !existsSync(database) ? MISSING : isHollow(folders) ? EMPTY : null
  // A journal has to be rolled back before anything can be read.
  const readonly = !existsSync(`${database}-journal`)
  const damage = lacks ?? findDamage(database, { ...options, readonly, rhythm })
  const strange = lacks === null && hasStrangeHeader(database)
  const misread = lacks === null && damage === null && isListDamaged(database, migrations, options)
  const reason = damage ?? (misread ? DAMAGED_LIST : strange ? STRANGE_HEADER : null)
  const found = { mended: false, backup: null, salvaged: null, reason }
  if (reason === null) {
    rmSync(temporary, { force: true })
    return { ...found, storage: 'ok', quarantine: null }
  }
  if (lacks === MISSING && isWhole(temporary, options)) {
    const quarantine = moveAway(folders, now, UNFINISHED)
    takePlace(folders)
    return { ...found, reason: UNFINISHED, storage: 'restored', quarantine }
  }
  try {
    // What is wrong with a header alone costs no row, a backup costs those that came after it.
    const mended = lacks === null ? mendHeader(database, copy, options) : 'none'
    if (mended === 'whole' && !misread) {
      renameSync(copy, temporary)
      const quarantine = moveAway(folders, now, reason)
      takePlace(folders)
      return { ...found, storage: 'restored', quarantine, mended: true }
    }
    // SQLite can live with it.
    if (damage === null && !misread)
      return { ...found, storage: 'ok', quarantine: null, reason: null }
    // With a wrong header rows may be read that never were.
    const best = strange && mended === 'part' ? copy : database
    // A disk may be nearly full: no copy stays longer than it is of use.
    if (best !== copy) removeMended(copy)
    const isReadable = lacks === null && makeReadable(best, readable, migrations, options)
    const hasAll = isReadable && hasWholeTables(readable, options)
    const backup = newestSound(folders, options)
    rmSync(temporary, { force: true })
    const copied =
      lacks === MISSING || (backup !== null && !hasAll)
        ? null
        : salvage(isReadable ? readable : best, temporary, migrations, options)
    // Every row is more than what a backup holds, a part of them is less.
    if (hasAll && copied?.isWhole === true && findDamage(temporary, options) === null) {
      const quarantine = moveAway(folders, now, reason)
      takePlace(folders)
      return { ...found, storage: 'restored', quarantine, mended: true }
    }
    if (backup !== null) {
      removeReadable(readable)
      rmSync(temporary, { force: true })
      const quarantine = restoreBackup(folders, backup, now, reason)
      return { ...found, storage: 'restored', quarantine, backup }
    }
    const quarantine = moveAway(folders, now, reason)
    if (copied !== null) {
      takePlace(folders)
      return { ...found, storage: 'restored', quarantine, salvaged: copied.rows }
    }
    rmSync(temporary, { force: true })
    return { ...found, storage: 'new', quarantine, reason: quarantine === null ? null : reason }
  } finally {
    removeMended(copy)
    removeReadable(readable)
  }
}

/** A folder, or anything else but a file, is no damaged database: somebody put it there. */
function refuseNoFile(database: string): void {
  if (statSync(database, { throwIfNoEntry: false })?.isFile() !== false) return
  throw new AppError(
    'STORE_UNAVAILABLE',
    'Something that is no file stands where the database sisrua.db should be. Move it out of the data folder, then start again.',
  )
}

/** What takes the place of a database is written whole before that is moved: a program that was killed in between left it. */
function isWhole(file: string, options: AddonOptions): boolean {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  return size > 0 && findDamage(file, options) === null
}

const newestSound = (folders: StoreFolders, options: AddonOptions): Backup | null =>
  listBackups(folders.backups).find((one) => isSoundBackup(folders.backups, one, options)) ?? null

/** Puts the database aside, as it is, and the backup in its place; answers the folder in quarantine. Call while nothing is open. */
export function restoreBackup(
  folders: StoreFolders,
  backup: Backup,
  now: number,
  reason: string,
): string | null {
  // Written whole before anything is moved, so that the time without a database is short.
  copyDurably(path.join(folders.backups, backup.file), temporaryOf(folders))
  const quarantine = moveAway(folders, now, reason)
  takePlace(folders)
  return quarantine
}

const temporaryOf = (folders: StoreFolders): string => `${folders.database}.restore`

function takePlace(folders: StoreFolders): void {
  renameSync(temporaryOf(folders), folders.database)
  syncFolder(path.dirname(folders.database))
}

export const DAMAGED_LIST = 'the list of tables in the database file is damaged'
const MISSING = 'the database file is missing'
const UNFINISHED = 'a restore was cut short; it is finished now'
export const STRANGE_HEADER = 'the header of the database file is damaged'
export const EMPTY = 'the database file is empty'

/** Nothing in the file nor beside it, although there was something once: not a birth that was cut short, but a loss. */
export function isHollow(folders: StoreFolders): boolean {
  const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const isEmpty = size(folders.database) + size(`${folders.database}-wal`) === 0
  return isEmpty && listBackups(folders.backups).length > 0
}
