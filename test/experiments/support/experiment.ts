// What every experiment answers, and the small tools they share: seeded chance, percentiles, temporary folders.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface RunOptions {
  /** How often; undefined = the number that the README prints. */
  trials?: number | undefined
  seed: number
  /** A short pass that only shows that everything works. */
  quick: boolean
}

export interface Outcome {
  trials: number
  failures: number
  /** The same harness with the protection taken away: it must see the fault. */
  control: { expected: string; seen: string; ok: boolean }
  figures: Record<string, string | number>
  /** What the README shows as a table of its own: head, then rows. */
  table?: readonly (readonly (string | number)[])[]
}

export interface Experiment {
  id: string
  title: string
  run(options: RunOptions): Promise<Outcome>
}

/** Trials of a run: what was asked for, else the short or the full number. */
export function trialsOf({ trials, quick }: RunOptions, full: number, short: number): number {
  return trials ?? (quick ? short : full)
}

export interface Chance {
  /** [0, 1). */
  next(): number
  /** Whole number in [0, below). */
  below(below: number): number
}

/** mulberry32: the same seed gives the same run. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, below: (below) => Math.floor(next() * below) }
}

/** Value at a share (0…1) of the sorted list; NaN for an empty one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** At 95 % the true rate of failure is below this when none was seen in so many trials. */
export const upperBound = (trials: number): string => `${((3 / trials) * 100).toPrecision(2)} %`

/** `p50/max` in whole milliseconds. */
export function spread(milliseconds: readonly number[]): string {
  return `${Math.round(percentile(milliseconds, 0.5))}/${Math.round(Math.max(...milliseconds))} ms`
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Works on the items in their order, so many at once. */
export async function inTurns<T>(
  atOnce: number,
  items: readonly T[],
  work: (item: T, n: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < items.length) {
      const n = next++
      await work(items[n]!, n)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

/** Runs `work` in a new temporary folder and removes it afterwards; SISRUA_KEEP=1 leaves it for a look. */
export async function withFolder<T>(
  name: string,
  work: (folder: string) => Promise<T>,
  parent = tmpdir(),
): Promise<T> {
  const folder = mkdtempSync(path.join(parent, `sisrua-${name}-`))
  try {
    return await work(folder)
  } finally {
    if (process.env.SISRUA_KEEP !== '1') rmSync(folder, { recursive: true, force: true })
  }
}

/** Says on standard error what went wrong in a trial, with the seed that repeats it. */
export function complain(id: string, seed: number, trial: number, what: string): void {
  console.error(`${id}: trial ${trial} of seed ${seed}: ${what}`)
}
