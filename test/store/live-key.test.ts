// Keys of jobs are found in memory, whatever was rolled back, thrown away or written by an older program, and whatever SQLite lets
// somebody else write.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue, type NewJob } from '../../src/jobs/queue.ts'
import { inspectStore } from '../../src/store/inspect.ts'
import { openStore } from '../../src/store/store.ts'
import { createJobHouse, createStillClock, OWNER, osm, until } from '../support/job-house.ts'
import { openOlderStore } from '../support/older-schema.ts'

const DAY = 86_400_000
const clock = createStillClock()
const open: { close(): Promise<void> }[] = []
let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

/** Jobs in the data folder; the schema of today, or the older one named by its last step. */
function house(options: { schema?: number; start?: boolean } = {}) {
  const { schema } = options
  const store =
    schema === undefined
      ? openStore({ dataFolder, clock })
      : openOlderStore(dataFolder, clock, schema)
  const made = createJobHouse({ store, clock, start: options.start ?? true })
  open.push(made)
  return made
}

const closeAll = async () => {
  for (const one of open.splice(0)) await one.close()
}

const succeeded = async ({ jobs }: Pick<ReturnType<typeof house>, 'jobs'>, radius: number) => {
  const { job } = await jobs.submit(osm(radius), OWNER)
  await until(() => jobs.get(job.id).state === 'succeeded')
  return job.id
}

describe('keys of an older database', () => {
  it('are held as before by what is over and by what waits', async () => {
    const before = house({ schema: 6 })
    const done = await succeeded(before, 1)
    await closeAll()
    const waiting = (await house({ schema: 6, start: false }).jobs.submit(osm(2), OWNER)).job.id
    await closeAll()

    const { jobs, store } = house({ start: false })
    expect(store.backups().map((backup) => backup.reason)).toEqual(['pre-7'])
    expect(await jobs.submit(osm(1), OWNER)).toMatchObject({ job: { id: done }, replayed: true })
    expect(await jobs.submit(osm(2), OWNER)).toMatchObject({ job: { id: waiting }, replayed: true })
    // Control: nobody asked for this one.
    expect((await jobs.submit(osm(3), OWNER)).replayed).toBe(false)
  })
})

describe('SQLite', () => {
  /** Stores the only job once more under another name, behind the program's back. */
  function copy(): void {
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    try {
      const columns = file
        .prepare("SELECT name FROM pragma_table_info('jobs') WHERE name NOT IN ('n', 'id')")
        .pluck()
        .all()
        .join()
      file.exec(`INSERT INTO jobs (id, ${columns}) SELECT 'copy', ${columns} FROM jobs`)
    } finally {
      file.close()
    }
  }

  it('lets two live jobs have one key: the one that is not as it was written never runs', async () => {
    const { id } = (await house({ start: false }).jobs.submit(osm(1), OWNER)).job
    await closeAll()
    copy()
    expect((await inspectStore(dataFolder)).damage).toBe('2 live jobs share their key with another')
    const { jobs } = house()
    await until(() => jobs.get(id).state === 'succeeded')
    expect(jobs.stats().byState).toMatchObject({ dead: 1, succeeded: 1 })
    expect((await inspectStore(dataFolder)).damage).toBeNull()
  })

  it('knows nothing of the key of a job that is over, which the program keeps', async () => {
    const done = await succeeded(house(), 1)
    await closeAll()
    copy()
    // The copy's seal does not fit its name, so it does not answer; nor does it stand in the way.
    const again = await house({ start: false }).jobs.submit(osm(1), OWNER)
    expect(again).toMatchObject({ replayed: false })
    expect(again.job.id).not.toBe(done)
  })
})

describe('the key of a job that is over', () => {
  it('is held again when what freed it is rolled back', async () => {
    const { jobs, store, recorder, bootId } = house()
    const done = await succeeded({ jobs }, 1)
    const queue = createQueue({
      ...{ store, clock, ids: systemIds, bootId, policy: DEFAULT_POLICY, chance: Math.random },
    })
    const row = store.jobs.byId(done)!
    const again: NewJob = {
      ...{ kind: 'osm', pipeline: row.pipeline, payload: row.payload, key: row.idempotencyKey! },
      ...{ input: null, priority: 5, force: true, idempotencyKey: null },
      ...{ projectId: null, traceId: null, retryOf: null },
    }
    const held = async () => (await jobs.submit(osm(1), OWNER)).job.id
    expect(() =>
      recorder.record((trail) => {
        queue.add(trail, again, OWNER)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(await held()).toBe(done)
    // The same in a savepoint: the neighbour's write stays.
    const both = await Promise.allSettled([
      recorder.recordGrouped((trail) => {
        queue.add(trail, again, OWNER)
        throw new Error('no')
      }),
      recorder.recordGrouped(() => store.meta.set('neighbour', 'here')),
    ])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(await held()).toBe(done)
    // Control: committed, the key is the new job's.
    const { row: next } = recorder.record((trail) => queue.add(trail, again, OWNER))
    expect(await held()).toBe(next.id)
  })

  it('is free once the job is thrown away, and still held when that is rolled back', async () => {
    const { jobs, store } = house()
    const done = await succeeded({ jobs }, 1)
    const key = store.jobs.byId(done)!.idempotencyKey!
    const prune = () => store.retention.prune(clock.now() + 8 * DAY)
    expect(() =>
      store.transaction(() => {
        expect(prune()).toBe(1)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(store.jobs.byKey(key)?.id).toBe(done)
    store.transaction(prune)
    expect(store.jobs.byKey(key)).toBeUndefined()
  })
})
