// The state machine against the model of test/support/job-model.ts. After every step: states agree, one live job per payload,
// terminal jobs never change, attempts bounded. Experiment C1 plays the same at full length.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FAULTS } from '../support/job-faults.ts'
import { play } from '../support/job-play.ts'
import { type Step, steps } from '../support/job-steps.ts'

const SEED = 20261121
const SEQUENCES = Number(process.env.SISRUA_MODEL_SEQUENCES ?? 500)
/** Not how long it may take: only that it ends. */
const LIMIT_MS = 600_000

it(`agrees with the model over ${SEQUENCES} random sequences (seed ${SEED})`, {
  timeout: LIMIT_MS,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps, (list) => play(list)),
    { numRuns: SEQUENCES, seed: SEED },
  )
})

it.each(Object.keys(FAULTS))('would notice %s', { timeout: LIMIT_MS }, async (name) => {
  const { failed } = await fc.check(
    fc.asyncProperty(steps, (list) => play(list, FAULTS[name])),
    { numRuns: 1000, seed: SEED, endOnFailure: true },
  )
  expect(failed).toBe(true)
})

const forcedAndCancelled: Step[] = [
  { do: 'add', payload: 0, force: false },
  { do: 'claim' },
  { do: 'succeed', pick: 0 },
  { do: 'add', payload: 0, force: true },
  { do: 'claim' },
  { do: 'cancel', pick: 1 },
  { do: 'add', payload: 0, force: false },
]

it('agrees where experiment C1 once did not: a forced job is being cancelled when its payload comes again', () =>
  play(forcedAndCancelled))
