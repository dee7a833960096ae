// The same promises and the same bytes, inline and in threads.
import { afterAll, describe, expect, test } from 'vitest'
import { createInlineCompute } from '../../src/workers/inline.ts'
import { createPool } from '../../src/workers/pool.ts'
import { computeSuite } from '../suites/compute.ts'

const digests: Record<string, string>[] = []
const pool = createPool({ threads: 2 })
const inline = createInlineCompute()
afterAll(() => pool.close())

describe('inline', () => computeSuite(() => inline, digests))
describe('in threads', () => computeSuite(() => pool, digests))

test('both gave the same bytes', () => {
  expect(digests.length).toBe(2)
  expect(digests[0]).toEqual(digests[1])
})
