// Opens the log of a data folder for reading only: for the command line, while a daemon may be running on the same folder.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { type AuditRows, createAuditRows } from '../store/audit.ts'
import { type AuditTreeRows, createAuditTreeRows } from '../store/audit-tree.ts'
import { createMetaRows } from '../store/meta.ts'
import { type AddonOptions, connect } from '../store/sqlite.ts'
import { type AnchorNote, createAnchorFiles } from './anchors.ts'

export interface LogReader {
  audit: AuditRows
  auditTree: AuditTreeRows
  logId: string
  rollbackEpochs: readonly number[]
  anchors: AnchorNote[]
  close(): void
}

const ANCHORS_READ = 1_000

/** Throws NOT_FOUND when the folder holds no database with a log. */
export function openLogReader(dataFolder: string, options: AddonOptions = {}): LogReader {
  const file = path.join(dataFolder, 'sisrua.db')
  if (!existsSync(file)) {
    throw new AppError(
      'NOT_FOUND',
      'There is no database in the data folder. Name the folder with --data-dir.',
    )
  }
  const connection = connect(file, { ...options, readonly: true, fileMustExist: true })
  try {
    // The log is read once from end to end: pages kept for later would only drive each other out of the processor's cache.
    connection.pragma('cache_size = -400')
    const meta = createMetaRows(connection)
    const logId = meta.get('audit.log')
    if (logId === undefined) throw new AppError('NOT_FOUND', 'The database holds no audit log yet.')
    return {
      audit: createAuditRows(connection),
      auditTree: createAuditTreeRows(connection),
      logId,
      rollbackEpochs: JSON.parse(meta.get('audit.rollbacks') ?? '[]') as number[],
      anchors: createAnchorFiles(path.join(dataFolder, 'anchors'), null).read(ANCHORS_READ),
      close: () => connection.close(),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}
