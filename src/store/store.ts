// Opens the house's memory: lock, check, restore, migrate; hands out the rows of each table family; closes in order.
// The only place that composes the store; other rooms see its type.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { createAuditRows } from './audit.ts'
import { createAuditLookup } from './audit-lookup.ts'
import { createAuditTreeRows } from './audit-tree.ts'
import { createAuditWriter } from './audit-writer.ts'
import { type Backup, listBackups, makeBackup, removeBackup } from './backup.ts'
import { createBackupsAside } from './backup-aside.ts'
import { createBlobs } from './blobs.ts'
import { createDeliveryRows } from './deliveries.ts'
import { createDisk, type Disk } from './disk.ts'
import { createPrivately, prepareFolders, type StoreFolders } from './folders.ts'
import { FULL_BELOW_BYTES, rememberFullCheck } from './full-check.ts'
import { holdClock } from './held-clock.ts'
import { createIdempotencyRows } from './idempotency.ts'
import { watchPlace } from './in-place.ts'
import { createJobEvents } from './job-events.ts'
import { createJobList } from './job-list.ts'
import { createJobLogs } from './job-logs.ts'
import { createJobRecords } from './job-records.ts'
import { createJobRows } from './jobs.ts'
import { type InstanceLock, takeInstanceLock } from './lock.ts'
import { createMetaRows } from './meta.ts'
import { migrate, refuseNewer, schemaVersion } from './migrate.ts'
import { createOutboxRows } from './outbox.ts'
import { createProjectRows } from './projects.ts'
import { type Recovery, recover } from './recovery.ts'
import { createRetention } from './retention.ts'
import { rememberList } from './schema-list.ts'
import { createServiceRows } from './services.ts'
import { MIGRATIONS, type Migration } from './sql/migrations.ts'
import {
  applyPragmas,
  type Connection,
  connect,
  prepareEmptyFile,
  sqliteVersion,
} from './sqlite.ts'
import { requireWritable } from './start-refusals.ts'
import { createTransactions } from './transactions.ts'
import { createWebhookRows } from './webhooks.ts'
import { createWriteAheadLog } from './write-ahead-log.ts'

export interface StoreOptions {
  /** The data folder; `:memory:` keeps rows in memory and large blobs in a temporary folder (tests). */
  dataFolder: string
  clock: Clock
  /** Path of the addon in an executable. */
  nativeBinding?: string | undefined
  /** Hears once that the disk failed under the database: nothing is acknowledged any more, the program should stop. */
  onFailure?: (error: AppError) => void
  /** Another list of schema steps (tests). */
  migrations?: readonly Migration[]
  /** A smaller database file is checked in full at every start, a larger one weekly (tests). */
  fullCheckBelowBytes?: number
  /** Free bytes on the disk (tests). */
  freeBytes?: () => number
}

export type Store = ReturnType<typeof openStore>

/**
 * Throws STORE_UNSAFE, STORE_NEWER, ALREADY_RUNNING. A damaged database is no error: see `recovery.storage`.
 */
export function openStore(options: StoreOptions) {
  const { clock, nativeBinding } = options
  const addon = { nativeBinding }
  const inMemory = options.dataFolder === ':memory:'
  const dataFolder = inMemory ? mkdtempSync(path.join(tmpdir(), 'sisrua-')) : options.dataFolder
  const migrations = options.migrations ?? MIGRATIONS
  const rhythm = { now: clock.now(), belowBytes: options.fullCheckBelowBytes ?? FULL_BELOW_BYTES }
  const folders = prepareFolders(dataFolder)
  const lock: InstanceLock | null = inMemory ? null : takeInstanceLock(folders.lock, addon)
  let connection: Connection | null = null
  try {
    const recovery: Recovery = inMemory
      ? {
          storage: 'new',
          quarantine: null,
          mended: false,
          backup: null,
          salvaged: null,
          log: 'sound',
          reason: null,
        }
      : recover(folders, rhythm.now, addon, migrations, rhythm.belowBytes)
    if (!inMemory) createPrivately(folders.database)
    connection = connect(inMemory ? ':memory:' : folders.database, addon)
    const version = sqliteVersion(connection)
    // Before any pragma: a newer program's file is not touched.
    refuseNewer(connection, migrations)
    if (schemaVersion(connection) === 0) prepareEmptyFile(connection)
    applyPragmas(connection, inMemory)
    requireWritable(connection)
    const writing = connection
    migrate(writing, migrations, (from) =>
      makeBackup(writing, folders.backups, `pre-${from + 1}`, clock.now(), addon),
    )
    rememberList(writing)
    if (!inMemory) rememberFullCheck(writing, statSync(folders.database).size, rhythm)
    return assemble({
      connection: writing,
      folders,
      lock,
      recovery,
      version,
      disk: createDisk(folders.reserve, !inMemory, options.freeBytes),
      inMemory,
      options,
    })
  } catch (error) {
    connection?.close()
    lock?.release()
    throw error
  }
}

/** A backup that is under way when the program stops may take so long to end. */
const STOP_BACKUP_MS = 500

interface Opened {
  connection: Connection
  folders: StoreFolders
  lock: InstanceLock | null
  recovery: Recovery
  version: string
  disk: Disk
  inMemory: boolean
  options: StoreOptions
}

function assemble({
  connection,
  folders,
  lock,
  recovery,
  version,
  disk,
  inMemory,
  options,
}: Opened) {
  const { clock, nativeBinding } = options
  const transactions = createTransactions(connection, {
    onFailure: options.onFailure ?? (() => {}),
    // Even a DELETE needs room: give the reserve up, so that retention can work.
    onFull() {
      disk.refresh()
      disk.releaseReserve()
    },
  })
  const place = inMemory ? null : watchPlace(folders.database)
  let misplaced: AppError | null = null
  transactions.beforeCommit(() => {
    if (misplaced === null && place?.isInPlace() !== false) return
    const isNew = misplaced === null
    misplaced ??= new AppError(
      'STORE_UNAVAILABLE',
      'The database was deleted or replaced while the program ran; nothing was acknowledged. Restart the program.',
    )
    if (isNew) options.onFailure?.(misplaced)
    throw misplaced
  })
  const log = inMemory
    ? null
    : createWriteAheadLog({
        connection,
        nativeBinding,
        transactions,
        disk,
        database: folders.database,
      })
  const auditWriter = createAuditWriter(connection, transactions)
  const auditRows = createAuditRows(connection, auditWriter)
  const auditLookup = createAuditLookup(connection, auditRows, auditWriter)
  const jobRows = createJobRows(connection, transactions)
  const outbox = createOutboxRows(connection)
  transactions.onRollback(outbox.forgetListeners)
  const aside = createBackupsAside()
  let hasHungThread = false
  let open = true

  /** The connection still has every row: as a backup they are what the next start takes for the missing database. */
  function rescue(): void {
    try {
      makeBackup(connection, folders.backups, 'rescue', clock.now(), { nativeBinding })
    } catch {
      // The folder is gone as well: there is no place for them.
    }
  }

  return {
    ...transactions,
    /** For what is written: held still inside a transaction. */
    clock: holdClock(clock, transactions),
    jobs: {
      ...jobRows,
      ...createJobEvents(connection, transactions),
      ...createJobLogs(connection, transactions),
      ...createJobRecords(connection),
      ...createJobList(connection),
    },
    idempotency: createIdempotencyRows(connection),
    blobs: createBlobs(connection, transactions, folders, clock, () => void disk.refresh()),
    audit: { ...auditRows, ...auditLookup, insert: auditWriter.insert },
    auditTree: createAuditTreeRows(connection, auditWriter),
    outbox,
    webhooks: createWebhookRows(connection, outbox.forgetListeners),
    deliveries: createDeliveryRows(connection),
    projects: createProjectRows(connection),
    services: createServiceRows(connection),
    meta: createMetaRows(connection),
    retention: createRetention(connection, (ids) =>
      transactions.afterCommit(() => jobRows.forget(ids)),
    ),
    disk,
    /** How the storage came up, and what was put aside. */
    recovery,
    folders,
    /** Version of the SQLite that was really loaded. */
    sqliteVersion: version,
    schemaVersion: () => schemaVersion(connection),
    /** `ok`, or what SQLite finds wrong. */
    check: () => connection.pragma('integrity_check', { simple: true }) as string,
    /** Made and checked in a thread of its own, of a database that is a file. Throws as `makeBackup`. */
    async backup(reason: string): Promise<Backup> {
      const { database, backups: folder } = folders
      const now = clock.now()
      if (inMemory) return makeBackup(connection, folder, reason, now, { nativeBinding })
      return await aside.make({ database, folder, reason, now, nativeBinding })
    },
    backups: () => listBackups(folders.backups),
    /** Backups that were made before the last erasure of personal data: they still hold what was erased. */
    backupsWithErased(): Backup[] {
      const [last] = auditLookup.list({
        entityType: null,
        entityId: null,
        eventType: 'data.erased',
        before: null,
        limit: 1,
      })
      return last === undefined
        ? []
        : listBackups(folders.backups).filter(({ auditSize }) => auditSize <= last.seq)
    },
    removeBackups(backups: readonly Backup[]): void {
      for (const backup of backups) removeBackup(folders.backups, backup)
    },
    /** Bytes of the write-ahead log. */
    walBytes: () => log?.bytes() ?? 0,
    /** Moves the write-ahead log into the database file and gives unused pages back. Call when idle. */
    walCheckpoint(): void {
      if (open) log?.checkpoint()
    },
    /** The first step out of a full disk: the room of the write-ahead log is used again. */
    moveWal(): void {
      if (open) log?.move()
    },
    /** The file grows by at most so many pages from here on, then SQLite says that the disk is full (tests). */
    limitGrowth(pages: number): void {
      const now = connection.pragma('page_count', { simple: true }) as number
      connection.pragma(`max_page_count = ${now + pages}`)
    },
    /** Writes the database anew and empties the write-ahead log, so that nothing deleted can be read in either. */
    scrub(): void {
      if (log === null) connection.exec('VACUUM')
      else log.scrub()
    },
    /** After `close`: a backup that was being made ends only when it is done, and would keep the process from leaving. */
    hasHungThread: () => hasHungThread,
    /** Waits for what is being committed, checkpoints, closes, gives up the lock. */
    async close(): Promise<void> {
      if (!open) return
      await transactions.drained()
      open = false
      hasHungThread = !(await aside.stop(STOP_BACKUP_MS))
      try {
        await log?.close()
        if (place?.isDatabaseGone()) rescue()
      } finally {
        connection.close()
        lock?.release()
        if (inMemory) rmSync(path.dirname(folders.database), { recursive: true, force: true })
      }
    },
  }
}
