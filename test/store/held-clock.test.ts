// The time inside a transaction stands still, whatever the computer's clock does meanwhile; between two transactions it does not.
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

test('what one transaction writes happened at one time', async () => {
  const clock = createStillClock()
  const store = openStore({ dataFolder: ':memory:', clock })
  const look = () => {
    clock.advance(5)
    return store.clock.now()
  }
  const start = clock.now()
  expect(look()).toBe(start + 5)
  expect(store.transaction(() => [look(), store.transaction(look), look()])).toEqual([
    start + 10,
    start + 10,
    start + 10,
  ])
  expect(look()).toBe(start + 25)
  // Others of the same commit share it, also where one of them fails and the rest is written again.
  const together = await Promise.allSettled([
    store.group(look),
    store.group(() => {
      look()
      throw new Error('no')
    }),
    store.group(look),
  ])
  const [first, , last] = together as PromiseFulfilledResult<number>[]
  expect(first!.value).toBe(last!.value)
  expect(() =>
    store.transaction(() => {
      look()
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(store.transaction(() => store.clock.now())).toBe(clock.now())
  await store.close()
})
