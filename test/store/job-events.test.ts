// Events that are held back inside a transaction: numbered as they were told, seen by whoever reads, gone with a rollback.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventRow } from '../../src/store/job-events.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

let store: Store
beforeEach(() => {
  store = openStore({ dataFolder: ':memory:', clock: createStillClock() })
})
afterEach(() => store.close())

type Told = Omit<EventRow, 'seq'>
const event = (jobId: string, type: string, more: Partial<Told> = {}): Told => {
  const plain = {
    created: { state: 'queued', progress: 0, step: 'created' },
    started: { state: 'running', progress: 0.05, step: 'started' },
    completed: { state: 'succeeded', progress: 1, step: 'done' },
    requeued: { state: 'retry_wait', progress: 0, step: 'waiting_retry' },
  }[type]!
  return { jobId, type: `job.${type}`, ...plain, errorCode: null, at: 1_000, ...more }
}
const tell = (events: readonly Told[]): number[] =>
  events.map((one) => store.jobs.addEvent({ ...one }))
const stored = () => store.jobs.eventsSince(0, 10_000)

const pairs = (count: number, at = 1_000): Told[] =>
  Array.from({ length: count }, (_, i) => [
    event(`p${i}`, 'created', { at }),
    event(`p${i}`, 'started', { at }),
  ]).flat()

describe('are all there after the commit, in the order they were told', () => {
  it.each<[string, Told[]]>([
    ['one', [event('a', 'created')]],
    ['a pair', pairs(1)],
    ['many pairs', pairs(64)],
    ['started alone', [event('a', 'started'), event('b', 'started')]],
    [
      'created, then one of them started',
      [...['a', 'b', 'c'].map((id) => event(id, 'created')), event('c', 'started')],
    ],
    ['another job started than was created', [event('a', 'created'), event('b', 'started')]],
    [
      'times that go on in between',
      [
        ...pairs(3),
        event('x', 'created', { at: 1_000 }),
        event('x', 'started', { at: 1_001 }),
        ...pairs(2, 1_002),
      ],
    ],
    [
      'some that are not ordinary',
      [
        event('a', 'completed'),
        event('b', 'requeued', { errorCode: 'TIMEOUT' }),
        event('b', 'started'),
        event('c', 'completed', { progress: 0.9 }),
        event('d', 'completed'),
      ],
    ],
    ['names with quotes', [event('"a\\"', 'created'), event('é💧', 'created')]],
  ])('%s', (_, events) => {
    const numbers = store.transaction(() => tell(events))
    expect(numbers).toEqual(events.map((_, i) => i + 1))
    expect(stored()).toEqual(events.map((one, i) => ({ ...one, seq: i + 1 })))
    // And the next one goes on.
    expect(tell([event('z', 'completed')])).toEqual([events.length + 1])
    expect(store.jobs.latestSeq()).toBe(events.length + 1)
  })
})

it('are seen in their own transaction', () => {
  store.transaction(() => {
    tell(pairs(2))
    expect(stored()).toHaveLength(4)
    tell([event('a', 'completed')])
    expect(store.jobs.latestSeq()).toBe(5)
    expect(store.jobs.oldestSeq()).toBe(1)
  })
})

it('go with what is rolled back, and their numbers are given again', () => {
  tell([event('kept', 'created')])
  expect(() =>
    store.transaction(() => {
      tell(pairs(2))
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(stored()).toHaveLength(1)

  store.transaction(() => {
    tell([event('outer', 'created')])
    expect(() =>
      store.transaction(() => {
        tell(pairs(3))
        throw new Error('inner')
      }),
    ).toThrow('inner')
    expect(tell([event('outer', 'started')])).toEqual([3])
  })
  expect(stored().map(({ seq, jobId }) => [seq, jobId])).toEqual([
    [1, 'kept'],
    [2, 'outer'],
    [3, 'outer'],
  ])
})
