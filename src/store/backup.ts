// A verified copy of the database while it is in use: VACUUM INTO a temporary name, flush, check, rename, describe.
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { isDiskTrouble } from '../base/disk-trouble.ts'
import { AppError } from '../base/errors.ts'
import { createPrivately, syncFolder, writeFileDurably } from './folders.ts'
import { hashFile } from './hash-file.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

export interface Backup {
  file: string
  /** Why it was made; part of the name: `daily`, `pre-2`, `manual`. */
  reason: string
  /** Hex SHA-256 of the file. */
  sha256: string
  size: number
  createdAt: number
  /** How many audit entries it holds, and the last chain hash (hex). */
  auditSize: number
  auditChain: string | null
}

/** How many of each sort are kept; those a person asked for do not push out the ones made before a change of the schema. */
const KEEP = { daily: 7, migration: 3, manual: 7 } as const

const UNFINISHED_MS = 24 * 60 * 60_000

/** Makes a copy in `folder`. Throws STORE_UNAVAILABLE when the copy does not check out; it is then removed. */
export function makeBackup(
  connection: Connection,
  folder: string,
  reason: string,
  now: number,
  options: AddonOptions = {},
): Backup {
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-')
  const file = path.join(folder, `${reason}-${stamp}.db`)
  const temporary = `${file}.tmp`
  try {
    rmSync(temporary, { force: true })
    createPrivately(temporary)
    connection.prepare('VACUUM INTO ?').run(temporary)
    const handle = openSync(temporary, 'r+')
    fsyncSync(handle)
    closeSync(handle)
    const audit = checkCopy(temporary, options)
    requireSameLog(connection, audit)
    const sha256 = hashFile(temporary)
    const { size } = statSync(temporary)
    renameSync(temporary, file)
    syncFolder(folder)
    const backup: Backup = {
      file: path.basename(file),
      reason,
      sha256,
      size,
      createdAt: now,
      ...audit,
    }
    writeFileDurably(`${file}.json`, Buffer.from(JSON.stringify(backup)))
    thinOut(folder)
    removeUnfinished(folder, now)
    return backup
  } catch (error) {
    try {
      rmSync(temporary, { force: true })
    } catch {
      // Nothing stands below a place that is no folder.
    }
    if (error instanceof AppError) throw error
    const code = sqliteCode(error)
    throw new AppError(
      'STORE_UNAVAILABLE',
      code === null || isDiskTrouble(error)
        ? 'The backup could not be written. Check the disk, its room and your right to write in the folder backups, then try again.'
        : `The database is damaged (${code}): no backup was made. See sisrua db check; sisrua db restore puts an older one in its place.`,
      { cause: error },
    )
  }
}

/** Backups whose description is readable, newest first; none where there is no folder. The bytes are not checked here. */
export function listBackups(folder: string): Backup[] {
  const found: Backup[] = []
  for (const name of namesIn(folder)) {
    if (!name.endsWith('.db.json')) continue
    try {
      const backup = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Backup
      const isWhole =
        `${backup.file}.json` === name &&
        typeof backup.reason === 'string' &&
        !Number.isNaN(new Date(backup.createdAt).getTime()) &&
        Number.isSafeInteger(backup.createdAt) &&
        Number.isSafeInteger(backup.size)
      if (isWhole) found.push(backup)
    } catch (error) {
      if (isRefused(error)) throw error
      // A half-written description: the backup is as good as not there.
    }
  }
  return found.sort((a, b) => b.createdAt - a.createdAt)
}

/** A folder that may not be read is not an empty one. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** Not there, or a folder: somebody's, no backup. */
const isGone = (error: unknown): boolean =>
  ['ENOENT', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Whether the system refused the file, so that nothing is known of its bytes. */
const isRefused = (error: unknown): boolean =>
  isDiskTrouble(error) ||
  (typeof (error as NodeJS.ErrnoException).syscall === 'string' && !isGone(error))

/** Whether the file is the one described and SQLite finds nothing wrong with it. Throws what the disk says. */
export function isSoundBackup(folder: string, backup: Backup, options: AddonOptions = {}): boolean {
  const file = path.join(folder, backup.file)
  try {
    if (statSync(file).size !== backup.size) return false
    if (hashFile(file) !== backup.sha256) return false
    checkCopy(file, options)
    return true
  } catch (error) {
    // A backup that cannot be read just now is not worse than an older one.
    if (isRefused(error)) throw error
    return false
  }
}

function checkCopy(
  file: string,
  options: AddonOptions,
): { auditSize: number; auditChain: string | null } {
  const copy = connect(file, { ...options, readonly: true, fileMustExist: true })
  try {
    if (copy.pragma('integrity_check', { simple: true }) !== 'ok') {
      throw new AppError('STORE_UNAVAILABLE', 'The backup is not sound.')
    }
    const last = copy
      .prepare('SELECT seq, lower(hex(chain)) AS chain FROM audit_log ORDER BY seq DESC LIMIT 1')
      .get() as { seq: number; chain: string } | undefined
    return { auditSize: last === undefined ? 0 : last.seq + 1, auditChain: last?.chain ?? null }
  } finally {
    copy.close()
  }
}

/** The copy's last link is the one that the log itself has at that place: it stands for every entry before. */
function requireSameLog(
  connection: Connection,
  { auditSize, auditChain }: { auditSize: number; auditChain: string | null },
): void {
  const own = connection
    .prepare('SELECT lower(hex(chain)) FROM audit_log WHERE seq = ?')
    .pluck()
    .get(auditSize - 1) as string | undefined
  if ((own ?? null) === auditChain) return
  throw new AppError('STORE_UNAVAILABLE', 'The backup does not hold the audit log as it is.')
}

/** A copy that was never finished, by a program that was killed: nobody works on it any more. */
function removeUnfinished(folder: string, now: number): void {
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name)
    if (!name.endsWith('.db.tmp') || now - statSync(file).mtimeMs < UNFINISHED_MS) continue
    rmSync(file, { force: true })
  }
}

/** Keeps the newest of each sort, see KEEP. */
function thinOut(folder: string): void {
  const kept = { daily: 0, migration: 0, manual: 0 }
  for (const backup of listBackups(folder)) {
    const sort = sortOf(backup.reason)
    kept[sort]++
    if (kept[sort] > KEEP[sort]) removeBackup(folder, backup)
  }
}

/** The description goes first: without it the file is no backup, whatever happens in between. */
export function removeBackup(folder: string, backup: Backup): void {
  rmSync(path.join(folder, `${backup.file}.json`), { force: true })
  rmSync(path.join(folder, backup.file), { force: true })
}

const sortOf = (reason: string): keyof typeof KEEP =>
  reason === 'daily' ? 'daily' : reason.startsWith('pre-') ? 'migration' : 'manual'
