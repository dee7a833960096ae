// An experiment in the few trials that fit into `npm test`: nothing failed, and its control saw its fault.
import { expect } from 'vitest'
import { EXPERIMENTS } from '../list.ts'

export const SEED = 20_261_121
export const LIMIT_MS = 240_000

export async function passes(name: keyof typeof EXPERIMENTS): Promise<void> {
  const { run } = await EXPERIMENTS[name]()
  const { trials, failures, control } = await run({ seed: SEED, quick: true })
  expect(trials).toBeGreaterThan(0)
  expect(failures).toBe(0)
  expect(control).toMatchObject({ ok: true })
}
