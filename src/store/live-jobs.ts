// The jobs that are not over, in memory: this process is the only one that writes them, so they need not be read to be changed,
// and the next one to start is found without an index that every commit would have to write. With them the keys that are held, by
// these and by jobs that are over, for the same reason. Undone with its transaction.
import type { JobRow } from './job-row.ts'

export interface LiveJobs {
  get(id: string): JobRow | undefined
  /** Id of the job, live or over, that holds this idempotency key. */
  holder(key: Buffer): string | undefined
  /** Stores the row as it is now. */
  set(row: JobRow): void
  /** It is over; its key, when it still has one, stays held. */
  end(row: JobRow): void
  /** The job that is over no longer holds this key. */
  freeKey(key: Buffer): void
  /** These jobs are no longer stored: they hold nothing. Not undone. */
  forget(ids: ReadonlySet<string>): void
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

/**
 * A queued job has nothing to wait for, and a retry waits no longer when the clock was set back behind the moment it began to: its
 * time would else come as much later as the clock was set back.
 */
export const isDue = ({ state, runAfter, updatedAt }: JobRow, now: number): boolean =>
  state === 'queued' || (state === 'retry_wait' && (runAfter <= now || now < updatedAt))

const order = (a: JobRow, b: JobRow): number =>
  a.priority - b.priority || a.runAfter - b.runAfter || a.n - b.n

/** What is stored: live jobs, and which job holds which key, live ones and others. */
export interface StoredJobs {
  rows: JobRow[]
  keys: readonly (readonly [key: Buffer, id: string])[]
}

/** One step: what an id, or a key, stood for before. */
type Step =
  | { kind: 'row'; id: string; before: JobRow | undefined }
  | { kind: 'key'; key: string; before: string | undefined }

/** `load` reads them once, when they are first asked for. */
export function createLiveJobs(load: () => StoredJobs): LiveJobs {
  let rows: Map<string, JobRow> | null = null
  /** Waiting ones of each kind in the order they start. */
  const waiting = new Map<string, JobRow[]>()
  /** Ids by key, its bytes as characters. */
  const keys = new Map<string, string>()
  /** A key is asked for and then given in one go: the same text, whose place in the map is known. */
  let lastKey: Buffer | null = null
  let lastText = ''
  function textOf(key: Buffer): string {
    if (key !== lastKey) {
      lastKey = key
      lastText = key.latin1Slice()
    }
    return lastText
  }
  /** Newest last. */
  let journal: Step[] = []
  /** Read in the transaction that is open: what it changed before is among them, so they cannot be undone one by one. */
  let isFresh = false

  function all(): Map<string, JobRow> {
    if (rows === null) {
      rows = new Map()
      isFresh = true
      const stored = load()
      for (const [key, id] of stored.keys) keys.set(key.latin1Slice(), id)
      for (const row of stored.rows) put(rows, row.id, undefined, row)
    }
    return rows
  }

  function putKey(key: string, id: string | undefined): void {
    journal.push({ kind: 'key', key, before: keys.get(key) })
    if (id === undefined) keys.delete(key)
    else keys.set(key, id)
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

  /** `before`: what the id stands for until then. */
  function put(
    map: Map<string, JobRow>,
    id: string,
    before: JobRow | undefined,
    row: JobRow | undefined,
  ): void {
    if (before !== undefined && isWaiting(before)) {
      const line = waiting.get(before.kind)!
      line.splice(place(line, before), 1)
    }
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

  /** `isOver`: it is known no more, but may hold a key. */
  function change(row: JobRow, isOver: boolean): void {
    const map = all()
    const before = map.get(row.id)
    changeKey(row, before?.idempotencyKey ?? null)
    journal.push({ kind: 'row', id: row.id, before })
    put(map, row.id, before, isOver ? undefined : row)
  }

  /** Holds the key it has now instead of the one it had. */
  function changeKey({ id, idempotencyKey: key }: JobRow, before: Buffer | null): void {
    if (key === before) return
    if (before !== null) putKey(textOf(before), undefined)
    if (key !== null) putKey(textOf(key), id)
  }

  return {
    get: (id) => all().get(id),
    holder(key) {
      all()
      return keys.get(textOf(key))
    },
    set: (row) => change(row, false),
    end: (row) => change(row, true),
    freeKey(key) {
      all()
      putKey(textOf(key), undefined)
    },
    forget(ids) {
      for (const [key, id] of keys) if (ids.has(id)) keys.delete(key)
    },
    next(kind, now) {
      all()
      return waiting.get(kind)?.find((row) => isDue(row, now))
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
      for (let i = journal.length - 1; i >= mark; i--) {
        const step = journal[i]!
        if (step.kind === 'row') put(rows, step.id, rows.get(step.id), step.before)
        else if (step.before === undefined) keys.delete(step.key)
        else keys.set(step.key, step.before)
      }
      journal.length = Math.min(journal.length, mark)
    },
    settle() {
      isFresh = false
      if (journal.length > 0) journal = []
    },
  }
}
