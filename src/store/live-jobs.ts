// The jobs that are not over, in memory: this process is the only one that writes them, so they need not be read to be changed,
// and the next one to start is found without an index that every commit would have to write. Undone with its transaction.
import type { JobRow } from './job-row.ts'

export interface LiveJobs {
  get(id: string): JobRow | undefined
  /** The one that holds this idempotency key. */
  byKey(key: Buffer): JobRow | undefined
  /** Stores the row as it is now. */
  set(row: JobRow): void
  /** It is over. */
  remove(id: string): void
  /** The first of the kind that waits and is due: by priority, time, order of arrival. */
  next(kind: string, now: number): JobRow | undefined
  /** How many of its kind wait before it. */
  ahead(row: JobRow): number
  size(): number
  values(): Iterable<JobRow>
  /** How many steps were taken since `settle`. */
  mark(): number
  /** Takes back all steps but so many. */
  undo(mark: number): void
  /** What was done until now stays. */
  settle(): void
}

export const isWaiting = ({ state }: JobRow): boolean =>
  state === 'queued' || state === 'retry_wait'

const order = (a: JobRow, b: JobRow): number =>
  a.priority - b.priority || a.runAfter - b.runAfter || a.n - b.n

/** `load` reads them once, when they are first asked for. */
export function createLiveJobs(load: () => JobRow[]): LiveJobs {
  let rows: Map<string, JobRow> | null = null
  /** Waiting ones of each kind in the order they start. */
  const waiting = new Map<string, JobRow[]>()
  const keys = new Map<string, string>()
  /** What each id stood for before, newest last. */
  let journal: { id: string; before: JobRow | undefined }[] = []
  /** Read in the transaction that is open: what it changed before is among them, so they cannot be undone one by one. */
  let isFresh = false

  function all(): Map<string, JobRow> {
    if (rows === null) {
      rows = new Map()
      isFresh = true
      for (const row of load()) put(rows, row.id, row)
    }
    return rows
  }

  /** Where the row stands in its line, or belongs. */
  function place(line: readonly JobRow[], row: JobRow): number {
    let low = 0
    // New ones nearly always come last.
    let high = line.length
    if (high > 0 && order(line[high - 1]!, row) < 0) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (order(line[middle]!, row) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  function put(map: Map<string, JobRow>, id: string, row: JobRow | undefined): void {
    const before = map.get(id)
    if (before !== undefined && isWaiting(before)) {
      const line = waiting.get(before.kind)!
      line.splice(place(line, before), 1)
    }
    const key = row?.idempotencyKey ?? null
    if (before?.idempotencyKey != null && before.idempotencyKey !== key) {
      keys.delete(before.idempotencyKey.toString('latin1'))
    }
    if (key !== null && before?.idempotencyKey !== key) keys.set(key.toString('latin1'), id)
    if (row === undefined) {
      map.delete(id)
      return
    }
    map.set(id, row)
    if (!isWaiting(row)) return
    const line = waiting.get(row.kind)
    if (line === undefined) waiting.set(row.kind, [row])
    else line.splice(place(line, row), 0, row)
  }

  function change(id: string, row: JobRow | undefined): void {
    const map = all()
    journal.push({ id, before: map.get(id) })
    put(map, id, row)
  }

  return {
    get: (id) => all().get(id),
    byKey(key) {
      const map = all()
      const id = keys.get(key.toString('latin1'))
      return id === undefined ? undefined : map.get(id)
    },
    set: (row) => change(row.id, row),
    remove: (id) => change(id, undefined),
    next(kind, now) {
      all()
      return waiting.get(kind)?.find((row) => row.runAfter <= now)
    },
    ahead(row) {
      all()
      const line = waiting.get(row.kind)
      return line === undefined ? 0 : place(line, row)
    },
    size: () => all().size,
    values: () => all().values(),

    mark: () => journal.length,
    undo(mark) {
      if (rows === null) return
      if (isFresh) {
        rows = null
        waiting.clear()
        keys.clear()
        journal = []
        return
      }
      for (let i = journal.length - 1; i >= mark; i--) put(rows, journal[i]!.id, journal[i]!.before)
      journal.length = Math.min(journal.length, mark)
    },
    settle() {
      isFresh = false
      if (journal.length > 0) journal = []
    },
  }
}
