// Whose deliveries may be under way: the less is known of an endpoint and the more it failed, the fewer slots are open to it.
import { expect, test } from 'vitest'
import type { DueRow } from '../../src/store/deliveries.ts'
import { createSlots } from '../../src/webhooks/slots.ts'

const due = (endpointId: string, failures = 0) => ({ endpointId, failures }) as DueRow

/** Takes slots with this one until none is open to it; answers how many. */
function fill(slots: ReturnType<typeof createSlots>, one: DueRow): number {
  let count = 0
  for (; slots.isOpenTo(one); count++) slots.take(one)
  return count
}

test('each standing leaves room for the better ones, whoever came first', () => {
  const slots = createSlots(32)
  slots.delivered('good')
  expect(fill(slots, due('away', 1))).toBe(16)
  expect(fill(slots, due('new'))).toBe(8)
  expect(fill(slots, due('good', 2))).toBe(4)
  expect(fill(slots, due('good', 3))).toBe(0)
  expect(fill(slots, due('good'))).toBe(4)
  expect(slots.isOpenTo(due('good'))).toBe(false)
})

test('who took a message before and then fails is not let down at once, but after three failures in a row', () => {
  for (const failures of [1, 2, 3]) {
    const room = createSlots(32)
    room.delivered('once')
    expect(fill(room, due('once', failures))).toBe(failures < 3 ? 28 : 16)
  }
})

test('a slot that is left is open again, whatever became of the endpoint meanwhile', () => {
  const slots = createSlots(4)
  const leave = slots.take(due('one', 1))
  slots.take(due('two', 1))
  expect(slots.isOpenTo(due('three', 1))).toBe(false)
  slots.delivered('one')
  leave()
  expect(slots.isOpenTo(due('three', 1))).toBe(true)
})
