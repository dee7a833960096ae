// Schema step 8 says what the table of jobs always said in cheaper words: every combination is judged as before.
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'

const STATES = ['queued', 'running', 'cancelling', 'retry_wait']
const ENDS = ['succeeded', 'failed', 'cancelled', 'dead']
const ALL = [...STATES, ...ENDS, 'lost', '', null]

let before: Database.Database
let after: Database.Database
beforeEach(() => {
  ;[before, after] = [7, 8].map((steps) => {
    const db = new Database(':memory:')
    db.pragma('foreign_keys = ON')
    for (const { sql } of MIGRATIONS.slice(0, steps)) db.exec(sql)
    db.prepare('INSERT INTO blobs VALUES (?, 1, ?, 0)').run(Buffer.alloc(32), Buffer.alloc(1))
    return db
  }) as [Database.Database, Database.Database]
})
afterEach(() => {
  before.close()
  after.close()
})

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

it('keeps columns, keys, indexes and triggers as they were', () => {
  const describe = (db: Database.Database) => ({
    columns: db.pragma('table_info(jobs)'),
    references: (db.pragma('foreign_key_list(jobs)') as { table: string; from: string }[])
      .map(({ table, from }) => `${from} → ${table}`)
      .sort(),
    rest: db
      .prepare(
        `SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'jobs' AND type <> 'table' ORDER BY name`,
      )
      .all(),
  })
  expect(describe(after)).toEqual(describe(before))
})

it('takes the rows along', () => {
  const db = new Database(':memory:')
  for (const { sql } of MIGRATIONS.slice(0, 7)) db.exec(sql)
  const insert = (n: number) => {
    const row = { ...ROW, n, id: `job ${n}`, seal: n * 7, cancel_by: n % 2 ? 'owner' : null }
    const names = Object.keys(row)
    db.prepare(`INSERT INTO jobs (${names}) VALUES (${names.map(() => '?')})`).run(
      ...Object.values(row),
    )
  }
  for (const n of [3, 9, 4]) insert(n)
  const rows = () => db.prepare('SELECT * FROM jobs ORDER BY n').all()
  const were = rows()
  db.exec(MIGRATIONS[7]!.sql)
  expect(rows()).toEqual(were)
  expect(were).toHaveLength(3)
  db.close()
})
