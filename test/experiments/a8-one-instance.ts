// A8: eight programs start at once on one data folder, round after round, and the winner is killed each time: there must
// always be exactly one: rounds of the whole program, and as many that drive its lock alone, where starts lie closer together.
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  type Experiment,
  percentile,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { NotStarted, type Program, startProgram } from './support/program.ts'

const AT_ONCE = 8
const CHILD = path.join(import.meta.dirname, 'support/store-child.ts')
const ALREADY_RUNNING = 11

/** Winners of each round. */
async function lockRounds(mode: 'lock' | 'pid-file', rounds: number): Promise<number[]> {
  return withFolder('a8', async (folder) => {
    const winners: number[] = []
    for (let round = 0; round < rounds; round++) {
      const children: ChildProcess[] = []
      const words = Array.from({ length: AT_ONCE }, () => {
        const child = spawn(process.execPath, [CHILD, mode, folder], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        children.push(child)
        return new Promise<string>((resolve) => {
          child.stdout!.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
          child.once('close', () => resolve('silent'))
        })
      })
      const said = await Promise.all(words)
      winners.push(said.filter((word) => word === 'won').length)
      await Promise.all(children.map(ended))
    }
    return winners
  })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

async function programRounds(rounds: number) {
  const main = await buildProgram('whole')
  return withFolder('a8', async (folder) => {
    let wrong = 0
    const decided: number[] = []
    for (let round = 0; round < rounds; round++) {
      const results = await Promise.allSettled(
        Array.from({ length: AT_ONCE }, () => startProgram({ main, dataFolder: `${folder}/data` })),
      )
      const won = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      const refused = results.filter(
        (one) =>
          one.status === 'rejected' &&
          one.reason instanceof NotStarted &&
          one.reason.exitCode === ALREADY_RUNNING,
      )
      if (won.length !== 1 || refused.length !== AT_ONCE - 1) wrong++
      decided.push(...won.map((one: Program) => one.bootMs))
      await Promise.all(won.map((one) => one.kill()))
    }
    return { wrong, decided }
  })
}

export const a8: Experiment = {
  id: 'A8',
  title: 'eight starts at once: never two programs, never none',
  async run(options) {
    const rounds = trialsOf(options, 200, 5)
    const winners = await lockRounds('lock', rounds)
    const wrong = winners.filter((count) => count !== 1).length
    if (wrong > 0)
      complain(
        'A8',
        options.seed,
        winners.findIndex((n) => n !== 1),
        `${winners}`,
      )
    const wholeRounds = options.quick ? 2 : rounds
    const whole = await programRounds(wholeRounds)
    const naive = await lockRounds('pid-file', 3)
    const fooled = naive.filter((count) => count !== 1).length
    return {
      trials: rounds + wholeRounds,
      failures: wrong + whole.wrong,
      control: {
        expected: 'a process-number file lets two in, or none after a kill',
        seen: `winners in 3 rounds: ${naive.join(', ')}`,
        ok: fooled > 0,
      },
      figures: {
        launches: AT_ONCE * (rounds + wholeRounds),
        'of the whole program': AT_ONCE * wholeRounds,
        'winner ready p50': `${Math.round(percentile(whole.decided, 0.5))} ms`,
      },
    }
  },
}
