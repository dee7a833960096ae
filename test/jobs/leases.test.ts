// Leases are renewed for work that moves, and for nothing else. The clock stands still until a test moves it.
import { afterEach, describe, expect, it } from 'vitest'
import { beat, createPulse, type Pulse } from '../../src/workers/pulse.ts'
import {
  createJobHouse,
  createStillClock,
  endlessWork,
  OWNER,
  osm,
  until,
  type Work,
} from '../support/job-house.ts'

let house: ReturnType<typeof createJobHouse>
afterEach(() => house.close())

const POLICY = { leaseMs: 30_000, heartbeatMs: 10_000, cancelGraceMs: 20 }

/** Work that never ends; the test holds what it shares with its owner. */
function silentWork(): { work: Work; pulse: () => Pulse; starts: () => number } {
  let pulse: Pulse = createPulse()
  let starts = 0
  return {
    starts: () => starts,
    pulse: () => pulse,
    work: (task, options) => {
      pulse = options.pulse!
      // It has a thread: from now on silence counts.
      beat(pulse)
      starts++
      return endlessWork(task, options)
    },
  }
}

const jobOf = (id: string) => house.jobs.get(id)
const requeues = (id: string): number =>
  house.jobs.eventsSince(0).events.filter((e) => e.jobId === id && e.type === 'job.requeued').length

async function startSilent(clock = createStillClock()) {
  const { work, pulse, starts } = silentWork()
  house = createJobHouse({ clock, work, policy: POLICY })
  const { job } = await house.jobs.submit(osm(1), OWNER)
  await until(() => starts() === 1)
  const second = (seconds: number): Promise<void> => {
    clock.advance(seconds * 1000)
    house.jobs.tick()
    return house.store.group(() => undefined)
  }
  await second(0)
  return { clock, pulse, starts, id: job.id, second }
}

describe('a lease', () => {
  it('is lost by work that stands still for its length, and the job is tried again', async () => {
    const { id, second } = await startSilent()
    for (let i = 0; i < 29; i++) await second(1)
    expect(requeues(id)).toBe(0)
    await second(1)
    await until(() => requeues(id) === 1)
    expect(house.jobs.stats().leaseLosses).toBe(1)
    await until(() => jobOf(id).attempt === 2)
  })

  it('is kept by work that looks up now and then', async () => {
    const { id, pulse, second } = await startSilent()
    for (let i = 0; i < 200; i++) {
      if (i % 25 === 0) beat(pulse())
      await second(1)
    }
    expect(jobOf(id)).toMatchObject({ state: 'running', attempt: 1 })
    expect(house.jobs.stats().leaseLosses).toBe(0)
  })

  it('is kept inside a native call as long as was announced, and no longer', async () => {
    const { id, pulse, second } = await startSilent()
    // What duringNative does before the call, in a thread that the test would have to stop.
    beat(pulse())
    Atomics.store(pulse(), 2, 100_000)
    for (let i = 0; i < 99; i++) await second(1)
    expect(jobOf(id)).toMatchObject({ state: 'running', attempt: 1 })
    for (let i = 0; i < 32; i++) await second(1)
    await until(() => requeues(id) === 1)
  })

  it('does not notice when somebody sets the clock, a day forward or back, again and again', async () => {
    const clock = createStillClock()
    const { id, pulse, second } = await startSilent(clock)
    for (let i = 0; i < 100; i++) {
      clock.set(1_700_000_000_000 + (i % 2 === 0 ? 1 : -1) * 86_400_000)
      beat(pulse())
      await second(1)
    }
    expect(jobOf(id)).toMatchObject({ state: 'running', attempt: 1 })
    expect(requeues(id)).toBe(0)
  })

  it('is lost three times at most: then the job is dead, and says so to the webhooks', async () => {
    const { id, starts, second } = await startSilent()
    const seen: string[] = []
    const { add } = house.store.outbox
    house.store.outbox.add = (messageId, event, payload, now) => {
      seen.push(event)
      return add(messageId, event, payload, now)
    }
    for (let loss = 1; loss <= 3; loss++) {
      await until(() => starts() === loss)
      // The first heartbeat still goes out for the start; the lease runs from there.
      for (let i = 0; i < 45; i++) await second(1)
      await until(() => house.jobs.stats().leaseLosses === loss)
    }
    await until(() => jobOf(id).state === 'dead')
    expect(seen).toEqual(expect.arrayContaining(['job_failed', 'job_dead']))
  })
})

describe('memory', () => {
  it('pauses, ends the youngest, and at last asks for a new process', async () => {
    let resident = 0
    let wornOut = 0
    const policy = {
      ...POLICY,
      memoryPauseBytes: 200,
      memoryEndBytes: 250,
      memoryRestartBytes: 300,
    }
    house = createJobHouse({
      work: endlessWork,
      policy: { ...policy, slots: { osm: 2, geojson: 1, contours: 1, mesh: 1 } },
      residentBytes: () => resident,
      onWornOut: () => wornOut++,
    })
    const first = (await house.jobs.submit(osm(1), OWNER)).job.id
    await until(() => jobOf(first).state === 'running')
    resident = 201
    house.jobs.tick()
    const second = (await house.jobs.submit(osm(2), OWNER)).job.id
    await house.store.group(() => undefined)
    expect(jobOf(second).state).toBe('queued')
    resident = 200
    house.jobs.tick()
    await until(() => jobOf(second).state === 'running')
    resident = 251
    house.jobs.tick()
    await until(() => jobOf(second).state === 'failed')
    expect(jobOf(second).error?.code).toBe('MEMORY_LIMIT')
    expect(jobOf(first).state).toBe('running')
    expect(wornOut).toBe(0)
    resident = 301
    house.jobs.tick()
    expect(wornOut).toBe(1)
  })
})
