// `npm run experiments -- [--only B2] [--seed N] [--trials N] [--quick]`: runs the experiments one after the other, prints a line
// for each and a table for the README. Ends with 1 when a promise did not hold, or when a control saw nothing.
import os from 'node:os'
import { parseArgs } from 'node:util'
import { EXPERIMENTS } from './list.ts'
import { type Outcome, upperBound } from './support/experiment.ts'

const NAMES = Object.keys(EXPERIMENTS) as (keyof typeof EXPERIMENTS)[]

function row(id: string, title: string, outcome: Outcome): string {
  const { trials, failures, control } = outcome
  const bound = failures === 0 ? ` (< ${upperBound(trials)})` : ''
  return `| ${id} ${title} | ${trials} | ${failures}${bound} | ${control.ok ? '' : '**saw nothing**: '}${control.seen} |`
}

function markdown([head = [], ...rows]: NonNullable<Outcome['table']>): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
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
  const names = NAMES.filter((id) => wanted === null || wanted.includes(id))
  if (names.length === 0 || !Number.isInteger(seed)) {
    throw new Error(`name one of ${NAMES.join(', ')}, and a whole seed`)
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
    if (outcome.table !== undefined) console.log(markdown(outcome.table))
    rows.push(row(id, title, outcome))
    if (!holds) process.exitCode = 1
  }
  console.log(`\n${markdown([['promise', 'trials', 'failures', 'control']])}`)
  for (const line of rows) console.log(line)
}

await main()
