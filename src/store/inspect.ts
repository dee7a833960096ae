// Looks a data folder through without changing anything in it, also while a server works on it: every page of the database,
// every job's seal, every stored result's hash, every backup.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { type Backup, isSoundBackup, listBackups } from './backup.ts'
import { type StoreFolders, storeFolders } from './folders.ts'
import { JOB_COLUMNS, type JobRow } from './job-row.ts'
import { sealOf } from './job-seal.ts'
import { refuseNewer, schemaVersion } from './migrate.ts'
import { MIGRATIONS } from './sql/migrations.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

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

/** Throws NOT_FOUND without a database, STORE_NEWER for one of a newer program. */
export async function inspectStore(
  dataFolder: string,
  options: AddonOptions = {},
): Promise<Inspection> {
  const folders = storeFolders(dataFolder)
  const connection = openReadOnly(folders, options)
  try {
    const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
    const damage = damageOf(connection)
    // Damaged pages stop a reader where they begin: what follows them is not counted.
    const jobs = { count: 0, damaged: 0 }
    const blobs = { count: 0, damaged: 0 }
    try {
      checkJobs(connection, jobs)
      await checkBlobs(connection, folders, blobs)
    } catch (error) {
      if (damage === null || sqliteCode(error) === null) throw error
    }
    const backups = existsSync(folders.backups) ? listBackups(folders.backups) : []
    return {
      schema: { found: schemaVersion(connection), known: MIGRATIONS.at(-1)!.version },
      bytes: size(folders.database),
      walBytes: size(`${folders.database}-wal`),
      damage,
      jobs,
      blobs,
      backups: backups.map((one) => ({
        ...one,
        sound: isSoundBackup(folders.backups, one, options),
      })),
    }
  } finally {
    connection.close()
  }
}

/** A connection that cannot write. Throws NOT_FOUND, STORE_NEWER. */
export function openReadOnly(folders: StoreFolders, options: AddonOptions = {}): Connection {
  if (!existsSync(folders.database)) {
    throw new AppError(
      'NOT_FOUND',
      'There is no database in the data folder. Name the folder with --data-dir.',
    )
  }
  const connection = connect(folders.database, {
    ...options,
    readonly: true,
    fileMustExist: true,
  })
  try {
    refuseNewer(connection, MIGRATIONS)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function damageOf(connection: Connection): string | null {
  try {
    const verdict = connection.pragma('integrity_check', { simple: true }) as string
    if (verdict !== 'ok') return verdict.slice(0, 500)
    const strangers = connection.pragma('foreign_key_check') as unknown[]
    return strangers.length > 0 ? `${strangers.length} rows refer to missing rows` : null
  } catch (error) {
    const code = sqliteCode(error)
    if (code === null) throw error
    return code
  }
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
