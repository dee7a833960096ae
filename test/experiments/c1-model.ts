// C1: the job engine beside a small model, over random sequences of up to 60 steps (submit, force, claim, finish, fail, cancel,
// crash, release, stale writes, clock). The program must agree with the model after every step.
import fc from 'fast-check'
import { play, policy, step } from '../support/job-model.ts'
import { complain, type Experiment, trialsOf } from './support/experiment.ts'

const sequence = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' })

export const c1: Experiment = {
  id: 'C1',
  title: 'the job engine agrees with its model in every random sequence',
  async run(options) {
    const trials = trialsOf(options, 10_000, 100)
    let steps = 0
    const report = await fc.check(
      fc.asyncProperty(sequence, async (list) => {
        steps += list.length
        await play(list)
      }),
      { numRuns: trials, seed: options.seed },
    )
    if (report.failed)
      complain('C1', options.seed, report.numRuns, JSON.stringify(report.counterexample))
    const spoilt = await fc.check(
      fc.asyncProperty(sequence, (list) =>
        play(list, { ...policy, maxCrashes: policy.maxCrashes + 1 }),
      ),
      { numRuns: 300, seed: options.seed, endOnFailure: true },
    )
    return {
      trials: report.numRuns,
      failures: report.failed ? 1 : 0,
      control: {
        expected: 'a program that allows one crash more than the model is found out',
        seen: spoilt.failed ? `found in sequence ${spoilt.numRuns}` : 'not found',
        ok: spoilt.failed,
      },
      figures: { steps },
    }
  },
}
