// Short passes of the audit experiments: nothing failed, and each control saw its fault. `npm run experiments` does them whole.
import { expect, test } from 'vitest'
import { b1 } from '../experiments/b1-vectors.ts'
import { b2 } from '../experiments/b2-tamper.ts'
import { b3 } from '../experiments/b3-rollback.ts'
import { b4 } from '../experiments/b4-third-party.ts'
import { b5 } from '../experiments/b5-erase.ts'
import { b6 } from '../experiments/b6-cost.ts'
import { describeWithJudge } from '../support/judge.ts'

describeWithJudge(
  'python3',
  ['/usr/bin/python3', '-c', '0'],
  'experiments on the audit log',
  () => {
    test.each([b1, b2, b3, b4, b5, b6])('$id $title', async ({ run }) => {
      const { trials, failures, control } = await run({ seed: 20_261_121, quick: true })
      expect(trials).toBeGreaterThan(0)
      expect(failures).toBe(0)
      expect(control).toMatchObject({ ok: true })
    })
  },
)
