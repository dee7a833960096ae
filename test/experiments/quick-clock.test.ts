// Short passes of the experiments that set the real program's clock. Apart from the others: they mostly wait.
import { expect, test } from 'vitest'
import { describeWithJudge } from '../support/judge.ts'
import { atProgram } from './e2-program.ts'
import { LIMIT_MS, passes, SEED } from './support/short-pass.ts'

describeWithJudge('faketime', ['faketime', '-f', '+1d', 'true'], 'with a clock that is set', () => {
  // Messages that are overdue go out over a minute.
  test('A10', { timeout: 2 * LIMIT_MS }, () => passes('A10'))
  test('E2 at the real program: five days of failures, 410, a wait of two days', {
    timeout: LIMIT_MS,
  }, async () => {
    const { failures, seen } = await atProgram(SEED, 1, true)
    expect(failures).toBe(0)
    expect(Object.values(seen)).toEqual([true, true])
  })
})
