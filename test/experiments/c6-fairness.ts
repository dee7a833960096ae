// C6: one job of the lowest priority among a thousand urgent ones, with more coming in all the time. By growing older it must
// start within 45 minutes of model time: nine steps of five minutes. Control: nobody grows older.
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/jobs/policy.ts'
import { createQueue, type NewJob } from '../../src/jobs/queue.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'
import { complain, createChance, type Experiment, trialsOf } from './support/experiment.ts'

const URGENT = 1_000
const MINUTE_MS = 60_000
const AGE_EVERY_MS = 30_000
const LIMIT_MS = 45 * MINUTE_MS
/** One slot; a job longer, and the maintenance half a minute apart. */
const SLACK_MS = MINUTE_MS
const GIVE_UP_MS = 3 * 60 * MINUTE_MS

function newJob(n: number, priority: number): NewJob {
  const payload = `{"n":${n}}`
  return {
    ...{ kind: 'osm', pipeline: 'toy@1', payload, key: sha256(payload), input: null, priority },
    ...{ force: false, idempotencyKey: null, projectId: null, traceId: null, retryOf: null },
  }
}

/** Model time until the patient job starts, milliseconds; null when it did not within three hours. */
async function waitOf(seed: number, policy: Policy): Promise<number | null> {
  const clock = createStillClock()
  const house = createJobHouse({ clock, start: false, policy })
  const chance = createChance(seed)
  const queue = createQueue({
    store: house.store,
    ids: systemIds,
    bootId: 'b',
    policy,
    chance: () => 0,
  })
  const write = house.recorder.record
  const result = await house.store.blobs.prepare(Buffer.from('{}'))
  let n = 0
  const add = (priority: number): string =>
    write((trail) => queue.add(trail, newJob(n++, priority), OWNER)).row.id
  try {
    const patient = add(9)
    for (let i = 0; i < URGENT; i++) add(0)
    const began = clock.now()
    let agedAt = began
    while (clock.now() - began < GIVE_UP_MS) {
      const row = write((trail) => queue.claim(trail, 'osm'))!
      if (row.id === patient) return clock.now() - began
      clock.advance(2_000 + chance.below(8_000))
      write((trail) => queue.succeed(trail, row, { result, artifacts: [] }))
      // Somebody urgent always comes after.
      add(0)
      if (clock.now() - agedAt < AGE_EVERY_MS) continue
      agedAt = clock.now()
      write(() => queue.age())
    }
    return null
  } finally {
    await house.close()
  }
}

export const c6: Experiment = {
  id: 'C6',
  title:
    'the least urgent job starts within 45 minutes and one look, however many urgent ones come',
  async run(options) {
    const trials = trialsOf(options, 20, 1)
    const policy: Policy = { ...DEFAULT_POLICY, maxWaiting: URGENT + 10 }
    const waits: number[] = []
    let failures = 0
    for (let n = 0; n < trials; n++) {
      const ms = await waitOf(options.seed + n, policy)
      if (ms !== null) waits.push(ms)
      if (ms !== null && ms <= LIMIT_MS + SLACK_MS) continue
      failures++
      complain('C6', options.seed, n, `it waited ${ms} ms`)
    }
    const never = { ...policy, ageingMs: Number.MAX_SAFE_INTEGER }
    const control = await waitOf(options.seed, never)
    const minutes = (ms: number): string => (ms / MINUTE_MS).toFixed(1)
    return {
      trials,
      failures,
      control: {
        expected: 'without ageing it never starts',
        seen: control === null ? 'not started after three hours' : `started after ${control} ms`,
        ok: control === null,
      },
      figures: {
        'longest wait, model minutes': waits.length === 0 ? '-' : minutes(Math.max(...waits)),
      },
    }
  },
}
