// Opens the log of a data folder for reading only: for the command line, while a daemon may be running on the same folder.
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { type AuditRows, createAuditRows, NOTHING_HELD } from '../store/audit.ts'
import { type AuditLookup, createAuditLookup } from '../store/audit-lookup.ts'
import { type AuditTreeRows, createAuditTreeRows } from '../store/audit-tree.ts'
import { storeFolders } from '../store/folders.ts'
import { openReadOnly } from '../store/inspect.ts'
import { createMetaRows } from '../store/meta.ts'
import { schemaVersion } from '../store/migrate.ts'
import type { AddonOptions } from '../store/sqlite.ts'
import type { AnchorNote } from './anchor-note.ts'
import { createAnchorFiles } from './anchors.ts'
import { type AnchorFolderState, createKnownAnchors, type KnownAnchors } from './known-anchors.ts'
import type { SecondState } from './second-folder.ts'

export interface LogReader {
  audit: AuditRows
  auditTree: AuditTreeRows
  logId: string
  rollbackEpochs: readonly number[]
  /** What the log is compared with; the newest line of the folder's own is the last. */
  anchors: Pick<AnchorNote, 'note' | 'vkey'>[]
  /** All that is known to lie outside of the database. */
  known: KnownAnchors
  /** How the second anchor folder is. */
  anchorFolder: AnchorFolderState
  /** Finds entries, newest first. Only in a database that this version of the program has opened. */
  list: AuditLookup['list']
  /** Reads the second anchor folder too, for at most so long. Never rejects. */
  readSecond(limitMs: number): Promise<void>
  close(): void
}

interface LogReaderOptions extends AddonOptions {
  /** Second folder for signed checkpoints; null = none. */
  anchorFolder?: string | null
  /** What somebody else has read of it, instead. */
  second?: SecondNotes | undefined
}

/** What was read of the second anchor folder, as it can be handed to a thread. */
export interface SecondNotes {
  state: SecondState
  notes: readonly AnchorNote[]
}

const OWN_LINES = 1_000

/** Throws NOT_FOUND when the folder holds no database with a log, and what `openReadOnly` throws. */
export function openLogReader(dataFolder: string, options: LogReaderOptions = {}): LogReader {
  const connection = openReadOnly(storeFolders(dataFolder), options)
  try {
    // The log is read once from end to end: pages kept for later would only drive each other out of the processor's cache.
    connection.pragma('cache_size = -400')
    const isEmpty = schemaVersion(connection) === 0
    const meta = isEmpty ? null : createMetaRows(connection)
    const logId = meta?.get('audit.log')
    if (meta === null || logId === undefined)
      throw new AppError('NOT_FOUND', 'The database holds no audit log yet.')
    const auditTree = createAuditTreeRows(connection)
    const rollbackEpochs = epochsIn(meta.get('audit.rollbacks') ?? '[]')
    const own = path.join(dataFolder, 'anchors')
    const anchors = createAnchorFiles(own, options.anchorFolder ?? null, false)
    const { second } = options
    const known = createKnownAnchors({
      anchors:
        second === undefined
          ? anchors
          : {
              read: anchors.read,
              second: { state: () => second.state, notes: () => second.notes },
            },
      ...{ auditTree, logId },
      rollbackEpochs: () => rollbackEpochs,
    })
    const audit = createAuditRows(connection)
    let lookup: AuditLookup | null = null
    return {
      audit,
      list(filter) {
        lookup ??= createAuditLookup(connection, audit, NOTHING_HELD)
        return lookup.list(filter)
      },
      auditTree,
      logId,
      rollbackEpochs,
      known,
      anchors: known.toCompare(OWN_LINES),
      anchorFolder: known.folderState(),
      async readSecond(limitMs) {
        await anchors.second.read(logId, limitMs)
        this.anchors = known.toCompare(OWN_LINES)
        this.anchorFolder = known.folderState()
      },
      close: () => connection.close(),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

function epochsIn(list: string): number[] {
  try {
    const epochs: unknown = JSON.parse(list)
    if (Array.isArray(epochs) && epochs.every(Number.isSafeInteger)) return epochs
  } catch {
    // Told below, as any other text that is no list of numbers.
  }
  throw new AppError(
    'STORE_UNAVAILABLE',
    'The database is damaged: what it says about rollbacks of the log cannot be read. See sisrua db check; sisrua db restore puts a backup in its place.',
    { data: { damage: 'audit.rollbacks' } },
  )
}
