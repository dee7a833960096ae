// A worker that was given up and comes back: at every possible moment its write must change nothing. The control takes
// the fence away (the statement then uses whatever lease the row has) and must see the stale write go through.
import { describe, expect, it } from 'vitest'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import type { JobRow } from '../../src/store/jobs.ts'
import type { Store } from '../../src/store/store.ts'
import { createJobHouse, createStillClock, OWNER, osm } from '../support/job-house.ts'

/** The moments after the first claim at which the old worker may come back. */
const MOMENTS = ['after the rescue', 'after the second claim', 'after the second result'] as const

async function play(moment: (typeof MOMENTS)[number], fenced: boolean) {
  const clock = createStillClock()
  const house = createJobHouse({ clock, start: false })
  const rows = house.store.jobs
  const unfenced: typeof rows = {
    ...rows,
    succeed: (change) =>
      rows.succeed({ ...change, leaseToken: rows.byId(change.id)?.leaseToken ?? '' }),
  }
  const store: Store = fenced ? house.store : { ...house.store, jobs: unfenced }
  const queue = createQueue({
    store,
    ids: systemIds,
    bootId: 'boot',
    policy: DEFAULT_POLICY,
    chance: () => 0,
  })
  const { job } = await house.jobs.submit(osm(500), OWNER)
  const results = {
    old: await house.store.blobs.prepare(Buffer.from('old')),
    new: await house.store.blobs.prepare(Buffer.from('new')),
  }
  const claim = () => house.recorder.record((trail) => queue.claim(trail, 'osm'))!
  const finish = (row: JobRow, who: 'old' | 'new') =>
    house.recorder.record((trail) =>
      queue.succeed(trail, row, { result: results[who], artifacts: [] }),
    )

  const old = claim()
  let accepted = false
  const comeBack = (now: string) => {
    if (now === moment) accepted = finish(old, 'old') !== undefined
  }
  clock.advance(DEFAULT_POLICY.leaseMs + 1)
  house.recorder.record((trail) => queue.rescue(trail, clock.now(), () => false))
  comeBack('after the rescue')
  const second = claim()
  comeBack('after the second claim')
  if (second !== undefined) finish(second, 'new')
  comeBack('after the second result')
  const completed = house.jobs
    .eventsSince(0)
    .events.filter((event) => event.type === 'job.completed').length
  const served = Buffer.from(await (await house.jobs.result(job.id))!.bytes()).toString()
  await house.close()
  return { accepted, completed, served }
}

describe('a stale worker', () => {
  it.each(MOMENTS)('that comes back %s changes nothing', async (moment) => {
    expect(await play(moment, true)).toEqual({ accepted: false, completed: 1, served: 'new' })
  })

  it('control: without the fence its write goes through', async () => {
    expect(await play('after the second claim', false)).toMatchObject({
      accepted: true,
      served: 'old',
    })
  })
})
