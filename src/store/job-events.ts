// Events of jobs, numbered without gaps as they are told. Those of an ordinary life say the same but for job and time, so they are
// held back inside the open transaction and written many in one statement: a statement costs more than the row.
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

/** What an ordinary event says besides job and time. */
interface Plain {
  type: string
  state: string
  progress: number
  step: string
}

const CREATED: Plain = { type: 'job.created', state: 'queued', progress: 0, step: 'created' }
const STARTED: Plain = { type: 'job.started', state: 'running', progress: 0.05, step: 'started' }
const COMPLETED: Plain = { type: 'job.completed', state: 'succeeded', progress: 1, step: 'done' }
const PLAIN = new Map([CREATED, STARTED, COMPLETED].map((plain) => [plain.type, plain]))

const COLUMNS = 'seq, job_id, type, state, progress, step, error_code, at'

/** Events that one statement writes, for one job after another or, without a list to read, for one. */
function patternOf(connection: Connection, plains: readonly Plain[]) {
  const said = plains.map(
    ({ type, state, progress, step }) => `'${type}', '${state}', ${progress.toFixed(2)}, '${step}'`,
  )
  const values = said.map((words, i) => `(${i}, ${words})`)
  const forOne = connection.prepare(
    `INSERT INTO job_events (${COLUMNS}) VALUES ${said.map((words) => `(?, ?, ${words}, NULL, ?)`).join(', ')}`,
  )
  return {
    plains,
    insertOne(seq: number, jobId: string, at: number): void {
      forOne.run(plains.flatMap((_, i) => [seq + i, jobId, at]))
    },
    insert: connection.prepare(
      `INSERT INTO job_events (${COLUMNS})
       SELECT ? + ${plains.length} * j.key + column1, j.value, column2, column3, column4, column5, NULL, ?
       FROM json_each(?) AS j CROSS JOIN (VALUES ${values.join(', ')})`,
    ),
  }
}

type Held = Pick<EventRow, 'jobId' | 'type' | 'at'>

export function createJobEvents(
  connection: Connection,
  transactions: Pick<Transactions, 'follow' | 'isOpen'>,
) {
  const insert = connection.prepare(
    `INSERT INTO job_events (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  // A job that is started in the transaction that stores it comes first: its two are told together.
  const patterns = [[CREATED, STARTED], [CREATED], [STARTED], [COMPLETED]].map((plains) =>
    patternOf(connection, plains),
  )
  const since = connection.prepare(
    `SELECT seq, job_id AS jobId, type, state, progress, step, error_code AS errorCode, at
     FROM job_events WHERE seq > ? ORDER BY seq LIMIT ?`,
  )
  const ofJob = connection.prepare(
    `SELECT seq, job_id AS jobId, type, state, progress, step, error_code AS errorCode, at
     FROM job_events WHERE seq > ? AND job_id = ? ORDER BY seq`,
  )
  const latest = connection.prepare('SELECT coalesce(max(seq), 0) FROM job_events').pluck()
  const oldest = connection.prepare('SELECT coalesce(min(seq), 1) FROM job_events').pluck()

  /** Number of the newest event; null when it must be asked for. */
  let newest: number | null = null
  /** Ordinary ones that are not written yet: the last ones told. */
  let held: Held[] = []

  /** How many jobs, from this held event on, follow the pattern at one time. */
  function runOf(plains: readonly Plain[], from: number): number {
    const { at } = held[from]!
    let jobs = 0
    for (let i = from; ; i += plains.length, jobs++) {
      for (let k = 0; k < plains.length; k++) {
        const event = held[i + k]
        if (event === undefined || event.at !== at || event.type !== plains[k]!.type) return jobs
        if (event.jobId !== held[i]!.jobId) return jobs
      }
    }
  }

  function flush(): void {
    if (held.length === 0) return
    const first = newest! - held.length + 1
    for (let from = 0; from < held.length; ) {
      for (const { plains, insert, insertOne } of patterns) {
        const jobs = runOf(plains, from)
        if (jobs === 0) continue
        const { jobId, at } = held[from]!
        if (jobs === 1) insertOne(first + from, jobId, at)
        else {
          const ids = Array.from({ length: jobs }, (_, i) => held[from + i * plains.length]!.jobId)
          insert.run(first + from, at, JSON.stringify(ids))
        }
        from += jobs * plains.length
        break
      }
    }
    held = []
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
    addEvent(event: Omit<EventRow, 'seq'>): number {
      newest ??= latest.get() as number
      const { jobId, type, state, progress, step, errorCode, at } = event
      const plain = PLAIN.get(type)
      const isPlain =
        plain?.state === state &&
        plain.progress === progress &&
        plain.step === step &&
        errorCode === null
      if (isPlain) {
        held.push({ jobId, type, at })
        newest++
        if (!transactions.isOpen()) flush()
        return newest
      }
      flush()
      insert.run(newest + 1, jobId, type, state, progress, step, errorCode, at)
      return ++newest
    },
    /** Those after this number, in order. */
    eventsSince: whole((seq: number, limit: number) => since.all(seq, limit) as EventRow[]),
    /** The same of one job, which are few. */
    eventsOf: whole((jobId: string, seq: number) => ofJob.all(seq, jobId) as EventRow[]),
    /** 0 when there never was one. */
    latestSeq: whole(() => latest.get() as number),
    oldestSeq: whole(() => oldest.get() as number),
  }
}
