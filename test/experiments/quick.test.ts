// Short passes of the experiments on storage, queue, security and webhooks: nothing failed, and each control saw its fault.
// `npm run experiments` does them whole. Those on the audit log are in test/audit/experiments.test.ts.
import { expect, test } from 'vitest'
import { describeWithJudge } from '../support/judge.ts'
import { ownMounts } from './a4-disk-full.ts'
import { atProgram } from './e2-program.ts'
import { EXPERIMENTS } from './list.ts'

const SEED = 20_261_121
const LIMIT_MS = 240_000

const QUICK = [
  'A1',
  'A2',
  'A3',
  'A5',
  'A6',
  'A7',
  'A8',
  'C2',
  'C5',
  'C6',
  'D2',
  'D3',
  'E1',
] as const

// No package brings this right: where the kernel refuses it, the full disk cannot be made.
const A4 = ownMounts() === null ? 'A4 (skipped: no mounts of its own are permitted here)' : 'A4'

async function passes(name: keyof typeof EXPERIMENTS): Promise<void> {
  const { run } = await EXPERIMENTS[name]()
  const { trials, failures, control } = await run({ seed: SEED, quick: true })
  expect(trials).toBeGreaterThan(0)
  expect(failures).toBe(0)
  expect(control).toMatchObject({ ok: true })
}

describeWithJudge('cc', ['cc', '--version'], 'experiments, a short pass of each', () => {
  test.each(QUICK)('%s', { timeout: LIMIT_MS }, passes)
  test.skipIf(A4 !== 'A4')(A4, { timeout: LIMIT_MS }, () => passes('A4'))
})

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
