// Short passes of the experiments on storage, queue, security and webhooks: nothing failed, and each control saw its fault.
// `npm run experiments` does them whole. Those on the audit log are in test/audit/experiments.test.ts.
import { test } from 'vitest'
import { describeWithJudge } from '../support/judge.ts'
import { ownMounts } from './a4-disk-full.ts'
import { LIMIT_MS, passes } from './support/short-pass.ts'

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

describeWithJudge('cc', ['cc', '--version'], 'experiments, a short pass of each', () => {
  test.each(QUICK)('%s', { timeout: LIMIT_MS }, passes)
  test.skipIf(A4 !== 'A4')(A4, { timeout: LIMIT_MS }, () => passes('A4'))
})
