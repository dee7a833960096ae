// The state machine against the model of test/support/job-model.ts. After every step: states agree, one live job per payload,
// terminal jobs never change, attempts bounded. Experiment C1 plays the same at full length.
import fc from 'fast-check'
import { it } from 'vitest'
import { play, step } from '../support/job-model.ts'

const SEED = 20261121
const SEQUENCES = Number(process.env.SISRUA_MODEL_SEQUENCES ?? 150)

it(`agrees with the model over ${SEQUENCES} random sequences (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) =>
      play(steps),
    ),
    {
      numRuns: SEQUENCES,
      seed: SEED,
    },
  )
})

it('agrees where experiment C1 once did not: a forced job is being cancelled when its payload comes again', () =>
  play([
    { do: 'add', payload: 0, force: false },
    { do: 'claim' },
    { do: 'succeed', pick: 0 },
    { do: 'add', payload: 0, force: true },
    { do: 'claim' },
    { do: 'cancel', pick: 3 },
    { do: 'add', payload: 0, force: false },
  ]))
