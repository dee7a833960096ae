// C1: the job engine beside a small model, over random sequences of up to 60 steps (create with the same or another payload, force,
// claim, heartbeat, finish, fail, cancel, lease run out, work that stands still, stale writes, retry of what failed, crash and
// restart on the reopened database, time, a clock set forward or back). The program must agree with the model after every step.
import fc from 'fast-check'
import { FAULTS } from '../support/job-faults.ts'
import { play } from '../support/job-play.ts'
import { steps } from '../support/job-steps.ts'
import { complain, type Experiment, trialsOf } from './support/experiment.ts'

/** Sequences in which each fault must show. */
const PATIENCE = 1000

export const c1: Experiment = {
  id: 'C1',
  title: 'the job engine agrees with its model in every random sequence',
  async run(options) {
    const trials = trialsOf(options, 10_000, 100)
    const taken: Record<string, number> = {}
    const report = await fc.check(
      fc.asyncProperty(steps, async (list) => {
        for (const one of list) taken[one.do] = (taken[one.do] ?? 0) + 1
        await play(list)
      }),
      { numRuns: trials, seed: options.seed },
    )
    if (report.failed) {
      complain('C1', options.seed, report.numRuns, JSON.stringify(report.counterexample))
      console.error(report.errorInstance)
    }
    const found: Record<string, number | null> = {}
    for (const [name, fault] of Object.entries(FAULTS)) {
      const spoilt = await fc.check(
        fc.asyncProperty(steps, (list) => play(list, fault)),
        { numRuns: PATIENCE, seed: options.seed, endOnFailure: true },
      )
      found[name] = spoilt.failed ? spoilt.numRuns : null
    }
    const missed = Object.keys(found).filter((name) => found[name] === null)
    const latest = Math.max(...Object.values(found).map((sequence) => sequence ?? PATIENCE))
    return {
      trials: report.numRuns,
      failures: report.failed ? 1 : 0,
      control: {
        expected: 'a program with any one of these faults is found out',
        seen:
          missed.length === 0
            ? `${Object.keys(found).length} planted faults found, the last in sequence ${latest}`
            : `not found: ${missed.join('; ')}`,
        ok: missed.length === 0,
      },
      figures: {
        steps: Object.values(taken).reduce((sum, count) => sum + count, 0),
        ...Object.fromEntries(Object.entries(taken).map(([name, count]) => [`… ${name}`, count])),
        ...Object.fromEntries(
          Object.entries(found).map(([name, n]) => [`fault: ${name}`, `in sequence ${n}`]),
        ),
      },
    }
  },
}
