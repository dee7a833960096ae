// Looks a data folder through without changing anything in it, also while a server works on it: every page of the database,
// every job's seal, every stored result's hash, every backup.
import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import path from 'node:path'
import { isDiskTrouble, startProblem } from '../base/disk-trouble.ts'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { type Backup, isSoundBackup, listBackups } from './backup.ts'
import { refuseForeign } from './damage.ts'
import { type StoreFolders, storeFolders } from './folders.ts'
import { JOB_COLUMNS, type JobRow } from './job-row.ts'
import { sealOf } from './job-seal.ts'
import { hasStrangeHeader } from './mend.ts'
import { findLogDamage } from './mend-log.ts'
import { refuseNewer, schemaVersion } from './migrate.ts'
import { DAMAGED_LIST, EMPTY, isHollow, STRANGE_HEADER } from './recovery.ts'
import { isListDamaged } from './schema-list.ts'
import { MIGRATIONS } from './sql/migrations.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'
import { strayRows } from './stray-rows.ts'

export interface Inspection {
  /** Steps the database has seen, and those this program knows. */
  schema: { found: number; known: number }
  /** Bytes of the database and of the log that waits beside it. */
  bytes: number
  walBytes: number
  /** What SQLite finds wrong; null = nothing. */
  damage: string | null
  /** Rows looked at, and how many are not as they were written. */
  jobs: { count: number; damaged: number }
  blobs: { count: number; damaged: number }
  backups: (Backup & { sound: boolean })[]
}

/** A database that cannot even be opened is damage like any other. Throws NOT_FOUND, STORE_NEWER, STORE_UNSAFE. */
export async function inspectStore(
  dataFolder: string,
  options: AddonOptions = {},
): Promise<Inspection> {
  const folders = storeFolders(dataFolder)
  const found: Inspection = {
    schema: { found: 0, known: MIGRATIONS.at(-1)!.version },
    bytes: sizeOf(folders.database),
    walBytes: sizeOf(`${folders.database}-wal`),
    damage: null,
    jobs: { count: 0, damaged: 0 },
    blobs: { count: 0, damaged: 0 },
    backups: listBackups(folders.backups).map((one) => ({
      ...one,
      sound: isSoundBackup(folders.backups, one, options),
    })),
  }
  let connection: Connection
  try {
    connection = openReadOnly(folders, options)
  } catch (error) {
    const damage = error instanceof AppError ? error.data.damage : null
    if (typeof damage !== 'string') throw error
    return { ...found, damage }
  }
  try {
    found.damage = isHollow(folders)
      ? EMPTY
      : (damageOf(connection) ?? unseenDamage(folders, options))
    found.schema.found = schemaVersion(connection)
    // Born and never written.
    if (found.schema.found === 0) return found
    found.damage ??= brokenRule(connection)
    // Damaged pages stop a reader where they begin: what follows them is not counted.
    checkJobs(connection, found.jobs)
    await checkBlobs(connection, folders, found.blobs)
    return found
  } catch (error) {
    if (found.damage === null || sqliteCode(error) === null) throw error
    return found
  } finally {
    connection.close()
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/**
 * A connection that cannot write. Throws NOT_FOUND, STORE_NEWER, STORE_UNSAFE for another program's file, STORE_UNAVAILABLE
 * when the disk or a lock is in the way and when the file is damaged (`data.damage` is then SQLite's word for it).
 */
export function openReadOnly(folders: StoreFolders, options: AddonOptions = {}): Connection {
  if (!statSync(folders.database, { throwIfNoEntry: false })?.isFile()) {
    throw new AppError(
      'NOT_FOUND',
      'There is no database in the data folder. Name the folder with --data-dir.',
    )
  }
  let connection: Connection | null = null
  try {
    connection = connect(folders.database, { ...options, readonly: true, fileMustExist: true })
    refuseForeign(connection)
    refuseNewer(connection, MIGRATIONS)
    return connection
  } catch (error) {
    connection?.close()
    throw readProblem(error)
  }
}

/** What an error while a database is read means to a person: the disk, damage (`data.damage`), or what it was. */
export function readProblem(error: unknown): unknown {
  if (isDiskTrouble(error)) return startProblem(error)
  const damage = sqliteCode(error)
  if (damage === null) return error
  return new AppError(
    'STORE_UNAVAILABLE',
    `The database is damaged (${damage}). See sisrua db check; sisrua db restore puts a backup in its place.`,
    { cause: error, data: { damage } },
  )
}

/** What SQLite lives with, or drops in silence; the next start puts it right. */
function unseenDamage(folders: StoreFolders, options: AddonOptions): string | null {
  if (isListDamaged(folders.database, MIGRATIONS, options)) return DAMAGED_LIST
  return hasStrangeHeader(folders.database) ? STRANGE_HEADER : findLogDamage(folders)
}

function damageOf(connection: Connection): string | null {
  try {
    const verdict = connection.pragma('integrity_check', { simple: true }) as string
    if (verdict !== 'ok') return verdict.slice(0, 500)
    return strayRows(connection)
  } catch (error) {
    if (isDiskTrouble(error)) throw startProblem(error)
    const code = sqliteCode(error)
    if (code === null) throw error
    return code
  }
}

/** What the program keeps and no index does, because every commit would write it: step 10 of the schema. */
function brokenRule(connection: Connection): string | null {
  const rules: readonly [string, string][] = [
    [
      'live jobs share their key with another',
      `SELECT count(*) FROM jobs WHERE finished_at IS NULL AND idempotency_key IN (SELECT idempotency_key FROM jobs
         WHERE finished_at IS NULL AND idempotency_key IS NOT NULL GROUP BY idempotency_key HAVING count(*) > 1)`,
    ],
    [
      'results name bytes that are not stored',
      `SELECT count(*) FROM jobs WHERE result_sha256 IS NOT NULL AND result_sha256 NOT IN (SELECT sha256 FROM blobs)`,
    ],
    [
      'jobs have the number of another in their id',
      `SELECT count(*) FROM jobs WHERE id < '001' AND substr(id, 1, 8) || substr(id, 10, 4) <> format('%012x', n)`,
    ],
  ]
  for (const [what, sql] of rules) {
    const count = connection.prepare(sql).pluck().get() as number
    if (count > 0) return `${count} ${what}`
  }
  return null
}

function checkJobs(connection: Connection, found: Inspection['jobs']): void {
  const sealed = connection
    .prepare(`SELECT count(*) FROM pragma_table_info('jobs') WHERE name = 'seal'`)
    .pluck()
    .get()
  // An older schema has none: the step that brings it seals what is there.
  if (sealed === 0) return
  const rows = connection.prepare(`SELECT ${JOB_COLUMNS} FROM jobs`)
  for (const row of rows.iterate() as IterableIterator<JobRow>) {
    found.count++
    if (row.seal !== sealOf(row)) found.damaged++
  }
}

async function checkBlobs(
  connection: Connection,
  folders: StoreFolders,
  found: Inspection['blobs'],
): Promise<void> {
  const next = connection.prepare(
    'SELECT sha256, size, bytes FROM blobs WHERE sha256 > ? ORDER BY sha256 LIMIT 1',
  )
  interface Row {
    sha256: Buffer
    size: number
    bytes: Buffer | null
  }
  for (let last: Buffer = Buffer.alloc(0); ; ) {
    const row = next.get(last) as Row | undefined
    if (row === undefined) return
    const name = row.sha256.toString('hex')
    const hash =
      row.bytes === null
        ? await hashOf(path.join(folders.blobs, name.slice(0, 2), name))
        : sha256Hex(row.bytes)
    found.count++
    if (hash !== name) found.damaged++
    last = row.sha256
  }
}

/** Hex; null for a file that is gone. */
async function hashOf(file: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk)
    return hash.digest('hex')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
