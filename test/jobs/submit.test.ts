// Submitting: what is stored, when a job answers for a payload, and what frees it again (contract.md 1.3).
import { afterEach, describe, expect, it } from 'vitest'
import {
  createJobHouse,
  createStillClock,
  endlessWork,
  failingWork,
  OWNER,
  osm,
  until,
} from '../support/job-house.ts'

let house: ReturnType<typeof createJobHouse>
afterEach(() => house.close())

const finished = (id: string) => until(() => house.jobs.get(id).finishedAt !== null)

describe('a payload and its job', () => {
  it('is stored, worked on and has a result that is sent as stored', async () => {
    house = createJobHouse()
    const { job, replayed } = await house.jobs.submit(osm(500), OWNER)
    expect(replayed).toBe(false)
    await finished(job.id)
    const done = house.jobs.get(job.id)
    expect(done).toMatchObject({
      state: 'succeeded',
      progress: 1,
      step: 'done',
      attempt: 1,
      error: null,
    })
    const file = await house.jobs.result(job.id)
    const bytes = Buffer.from(await file!.bytes())
    expect(JSON.parse(bytes.toString())).toEqual({ made: osm(500).params })
    expect(file!.size).toBe(bytes.length)
    expect(house.jobs.artifacts(job.id).map((artifact) => artifact.name)).toEqual(['drawing.dxf'])
    expect(house.errors).toEqual([])
  })

  it('gets the same job while it waits, runs and after it succeeded', async () => {
    house = createJobHouse({ start: false })
    const first = await house.jobs.submit(osm(500), OWNER)
    const again = await house.jobs.submit(osm(500), OWNER)
    expect(again).toMatchObject({ replayed: true, job: { id: first.job.id } })
    house.jobs.start()
    await finished(first.job.id)
    const later = await house.jobs.submit(osm(500), OWNER)
    expect(later).toMatchObject({ replayed: true, job: { id: first.job.id, state: 'succeeded' } })
    const other = await house.jobs.submit(osm(501), OWNER)
    expect(other.job.id).not.toBe(first.job.id)
  })

  it('gets a new job an hour after success, or at once with force', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock })
    const first = await house.jobs.submit(osm(500), OWNER)
    await finished(first.job.id)
    clock.advance(3_599_999)
    expect((await house.jobs.submit(osm(500), OWNER)).job.id).toBe(first.job.id)
    clock.advance(1)
    const second = await house.jobs.submit(osm(500), OWNER)
    // Nothing failed that would be tried again.
    expect(second).toMatchObject({ replayed: false, job: { retryOf: null } })
    await finished(second.job.id)
    const forced = await house.jobs.submit({ ...osm(500), force: true }, OWNER)
    expect(forced).toMatchObject({ replayed: false, job: { retryOf: null } })
  })

  it('gets the failed job for three seconds, then a new one that names it', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock, work: failingWork({ code: 'OSM_INVALID' }) })
    const first = await house.jobs.submit(osm(500), OWNER)
    await finished(first.job.id)
    clock.advance(2999)
    expect((await house.jobs.submit(osm(500), OWNER)).job).toMatchObject({
      id: first.job.id,
      state: 'failed',
      error: { code: 'OSM_INVALID' },
    })
    clock.advance(1)
    const second = await house.jobs.submit(osm(500), OWNER)
    expect(second).toMatchObject({ replayed: false, job: { retryOf: first.job.id } })
  })

  it('gets a new job at once after a cancel', async () => {
    house = createJobHouse({ start: false })
    const first = await house.jobs.submit(osm(500), OWNER)
    expect((await house.jobs.cancel(first.job.id, OWNER)).state).toBe('cancelled')
    const second = await house.jobs.submit(osm(500), OWNER)
    expect(second.replayed).toBe(false)
  })

  it('gets a new job while the cancelled one is still stopping', async () => {
    house = createJobHouse({ work: endlessWork })
    const first = await house.jobs.submit(osm(500), OWNER)
    await until(() => house.jobs.get(first.job.id).state === 'running')
    const [cancelled, second] = await Promise.all([
      house.jobs.cancel(first.job.id, OWNER),
      house.jobs.submit({ ...osm(500) }, OWNER),
    ])
    expect(cancelled.state).toBe('cancelling')
    await finished(first.job.id)
    expect(house.jobs.get(first.job.id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'CANCELLED' },
    })
    const third = await house.jobs.submit(osm(500), OWNER)
    expect(third.job.id).not.toBe(first.job.id)
    expect([first.job.id, third.job.id]).toContain(second.job.id)
  })

  it('does not depend on the order of its fields', async () => {
    house = createJobHouse({ start: false })
    const first = await house.jobs.submit(
      { kind: 'osm', params: { radius: 1, latitude: 2, longitude: 3 } },
      OWNER,
    )
    const again = await house.jobs.submit(
      { kind: 'osm', params: { longitude: 3, latitude: 2, radius: 1 } },
      OWNER,
    )
    expect(again.job.id).toBe(first.job.id)
  })
})

describe('an Idempotency-Key header', () => {
  it('names one intention for a day, whatever became of it', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock, work: failingWork({ code: 'OSM_INVALID' }) })
    const request = { ...osm(500), idempotencyKey: 'abc' }
    const first = await house.jobs.submit(request, OWNER)
    await finished(first.job.id)
    clock.advance(60_000)
    expect((await house.jobs.submit(request, OWNER)).job.id).toBe(first.job.id)
    await expect(
      house.jobs.submit({ ...osm(600), idempotencyKey: 'abc' }, OWNER),
    ).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
    const other = await house.jobs.submit(request, { id: 'somebody', role: 'operator' })
    expect(other.job.id).not.toBe(first.job.id)
    await finished(other.job.id)
    clock.advance(86_400_000)
    expect((await house.jobs.submit(request, OWNER)).replayed).toBe(false)
  })

  it('names it also when somebody sets the clock a day forward', async () => {
    const clock = createStillClock()
    house = createJobHouse({ clock })
    const request = { ...osm(500), idempotencyKey: 'abc' }
    const first = await house.jobs.submit(request, OWNER)
    await finished(first.job.id)
    clock.set(clock.now() + 86_400_000)
    expect((await house.jobs.submit(request, OWNER)).job.id).toBe(first.job.id)
    await expect(
      house.jobs.submit({ ...osm(600), idempotencyKey: 'abc' }, OWNER),
    ).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    clock.advance(86_400_000)
    expect((await house.jobs.submit(request, OWNER)).replayed).toBe(false)
  })

  it.each([
    ['waits', false],
    ['is done', true],
  ])('stands for the job that answered it, also one that %s already', async (_, isDone) => {
    const clock = createStillClock()
    house = createJobHouse({ clock, start: false })
    const { job } = await house.jobs.submit(osm(500), OWNER)
    if (isDone) {
      house.jobs.start()
      await finished(job.id)
    }
    const request = { ...osm(500), idempotencyKey: 'abc' }
    expect(await house.jobs.submit(request, OWNER)).toMatchObject({ job: { id: job.id } })
    await expect(
      house.jobs.submit({ ...osm(600), idempotencyKey: 'abc' }, OWNER),
    ).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    // Two hours on nobody answers for the payload any more; the key still names its job.
    house.jobs.start()
    await finished(job.id)
    clock.advance(7_200_000)
    expect((await house.jobs.submit(request, OWNER)).job.id).toBe(job.id)
    expect((await house.jobs.submit(osm(500), OWNER)).job.id).not.toBe(job.id)
  })
})

describe('a request that cannot become a drawing', () => {
  it('without coordinates becomes a failed job, as the original clients expect', async () => {
    house = createJobHouse()
    const { job } = await house.jobs.submit(
      { kind: 'osm', params: { latitude: null, longitude: null, radius: null } },
      OWNER,
    )
    await finished(job.id)
    expect(house.jobs.get(job.id)).toMatchObject({
      state: 'failed',
      error: { code: 'COORDINATES_MISSING' },
    })
  })

  it('with a parameter out of range is refused and leaves nothing behind', async () => {
    house = createJobHouse()
    await expect(house.jobs.submit(osm(5001), OWNER)).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
    })
    expect(house.jobs.list().jobs).toEqual([])
  })

  it('is refused when the queue is full', async () => {
    house = createJobHouse({ start: false, policy: { maxWaiting: 2 } })
    const answers = await Promise.allSettled(
      [1, 2, 3].map((radius) => house.jobs.submit(osm(radius), OWNER)),
    )
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect((answers[2] as PromiseRejectedResult).reason).toMatchObject({ code: 'QUEUE_FULL' })
  })
})

describe('a race', () => {
  it('of a hundred equal requests makes one job', async () => {
    house = createJobHouse({ start: false })
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => house.jobs.submit(osm(500), OWNER)),
    )
    expect(new Set(answers.map((answer) => answer.job.id)).size).toBe(1)
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
    expect(house.jobs.list().jobs).toHaveLength(1)
  })
})

describe('a large document', () => {
  it('is kept as a file and reaches the work byte for byte', async () => {
    const document = Buffer.alloc(3_000_000, '{"a":"x"}')
    const expected = Buffer.from(document)
    let seen: Uint8Array | undefined
    house = createJobHouse({
      work: async (task) => {
        seen = task.inputs.geojson
        return Buffer.from('{}')
      },
    })
    const { job } = await house.jobs.submit(
      { kind: 'geojson', params: {}, geojson: document },
      OWNER,
    )
    await finished(job.id)
    expect(house.jobs.get(job.id).state).toBe('succeeded')
    expect(expected.equals(seen!)).toBe(true)
    const again = await house.jobs.submit({ kind: 'geojson', params: {}, geojson: expected }, OWNER)
    expect(again.job.id).toBe(job.id)
  })
})
