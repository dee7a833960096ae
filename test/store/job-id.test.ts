// A job's id holds the number of its row; ids of older programs, which hold the time, are found all the same.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inspectStore } from '../../src/store/inspect.ts'
import { jobId, numberIn } from '../../src/store/job-id.ts'
import { sealOf } from '../../src/store/job-seal.ts'
import { createJobHouse, OWNER, osm, until } from '../support/job-house.ts'

const V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let dataFolder: string
const open: { close(): Promise<void> }[] = []
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(async () => {
  await closeAll()
  rmSync(dataFolder, { recursive: true, force: true })
})
async function closeAll(): Promise<void> {
  for (const one of open.splice(0)) await one.close()
}
function house(start = true) {
  const made = createJobHouse({ dataFolder, start })
  open.push(made)
  return made
}
/** Changes the file behind the program's back. */
function direct<T>(work: (file: Database.Database) => T): T {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    return work(file)
  } finally {
    file.close()
  }
}
async function finished(radius: number): Promise<string> {
  const { jobs } = house()
  const { id } = (await jobs.submit(osm(radius), OWNER)).job
  await until(() => jobs.get(id).state === 'succeeded')
  await closeAll()
  return id
}

describe('the id', () => {
  it.each([1, 255, 65_536, 2 ** 32, 2 ** 36 - 1])(
    'of row %i is a version 4 UUID that says so',
    (n) => {
      const uuid = randomUUID()
      const id = jobId(n, uuid)
      expect(id).toMatch(V4)
      expect(id.slice(14)).toBe(uuid.slice(14))
      expect(numberIn(id)).toBe(n)
      expect(id < jobId(n + 1, uuid)).toBe(true)
    },
  )

  it.each([
    ['019aa3f0-1c2d-4aaa-8bbb-0123456789ab'],
    [jobId(2 ** 36, randomUUID())],
    ['00000000'],
    [''],
    ["000'; DROP TABLE jobs"],
    ['0000000G-0000-4aaa-8bbb-0123456789ab'],
    ['00000000-00٠0-4aaa-8bbb-0123456789ab'],
  ])('%s says no number', (text) => {
    expect(numberIn(text)).toBeNull()
    expect(() => house(false).jobs.get(text)).toThrow(
      expect.objectContaining({ code: 'JOB_NOT_FOUND' }),
    )
  })
})

describe('a job', () => {
  it('is found by its whole id only', async () => {
    const id = await finished(1)
    const { jobs } = house(false)
    expect(numberIn(id)).toBe(1)
    expect(jobs.get(id).id).toBe(id)
    const other = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
    expect(() => jobs.get(other)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }))
  })

  it('of an older program is found, answers for its request, and is thrown away with what is its own', async () => {
    const id = await finished(1)
    const old = '019aa3f0-1c2d-4aaa-8bbb-0123456789ab'
    const { store } = house(false)
    const row = store.jobs.byId(id)!
    await closeAll()
    direct((file) => {
      file.prepare('UPDATE jobs SET id = ?, seal = ?').run(old, sealOf({ ...row, id: old }))
      file.prepare("INSERT INTO job_logs VALUES (?, 1, 0, 'info', 'kept')").run(old)
    })
    const later = house(false)
    expect(later.jobs.get(old).id).toBe(old)
    expect(await later.jobs.submit(osm(1), OWNER)).toMatchObject({
      job: { id: old },
      replayed: true,
    })
    // Control: the id it had names the row's number, and is nobody's.
    expect(() => later.jobs.get(id)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }))
    const month = 31 * 86_400_000
    expect(later.store.transaction(() => later.store.retention.prune(Date.now() + month))).toBe(1)
    expect(() => later.jobs.get(old)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }))
    expect(
      direct((file) =>
        file.prepare('SELECT count(*) FROM job_logs WHERE job_id = ?').pluck().get(old),
      ),
    ).toBe(0)
  })

  it('of an older program has its id alone: SQLite refuses a second one, and looks no other job through', async () => {
    await finished(1)
    direct((file) => {
      const copy = file.prepare(
        `INSERT INTO jobs (id, kind, pipeline, state, payload, max_attempts, run_after, aged_at, soft_ms, hard_ms, created_by,
           created_at, updated_at) SELECT ?, kind, pipeline, 'queued', payload, 1, 1, 1, 1, 1, 'a', 1, 1 FROM jobs LIMIT 1`,
      )
      copy.run('019aa3f0-1c2d-4aaa-8bbb-0123456789ab')
      expect(() => copy.run('019aa3f0-1c2d-4aaa-8bbb-0123456789ab')).toThrow('UNIQUE')
      const plan = file.prepare(
        "EXPLAIN QUERY PLAN SELECT * FROM jobs WHERE id = ? AND id >= '001'",
      )
      expect(plan.all('x')).toMatchObject([{ detail: expect.stringContaining('jobs_older_id') }])
    })
  })

  it('whose number was given again to another is not found, and not called damaged', async () => {
    const id = await finished(1)
    direct((file) => file.exec('DELETE FROM jobs'))
    const again = await finished(2)
    expect(numberIn(again)).toBe(numberIn(id))
    const { jobs } = house(false)
    expect(() => jobs.get(id)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }))
    expect(jobs.get(again).id).toBe(again)
  })
})

describe('db check', () => {
  it.each([
    ['UPDATE jobs SET result_sha256 = zeroblob(32)', '1 results name bytes that are not stored'],
    ['UPDATE jobs SET n = 7', '1 jobs have the number of another in their id'],
  ])('after %s says what no index would refuse', async (change, damage) => {
    await finished(1)
    expect((await inspectStore(dataFolder)).damage).toBeNull()
    direct((file) => {
      // It refuses any change of a job that is over.
      const trigger = file.prepare(
        `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'jobs'`,
      )
      const { name, sql } = trigger.get() as { name: string; sql: string }
      file.exec(`DROP TRIGGER ${name}; ${change}; ${sql}`)
    })
    expect((await inspectStore(dataFolder)).damage).toBe(damage)
  })
})
