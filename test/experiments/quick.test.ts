// Short passes of the experiments on storage, queue, security and webhooks: nothing failed, and each control saw its fault.
// `npm run experiments` does them whole. Those on the audit log are in test/audit/experiments.test.ts.
import { expect, test } from 'vitest'
import { describeWithJudge } from '../support/judge.ts'
import type { Experiment } from './support/experiment.ts'

const SEED = 20_261_121
const LIMIT_MS = 240_000

/** Loaded when their turn comes: each builds programs of its own. */
const QUICK: Record<string, () => Promise<Experiment>> = {
  A1: async () => (await import('./a1-kill.ts')).a1,
  A2: async () => (await import('./a2-power.ts')).a2,
  A3: async () => (await import('./a3-storage-calls.ts')).a3,
  A4: async () => (await import('./a4-disk-full.ts')).a4,
  A5: async () => (await import('./a5-corruption.ts')).a5,
  A6: async () => (await import('./a6-backup.ts')).a6,
  A7: async () => (await import('./a7-migration.ts')).a7,
  A8: async () => (await import('./a8-one-instance.ts')).a8,
  C2: async () => (await import('./c2-stale.ts')).c2,
  C5: async () => (await import('./c5-race.ts')).c5,
  C6: async () => (await import('./c6-fairness.ts')).c6,
  D2: async () => (await import('./d2-spellings.ts')).d2,
  D3: async () => (await import('./d3-malformed.ts')).d3,
  E1: async () => (await import('./e1-killed.ts')).e1,
}

describeWithJudge('cc', ['cc', '--version'], 'experiments, a short pass of each', () => {
  test.each(Object.keys(QUICK))('%s', { timeout: LIMIT_MS }, async (name) => {
    const { run } = await QUICK[name]!()
    const { trials, failures, control } = await run({ seed: SEED, quick: true })
    expect(trials).toBeGreaterThan(0)
    expect(failures).toBe(0)
    expect(control).toMatchObject({ ok: true })
  })
})
