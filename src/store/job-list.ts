// The list of jobs, newest first, page by page. Asked for outside of transactions: what an open one holds back is not in it.
import { JOB_COLUMNS, type JobRow } from './job-row.ts'
import { sealOf } from './job-seal.ts'
import type { Connection } from './sqlite.ts'

interface JobListFilter {
  state: string | null
  kind: string | null
  /** Created before this time, milliseconds. */
  before: number | null
  /** Only rows of a smaller number: those that come after that row, however many were stored in its millisecond. */
  below?: number | null
  limit: number
}

export function createJobList(connection: Connection) {
  const list = connection.prepare(
    `SELECT ${JOB_COLUMNS} FROM jobs
     WHERE n < @below AND (@state IS NULL OR state = @state) AND (@kind IS NULL OR kind = @kind)
       AND (@before IS NULL OR created_at < @before)
     ORDER BY n DESC`,
  )
  return {
    /** Damaged rows are left out and take nobody's place: fewer than `limit` means that there are no more. */
    list(filter: JobListFilter): JobRow[] {
      const found: JobRow[] = []
      const below = filter.below ?? Number.MAX_SAFE_INTEGER
      for (const row of list.iterate({ ...filter, below }) as Iterable<JobRow>) {
        if (sealOf(row) === row.seal && found.push(row) === filter.limit) break
      }
      return found
    },
  }
}
