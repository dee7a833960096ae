// `npm run experiments -- [--only B2] [--seed N] [--trials N] [--quick]`: runs the experiments one after the other, prints a line
// for each and a table for the README. Ends with 1 when a promise did not hold, or when a control saw nothing.
import os from 'node:os'
import { parseArgs } from 'node:util'
import type { Experiment, Outcome } from './support/experiment.ts'

/** Each is loaded when its turn comes, so that one that cannot be loaded here stops no other. */
const EXPERIMENTS: Record<string, () => Promise<Experiment>> = {
  A1: async () => (await import('./a1-kill.ts')).a1,
  A2: async () => (await import('./a2-power.ts')).a2,
  A3: async () => (await import('./a3-storage-calls.ts')).a3,
  A4: async () => (await import('./a4-disk-full.ts')).a4,
  A5: async () => (await import('./a5-corruption.ts')).a5,
  A6: async () => (await import('./a6-backup.ts')).a6,
  A7: async () => (await import('./a7-migration.ts')).a7,
  A8: async () => (await import('./a8-one-instance.ts')).a8,
  A9: async () => (await import('./a9-parent.ts')).a9,
  B1: async () => (await import('./b1-vectors.ts')).b1,
  B2: async () => (await import('./b2-tamper.ts')).b2,
  B3: async () => (await import('./b3-rollback.ts')).b3,
  B4: async () => (await import('./b4-third-party.ts')).b4,
  B5: async () => (await import('./b5-erase.ts')).b5,
  B6: async () => (await import('./b6-cost.ts')).b6,
  C1: async () => (await import('./c1-model.ts')).c1,
  C2: async () => (await import('./c2-stale.ts')).c2,
  C3: async () => (await import('./c3-cancel.ts')).c3,
  C4: async () => (await import('./c4-poison.ts')).c4,
  C5: async () => (await import('./c5-race.ts')).c5,
  C6: async () => (await import('./c6-fairness.ts')).c6,
  D1: async () => (await import('./d1-hostile.ts')).d1,
  D2: async () => (await import('./d2-spellings.ts')).d2,
  D3: async () => (await import('./d3-malformed.ts')).d3,
  D6: async () => (await import('./d6.ts')).d6,
  D10: async () => (await import('./d10-sockets.ts')).d10,
  E1: async () => (await import('./e1-killed.ts')).e1,
  E1B: async () => (await import('./e1.ts')).e1,
  E2: async () => (await import('./e2.ts')).e2,
  E3: async () => (await import('./e3.ts')).e3,
}

/** At 95 % the true rate of failure is below this when none was seen. */
const upperBound = (trials: number): string => `${((3 / trials) * 100).toPrecision(2)} %`

function row(id: string, title: string, outcome: Outcome): string {
  const { trials, failures, control } = outcome
  const bound = failures === 0 ? ` (< ${upperBound(trials)})` : ''
  return `| ${id} ${title} | ${trials} | ${failures}${bound} | ${control.ok ? '' : '**saw nothing**: '}${control.seen} |`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      seed: { type: 'string', default: '1' },
      trials: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  })
  const seed = Number(values.seed)
  const trials = values.trials === undefined ? undefined : Number(values.trials)
  const wanted = values.only?.flatMap((list) => list.toUpperCase().split(',')) ?? null
  const names = Object.keys(EXPERIMENTS).filter((id) => wanted === null || wanted.includes(id))
  if (names.length === 0 || !Number.isInteger(seed)) {
    throw new Error(`name one of ${Object.keys(EXPERIMENTS).join(', ')}, and a whole seed`)
  }
  console.log(
    `Node ${process.versions.node}, ${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}, ${os.platform()} ${os.release()}, seed ${seed}`,
  )
  const rows: string[] = []
  for (const name of names) {
    const { id, title, run } = await EXPERIMENTS[name]!()
    const began = performance.now()
    const outcome = await run({ trials, seed, quick: values.quick })
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const holds = outcome.failures === 0 && outcome.control.ok
    console.log(
      `${holds ? 'ok  ' : 'FAIL'} ${id} ${title}: ${outcome.failures} of ${outcome.trials} failed in ${seconds} s; control: ${outcome.control.seen}`,
    )
    for (const [figure, value] of Object.entries(outcome.figures))
      console.log(`       ${figure}  ${value}`)
    rows.push(row(id, title, outcome))
    if (!holds) process.exitCode = 1
  }
  console.log('\n| promise | trials | failures | control |\n| --- | --- | --- | --- |')
  for (const line of rows) console.log(line)
}

await main()
