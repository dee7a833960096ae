// Log lines of jobs: 10,000 lines or 2 MiB a job, then one line that says so, and none after it.
import type { Connection } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

export interface JobLogLine {
  n: number
  /** Milliseconds since 1970 UTC. */
  at: number
  level: 'info' | 'warning' | 'error'
  line: string
}

/** What a job's log takes. */
interface Extent {
  lines: number
  bytes: number
  isEnded: boolean
}

const MOST_LINES = 10_000
const MOST_BYTES = 2 * 2 ** 20
const END = 'truncated'
/** Jobs whose extents are kept in memory: adding them up looks at every line. */
const MOST_KEPT = 100

export function createJobLogs(
  connection: Connection,
  transactions: Pick<Transactions, 'onRollback'>,
) {
  const stored = connection.prepare(
    `SELECT coalesce(max(n), 0) AS lines, total(octet_length(line)) AS bytes,
       total(level = 'warning' AND line = '${END}') AS isEnded FROM job_logs WHERE job_id = ?`,
  )
  const insert = connection.prepare(
    'INSERT INTO job_logs (job_id, n, at, level, line) VALUES (?, ?, ?, ?, ?)',
  )
  const after = connection.prepare(
    'SELECT n, at, level, line FROM job_logs WHERE job_id = ? AND n > ? ORDER BY n LIMIT ?',
  )
  const extents = new Map<string, Extent>()
  transactions.onRollback(() => extents.clear())

  function extentOf(id: string): Extent {
    const known = extents.get(id)
    if (known !== undefined) return known
    const { lines, bytes, isEnded } = stored.get(id) as Record<keyof Extent, number>
    const extent = { lines, bytes, isEnded: isEnded > 0 }
    if (extents.size >= MOST_KEPT) extents.clear()
    extents.set(id, extent)
    return extent
  }

  return {
    /** The line's number; undefined once the log is full. */
    addLog(log: { id: string; at: number; level: string; line: string }): number | undefined {
      const extent = extentOf(log.id)
      if (extent.isEnded) return undefined
      const bytes = extent.bytes + Buffer.byteLength(log.line)
      const fits = extent.lines < MOST_LINES && bytes <= MOST_BYTES
      const n = extent.lines + 1
      if (fits) insert.run(log.id, n, log.at, log.level, log.line)
      else insert.run(log.id, n, log.at, 'warning', END)
      extents.set(log.id, { lines: n, bytes, isEnded: !fits })
      return n
    },
    logs: (id: string, seen: number, limit: number) => after.all(id, seen, limit) as JobLogLine[],
  }
}
