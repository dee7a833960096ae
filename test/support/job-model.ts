// A small model of the state machine, played beside the real one on real SQLite: random sequences of what users, workers,
// crashes and the clock can do. After every step: states agree, one live job per payload, terminal jobs never change, attempts bounded.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/jobs/policy.ts'
import { createQueue, type NewJob } from '../../src/jobs/queue.ts'
import type { JobRow } from '../../src/store/jobs.ts'
import { createJobHouse, createStillClock, OWNER } from './job-house.ts'

const PAYLOADS = 3
export const policy: Policy = {
  ...DEFAULT_POLICY,
  maxAttempts: { osm: 3, geojson: 2, contours: 2, mesh: 2 },
}

/** What the model knows of a job. */
interface Known {
  id: string
  payload: number
  state: string
  attempt: number
  crashes: number
  finishedAt: number
  runAfter: number
}

export type Step =
  | { do: 'add'; payload: number; force: boolean }
  | { do: 'claim' }
  | { do: 'succeed' | 'failTransient' | 'failFinal' | 'stale' | 'cancel' | 'release'; pick: number }
  | { do: 'crash' }
  | { do: 'wait'; milliseconds: number }

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      payload: fc.nat(PAYLOADS - 1),
      force: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'claim' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'succeed' as const,
        'failTransient' as const,
        'failFinal' as const,
        'stale' as const,
        'cancel' as const,
        'release' as const,
      ),
      pick: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'crash' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1, 2999, 3000, 10_000, 3_600_000),
    }),
  },
)

const isLive = (job: Known) => ['queued', 'retry_wait', 'running', 'cancelling'].includes(job.state)

/** Throws at the first difference. `programPolicy`: what the program plays by; another one than the model's must show. */
export async function play(steps: Step[], programPolicy: Policy = policy): Promise<void> {
  const clock = createStillClock()
  const house = createJobHouse({ clock, start: false })
  const queue = createQueue({
    store: house.store,
    clock,
    ids: systemIds,
    bootId: 'b',
    policy: programPolicy,
    chance: () => 0.5,
  })
  const result = await house.store.blobs.prepare(Buffer.from('{}'))
  const known: Known[] = []
  /** Leases in hand, newest last; those of past attempts stay for `stale`. */
  let leases: JobRow[] = []
  const past: JobRow[] = []
  const change = <T>(write: Parameters<typeof house.recorder.record<T>>[0]) =>
    house.recorder.record(write)
  const jobOf = (id: string) => known.find((job) => job.id === id)!
  /** True, so that a step can end with it. */
  const end = (job: Known, state: string): true => {
    job.state = state
    job.finishedAt = clock.now()
    return true
  }
  const giveUp = (row: JobRow) => {
    leases = leases.filter((lease) => lease !== row)
    past.push(row)
  }

  /**
   * The job that answers for the payload now: the newest one, if it is live and not being cancelled, a fresh success or a
   * failure in its grace. An older success does not come back when a forced job after it was cancelled.
   */
  function answering(payload: number, force: boolean): Known | undefined {
    const last = known.filter((job) => job.payload === payload).at(-1)
    if (last === undefined || ['cancelling', 'cancelled', 'dead'].includes(last.state)) {
      return undefined
    }
    if (isLive(last)) return last
    const age = clock.now() - last.finishedAt
    return !force && age < (last.state === 'succeeded' ? policy.reuseMs.osm : policy.failedGraceMs)
      ? last
      : undefined
  }

  function add(payload: number, force: boolean): void {
    const job: NewJob = {
      ...{
        kind: 'osm',
        pipeline: 'toy@1',
        payload: `{"n":${payload}}`,
        key: sha256(String(payload)),
      },
      ...{
        input: null,
        priority: 5,
        force,
        idempotencyKey: null,
        projectId: null,
        traceId: null,
        retryOf: null,
      },
    }
    const expected = answering(payload, force)
    const { row, replayed } = change((trail) => queue.add(trail, job, OWNER))
    assert.equal(replayed, expected !== undefined)
    if (expected !== undefined) assert.equal(row.id, expected.id)
    else
      known.push({
        id: row.id,
        payload,
        state: 'queued',
        attempt: 0,
        crashes: 0,
        finishedAt: 0,
        runAfter: clock.now(),
      })
  }

  function claim(): void {
    const due = known
      .filter(
        (job) =>
          (job.state === 'queued' || job.state === 'retry_wait') && job.runAfter <= clock.now(),
      )
      .sort((a, b) => a.runAfter - b.runAfter || known.indexOf(a) - known.indexOf(b))[0]
    const row = change((trail) => queue.claim(trail, 'osm'))
    assert.equal(row?.id, due?.id)
    if (row === undefined || due === undefined) return
    due.state = 'running'
    due.attempt++
    leases.push(row)
  }

  function fail(row: JobRow, code: 'OVERPASS_UNAVAILABLE' | 'OSM_INVALID'): void {
    const job = jobOf(row.id)
    const after = change((trail) => queue.fail(trail, row, { code, message: '', data: {} }))
    assert.notEqual(after, undefined)
    giveUp(row)
    if (job.state === 'cancelling' && end(job, 'cancelled')) return
    if (code === 'OSM_INVALID' || job.attempt >= policy.maxAttempts.osm) {
      end(job, 'failed')
      return
    }
    job.state = 'retry_wait'
    job.runAfter = clock.now() + 0.5 * 2000 * 2 ** (job.attempt - 1)
  }

  function crash(): void {
    change((trail) => queue.rescue(trail, Number.MAX_SAFE_INTEGER, () => false))
    for (const row of [...leases]) {
      const job = jobOf(row.id)
      giveUp(row)
      if (job.state === 'cancelling') end(job, 'cancelled')
      else if (++job.crashes >= policy.maxCrashes) end(job, 'dead')
      else {
        job.state = 'queued'
        job.runAfter = clock.now()
      }
    }
  }

  function withLease(
    what: 'succeed' | 'failTransient' | 'failFinal' | 'release',
    row: JobRow,
  ): void {
    const job = jobOf(row.id)
    if (what === 'failTransient' || what === 'failFinal') {
      fail(row, what === 'failFinal' ? 'OSM_INVALID' : 'OVERPASS_UNAVAILABLE')
      return
    }
    if (what === 'release') {
      change((trail) => queue.release(trail, row))
      giveUp(row)
      if (job.state === 'cancelling' && end(job, 'cancelled')) return
      job.state = 'queued'
      job.attempt--
      job.runAfter = clock.now()
      return
    }
    const done = change((trail) => queue.succeed(trail, row, { result, artifacts: [] }))
    assert.equal(done !== undefined, job.state === 'running')
    if (done === undefined) return
    giveUp(row)
    end(job, 'succeeded')
  }

  function cancel(pick: number): void {
    const job = known[pick % known.length]
    if (job === undefined) return
    change((trail) => queue.requestCancel(trail, job.id, OWNER))
    if (job.state === 'running') job.state = 'cancelling'
    else if (isLive(job) && job.state !== 'cancelling') end(job, 'cancelled')
  }

  function stale(pick: number): void {
    const row = past[pick % past.length]
    if (row === undefined) return
    assert.equal(
      change((trail) => queue.succeed(trail, row, { result, artifacts: [] })),
      undefined,
    )
    assert.equal(
      change((trail) => queue.fail(trail, row, { code: 'INTERNAL', message: '', data: {} })),
      undefined,
    )
    assert.equal(
      change((trail) => queue.release(trail, row)),
      undefined,
    )
    assert.equal(queue.heartbeat(row, 0.5, 'computing'), false)
  }

  try {
    for (const one of steps) {
      const lease =
        'pick' in one && leases.length > 0 ? leases[one.pick % leases.length] : undefined
      if (one.do === 'add') add(one.payload, one.force)
      else if (one.do === 'claim') claim()
      else if (one.do === 'wait') clock.advance(one.milliseconds)
      else if (one.do === 'crash') crash()
      else if (one.do === 'cancel') cancel(one.pick)
      else if (one.do === 'stale') stale(one.pick)
      else if (lease !== undefined) withLease(one.do, lease)
      const stored = house.jobs.list({ limit: 1000 }).jobs.reverse()
      assert.deepEqual(
        stored.map(({ id, state, attempt, crashCount }) => ({
          id,
          state,
          attempt,
          crashes: crashCount,
        })),
        known.map(({ id, state, attempt, crashes }) => ({ id, state, attempt, crashes })),
      )
    }
    assert.deepEqual(house.errors, [])
  } finally {
    await house.close()
  }
}
