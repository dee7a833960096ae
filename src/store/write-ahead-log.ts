// The write-ahead log of the open database: how long it is, and every way in which it is moved into the file.
import { statSync } from 'node:fs'
import { createCheckpoints } from './checkpoints.ts'
import type { Disk } from './disk.ts'
import { type Connection, sqliteCode } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

export interface WriteAheadLogOptions {
  connection: Connection
  database: string
  nativeBinding: string | undefined
  transactions: Pick<Transactions, 'beforeCommit' | 'afterCommit'>
  disk: Pick<Disk, 'releaseReserve'>
}

/** A program that answers nobody for longer is taken for dead by the plugin. */
const SCRUB_PATIENCE_MS = 250

/** Of a database that is a file. */
export function createWriteAheadLog(options: WriteAheadLogOptions) {
  const { connection, database, nativeBinding, transactions, disk } = options
  const bytes = (): number => statSync(`${database}-wal`, { throwIfNoEntry: false })?.size ?? 0
  const checkpoints = createCheckpoints({ connection, database, nativeBinding, logBytes: bytes })
  transactions.beforeCommit(() => {
    if (checkpoints.wake()) transactions.afterCommit(checkpoints.finish)
  })

  return {
    bytes,
    /** Moves it into the database file and gives unused pages back. Call when idle. */
    checkpoint(): void {
      checkpoints.alone(() => {
        connection.pragma('incremental_vacuum(256)')
        empty(connection)
      })
      checkpoints.dismiss()
    },
    /**
     * The first step out of a full disk: moves it into the database file, so that its room is used again. The file may have to
     * grow for that, and a log with room left would only take what the reserve gives: so the reserve goes first.
     */
    move(): void {
      checkpoints.alone(() => {
        try {
          empty(connection)
        } catch (error) {
          if (sqliteCode(error) !== 'SQLITE_FULL') throw error
          disk.releaseReserve()
          empty(connection)
        }
      })
    },
    /**
     * Writes the database anew and empties the log, so that nothing deleted can be read in either. Who reads just then, as a backup
     * that is being made, is waited for only shortly: `checkpoint` then does the rest at the next quiet moment.
     */
    scrub(): void {
      checkpoints.alone(() => {
        connection.exec('VACUUM')
        empty(connection, SCRUB_PATIENCE_MS)
      })
    },
    /** The last that is done to it, before the connection is closed. */
    async close(): Promise<void> {
      await checkpoints.stop()
      empty(connection)
    },
  }
}

/**
 * Moves what the log holds into the database file and empties it, as far as that goes in `waitMs`: a reader of another program
 * that never ends would hold up everything for as long as the busy timeout lasts.
 */
function empty(connection: Connection, waitMs = 0): void {
  const patience = connection.pragma('busy_timeout', { simple: true }) as number
  connection.pragma(`busy_timeout = ${waitMs}`)
  try {
    connection.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    connection.pragma(`busy_timeout = ${patience}`)
  }
}
