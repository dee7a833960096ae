// What is kept, for how long, and what happens when kept bytes go bad.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import {
  createJobHouse,
  createStillClock,
  failingWork,
  OWNER,
  osm,
  until,
  type Work,
} from '../support/job-house.ts'

let house: ReturnType<typeof createJobHouse>
afterEach(() => house.close())

const DAY = 86_400_000
const finished = (id: string) => until(() => house.jobs.get(id).finishedAt !== null)
const largeWork: Work = async () => Buffer.alloc(100_000, 'x')

function blobFiles(): string[] {
  const folder = house.store.folders.blobs
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
}

describe('a damaged result', () => {
  it('is never served, and the next request for it works anew', async () => {
    house = createJobHouse({ work: largeWork })
    const { job } = await house.jobs.submit(osm(1), OWNER)
    await finished(job.id)
    const [file] = blobFiles()
    writeFileSync(file!, Buffer.alloc(100_000, 'y'))
    await expect(house.jobs.result(job.id)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' })
    await expect(house.jobs.artifact(job.id, 'drawing.dxf')).rejects.toMatchObject({
      code: 'RESULT_CORRUPT',
    })
    const again = await house.jobs.submit(osm(1), OWNER)
    expect(again).toMatchObject({ replayed: false })
    await finished(again.job.id)
    expect((await house.jobs.result(again.job.id))!.size).toBe(100_000)
  })

  it('is not what an Idempotency-Key stands for any more', async () => {
    house = createJobHouse({ work: largeWork })
    const request = { ...osm(1), idempotencyKey: 'k' }
    const { job } = await house.jobs.submit(request, OWNER)
    await finished(job.id)
    expect((await house.jobs.submit(request, OWNER)).job.id).toBe(job.id)
    writeFileSync(blobFiles()[0]!, Buffer.alloc(100_000, 'y'))
    await expect(house.jobs.result(job.id)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' })
    const again = await house.jobs.submit(request, OWNER)
    expect(again).toMatchObject({ replayed: false })
    await finished(again.job.id)
    expect((await house.jobs.submit(request, OWNER)).job.id).toBe(again.job.id)
  })
})

describe('retention', () => {
  it('drops the oldest finished jobs when all results together are too large, and nothing more', async () => {
    const byRadius: Work = async ({ params }) =>
      Buffer.alloc(100_000, `${(params as { radius: number }).radius}`)
    house = createJobHouse({ work: byRadius })
    const ids: string[] = []
    for (let radius = 1; radius <= 5; radius++) {
      ids.push((await house.jobs.submit(osm(radius), OWNER)).job.id)
      await finished(ids.at(-1)!)
    }
    const { store } = house
    const prune = (keepBytes: number) =>
      store.transaction(() => store.retention.prune(Date.now(), 500, keepBytes))
    const kept = () => house.jobs.list({ limit: 10 }).jobs.map(({ id }) => id)
    const total = blobFiles().length * 100_000
    expect(prune(total)).toBe(0)
    expect(prune(total - 1)).toBe(1)
    expect(kept().sort()).toEqual(ids.slice(1).sort())
    while (prune(2 * (total / 5)) > 0) store.blobs.collect()
    store.blobs.collect()
    expect(kept().sort()).toEqual(ids.slice(3).sort())
    expect(await house.jobs.result(ids[4]!)).not.toBeNull()
    expect(blobFiles()).toHaveLength((2 * total) / 500_000)
  })

  it('drops successes after a week and failures after a month, with their bytes, but no audit entry', async () => {
    const clock = createStillClock()
    house = createJobHouse({
      clock,
      work: (task, options) =>
        (task.params as { radius: number }).radius === 1
          ? largeWork(task, options)
          : failingWork({ code: 'OSM_INVALID' })(task, options),
    })
    const good = (await house.jobs.submit(osm(1), OWNER)).job.id
    const bad = (await house.jobs.submit(osm(2), OWNER)).job.id
    await finished(good)
    await finished(bad)
    const entries = house.store.audit.last()!.seq
    const prune = () => house.store.transaction(() => house.store.retention.prune(clock.now()))
    clock.advance(7 * DAY - 1)
    expect(prune()).toBe(0)
    clock.advance(2)
    expect(prune()).toBe(1)
    expect(house.store.blobs.collect()).toBe(1)
    expect(blobFiles()).toEqual([])
    expect(() => house.jobs.get(good)).toThrow('Job not found')
    expect(house.jobs.artifacts(bad)).toEqual([])
    // The newest event stays, so that no number is given twice.
    expect(house.jobs.eventsSince(house.jobs.latestSeq() - 1).events).toHaveLength(1)
    expect(house.jobs.eventsSince(0).resync).toBe(true)
    clock.advance(23 * DAY)
    expect(prune()).toBe(1)
    expect(house.jobs.list().jobs).toEqual([])
    expect(house.store.audit.last()!.seq).toBe(entries)
  })
})

describe('retention of what did not succeed', () => {
  let now: () => number
  const idle = { slots: { osm: 0, geojson: 0, contours: 0, mesh: 0 } }
  const prune = () => house.store.transaction(() => house.store.retention.prune(now()))
  const kept = () => house.jobs.list({ limit: 1000 }).jobs.map(({ id }) => id)

  it('drops cancelled jobs after a day and those that killed the program after thirty', async () => {
    const clock = createStillClock()
    now = clock.now
    house = createJobHouse({ clock, policy: idle })
    const cancelled = (await house.jobs.submit(osm(1), OWNER)).job.id
    await house.jobs.cancel(cancelled, OWNER)
    const dead = (await house.jobs.submit(osm(2), OWNER)).job.id
    const { store } = house
    for (let crash = 1; crash <= 3; crash++) {
      await house.jobs.stop()
      // A process that dies: it claims and is never heard of again. The next one finds that out as it starts.
      store.transaction(() =>
        store.jobs.claim({
          ...{ kind: 'osm', leaseToken: `lease ${crash}`, leaseUntil: clock.now() + 30_000 },
          ...{ bootId: 'gone', now: clock.now() },
        }),
      )
      house = createJobHouse({ store, clock, policy: idle })
    }
    const waiting = (await house.jobs.submit(osm(3), OWNER)).job.id
    const states = house.jobs.list({ limit: 10 }).jobs.map(({ state }) => state)
    expect(states.sort()).toEqual(['cancelled', 'dead', 'queued'])
    const at = clock.now()
    for (const [age, count, left] of [
      [DAY, 0, [cancelled, dead, waiting]],
      [DAY + 1, 1, [dead, waiting]],
      [30 * DAY, 0, [dead, waiting]],
      [30 * DAY + 1, 1, [waiting]],
      [400 * DAY, 0, [waiting]],
    ] as const) {
      clock.set(at + age)
      expect([age, prune()]).toEqual([age, count])
      expect(kept().sort()).toEqual([...left].sort())
    }
  })

  it('keeps 10,000 jobs: the oldest that are finished make room, batch by batch, never one that waits', async () => {
    const clock = createStillClock()
    now = clock.now
    house = createJobHouse({ clock, policy: { ...idle, maxWaiting: 20_000 } })
    const first = (await house.jobs.submit(osm(1), OWNER)).job.id
    const ids: string[] = []
    for (let round = 0; round < 21; round++) {
      const jobs = await Promise.all(
        Array.from({ length: 500 }, (_, n) =>
          house.jobs.submit(osm(1 + (round * 500 + n + 1) / 10_000), OWNER),
        ),
      )
      await Promise.all(jobs.map(({ job }) => house.jobs.cancel(job.id, OWNER)))
      ids.push(...jobs.map(({ job }) => job.id))
    }
    expect(house.jobs.stats().byState.cancelled).toBe(10_500)
    // 10,501 jobs, all younger than a day.
    expect([prune(), prune(), prune()]).toEqual([500, 1, 0])
    expect(house.jobs.stats().byState).toMatchObject({ cancelled: 9_999, queued: 1 })
    expect(house.jobs.get(first).state).toBe('queued')
    expect(() => house.jobs.get(ids[500]!)).toThrow('Job not found')
    expect(house.jobs.get(ids[501]!).state).toBe('cancelled')
    const more = (await house.jobs.submit(osm(4_000), OWNER)).job.id
    expect([prune(), prune()]).toEqual([1, 0])
    expect(house.jobs.get(more).state).toBe('queued')
    expect(() => house.jobs.get(ids[501]!)).toThrow('Job not found')
  })
})

describe('more old events and messages than one batch', () => {
  it('all go, batch by batch, although no job does; what is tried again is numbered on', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock })
    const { store } = house
    const event = { type: 'job.x', state: 'queued', progress: 0, step: 'created', errorCode: null }
    const inStep = { status: null, durationMs: 1, error: 'network', response: null }
    store.webhooks.insert({
      ...{ id: 'e', url: 'http://127.0.0.1:9/', secret: 's', events: null, allowInsecure: 0 },
      ...{ strictOrder: 0, signingSeed: null, bodyVersion: 1, now: clock.now() },
    })
    store.transaction(() => {
      for (let n = 0; n < 1_200; n++) {
        store.jobs.addEvent({ ...event, jobId: 'gone', at: clock.now() + n })
        store.outbox.addFor(['e'], `msg_${n}`, 'x', '{}', clock.now())
      }
    })
    const tried = { ...inStep, messageId: 'msg_1199', endpointId: 'e' }
    store.deliveries.log({ ...tried, at: clock.now() })
    clock.advance(29 * DAY)
    store.deliveries.log({ ...tried, at: clock.now() })
    clock.advance(2 * DAY)
    const prune = () => store.transaction(() => store.retention.prune(clock.now()))
    expect(prune()).toBeGreaterThan(0)
    // The first attempt is forgotten, the message is not yet.
    store.deliveries.log({ ...tried, at: clock.now() })
    expect(store.deliveries.attempts('msg_1199', 'e').map(({ attempt }) => attempt)).toEqual([2, 3])
    let batches = 1
    while (prune() > 0) batches++
    expect(batches).toBe(2)
    expect(store.jobs.eventsSince(0, 10)).toHaveLength(1)
    expect(store.deliveries.hasMessage('msg_1199')).toBe(false)
  })
})

describe('when there is little room on the disk', () => {
  it('no new job is taken, but an old answer is still given', async () => {
    house = createJobHouse()
    const { job } = await house.jobs.submit(osm(1), OWNER)
    await finished(job.id)
    house.store.disk.state = () => 'low'
    expect((await house.jobs.submit(osm(1), OWNER)).job.id).toBe(job.id)
    await expect(house.jobs.submit(osm(2), OWNER)).rejects.toMatchObject({ code: 'DISK_LOW' })
    expect(house.jobs.stats().accepting).toBe(false)
  })
})

describe('the log of a job', () => {
  const logged = async (lines: number, line: string) => {
    house = createJobHouse()
    const { id } = (await house.jobs.submit(osm(1), OWNER)).job
    await finished(id)
    const before = house.jobs.logs(id).length
    const { store } = house
    const numbers = await store.transaction(() =>
      Array.from({ length: lines }, () => store.jobs.addLog({ id, at: 1, level: 'info', line })),
    )
    const kept = store.jobs.logs(id, before, 20_000)
    return { before, kept, refused: numbers.filter((n) => n === undefined).length }
  }
  const truncated = expect.objectContaining({ level: 'warning', line: 'truncated' })

  it('ends with 2 MiB, counted in bytes', async () => {
    const { kept, refused } = await logged(600, 'ã'.repeat(2000))
    // 4,000 bytes a line: 524 of them are just under 2 MiB.
    expect(kept.length).toBeGreaterThan(522)
    expect(kept.length).toBeLessThanOrEqual(525)
    expect(kept.at(-1)).toEqual(truncated)
    expect(kept.filter(({ line }) => line === 'truncated')).toHaveLength(1)
    expect(refused).toBe(600 - kept.length)
  })

  it('ends with 10,000 lines, however short', async () => {
    const { before, kept, refused } = await logged(10_020, 'x')
    expect(before + kept.length).toBe(10_001)
    expect(kept.at(-2)).toMatchObject({ n: 10_000, level: 'info', line: 'x' })
    expect(kept.at(-1)).toEqual(truncated)
    expect(refused).toBe(20 + before - 1)
  })

  it('goes on where it stood after lines that were taken back, and after a restart', async () => {
    const dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
    try {
      const long = 'x'.repeat(4_000)
      const clock = createStillClock()
      const log = { id: 'a', at: 1, level: 'info', line: long }
      let store = openStore({ dataFolder, clock })
      const add = (count: number) => {
        for (let i = 0; i < count; i++) store.jobs.addLog(log)
      }
      add(300)
      expect(() =>
        store.transaction(() => {
          add(600)
          throw new Error('taken back')
        }),
      ).toThrow('taken back')
      expect(store.jobs.addLog(log)).toBe(301)
      await store.close()
      store = openStore({ dataFolder, clock })
      add(221)
      expect(store.jobs.addLog(log)).toBe(523)
      expect(store.jobs.addLog(log)).toBe(524)
      expect(store.jobs.addLog(log)).toBe(525)
      expect(store.jobs.addLog(log)).toBeUndefined()
      expect(store.jobs.logs('a', 523, 9).map(({ line }) => line)).toEqual([long, 'truncated'])
      await store.close()
    } finally {
      rmSync(dataFolder, { recursive: true, force: true })
    }
  })

  it('holds more short lines than long ones', async () => {
    const { kept, refused } = await logged(600, 'short')
    expect({ kept: kept.length, refused }).toEqual({ kept: 600, refused: 0 })
    expect(kept.at(-1)).toMatchObject({ level: 'info', line: 'short' })
  })
})
