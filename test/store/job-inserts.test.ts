// New jobs of one transaction, written several in one statement: each row is as it was given, whatever stands beside it.
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobRow, NewJobRow } from '../../src/store/jobs.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const SEED = 20261121
let folder: string
let store: Store
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-inserts-'))
  store = openStore({ dataFolder: folder, clock: createStillClock() })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** What the file holds, read by somebody else. */
function stored(): Record<string, unknown>[] {
  const database = new Database(path.join(folder, 'sisrua.db'), { readonly: true })
  const rows = database.prepare('SELECT * FROM jobs ORDER BY n').all()
  database.close()
  return rows as Record<string, unknown>[]
}

/** The columns of a new row, spelled out apart from the code that writes them. */
const columnsOf = (row: JobRow, bootId: string | null): Record<string, unknown> => ({
  n: row.n,
  id: row.id,
  kind: row.kind,
  pipeline: row.pipeline,
  service_version_id: null,
  state: row.state,
  priority: row.priority,
  payload: row.payload,
  input_sha256: row.inputSha256,
  idempotency_key: row.idempotencyKey,
  retry_of: row.retryOf,
  attempt: row.attempt,
  max_attempts: row.maxAttempts,
  crash_count: 0,
  lease_token: row.leaseToken,
  lease_until: row.leaseUntil,
  boot_id: bootId,
  run_after: row.runAfter,
  aged_at: row.createdAt,
  soft_ms: row.softMs,
  hard_ms: row.hardMs,
  cancel_by: null,
  progress: row.progress,
  step: row.step,
  error_code: null,
  error_message: null,
  error_data: null,
  result_sha256: null,
  result_size: null,
  trace_id: row.traceId,
  created_by: row.createdBy,
  project_id: row.projectId,
  created_at: row.createdAt,
  started_at: row.startedAt,
  finished_at: null,
  updated_at: row.updatedAt,
  seal: row.seal,
})

const keyOf = (text: string): Buffer => createHash('sha256').update(text).digest()
let ids = 0
function jobOf(given: Partial<NewJobRow>): NewJobRow {
  const id = `job-${ids++}`
  return {
    uuid: randomUUID(),
    kind: 'osm',
    pipeline: 'osm-site@1',
    priority: 5,
    payload: `{"é":"💧${id}"}`,
    inputSha256: null,
    idempotencyKey: keyOf(id),
    retryOf: null,
    maxAttempts: 3,
    softMs: 1_000,
    hardMs: 2_000,
    traceId: `trace-${id}`,
    createdBy: 'owner',
    projectId: null,
    now: 1_000,
    ...given,
  }
}

interface Step {
  job: Partial<NewJobRow>
  /** Milliseconds after which the next of its kind is started in the same transaction; null: it waits. */
  startAfter: number | null
  bootId: string
}

/** Adds and starts in one transaction; answers what the table must hold then. */
function write(steps: readonly Step[]): Record<string, unknown>[] {
  const wanted = new Map<string, { row: JobRow; bootId: string | null }>()
  store.transaction(() => {
    for (const { job, startAfter, bootId } of steps) {
      const row = store.jobs.insert(jobOf(job))
      wanted.set(row.id, { row, bootId: null })
      if (startAfter === null) continue
      const now = row.createdAt + startAfter
      const lease = { leaseToken: `lease-${row.id}`, leaseUntil: now + 60_000, bootId, now }
      const started = store.jobs.claim({ kind: row.kind, ...lease })!
      wanted.set(started.id, { row: started, bootId })
    }
  })
  return [...wanted.values()].map(({ row, bootId }) => columnsOf(row, bootId))
}

const alike = (count: number, startAfter: number | null): Step[] =>
  Array.from({ length: count }, () => ({ job: {}, startAfter, bootId: 'boot' }))

describe('new jobs', () => {
  it.each([1, 3, 4, 5, 15, 16, 17, 37])('are written as they were given: %i alike', (count) => {
    for (const startAfter of [0, null]) {
      const before = stored()
      const wanted = write(alike(count, startAfter))
      expect(stored()).toEqual([...before, ...wanted])
    }
  })

  it.each<[keyof NewJobRow, unknown]>([
    ['kind', 'elevation'],
    ['pipeline', 'osm-site@2'],
    ['priority', 0],
    ['payload', '{}'],
    ['idempotencyKey', null],
    ['retryOf', 'another'],
    ['maxAttempts', 7],
    ['softMs', 999],
    ['hardMs', 2_001],
    ['traceId', null],
    ['createdBy', 'somebody'],
    ['projectId', 'p'],
    ['now', 1_001],
  ])('are told apart by %s alone', (field, value) => {
    const steps = alike(9, 0)
    steps[4]!.job = { [field]: value }
    const wanted = write(steps)
    expect(stored()).toEqual(wanted)
    // The control: the one in the middle does differ.
    const column =
      field === 'now' ? 'created_at' : field.replace(/[A-Z]/g, (one) => `_${one.toLowerCase()}`)
    expect(stored()[4]![column]).toEqual(value)
    expect(stored()[3]![column]).not.toEqual(value)
  })

  it('are told apart by what started them', () => {
    const steps = alike(12, 0)
    steps[3]!.bootId = 'another'
    steps[6]!.startAfter = 5
    steps[9]!.startAfter = null
    expect(write(steps)).toEqual(stored())
  })

  it(`are written as they were given, in any mixture (seed ${SEED})`, () => {
    const step = fc.record({
      job: fc.record({
        kind: fc.constantFrom('osm', 'osm', 'osm', 'elevation'),
        priority: fc.constantFrom(5, 5, 5, 1),
        now: fc.constantFrom(1_000, 1_000, 1_000, 1_001),
        createdBy: fc.constantFrom('owner', 'owner', 'owner', 'guest'),
        retryOf: fc.constantFrom(null, null, null, 'r'),
      }),
      startAfter: fc.constantFrom(0, 0, 0, 3, null),
      bootId: fc.constantFrom('boot', 'boot', 'boot', 'b2'),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 50 }), (steps) => {
        const before = new Map(stored().map((row) => [row.id, row]))
        for (const row of write(steps)) before.set(row.id, row)
        expect(stored()).toEqual([...before.values()].sort((a, b) => Number(a.n) - Number(b.n)))
      }),
      { numRuns: 100, seed: SEED },
    )
  })

  it('are gone with their transaction, and their numbers are given again', () => {
    expect(() =>
      store.transaction(() => {
        for (let i = 0; i < 20; i++) store.jobs.insert(jobOf({}))
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(stored()).toEqual([])
    const wanted = write(alike(5, 0))
    expect(wanted.map((row) => row.n)).toEqual([1, 2, 3, 4, 5])
    expect(stored()).toEqual(wanted)
  })

  it('that cannot all be stored are all not stored', () => {
    const steps = alike(17, 0)
    steps[15]!.job = { payload: 'x'.repeat(65_537) }
    expect(() => write(steps)).toThrow()
    expect(stored()).toEqual([])
    expect(write(alike(2, 0))).toEqual(stored())
  })
})
