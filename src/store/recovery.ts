// Before the database is used: is it ours, is it sound? If not, it goes to quarantine as it is, whole, and the newest
// sound backup takes its place. Nothing in quarantine is ever deleted by the program.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { type Backup, isSoundBackup, listBackups } from './backup.ts'
import { type StoreFolders, syncFolder, writeFileDurably } from './folders.ts'
import { type AddonOptions, APPLICATION_ID, connect, sqliteCode } from './sqlite.ts'

/** How the storage came up: as it was, from a backup, or empty because there was nothing to restore. */
type StorageState = 'ok' | 'restored' | 'new'

export interface Recovery {
  storage: StorageState
  /** Folder the damaged files were moved to; null when nothing was wrong. */
  quarantine: string | null
  /** The backup that took their place. */
  backup: Backup | null
  /** What SQLite said. */
  reason: string | null
}

/** Checks the file and puts it right. Throws STORE_UNSAFE when the file is not ours at all. */
export function recover(folders: StoreFolders, now: number, options: AddonOptions = {}): Recovery {
  const untouched: Recovery = { storage: 'ok', quarantine: null, backup: null, reason: null }
  if (!existsSync(folders.database)) return { ...untouched, storage: 'new' }
  const reason = findDamage(folders.database, options)
  if (reason === null) return untouched
  const quarantine = moveAway(folders, now, reason)
  const backup =
    listBackups(folders.backups).find((one) => isSoundBackup(folders.backups, one, options)) ?? null
  if (backup === null) return { storage: 'new', quarantine, backup, reason }
  const temporary = `${folders.database}.restore`
  copyFileSync(path.join(folders.backups, backup.file), temporary)
  renameSync(temporary, folders.database)
  syncFolder(path.dirname(folders.database))
  return { storage: 'restored', quarantine, backup, reason }
}

/** What is wrong with the file, in SQLite's words; null when it is sound. Empty files are sound (a crash at birth). */
export function findDamage(file: string, options: AddonOptions = {}): string | null {
  if (statSync(file).size === 0) return null
  let connection: ReturnType<typeof connect> | null = null
  try {
    connection = connect(file, { ...options, fileMustExist: true })
    const id = connection.pragma('application_id', { simple: true }) as number
    const tables = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
    if (id !== APPLICATION_ID && tables > 0) {
      throw new AppError(
        'STORE_UNSAFE',
        'The database file belongs to another program. Choose another data folder.',
      )
    }
    const verdict = connection.pragma('integrity_check', { simple: true }) as string
    if (verdict !== 'ok') return verdict.slice(0, 500)
    const strangers = connection.pragma('foreign_key_check') as unknown[]
    return strangers.length > 0 ? `${strangers.length} rows refer to missing rows` : null
  } catch (error) {
    const code = sqliteCode(error)
    if (code === null || code.startsWith('SQLITE_BUSY')) throw error
    return code
  } finally {
    connection?.close()
  }
}

/** Moves database, -wal and -shm together; a manifest tells their hashes and why. */
function moveAway(folders: StoreFolders, now: number, reason: string): string {
  const folder = path.join(folders.quarantine, new Date(now).toISOString().replace(/[:.]/g, '-'))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files: Record<string, string> = {}
  for (const suffix of ['', '-wal', '-shm']) {
    const file = `${folders.database}${suffix}`
    if (!existsSync(file)) continue
    files[path.basename(file)] = sha256Hex(readFileSync(file))
    renameSync(file, path.join(folder, path.basename(file)))
  }
  writeFileDurably(
    path.join(folder, 'manifest.json'),
    Buffer.from(JSON.stringify({ at: now, reason, files }, null, 2)),
  )
  syncFolder(path.dirname(folders.database))
  return folder
}
