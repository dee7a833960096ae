// Rows of the audit log that are held back inside a transaction: nobody who reads sees less, a rollback takes them along, and what
// cannot be written stops the commit.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NewAuditRow } from '../../src/store/audit-writer.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

let store: Store
beforeEach(() => {
  store = openStore({ dataFolder: ':memory:', clock: createStillClock() })
})
afterEach(() => store.close())

const textOf = (seq: number): string =>
  `{"at":1,"data_commit":${seq % 2 === 0 ? null : '"…"'},"n":${seq},"é":"💧"}`
const row = (seq: number, entry = textOf(seq)): NewAuditRow => ({
  seq,
  at: 1_000 + seq,
  eventType: `event.${seq}`,
  entityType: 'thing',
  entityId: seq % 3 === 0 ? null : `t${seq}`,
  userId: 'owner',
  entry,
  data: seq % 2 === 0 ? null : `{"data":${seq}}`,
  hashes: Buffer.concat(
    [1, 2, 3].map((n) => Buffer.alloc(32, seq + n)).concat(Buffer.alloc(16, seq)),
  ),
  keyId: 'key',
})
const add = (from: number, to: number): void => {
  for (let seq = from; seq < to; seq++) store.audit.insert(row(seq))
}
/** It is stored as it was given. */
function expectStored({ hashes, ...given }: NewAuditRow): void {
  expect(store.audit.bySeq(given.seq)).toEqual({
    ...given,
    leaf: hashes.subarray(0, 32),
    chain: hashes.subarray(32, 64),
    signature: hashes.subarray(64, 96),
    salt: given.data === null ? null : hashes.subarray(96),
  })
}
const size = (): number => store.audit.check(0, 1_000).length

describe('rows held back', () => {
  it.each([1, 3, 4, 15, 16, 17, 37])(
    'are all there after the commit, each as it was given: %i',
    (count) => {
      store.transaction(() => add(0, count))
      expect(size()).toBe(count)
      for (let seq = 0; seq < count; seq++) expectStored(row(seq))
    },
  )

  const shared = { at: 7, eventType: 'thing.seen', entityType: 'thing', userId: null }
  const others = { at: 8, eventType: 'thing.gone', entityType: 'place', userId: 'owner' }
  const fields = Object.keys(others) as (keyof typeof others)[]
  it.each([1, 4, 16, 21])('are as they were given when %i of them are alike', (count) => {
    const rows = Array.from({ length: count }, (_, seq) => ({ ...row(seq), ...shared }))
    store.transaction(() => {
      for (const one of rows) store.audit.insert(one)
    })
    rows.forEach(expectStored)
  })

  it.each(fields)('are as they were given when one of 21 has another %s', (field) => {
    for (let odd = 0, first = 0; odd < 21; odd++, first += 21) {
      const rows = Array.from({ length: 21 }, (_, i) => ({
        ...{ ...row(first + i), ...shared },
        ...(i === odd ? { [field]: others[field] } : {}),
      }))
      store.transaction(() => {
        for (const one of rows) store.audit.insert(one)
      })
      rows.forEach(expectStored)
    }
  })

  const filter = { entityType: null, entityId: null, eventType: null, before: null, limit: 9 }
  it.each<[string, () => unknown, unknown]>([
    ['last', () => store.audit.last()?.seq, 2],
    ['bySeq', () => store.audit.bySeq(2)?.seq, 2],
    ['check', () => store.audit.check(0, 9).length, 3],
    ['texts', () => store.audit.texts(0, 9).filter((byte) => byte === 0).length, 3],
    ['leaves', () => store.audit.leaves(0, 9).length, 96],
    ['runs', () => store.audit.runs(0, 9)[1].length > 0, true],
    ['data', () => store.audit.data(0, 9).length, 1],
    ['commitments', () => store.audit.commitments(0, 9).length, 1],
    ['erase', () => store.audit.erase(2), true],
    ['countSince', () => store.audit.countSince(0), 3],
    ['list', () => store.audit.list(filter).length, 3],
    ['byEntity', () => store.audit.byEntity(), [{ name: 'thing', count: 3 }]],
    ['byEvent', () => store.audit.byEvent().length, 3],
    ['lookupLag', () => store.audit.lookupLag(), 3],
    ['leaves of the tree', () => store.auditTree.leaves(0, 9).length, 3],
  ])('are seen in their own transaction by %s', (_, read, found) => {
    store.transaction(() => {
      add(0, 3)
      expect(read()).toEqual(found)
    })
  })

  it('go with a step that is taken back, and only those of that step', () => {
    store.transaction(() => {
      add(0, 2)
      expect(() =>
        store.transaction(() => {
          add(2, 20)
          throw new Error('no')
        }),
      ).toThrow('no')
      store.audit.insert(row(2, '{"again":true}'))
    })
    expect(size()).toBe(3)
    expect(store.audit.bySeq(2)?.entry).toBe('{"again":true}')
  })

  it('go with a transaction that fails, and do not come back with the next one', () => {
    expect(() =>
      store.transaction(() => {
        add(0, 5)
        throw new Error('no')
      }),
    ).toThrow('no')
    store.transaction(() => add(0, 1))
    expect(size()).toBe(1)
  })

  it('stop the commit when they cannot be written, also when somebody swallowed the error', () => {
    store.transaction(() => add(0, 2))
    expect(() =>
      store.transaction(() => {
        store.meta.set('beside', 'them')
        store.audit.insert(row(1))
        expect(() => store.audit.last()).toThrow('UNIQUE')
      }),
    ).toThrow('UNIQUE')
    expect(store.meta.get('beside')).toBeUndefined()
    expect(size()).toBe(2)
  })

  it('are written at once where no transaction is open', () => {
    store.audit.insert(row(0))
    store.transaction(() => {})
    expect(size()).toBe(1)
  })

  it('need not follow each other', () => {
    store.transaction(() => {
      store.audit.insert(row(4))
      store.audit.insert(row(9))
      store.audit.insert({ ...row(10), keyId: 'other' })
    })
    expect(store.audit.check(0, 20).map((found) => found[6])).toEqual(['key', 'key', 'other'])
    expect(store.audit.bySeq(9)?.eventType).toBe('event.9')
  })
})
