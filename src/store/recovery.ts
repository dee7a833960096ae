// Before the database is used: is it ours, is it sound? If not, it goes to quarantine as it is, whole, and the newest
// sound backup takes its place, or else the rows that can still be read. Nothing in quarantine is ever deleted by the program.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { type Backup, isSoundBackup, listBackups } from './backup.ts'
import { makeFolderDurably, type StoreFolders, syncFolder, writeFileDurably } from './folders.ts'
import { type Salvaged, salvage } from './salvage.ts'
import { MIGRATIONS, type Migration } from './sql/migrations.ts'
import {
  type AddonOptions,
  APPLICATION_ID,
  type Connection,
  connect,
  sqliteCode,
} from './sqlite.ts'

/** How the storage came up: as it was, from a backup or from its readable rows, or empty because there was nothing to restore. */
type StorageState = 'ok' | 'restored' | 'new'

export interface Recovery {
  storage: StorageState
  /** Folder the damaged files were moved to; null when nothing was wrong. */
  quarantine: string | null
  /** The backup that took their place. */
  backup: Backup | null
  /** Rows that were saved for want of a backup. */
  salvaged: Salvaged | null
  /** What SQLite said. */
  reason: string | null
}

/**
 * Checks the file and puts it right; killed anywhere in between, it goes on at the next start. Throws STORE_UNSAFE when the
 * file is not ours at all, and what SQLite or the disk throws when it cannot be read: that is no damage.
 */
export function recover(
  folders: StoreFolders,
  now: number,
  options: AddonOptions = {},
  migrations: readonly Migration[] = MIGRATIONS,
): Recovery {
  const missing = !existsSync(folders.database)
  const reason = missing
    ? 'the database file is missing'
    : isHollow(folders)
      ? EMPTY
      : findDamage(folders.database, options)
  const found = { backup: null, salvaged: null, reason }
  if (reason === null) return { ...found, storage: 'ok', quarantine: null }
  const backup =
    listBackups(folders.backups).find((one) => isSoundBackup(folders.backups, one, options)) ?? null
  if (backup !== null) {
    const quarantine = restoreBackup(folders, backup, now, reason)
    return { ...found, storage: 'restored', quarantine, backup }
  }
  const temporary = temporaryOf(folders)
  rmSync(temporary, { force: true })
  const salvaged = missing ? null : salvage(folders.database, temporary, migrations, options)
  const quarantine = moveAway(folders, now, reason)
  if (salvaged !== null) {
    takePlace(folders)
    return { ...found, storage: 'restored', quarantine, salvaged }
  }
  rmSync(temporary, { force: true })
  return { ...found, storage: 'new', quarantine, reason: quarantine === null ? null : reason }
}

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

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to)
  const handle = openSync(to, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

export const EMPTY = 'the database file is empty'

/** Nothing in the file nor beside it, although there was something once: not a birth that was cut short, but a loss. */
export function isHollow(folders: StoreFolders): boolean {
  const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const isEmpty = size(folders.database) + size(`${folders.database}-wal`) === 0
  return isEmpty && listBackups(folders.backups).length > 0
}

/** Throws STORE_UNSAFE for a database that is not ours. */
export function refuseForeign(connection: Connection): void {
  const id = connection.pragma('application_id', { simple: true }) as number
  const tables = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
  if (id === APPLICATION_ID || tables === 0) return
  throw new AppError(
    'STORE_UNSAFE',
    'The database file belongs to another program. Choose another data folder.',
  )
}

/** What is wrong with the file, in SQLite's words; null when it is sound. Empty files are sound (a crash at birth). */
export function findDamage(file: string, options: AddonOptions = {}): string | null {
  if (statSync(file).size === 0) return null
  let connection: ReturnType<typeof connect> | null = null
  try {
    connection = connect(file, { ...options, fileMustExist: true })
    refuseForeign(connection)
    const verdict = connection.pragma('integrity_check', { simple: true }) as string
    if (verdict !== 'ok') return verdict.slice(0, 500)
    const strangers = connection.pragma('foreign_key_check') as unknown[]
    return strangers.length > 0 ? `${strangers.length} rows refer to missing rows` : null
  } catch (error) {
    const code = sqliteCode(error)
    // A disk that stumbles once must not cost the database: only what SQLite says about the bytes is damage.
    if (code === null || isDiskTrouble(error)) throw error
    return code
  } finally {
    connection?.close()
  }
}

/**
 * Moves database, -wal and -shm together; a manifest tells their hashes and why. Null when there is nothing to move. The
 * database goes first: killed after that, the next start finds none and puts the rest aside too.
 */
function moveAway(folders: StoreFolders, now: number, reason: string): string | null {
  const present = ['', '-wal', '-shm']
    .map((suffix) => `${folders.database}${suffix}`)
    .filter((file) => existsSync(file))
  if (present.length === 0) return null
  const folder = path.join(folders.quarantine, new Date(now).toISOString().replace(/[:.]/g, '-'))
  makeFolderDurably(folder)
  const files = Object.fromEntries(
    present.map((file) => [path.basename(file), sha256Hex(readFileSync(file))]),
  )
  writeFileDurably(
    path.join(folder, 'manifest.json'),
    Buffer.from(JSON.stringify({ at: now, reason, files }, null, 2)),
  )
  for (const file of present) renameSync(file, path.join(folder, path.basename(file)))
  syncFolder(folder)
  syncFolder(path.dirname(folders.database))
  return folder
}
