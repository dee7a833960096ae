// Rows that refer to rows that are not there: SQLite's own checks look at pages, not at what they say.
import { JOB_COLUMNS, type JobRow } from './job-row.ts'
import { sealOf } from './job-seal.ts'
import type { Connection } from './sqlite.ts'

/**
 * Rows that refer to missing ones, in words; null when there are none. A job whose own seal does not fit either is a damaged row and
 * no more: whoever reads it is told so (`job-seal.ts`), and the file around it is sound.
 */
export function strayRows(connection: Connection): string | null {
  const found = connection.pragma('foreign_key_check') as {
    table: string
    rowid: number
    parent: string
  }[]
  if (found.length === 0) return null
  const isSealed = ({ table, rowid, parent }: (typeof found)[number]): boolean => {
    if (table !== 'jobs' || parent !== 'service_versions') return true
    const row = connection.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE rowid = ?`).get(rowid)
    return (row as JobRow).seal === sealOf(row as JobRow)
  }
  const stray = found.filter(isSealed).length
  return stray > 0 ? `${stray} rows refer to missing rows` : null
}
