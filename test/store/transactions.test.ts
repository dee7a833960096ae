// Grouped commits: everybody's writes in one transaction, everybody's failure their own; nothing is told before the commit.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, type Store } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

let store: Store
beforeEach(() => {
  store = openStore({ dataFolder: ':memory:', clock: createStillClock() })
})
afterEach(() => store.close())

describe('a group', () => {
  it('is one commit for all that wait', async () => {
    let commits = 0
    store.beforeGroupCommit(() => commits++)
    const writes = Array.from({ length: 50 }, (_, i) =>
      store.group(() => store.meta.set(`k${i}`, 'v')),
    )
    expect(store.meta.get('k0')).toBeUndefined()
    await Promise.all(writes)
    expect(commits).toBe(1)
    expect(store.meta.get('k49')).toBe('v')
  })

  it('rejects only who failed, and undoes only what he wrote', async () => {
    const answers = await Promise.allSettled([
      store.group(() => store.meta.set('a', '1')),
      store.group(() => {
        store.meta.set('b', '1')
        throw new Error('my own fault')
      }),
      store.group(() => store.meta.set('c', '1')),
    ])
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(['a', 'b', 'c'].map((key) => store.meta.get(key))).toEqual(['1', undefined, '1'])
  })

  it('tells after the commit, and never what was rolled back', async () => {
    const told: string[] = []
    const write = (key: string, fails: boolean) => () => {
      store.meta.set(key, '1')
      store.afterCommit(() => told.push(`${key}=${store.meta.get(key)}`))
      if (fails) throw new Error('no')
    }
    await Promise.allSettled([store.group(write('a', false)), store.group(write('b', true))])
    expect(told).toEqual(['a=1'])
  })
})

describe('a transaction', () => {
  it('inside another is undone alone', () => {
    store.transaction(() => {
      store.meta.set('outer', '1')
      expect(() =>
        store.transaction(() => {
          store.meta.set('inner', '1')
          throw new Error('no')
        }),
      ).toThrow('no')
    })
    expect([store.meta.get('outer'), store.meta.get('inner')]).toEqual(['1', undefined])
  })

  it('refuses to wait', () => {
    expect(() => store.transaction(async () => store.meta.set('a', '1'))).toThrow(TypeError)
    expect(store.meta.get('a')).toBeUndefined()
  })
})
