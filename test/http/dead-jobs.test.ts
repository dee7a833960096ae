// The list of buried jobs: those that were running at three crashes of the program, and no others; one can be tried anew.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createJobHouse, OWNER, osm } from '../support/job-house.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
const IDLE = { slots: { osm: 0, geojson: 0, contours: 0, mesh: 0 } }
let house: TestDaemon
/** Ids by the state that their jobs are in. */
let ids: Record<'dead' | 'failed', string>

/** One program after the other works in the folder, claims this job first and is never heard of again. */
async function crashThrice(): Promise<void> {
  for (let crash = 1; crash <= 3; crash++) {
    const one = createJobHouse({ dataFolder: folder, policy: IDLE })
    one.store.transaction(() =>
      one.store.jobs.claim({
        ...{ kind: 'osm', leaseToken: `lease ${crash}`, leaseUntil: Date.now() + 30_000 },
        ...{ bootId: 'gone', now: Date.now() },
      }),
    )
    await one.jobs.stop()
    await one.store.close()
  }
}

beforeAll(async () => {
  const first = createJobHouse({ dataFolder: folder, policy: IDLE })
  const dead = (await first.jobs.submit(osm(1), OWNER)).job.id
  await first.close()
  await crashThrice()
  house = await startDaemon({ dataDir: folder })
  const body = { kind: 'osm', latitude: -21.7, longitude: -41.1, radius: 100 }
  const failed = (await house.call('POST', '/api/v1/jobs/prepare', body)).json.job_id
  await house.finished(failed)
  ids = { dead, failed }
})
afterAll(async () => {
  await house.stop()
  rmSync(folder, { recursive: true, force: true })
})

const list = async (query: string) => (await house.call('GET', `/api/v1/jobs?${query}`)).json

test('GET /jobs?state=dead lists the buried job alone, with why', async () => {
  const { count, jobs, next } = await list('state=dead')
  expect([count, next]).toEqual([1, null])
  expect(jobs).toEqual([
    expect.objectContaining({
      job_id: ids.dead,
      state: 'dead',
      status: 'failed',
      error_code: 'POISON_JOB',
    }),
  ])
  expect((await list('')).jobs).toHaveLength(2)
  expect((await list('state=dead&kind=geojson')).jobs).toEqual([])
  expect((await list('state=failed')).jobs.map((job: { job_id: string }) => job.job_id)).toEqual([
    ids.failed,
  ])
  expect((await house.call('GET', '/api/v1/jobs?state=buried')).status).toBe(422)
})

test('a retry is a new job that names the buried one, which stays in the list', async () => {
  const again = await house.call('POST', `/api/v1/jobs/${ids.dead}/retry`)
  expect(again.json.job_id).not.toBe(ids.dead)
  const job = (await house.call('GET', `/api/v1/jobs/${again.json.job_id}`)).json
  expect(job.retry_of).toBe(ids.dead)
  expect((await list('state=dead')).jobs.map((one: { job_id: string }) => one.job_id)).toEqual([
    ids.dead,
  ])
})
