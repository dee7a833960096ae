// Writes rows of new jobs, several in one statement: a statement and each value bound to it cost as much as the row. Jobs of one
// moment are alike in most of what they say, and that is bound once for all of them.
import type { JobRow } from './job-row.ts'
import type { Connection } from './sqlite.ts'

/** A sealed job that waits or was just started, and the run of the program that holds it ('' while it waits). */
export interface NewJob {
  row: JobRow
  bootId: string
}

/** Columns with one value for all rows of a statement. `aged_at` follows `created_at`. */
const SHARED = `kind, pipeline, service_version_id, state, priority, input_sha256, retry_of, attempt, max_attempts, lease_until, boot_id, run_after,
  aged_at, soft_ms, hard_ms, progress, step, created_by, project_id, created_at, started_at, updated_at`
/** Columns of each row, after its number. */
const OWN = 'id, payload, idempotency_key, lease_token, trace_id, seal'
const OWN_COUNT = OWN.split(',').length

/** Rows a statement, longest first. */
const RUNS = [16, 4, 1] as const

const marks = (count: number): string => Array(count).fill('?').join(', ')

function sharedOf({ row, bootId }: NewJob): unknown[] {
  const { createdAt, startedAt } = row
  return [
    row.kind,
    row.pipeline,
    row.serviceVersionId,
    row.state,
    row.priority,
    row.inputSha256,
    row.retryOf,
    row.attempt,
    row.maxAttempts,
    row.leaseUntil,
    startedAt === null ? null : bootId,
    row.runAfter,
    createdAt,
    row.softMs,
    row.hardMs,
    row.progress,
    row.step,
    row.createdBy,
    row.projectId,
    createdAt,
    startedAt,
    row.updatedAt,
  ]
}

function pushOwn(values: unknown[], { row }: NewJob): void {
  values.push(row.id, row.payload, row.idempotencyKey, row.leaseToken, row.traceId, row.seal)
}

/** Whether the two are in all shared columns the same; two inputs are told apart although they may hold the same bytes. */
function isAlike(a: NewJob, b: NewJob): boolean {
  const [left, right] = [a.row, b.row]
  return (
    left.createdAt === right.createdAt &&
    left.updatedAt === right.updatedAt &&
    left.startedAt === right.startedAt &&
    left.leaseUntil === right.leaseUntil &&
    left.runAfter === right.runAfter &&
    left.state === right.state &&
    left.step === right.step &&
    left.progress === right.progress &&
    left.attempt === right.attempt &&
    left.kind === right.kind &&
    left.pipeline === right.pipeline &&
    left.serviceVersionId === right.serviceVersionId &&
    left.priority === right.priority &&
    left.maxAttempts === right.maxAttempts &&
    left.softMs === right.softMs &&
    left.hardMs === right.hardMs &&
    left.createdBy === right.createdBy &&
    left.projectId === right.projectId &&
    left.inputSha256 === right.inputSha256 &&
    left.retryOf === right.retryOf &&
    a.bootId === b.bootId
  )
}

export function createJobInserts(connection: Connection): (jobs: readonly NewJob[]) => void {
  const shared = SHARED.split(',').length
  const statements = RUNS.map((rows) => {
    if (rows === 1) {
      return connection.prepare(
        `INSERT INTO jobs (n, ${SHARED}, ${OWN}) VALUES (${marks(1 + shared + OWN_COUNT)})`,
      )
    }
    const names = SHARED.split(',')
    const row = `(${marks(OWN_COUNT)})`
    const values = Array.from({ length: rows }, (_, i) => row.replace('(', `(${i}, `)).join(', ')
    const own = Array.from({ length: OWN_COUNT }, (_, i) => `column${i + 2}`).join(', ')
    return connection.prepare(
      `INSERT INTO jobs (n, ${SHARED}, ${OWN}) SELECT first + column1, ${SHARED}, ${own}
       FROM (SELECT ? AS first, ${names.map((name) => `? AS ${name}`).join(', ')}) CROSS JOIN (VALUES ${values})`,
    )
  })

  /** How many jobs, from this one on, are alike and numbered one after the other. */
  function alikeFrom(jobs: readonly NewJob[], from: number): number {
    const first = jobs[from]!
    let count = 1
    for (; from + count < jobs.length; count++) {
      const next = jobs[from + count]!
      if (next.row.n !== first.row.n + count || !isAlike(first, next)) break
    }
    return count
  }

  return (jobs) => {
    for (let from = 0; from < jobs.length; ) {
      let alike = alikeFrom(jobs, from)
      for (let i = 0; i < RUNS.length; ) {
        const rows = RUNS[i]!
        if (alike < rows) {
          i++
          continue
        }
        const values: unknown[] = [jobs[from]!.row.n, ...sharedOf(jobs[from]!)]
        for (let at = from; at < from + rows; at++) pushOwn(values, jobs[at]!)
        statements[i]!.run(values)
        from += rows
        alike -= rows
        if (alike === 0) break
      }
    }
  }
}
