// Schema steps 8 and 10 copy the table of jobs: what it says of a row, every combination is judged as before.
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'

const STATES = ['queued', 'running', 'cancelling', 'retry_wait']
const ENDS = ['succeeded', 'failed', 'cancelled', 'dead']
const ALL = [...STATES, ...ENDS, 'lost', '', null]

/** A database of the time after so many steps. */
function databaseAfter(steps: number): Database.Database {
  const db = new Database(':memory:')
  db.pragma('foreign_keys = ON')
  for (const { sql } of MIGRATIONS.slice(0, steps)) db.exec(sql)
  db.prepare('INSERT INTO blobs VALUES (?, 1, ?, 0)').run(Buffer.alloc(32), Buffer.alloc(1))
  return db
}

type Row = Record<string, string | number | Buffer | null>

const ROW: Row = {
  id: 'one',
  kind: 'osm',
  pipeline: 'osm-site@1',
  state: 'queued',
  payload: '{}',
  max_attempts: 3,
  run_after: 0,
  aged_at: 0,
  soft_ms: 1,
  hard_ms: 1,
  created_by: 'owner',
  created_at: 0,
  updated_at: 0,
}

/** Whether the table takes the row, and SQLite's word when it does not. */
function verdict(db: Database.Database, row: Row): string {
  const names = Object.keys(row)
  try {
    db.prepare(`INSERT INTO jobs (${names}) VALUES (${names.map(() => '?')})`).run(
      ...Object.values(row),
    )
    return 'taken'
  } catch (error) {
    return (error as { code: string }).code
  } finally {
    db.exec('DELETE FROM jobs')
  }
}

/** What stands around the columns. */
const surroundings = (db: Database.Database) => ({
  columns: db.pragma('table_info(jobs)'),
  references: (db.pragma('foreign_key_list(jobs)') as { table: string; from: string }[])
    .map(({ table, from }) => `${from} → ${table}`)
    .sort(),
  rest: db
    .prepare(
      `SELECT name FROM sqlite_schema WHERE tbl_name = 'jobs' AND type <> 'table' ORDER BY name`,
    )
    .pluck()
    .all() as string[],
})

describe.each([8, 10])('step %i', (step) => {
  let before: Database.Database
  let after: Database.Database
  beforeEach(() => {
    before = databaseAfter(step - 1)
    after = databaseAfter(step)
  })
  afterEach(() => {
    before.close()
    after.close()
  })

  it('every state with everything that depends on it', () => {
    const seen = { taken: 0, refused: 0 }
    const parts: [string, Row[string]][] = [
      ['finished_at', 9],
      ['lease_token', 'held'],
      ['lease_until', 9],
      ['result_sha256', Buffer.alloc(32)],
      ['result_size', 1],
      ['idempotency_key', Buffer.alloc(32, 1)],
    ]
    for (const state of ALL) {
      for (let set = 0; set < 2 ** parts.length; set++) {
        const row: Row = { ...ROW, state }
        for (const [i, [name, value]] of parts.entries()) row[name] = set & (1 << i) ? value : null
        const was = verdict(before, row)
        expect([row, verdict(after, row)]).toEqual([row, was])
        seen[was === 'taken' ? 'taken' : 'refused']++
      }
    }
    // Two each of the waiting and held ones, four of succeeded, two of failed, one of cancelled and dead.
    expect(seen).toEqual({ taken: 16, refused: ALL.length * 64 - 16 })
  })

  it.each<Row>([
    { kind: '' },
    { kind: 'k'.repeat(65) },
    { priority: -1 },
    { priority: 10 },
    { payload: 'x'.repeat(65_537) },
    { idempotency_key: Buffer.alloc(31) },
    { attempt: -1 },
    { max_attempts: 0 },
    { max_attempts: 21 },
    { crash_count: -1 },
    { soft_ms: 0 },
    { hard_ms: 0 },
    { progress: 1.5 },
    { error_message: 'x'.repeat(2001) },
    { input_sha256: Buffer.alloc(32, 7) },
    { service_version_id: 'none' },
    { step: null },
    { updated_at: 'now' },
  ])('refuses as before: %o', (wrong) => {
    const row = { ...ROW, ...wrong }
    const was = verdict(before, row)
    expect(was).toMatch(/^SQLITE_CONSTRAINT/)
    expect(verdict(after, row)).toBe(was)
  })

  it('takes the rows along', () => {
    for (const n of [3, 9, 4]) {
      const row = { ...ROW, n, id: `job ${n}`, seal: n * 7, cancel_by: n % 2 ? 'owner' : null }
      const names = Object.keys(row)
      before
        .prepare(`INSERT INTO jobs (${names}) VALUES (${names.map(() => '?')})`)
        .run(...Object.values(row))
    }
    const rows = () => before.prepare('SELECT * FROM jobs ORDER BY n').all()
    const were = rows()
    before.exec(MIGRATIONS[step - 1]!.sql)
    expect(rows()).toEqual(were)
    expect(were).toHaveLength(3)
    expect(surroundings(before)).toEqual(surroundings(after))
  })
})

it('step 8 keeps columns, keys, indexes and triggers as they were', () => {
  const [before, after] = [7, 8].map((steps) => surroundings(databaseAfter(steps)))
  expect(after).toEqual(before)
})

it('step 10 keeps columns and triggers, and lets three indexes and the reference to results go', () => {
  const [before, after] = [9, 10].map((steps) => surroundings(databaseAfter(steps)))
  expect(after!.columns).toEqual(before!.columns)
  expect(before!.references).toEqual([
    'input_sha256 → blobs',
    'result_sha256 → blobs',
    'service_version_id → service_versions',
  ])
  expect(after!.references).toEqual([
    'input_sha256 → blobs',
    'service_version_id → service_versions',
  ])
  const gone = before!.rest.filter((name) => !after!.rest.includes(name))
  const come = after!.rest.filter((name) => !before!.rest.includes(name))
  expect(gone).toEqual(['jobs_by_result', 'jobs_live_key', 'sqlite_autoindex_jobs_1'])
  expect(come).toEqual(['jobs_older_id'])
})
