// Working on jobs: cancel that really stops, retries by error class, time limits, stopping, recovery, priorities.
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import { isTransient, retryDelayMs } from '../../src/jobs/policy.ts'
import {
  createJobHouse,
  createStillClock,
  endlessWork,
  failingWork,
  OWNER,
  osm,
  quickWork,
  until,
  type Work,
} from '../support/job-house.ts'

let house: ReturnType<typeof createJobHouse>
afterEach(() => house.close())

const state = (id: string) => house.jobs.get(id).state
const eventsOf = (id: string) =>
  house.jobs
    .eventsSince(0)
    .events.filter((event) => event.jobId === id)
    .map((event) => event.type)

async function submit(radius: number, more = {}): Promise<string> {
  return (await house.jobs.submit({ ...osm(radius), ...more }, OWNER)).job.id
}

describe('cancel', () => {
  it('stops the work through its signal and ends as cancelled', async () => {
    house = createJobHouse({ work: endlessWork })
    const id = await submit(1)
    await until(() => state(id) === 'running')
    await house.jobs.cancel(id, OWNER)
    await until(() => state(id) === 'cancelled')
    expect(eventsOf(id)).toEqual(['job.created', 'job.started', 'job.progress', 'job.cancelled'])
  })

  it('ends within its grace even when the work never listens, and its late answer changes nothing', async () => {
    let finish = (_bytes: Uint8Array) => {}
    const deaf: Work = () => new Promise((resolve) => (finish = resolve))
    house = createJobHouse({ work: deaf, policy: { cancelGraceMs: 50 } })
    const id = await submit(1)
    await until(() => state(id) === 'running')
    await house.jobs.cancel(id, OWNER)
    await until(() => state(id) === 'cancelled')
    finish(Buffer.from('{}'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(house.jobs.get(id)).toMatchObject({ state: 'cancelled', result: null })
  })

  it('wins over a result that comes at the same moment', async () => {
    let finish = (_bytes: Uint8Array) => {}
    house = createJobHouse({ work: () => new Promise((resolve) => (finish = resolve)) })
    const id = await submit(1)
    await until(() => state(id) === 'running')
    const cancelled = house.jobs.cancel(id, OWNER)
    finish(Buffer.from('{}'))
    await cancelled
    await until(() => house.jobs.get(id).finishedAt !== null)
    expect(state(id)).toBe('cancelled')
  })

  it('leaves a finished job as it is', async () => {
    house = createJobHouse()
    const id = await submit(1)
    await until(() => state(id) === 'succeeded')
    expect((await house.jobs.cancel(id, OWNER)).state).toBe('succeeded')
    await expect(house.jobs.cancel('nonexistent', OWNER)).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    })
  })
})

describe('a transient error', () => {
  it('is tried again after a pause, until the attempts are used up', async () => {
    const clock = createStillClock()
    let starts = 0
    const work: Work = () => {
      starts++
      return Promise.reject(new AppError('OVERPASS_UNAVAILABLE'))
    }
    house = createJobHouse({ clock, work, chance: () => 0.5 })
    const id = await submit(1)
    for (let attempt = 1; attempt < 4; attempt++) {
      await until(() => state(id) === 'retry_wait')
      expect(starts).toBe(attempt)
      expect(house.jobs.get(id)).toMatchObject({ error: null, step: 'waiting_retry' })
      // Half of 2 s, 4 s, 8 s; a little earlier nothing happens.
      clock.advance(1000 * 2 ** (attempt - 1) - 1)
      await house.store.group(() => undefined)
      expect(state(id)).toBe('retry_wait')
      clock.advance(1)
      await house.store.group(() => undefined)
    }
    await until(() => state(id) === 'failed')
    expect(starts).toBe(4)
    expect(house.jobs.get(id).error?.code).toBe('OVERPASS_UNAVAILABLE')
  })

  it('of other classes is not', async () => {
    house = createJobHouse({ work: failingWork({ code: 'GEOJSON_INVALID', message: 'no' }) })
    const id = await submit(1)
    await until(() => state(id) === 'failed')
    expect(house.jobs.get(id)).toMatchObject({
      attempt: 1,
      error: { code: 'GEOJSON_INVALID', message: 'no' },
    })
  })

  it('waits at least as long as the other side asks, with full jitter up to five minutes', () => {
    const plain = { code: 'OVERPASS_UNAVAILABLE', message: '', data: {} } as const
    expect([1, 2, 3, 9, 30].map((attempt) => retryDelayMs(attempt, plain, 0.999_999))).toEqual([
      2000, 4000, 8000, 300_000, 300_000,
    ])
    expect(retryDelayMs(3, plain, 0)).toBe(0)
    expect(retryDelayMs(1, { ...plain, data: { retryAfterSeconds: 60 } }, 0)).toBe(60_000)
    expect(isTransient(plain)).toBe(true)
    expect(isTransient({ ...plain, code: 'COMPUTE_TIMEOUT' })).toBe(false)
  })
})

describe('limits', () => {
  it('end work that takes too long', async () => {
    house = createJobHouse({ work: endlessWork, policy: { softMs: 5, hardMs: 10 } })
    const id = await submit(1)
    await until(() => state(id) === 'failed')
    expect(house.jobs.get(id).error?.code).toBe('COMPUTE_TIMEOUT')
  })

  it('of memory end the youngest job and start no other until there is room', async () => {
    house = createJobHouse({
      work: endlessWork,
      policy: { memoryEndBytes: 1, memoryPauseBytes: 1 },
    })
    const old = await submit(1)
    await until(() => state(old) === 'running')
    const young = await submit(2)
    await until(() => state(young) === 'running')
    await until(() => state(young) === 'failed')
    expect(house.jobs.get(young).error?.code).toBe('MEMORY_LIMIT')
    expect(state(old)).toBe('running')
    const waiting = await submit(3)
    expect(state(waiting)).toBe('queued')
  })

  it('keep to the slots of a kind and serve the urgent first', async () => {
    const order: number[] = []
    let most = 0
    let now = 0
    const work: Work = async (task) => {
      most = Math.max(most, ++now)
      order.push((task.params as { radius: number }).radius)
      await new Promise((resolve) => setTimeout(resolve, 2))
      now--
      return Buffer.from('{}')
    }
    house = createJobHouse({ work, start: false })
    const ids = await Promise.all([
      submit(1, { priority: 9 }),
      submit(2, { priority: 5 }),
      submit(3, { priority: 0 }),
      submit(4, { priority: 5 }),
    ])
    expect(ids.map((id) => house.jobs.queuePosition(id))).toEqual([3, 1, 0, 2])
    house.jobs.start()
    await until(() => ids.every((id) => state(id) === 'succeeded'))
    expect(most).toBe(2)
    expect(order).toEqual([3, 2, 4, 1])
  })

  it('do not let the patient starve: waiting raises the priority', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock, start: false })
    const id = await submit(1, { priority: 2 })
    const age = () =>
      house.store.transaction(() => house.store.jobs.age(clock.now(), clock.now() - 300_000))
    clock.advance(299_999)
    age()
    expect(house.jobs.get(id).priority).toBe(2)
    for (const expected of [1, 0, 0]) {
      clock.advance(300_000)
      age()
      expect(house.jobs.get(id).priority).toBe(expected)
    }
  })
})

describe('a clock that is set back', () => {
  const HOUR = 3_600_000

  it('keeps no job waiting that has nothing to wait for', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock, start: false })
    const id = await submit(1)
    clock.set(clock.now() - HOUR)
    house.jobs.start()
    await until(() => state(id) === 'succeeded')
  })

  it('does not make the pause before a retry longer; without it, the pause is kept', async () => {
    const clock = createStillClock()
    let starts = 0
    const work: Work = () => {
      starts++
      return Promise.reject(new AppError('OVERPASS_UNAVAILABLE'))
    }
    house = createJobHouse({ clock, work, chance: () => 0.5 })
    const id = await submit(1)
    await until(() => state(id) === 'retry_wait')
    house.jobs.tick()
    await house.store.group(() => undefined)
    expect([state(id), starts]).toEqual(['retry_wait', 1])
    clock.set(clock.now() - HOUR)
    house.jobs.tick()
    await until(() => starts === 2)
  })
})

describe('stopping and starting again', () => {
  it('puts running work back without counting it, and takes it up again', async () => {
    const first = createJobHouse({ work: endlessWork })
    house = first
    const id = await submit(1)
    await until(() => state(id) === 'running')
    await first.jobs.stop()
    expect(first.jobs.get(id)).toMatchObject({ state: 'queued', attempt: 0, crashCount: 0 })
    await expect(first.jobs.submit(osm(2), OWNER)).rejects.toMatchObject({ code: 'SHUTDOWN' })
    house = createJobHouse({ store: first.store, work: quickWork })
    await until(() => state(id) === 'succeeded')
  })

  it('after crashes starts a job twice more, then buries it', async () => {
    const crashed = createJobHouse({ work: endlessWork, start: false })
    house = crashed
    const id = await submit(1)
    for (let crash = 1; crash <= 3; crash++) {
      // A process that dies: it claims and is never heard of again.
      crashed.store.transaction(() =>
        crashed.store.jobs.claim({
          kind: 'osm',
          leaseToken: `lease ${crash}`,
          leaseUntil: Date.now() + 30_000,
          bootId: 'dead',
          now: Date.now(),
        }),
      )
      expect(state(id)).toBe('running')
      house = createJobHouse({
        store: crashed.store,
        work: endlessWork,
        policy: { slots: { osm: 0, geojson: 0, contours: 0, mesh: 0 } },
      })
      expect(house.jobs.get(id)).toMatchObject({
        crashCount: crash,
        state: crash < 3 ? 'queued' : 'dead',
      })
      await house.jobs.stop()
    }
    expect(house.jobs.get(id).error?.code).toBe('POISON_JOB')
    const again = createJobHouse({ store: crashed.store, work: quickWork })
    house = again
    const retried = await again.jobs.retry(id, OWNER)
    expect(retried.retryOf).toBe(id)
    await until(() => state(retried.id) === 'succeeded')
  })
})

describe('what listeners hear', () => {
  it('is every stored event once, in order, after its commit, and progress at most ten times a second', async () => {
    const work: Work = async (_task, { onProgress }) => {
      for (let i = 1; i <= 1000; i++) onProgress?.('work', i / 1000)
      return Buffer.from('{}')
    }
    house = createJobHouse({ work })
    const heard: number[] = []
    const stored: unknown[] = []
    const told: unknown[] = []
    let progress = 0
    house.events.on('job.event', (event) => {
      heard.push(event.seq)
      stored.push(house.jobs.eventsSince(event.seq - 1, 1).events[0])
      told.push(event)
    })
    house.events.on('job.progress', () => progress++)
    const id = await submit(1)
    await until(() => state(id) === 'succeeded')
    expect(heard).toEqual(house.jobs.eventsSince(0).events.map((event) => event.seq))
    expect(heard).toEqual([1, 2, 3])
    expect(told).toEqual(stored)
    // One per step (collecting, computing, saving), and what fits into the few milliseconds between them.
    expect(progress).toBeLessThanOrEqual(5)
    expect(house.jobs.eventsSince(1).events).toHaveLength(2)
    expect(house.jobs.eventsSince(99).resync).toBe(true)
    expect(house.jobs.logs(id).map((line) => line.line)).toEqual([
      expect.stringContaining('attempt 1: 2 files'),
    ])
    expect(house.errors).toEqual([])
  })
})
