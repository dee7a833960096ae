// Opens somebody else's SQLite file for reading. The file is copied first and the copy opened, so that neither its bytes nor its folder
// change: SQLite itself would write logs beside a file it only reads.
import { type BigIntStats, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

export interface ForeignDatabase {
  /** To the copy. */
  connection: Connection
  /** Removes the copy. */
  close(): void
}

/** How the folders of the copies begin, and the one copy in each. */
const PREFIX = 'import-'
const COPY = 'copy.db'
const MAX_BYTES = 2 ** 31
const COPY_TRIES = 3
/** SQLite's log and its rollback journal belong to the state of the file. */
const COMPANIONS = ['-wal', '-journal']

/**
 * `scratch`: folder on a disk of ours for the copy. Throws PROJECT_FILE_INVALID when the file is not there, is being written to,
 * is damaged, too large, or no database.
 */
export async function openForeignDatabase(
  file: string,
  { scratch, ...addon }: AddonOptions & { scratch: string },
): Promise<ForeignDatabase> {
  const folder = mkdtempSync(path.join(scratch, PREFIX))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  let connection: Connection | null = null
  try {
    const copy = path.join(folder, COPY)
    await copyWhole(file, copy)
    const opened = connect(copy, { ...addon, fileMustExist: true })
    connection = opened
    opened.pragma('trusted_schema = OFF')
    opened.pragma('cell_size_check = ON')
    if (opened.pragma('quick_check(1)', { simple: true }) !== 'ok') throw invalidFile('is damaged')
    return {
      connection: opened,
      close() {
        opened.close()
        remove()
      },
    }
  } catch (error) {
    connection?.close()
    remove()
    throw asInvalidFile(error)
  }
}

/**
 * Removes the copies that a program which was killed in the middle left behind: they hold somebody's data and may be large. Only
 * while no import runs in this folder, e.g. at the start under the store's lock. What cannot be removed stays for the next start.
 */
export function removeLeftCopies(scratch: string): void {
  for (const entry of readdirSync(scratch, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith(PREFIX)) continue
    const folder = path.join(scratch, entry.name)
    try {
      const isOurs = readdirSync(folder).every((name) => name.startsWith(COPY))
      if (isOurs) rmSync(folder, { recursive: true, force: true })
    } catch {
      // It is in nobody's way.
    }
  }
}

/** Copies the file with its companions; again when somebody wrote meanwhile. */
async function copyWhole(file: string, copy: string): Promise<void> {
  const names = ['', ...COMPANIONS]
  const look = () => Promise.all(names.map((name) => stampOf(file + name)))
  for (let n = 0; n < COPY_TRIES; n++) {
    const before = await look()
    if (before[0] === null) throw invalidFile('is not there')
    for (const [i, name] of names.entries()) {
      rmSync(copy + name, { force: true })
      if (before[i] !== null) await copyFile(file + name, copy + name)
    }
    if ((await look()).join() === before.join()) return
  }
  throw invalidFile('is being written to; close the drawing and try again')
}

async function stampOf(file: string): Promise<string | null> {
  const found: BigIntStats | null = await stat(file, { bigint: true }).catch(() => null)
  if (found === null) return null
  if (!found.isFile()) throw invalidFile('is no file')
  if (found.size > MAX_BYTES) throw invalidFile('is larger than 2 GiB')
  return `${found.size} ${found.mtimeNs}`
}

/** Names of the columns of a table; empty when there is none of that name. */
export function columnNames(connection: Connection, table: string): Set<string> {
  return new Set(
    connection
      .prepare(
        "SELECT c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name = ?",
      )
      .pluck()
      .all(table) as string[],
  )
}

/** A network path would send the user's name and password hash to whatever computer it names. Throws PARAMS_INVALID. */
export function requireLocalPath(file: string): string {
  if (path.isAbsolute(file) && !/^[\\/]{2}/.test(file) && !file.includes('\0')) return file
  throw new AppError(
    'PARAMS_INVALID',
    'Give the full path of the projects file on a disk of this computer.',
    { data: { field: 'path' } },
  )
}

export const invalidFile = (why: string): AppError =>
  new AppError(
    'PROJECT_FILE_INVALID',
    `The file ${why}. Name the projects.db that the AutoCAD plugin wrote.`,
  )

/** What SQLite says about a file that is not one of its own, or only in part. */
export function asInvalidFile(error: unknown): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  const damaged = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
  return invalidFile(damaged ? 'is damaged or no SQLite database' : 'cannot be read as a database')
}
