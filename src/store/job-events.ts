// Events of jobs, numbered without gaps as they are told. They are held back inside the open transaction; jobs that come to the same at
// one time share a row (sql/0012): a row costs more than what it says.
import type { Connection } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

export interface EventRow {
  seq: number
  jobId: string
  type: string
  state: string
  progress: number
  step: string
  errorCode: string | null
  at: number
}

type Held = Readonly<Omit<EventRow, 'seq'>>

/** A row: each job came to each of what is told, one job after the other. */
interface Batch {
  /** Number of the last event. */
  seq: number
  /** JSON: ids. */
  jobs: string
  /** JSON: type, state, progress, step and error code, of each. */
  told: string
  at: number
}

/** Jobs of one row, and what one of them came to. */
const MOST_JOBS = 500
const MOST_TOLD = 8

const saysTheSame = (a: Held, b: Held): boolean =>
  a.at === b.at &&
  a.type === b.type &&
  a.state === b.state &&
  a.progress === b.progress &&
  a.step === b.step &&
  a.errorCode === b.errorCode

/** How many events, from this one on, are of one job at one time. */
function lifeFrom(events: readonly Held[], from: number): number {
  const { jobId, at } = events[from]!
  let told = 1
  for (; told < MOST_TOLD; told++) {
    const next = events[from + told]
    if (next?.jobId !== jobId || next.at !== at) break
  }
  return told
}

/** How many jobs, from this event on, came to the same `told` events one after the other. */
function alikeFrom(events: readonly Held[], from: number, told: number): number {
  for (let jobs = 1; jobs < MOST_JOBS; jobs++) {
    const start = from + jobs * told
    const jobId = events[start]?.jobId
    for (let k = 0; k < told; k++) {
      const event = events[start + k]
      if (event === undefined || event.jobId !== jobId) return jobs
      if (!saysTheSame(event, events[from + k]!)) return jobs
    }
  }
  return MOST_JOBS
}

type Came = [type: string, state: string, progress: number, step: string, errorCode: string | null]

const isText = (value: unknown): value is string => typeof value === 'string'

function isCame(value: unknown): value is Came {
  if (!Array.isArray(value) || value.length !== 5) return false
  const [type, state, progress, step, errorCode] = value
  const isWord = [type, state, step].every(isText) && (errorCode === null || isText(errorCode))
  return isWord && typeof progress === 'number'
}

/** Elements of a JSON array; null when the text is no such array. */
function listIn<T>(text: string, isOne: (value: unknown) => value is T): T[] | null {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every(isOne) ? list : null
  } catch {
    return null
  }
}

/** The events of a row in order; none when it is damaged. */
function eventsIn(batch: Batch): EventRow[] {
  const ids = listIn(batch.jobs, isText)
  const came = listIn(batch.told, isCame)
  if (ids === null || came === null) return []
  let seq = batch.seq - ids.length * came.length
  return ids.flatMap((jobId) =>
    came.map(([type, state, progress, step, errorCode]) => {
      seq++
      return { seq, jobId, type, state, progress, step, errorCode, at: batch.at }
    }),
  )
}

export function createJobEvents(
  connection: Connection,
  transactions: Pick<Transactions, 'follow' | 'isOpen'>,
) {
  const insert = connection.prepare(
    'INSERT INTO job_event_batches (seq, jobs, told, at) VALUES (?, ?, ?, ?)',
  )
  const since = connection.prepare(
    'SELECT seq, jobs, told, at FROM job_event_batches WHERE seq > ? ORDER BY seq',
  )
  const naming = connection.prepare(
    'SELECT seq, jobs, told, at FROM job_event_batches WHERE seq > ? AND instr(jobs, ?) > 0 ORDER BY seq',
  )
  const latest = connection.prepare('SELECT coalesce(max(seq), 0) FROM job_event_batches').pluck()

  /** Number of the newest event; null when it must be asked for. */
  let newest: number | null = null
  /** Those that are not written yet: the last ones told. */
  let held: Held[] = []

  function flush(): void {
    const events = held
    if (events.length === 0) return
    held = []
    let seq = newest! - events.length
    // Until all rows are taken, the number must be asked for.
    newest = null
    for (let from = 0; from < events.length; ) {
      const told = lifeFrom(events, from)
      const jobs = alikeFrom(events, from, told)
      const ids: string[] = []
      for (let j = 0; j < jobs; j++) ids.push(events[from + j * told]!.jobId)
      const came = events
        .slice(from, from + told)
        .map(
          ({ type, state, progress, step, errorCode }): Came => [
            type,
            state,
            progress,
            step,
            errorCode,
          ],
        )
      seq += jobs * told
      insert.run(seq, JSON.stringify(ids), JSON.stringify(came), events[from]!.at)
      from += jobs * told
    }
    newest = seq
  }

  transactions.follow({
    flush,
    mark() {
      flush()
      return 0
    },
    undo() {
      held = []
      newest = null
    },
    settle() {},
  })

  const whole =
    <A extends unknown[], T>(read: (...given: A) => T) =>
    (...given: A): T => {
      flush()
      return read(...given)
    }

  return {
    /** Answers its number. */
    addEvent(event: Held): number {
      newest ??= latest.get() as number
      held.push(event)
      const number = ++newest
      if (!transactions.isOpen()) flush()
      return number
    },
    /** Those after this number, in order; those of a damaged row are missing. */
    eventsSince: whole((seq: number, limit: number) => {
      const events: EventRow[] = []
      for (const batch of since.iterate(seq) as IterableIterator<Batch>) {
        for (const event of eventsIn(batch)) if (event.seq > seq) events.push(event)
        if (events.length >= limit) break
      }
      return events.slice(0, limit)
    }),
    /** The same of one job, which are few. */
    eventsOf: whole((jobId: string, seq: number) =>
      (naming.all(seq, JSON.stringify(jobId)) as Batch[])
        .flatMap(eventsIn)
        .filter((event) => event.jobId === jobId && event.seq > seq),
    ),
    /** 0 when there never was one. */
    latestSeq: whole(() => latest.get() as number),
  }
}
