// Reads the audit log that the original backend kept in `projects.db` (table AuditLog), row by row as it stands there.
import { asInvalidFile, columnNames, invalidFile, openForeignDatabase } from './foreign-database.ts'
import type { AddonOptions } from './sqlite.ts'

/** A value as SQLite holds it: its type is not that of the column, when somebody wrote into the file. */
export type LegacyValue = string | number | Buffer | null

export interface LegacyAuditRow {
  audit_id: number
  event_type: LegacyValue
  entity_type: LegacyValue
  entity_id: LegacyValue
  user_id: LegacyValue
  /** Unix seconds. */
  timestamp: LegacyValue
  /** SQLite's word for the type of `timestamp`: `real`, `integer` … */
  timestamp_type: string
  data_json: LegacyValue
  signature: LegacyValue
  created_at: LegacyValue
}

export interface LegacyAudit {
  /** In the order of their numbers. Throws PROJECT_FILE_INVALID. */
  rows(): Generator<LegacyAuditRow>
  /** Removes the copy. */
  close(): void
}

const SIGNED = ['event_type', 'entity_type', 'entity_id', 'user_id', 'timestamp', 'data_json']

/** Throws PROJECT_FILE_INVALID for a file that cannot be opened (`openForeignDatabase`) or holds no such log. */
export async function openLegacyAudit(
  file: string,
  options: AddonOptions & { scratch: string },
): Promise<LegacyAudit> {
  const { connection, close } = await openForeignDatabase(file, options)
  const found = columnNames(connection, 'AuditLog')
  if (['audit_id', 'signature', ...SIGNED].some((name) => !found.has(name))) {
    close()
    throw invalidFile('has no table AuditLog as the original made it')
  }
  const created = found.has('created_at') ? 'created_at' : 'NULL AS created_at'
  return {
    *rows() {
      try {
        yield* connection
          .prepare(
            `SELECT audit_id, ${SIGNED.join(', ')}, typeof(timestamp) AS timestamp_type, signature, ${created}
             FROM AuditLog ORDER BY audit_id, rowid`,
          )
          .iterate() as IterableIterator<LegacyAuditRow>
      } catch (error) {
        throw asInvalidFile(error)
      }
    },
    close,
  }
}
