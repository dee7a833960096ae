// C2: a worker that was given up comes back at every possible moment with every possible word (River #1302), and a row that
// must be rescued stands behind 10,001 that must not (River #1318).
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import type { Store } from '../../src/store/store.ts'
import { createJobHouse, createStillClock, OWNER, osm } from '../support/job-house.ts'
import { complain, type Experiment } from './support/experiment.ts'

const MOMENTS = [
  'after the rescue',
  'after the second claim',
  'after the second result',
  'after the second failure',
  'after the second retry',
  'after the second was asked to cancel',
  'after the second was cancelled',
  'after the second was released',
  'after the second rescue',
  'after the third claim',
] as const
const WORDS = ['succeed', 'fail for good', 'fail for now', 'release', 'heartbeat'] as const

/** Longer than the lease of a start, which is longer than that of a heartbeat. */
const PAST_ANY_LEASE_MS = 10 * DEFAULT_POLICY.leaseMs

type Moment = (typeof MOMENTS)[number]
type Word = (typeof WORDS)[number]

/** Whether the stale word changed anything. */
async function comesBack(moment: Moment, word: Word, fenced: boolean): Promise<boolean> {
  const clock = createStillClock()
  const house = createJobHouse({ clock, start: false })
  const rows = house.store.jobs
  const currentLease = (id: string) => rows.byId(id)?.leaseToken ?? ''
  const unfenced: typeof rows = {
    ...rows,
    succeed: (change) => rows.succeed({ ...change, leaseToken: currentLease(change.id) }),
    endAttempted: (change) => rows.endAttempted({ ...change, leaseToken: currentLease(change.id) }),
    putBack: (change) => rows.putBack({ ...change, leaseToken: currentLease(change.id) }),
    heartbeat: (change) => rows.heartbeat({ ...change, leaseToken: currentLease(change.id) }),
  }
  const make = (store: Store) =>
    createQueue({
      store,
      ids: systemIds,
      bootId: 'b',
      policy: DEFAULT_POLICY,
      chance: () => 0,
    })
  const queue = make(house.store)
  const stale = fenced ? queue : make({ ...house.store, jobs: unfenced })
  try {
    const { job } = await house.jobs.submit(osm(500), OWNER)
    const result = await house.store.blobs.prepare(Buffer.from('{}'))
    const write = house.recorder.record
    const claim = () => write((trail) => queue.claim(trail, 'osm'))!
    const rescue = () => {
      clock.advance(PAST_ANY_LEASE_MS)
      write((trail) => queue.rescue(trail, clock.now(), () => false))
    }
    const old = claim()
    rescue()
    if (moment !== 'after the rescue') {
      const second = claim()
      const fail = (code: 'OSM_INVALID' | 'OVERPASS_UNAVAILABLE') =>
        write((trail) => queue.fail(trail, second, { code, message: '', data: {} }))
      const cancel = () => write((trail) => queue.requestCancel(trail, job.id, OWNER))
      if (moment === 'after the second result')
        write((trail) => queue.succeed(trail, second, { result, artifacts: [] }))
      else if (moment === 'after the second failure') fail('OSM_INVALID')
      else if (moment === 'after the second retry') fail('OVERPASS_UNAVAILABLE')
      else if (moment === 'after the second was asked to cancel') cancel()
      else if (moment === 'after the second was cancelled') {
        cancel()
        fail('OSM_INVALID')
      } else if (moment === 'after the second was released')
        write((trail) => queue.release(trail, second))
      else if (moment !== 'after the second claim') rescue()
      if (moment === 'after the third claim') claim()
    }
    const before = JSON.stringify(rows.byId(job.id))
    const events = house.jobs.latestSeq()
    const end = (code: 'OSM_INVALID' | 'OVERPASS_UNAVAILABLE') =>
      write((trail) =>
        stale.fail(trail, fenced ? old : { ...old, leaseToken: currentLease(job.id) || null }, {
          code,
          message: '',
          data: {},
        }),
      )
    clock.advance(5)
    if (word === 'succeed') write((trail) => stale.succeed(trail, old, { result, artifacts: [] }))
    else if (word === 'fail for good') end('OSM_INVALID')
    else if (word === 'fail for now') end('OVERPASS_UNAVAILABLE')
    else if (word === 'release')
      write((trail) =>
        stale.release(trail, fenced ? old : { ...old, leaseToken: currentLease(job.id) || null }),
      )
    else write(() => stale.heartbeat(old, 0.9, 'computing'))
    return JSON.stringify(rows.byId(job.id)) !== before || house.jobs.latestSeq() !== events
  } finally {
    await house.close()
  }
}

/** Whether one row behind `before` rows that are in good hands is rescued in one pass of at most `page` rows. */
async function rescuedBehind(before: number, page: number): Promise<boolean> {
  const clock = createStillClock()
  const house = createJobHouse({ clock, start: false, policy: { maxWaiting: before + 2 } })
  const paged: Store = {
    ...house.store,
    jobs: {
      ...house.store.jobs,
      leasedBefore: (time) => house.store.jobs.leasedBefore(time).slice(0, page),
    },
  }
  const policy = { ...DEFAULT_POLICY, maxWaiting: before + 2 }
  const queue = createQueue({
    store: paged,
    ids: systemIds,
    bootId: 'b',
    policy,
    chance: () => 0,
  })
  try {
    const ids: string[] = []
    await Promise.all(
      Array.from({ length: before + 1 }, (_, n) => house.jobs.submit(osm(1, { n }), OWNER)),
    )
    house.recorder.record((trail) => {
      for (let n = 0; n <= before; n++) ids.push(queue.claim(trail, 'osm')!.id)
    })
    clock.advance(PAST_ANY_LEASE_MS)
    const lost = ids.at(-1)!
    const rescued = house.recorder.record((trail) =>
      queue.rescue(trail, clock.now(), (id) => id !== lost),
    )
    return rescued.length === 1 && rescued[0]!.id === lost
  } finally {
    await house.close()
  }
}

export const c2: Experiment = {
  id: 'C2',
  title: 'a worker that was given up changes nothing, whenever it comes back',
  async run(options) {
    let failures = 0
    let unfenced = 0
    for (const moment of MOMENTS) {
      for (const word of WORDS) {
        if (await comesBack(moment, word, true)) {
          failures++
          complain('C2', options.seed, 0, `${word} ${moment} went through`)
        }
        if (await comesBack(moment, word, false)) unfenced++
      }
    }
    const before = options.quick ? 101 : 10_001
    if (!(await rescuedBehind(before, Number.MAX_SAFE_INTEGER))) failures++
    const paged = await rescuedBehind(101, 100)
    return {
      trials: MOMENTS.length * WORDS.length + 1,
      failures,
      control: {
        expected:
          'without the fence stale writes go through; a rescuer that looks at one page misses the row',
        seen: `${unfenced} of ${MOMENTS.length * WORDS.length} went through; ${paged ? 'rescued' : 'missed'}`,
        ok: unfenced > 0 && !paged,
      },
      figures: { interleavings: MOMENTS.length * WORDS.length, 'rows before the lost one': before },
    }
  },
}
