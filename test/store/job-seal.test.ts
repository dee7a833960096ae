// The seal of a job's row: whatever field is damaged on the disk, the job is not served, not started and not in the way. The control
// is a row whose seal was made anew after the change: nobody notices then.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coreOf, sealOf } from '../../src/store/job-seal.ts'
import type { JobRow } from '../../src/store/jobs.ts'
import { checksum } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { APPLICATION_ID } from '../../src/store/sqlite.ts'
import { createJobHouse, OWNER, osm, until } from '../support/job-house.ts'

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const CORRUPT = expect.objectContaining({ code: 'RESULT_CORRUPT' })

/** Changes the file behind the program's back, guard rails taken down. */
function damage(sql: string): void {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.pragma('ignore_check_constraints = ON')
  file.pragma('foreign_keys = OFF')
  file.exec('DROP TRIGGER IF EXISTS jobs_terminal_is_final')
  expect(file.prepare(sql).run().changes).toBe(1)
  file.close()
}

async function finishedJob(): Promise<string> {
  const house = createJobHouse({ dataFolder })
  const { job } = await house.jobs.submit(osm(500), OWNER)
  await until(() => house.jobs.get(job.id).state === 'succeeded')
  await house.close()
  return job.id
}

async function waitingJob(): Promise<string> {
  const house = createJobHouse({ dataFolder, start: false })
  const { job } = await house.jobs.submit(osm(500), OWNER)
  await house.close()
  return job.id
}

describe('a finished job', () => {
  it.each([
    "state = 'cancelled', result_sha256 = NULL, result_size = NULL, idempotency_key = NULL",
    "kind = 'osn'",
    "pipeline = 'toy@0'",
    "payload = replace(payload, '500', '501')",
    'result_size = result_size + 1',
    'created_at = created_at + 1',
    'started_at = started_at - 1',
    'finished_at = finished_at + 65536',
    'updated_at = updated_at + 1',
    "error_code = 'INTERNAL'",
    "step = 'dona'",
    'progress = 0.5',
    'attempt = attempt + 1',
    "created_by = 'ownes'",
    "project_id = 'x'",
    'seal = seal + 1',
  ])('with damage in %s is not served', async (change) => {
    const id = await finishedJob()
    damage(`UPDATE jobs SET ${change}`)
    const house = createJobHouse({ dataFolder, start: false })
    expect(() => house.jobs.get(id)).toThrow(CORRUPT)
    await expect(house.jobs.result(id)).rejects.toThrow(CORRUPT)
    expect(house.jobs.list().jobs).toEqual([])
    // The same request is worked on again, beside the damaged row.
    const again = await house.jobs.submit(osm(500), OWNER)
    expect(again.replayed).toBe(false)
    expect(again.job.id).not.toBe(id)
    await house.close()
  })

  it('found through an index that names another row is not served as that one', async () => {
    const house = createJobHouse({ dataFolder })
    const first = (await house.jobs.submit(osm(1), OWNER)).job.id
    const second = (await house.jobs.submit(osm(2), OWNER)).job.id
    await until(() => house.jobs.list({ state: 'succeeded' }).jobs.length === 2)
    await house.close()
    damage(`UPDATE jobs SET id = 'gone' WHERE id = '${first}'`)
    damage(`UPDATE jobs SET id = '${first}' WHERE id = '${second}'`)
    const later = createJobHouse({ dataFolder, start: false })
    expect(() => later.jobs.get(first)).toThrow(CORRUPT)
    await later.close()
  })

  it('that is said to be the run of a service is not served', async () => {
    const id = await finishedJob()
    damage(`INSERT INTO services VALUES ('s', 'S', 0)`)
    damage(
      `INSERT INTO service_versions VALUES ('x', 's', '1.0.0', '{}', NULL, zeroblob(32), 'active', 0)`,
    )
    damage(`UPDATE jobs SET service_version_id = 'x'`)
    const house = createJobHouse({ dataFolder, start: false })
    expect(() => house.jobs.get(id)).toThrow(CORRUPT)
    await house.close()
  })

  it('that is no run has the seal that programs without services gave it; a run has another', async () => {
    const id = await finishedJob()
    const house = createJobHouse({ dataFolder, start: false })
    const row = house.store.jobs.byId(id) as JobRow
    await house.close()
    const core =
      `${row.id}|${row.kind}|${row.pipeline}|null|null|${row.maxAttempts}|${row.softMs}|${row.hardMs}|null|owner|` +
      `null|${row.createdAt}|${row.payload}`
    expect(row.serviceVersionId).toBeNull()
    expect(coreOf(row)).toBe(crc32(core))
    expect(coreOf({ ...row, serviceVersionId: 'x' })).not.toBe(crc32(core))
  })

  it('has the seal that former programs gave it, whatever was sealed before', async () => {
    const id = await finishedJob()
    const house = createJobHouse({ dataFolder, start: false })
    const stored = house.store.jobs.byId(id) as JobRow
    await house.close()
    const characters = (bytes: Buffer | null) => bytes?.toString('latin1') ?? null
    const textOf = (row: JobRow): string =>
      [
        ...[row.state, row.priority, characters(row.idempotencyKey), row.attempt, row.crashCount],
        ...[row.leaseToken, row.leaseUntil, row.runAfter, row.progress, row.step, row.errorCode],
        ...[row.errorMessage, row.errorData, characters(row.resultSha256), row.resultSize],
        ...[row.startedAt, row.finishedAt, row.updatedAt],
      ]
        .map(String)
        .join('|')
    for (let i = 0; i < 200; i++) {
      // Times that come back, and others between them.
      const at = stored.createdAt + (i % 7) * (i % 3)
      const row: JobRow = {
        ...stored,
        leaseUntil: i % 2 === 0 ? null : at + 60_000,
        startedAt: i % 5 === 0 ? null : at,
        finishedAt: i % 4 === 0 ? null : at + i,
        updatedAt: at + (i % 2),
        errorCode: i % 3 === 0 ? 'INTERNAL' : null,
        errorData: i % 6 === 1 ? '{}' : null,
        resultSha256: i % 2 === 0 ? stored.resultSha256 : null,
      }
      expect(sealOf(row)).toBe(crc32(textOf(row), coreOf(row)))
    }
  })

  it('control: sealed anew, the change is believed', async () => {
    const id = await finishedJob()
    const house = createJobHouse({ dataFolder, start: false })
    const row = house.store.jobs.byId(id) as JobRow
    await house.close()
    damage(`UPDATE jobs SET created_by = 'ownes', seal = ${sealOf({ ...row, createdBy: 'ownes' })}`)
    const later = createJobHouse({ dataFolder, start: false })
    expect(later.jobs.get(id).createdBy).toBe('ownes')
    await later.close()
  })
})

describe('a waiting job', () => {
  it.each(["payload = replace(payload, '500', '501')", 'priority = 4', 'max_attempts = 5'])(
    'with damage in %s is put aside at the start, and the log says so',
    async (change) => {
      const id = await waitingJob()
      damage(`UPDATE jobs SET ${change}`)
      const house = createJobHouse({ dataFolder })
      const entries = house.store.audit.list({
        ...{ entityType: 'job', entityId: null, eventType: 'job.damaged' },
        ...{ before: null, limit: 10 },
      })
      expect(entries.map((entry) => entry.entityId)).toEqual(['row 1'])
      expect(() => house.jobs.get(id)).toThrow(CORRUPT)
      expect(house.jobs.stats().byState).toMatchObject({ queued: 0, running: 0, dead: 1 })
      const again = await house.jobs.submit(osm(500), OWNER)
      await until(() => house.jobs.get(again.job.id).state === 'succeeded')
      await house.close()
    },
  )
})

describe('an older database', () => {
  it('is sealed when it is opened, and its jobs go on', async () => {
    const first = MIGRATIONS[0]!
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    file.pragma('auto_vacuum = INCREMENTAL')
    file.pragma(`application_id = ${APPLICATION_ID}`)
    file.exec(first.sql)
    file.prepare("INSERT INTO meta VALUES ('migration.1', ?)").run(checksum(first))
    file.pragma('user_version = 1')
    const insert = file.prepare(
      `INSERT INTO jobs (id, kind, pipeline, state, payload, max_attempts, run_after, aged_at, soft_ms, hard_ms,
         created_by, created_at, finished_at, updated_at, progress)
       VALUES (?, 'osm', 'toy@1', ?, '{"latitude":-21.7634,"longitude":-41.3235,"radius":1}', 4, 5, 5, 10000, 20000, 'owner', 5, ?, 7, 0.25)`,
    )
    file.exec('BEGIN')
    for (let n = 0; n < 1200; n++) insert.run(`old-${n}`, 'failed', 6)
    insert.run('waits', 'queued', null)
    file.exec('COMMIT')
    file.close()
    const house = createJobHouse({ dataFolder })
    expect(house.jobs.list({ limit: 1000, state: 'failed' }).jobs).toHaveLength(1000)
    expect(house.jobs.get('old-0')).toMatchObject({ state: 'failed', progress: 0.25, createdAt: 5 })
    await until(() => house.jobs.get('waits').state === 'succeeded')
    await house.close()
  })
})
