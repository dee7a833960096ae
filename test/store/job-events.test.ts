// Events that are held back inside a transaction: numbered as they were told, seen by whoever reads, gone with a rollback.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventRow } from '../../src/store/job-events.ts'
import { migrate } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { prepareEmptyFile } from '../../src/store/sqlite.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createJobHouse, createStillClock } from '../support/job-house.ts'

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
    ['more than a row takes', pairs(501)],
    ['a long life', Array.from({ length: 20 }, () => event('a', 'started'))],
    ['lives of different lengths', [...pairs(2), ...pairs(3).slice(1), event('p2', 'completed')]],
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

describe('in the file', () => {
  let dataFolder: string
  beforeEach(() => {
    dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  })
  afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

  const inFile = <T>(look: (file: Database.Database) => T): T => {
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    try {
      return look(file)
    } finally {
      file.close()
    }
  }
  const ONE_BY_ONE = `SELECT seq, job_id AS jobId, type, state, progress, step, error_code AS errorCode, at FROM job_events ORDER BY seq`

  it('stand many in a row, and one by one in the view', async () => {
    const events = [...pairs(64), event('b', 'requeued', { errorCode: 'TIMEOUT', progress: 1 / 3 })]
    const opened = openStore({ dataFolder, clock: createStillClock() })
    opened.transaction(() => {
      for (const one of events) opened.jobs.addEvent(one)
    })
    await opened.close()
    inFile((file) => {
      expect(file.prepare('SELECT seq FROM job_event_batches').pluck().all()).toEqual([128, 129])
      expect(file.prepare(ONE_BY_ONE).all()).toEqual(
        events.map((one, i) => ({ ...one, seq: i + 1 })),
      )
    })
  })

  it('of an older schema are told as before', async () => {
    const events = [
      ...pairs(2),
      event('no UUID: "\\ é', 'requeued', { errorCode: 'TIMEOUT', progress: 0.123_456_789_012 }),
    ]
    const numbered = events.map((one, i) => ({ ...one, seq: i + 7 }))
    inFile((file) => {
      prepareEmptyFile(file)
      migrate(file, MIGRATIONS.slice(0, 11), () => {})
      const insert = file.prepare(
        'INSERT INTO job_events VALUES (:seq, :jobId, :type, :state, :progress, :step, :errorCode, :at)',
      )
      for (const one of numbered) insert.run(one)
      expect(file.prepare(ONE_BY_ONE).all()).toEqual(numbered)
    })
    const opened = openStore({ dataFolder, clock: createStillClock() })
    expect(opened.jobs.eventsSince(0, 100)).toEqual(numbered)
    expect(opened.jobs.eventsSince(8, 1)).toEqual([numbered[2]])
    expect(opened.jobs.addEvent(event('z', 'created'))).toBe(7 + events.length)
    await opened.close()
    inFile((file) => expect(file.prepare(ONE_BY_ONE).all().slice(0, -1)).toEqual(numbered))
  })

  it.each([
    ['jobs', '["p0"'],
    ['jobs', '7'],
    ['jobs', 'null'],
    ['told', '[["job.created","queued"'],
    ['told', '{}'],
    ['told', '[7]'],
    ['told', '["job.created"]'],
    ['told', '[["job.created","queued","0","created",null]]'],
  ])('are left out when %s has become %s: whoever follows must ask anew', async (column, value) => {
    const before = openStore({ dataFolder, clock: createStillClock() })
    for (const id of ['p0', 'p1', 'p2']) before.jobs.addEvent(event(id, 'created'))
    await before.close()
    inFile((file) =>
      file.prepare(`UPDATE job_event_batches SET ${column} = ? WHERE seq = 2`).run(value),
    )
    const house = createJobHouse({ dataFolder })
    try {
      expect(house.jobs.eventsSince(0).events.map(({ seq }) => seq)).toEqual([1, 3])
      const since = [0, 1, 2, 3, 4].map((seq) => house.jobs.eventsSince(seq).resync)
      expect(since).toEqual([true, true, false, false, true])
      expect(house.jobs.eventsOf('p1', 0)).toEqual([])
      expect(house.jobs.latestSeq()).toBe(3)
    } finally {
      await house.close()
    }
  })

  it('that are the newest ones and damaged are missed, too', async () => {
    const before = openStore({ dataFolder, clock: createStillClock() })
    for (const id of ['p0', 'p1', 'p2']) before.jobs.addEvent(event(id, 'created'))
    await before.close()
    inFile((file) => file.exec("UPDATE job_event_batches SET told = '[' WHERE seq = 3"))
    const house = createJobHouse({ dataFolder })
    try {
      expect([0, 1, 2, 3].map((seq) => house.jobs.eventsSince(seq).resync)).toEqual([
        ...[true, true, true, false],
      ])
      // A page that is full says nothing of what comes after it.
      expect(house.jobs.eventsSince(0, 1).resync).toBe(false)
    } finally {
      await house.close()
    }
  })
})
