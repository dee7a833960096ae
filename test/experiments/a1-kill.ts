// A1: kill -9 under load. Four clients post jobs and post again with the same Idempotency-Key when the connection breaks;
// afterwards everything acknowledged is there, done exactly once, and the audit log is whole. Every other kill meets a program
// whose log is so short that the thread that moves it is at work.

import { buildProgram, LATE_COMMIT, SHORT_LOG } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { createLoad, workFor } from './support/load.ts'
import { drain, movesItsLog, startProgram } from './support/program.ts'

const CLIENTS = 4

/** `mains` take turns. */
async function killLoop(mains: readonly string[], rounds: number, seed: number) {
  return withFolder('a1', async (folder) => {
    const dataFolder = `${folder}/data`
    const chance = createChance(seed)
    const load = createLoad('k')
    const boots: number[] = []
    let moving = 0
    // Every fourth document is a file beside the database, the others lie inside it.
    const sizeOf = () => (chance.below(4) === 0 ? 70_000 : 0)
    for (let round = 0; round < rounds; round++) {
      const program = await startProgram({ main: mains[round % mains.length]!, dataFolder })
      boots.push(program.bootMs)
      const stop = load.run(program.port, CLIENTS, sizeOf)
      await workFor(load, 60 + chance.below(300))
      if (movesItsLog(program)) moving++
      await program.kill()
      await stop()
    }
    const program = await startProgram({ main: mains[0]!, dataFolder })
    await drain(program.port)
    await program.kill()
    return { load, boots, moving, found: inspect(dataFolder, load.acknowledged) }
  })
}

export const a1: Experiment = {
  id: 'A1',
  title: 'kill -9 under load loses nothing acknowledged and does nothing twice',
  async run(options) {
    const rounds = trialsOf(options, 500, 5)
    const main = process.env.SISRUA_EXECUTABLE ?? (await buildProgram('whole'))
    const mains = [main, await buildProgram('short-log', SHORT_LOG)]
    const { load, boots, moving, found } = await killLoop(mains, rounds, options.seed)
    const late = await killLoop([await buildProgram('late-commit', LATE_COMMIT)], 3, options.seed)
    if (isBroken(found)) complain('A1', options.seed, rounds, JSON.stringify(found))
    const { lost, notTerminal, wrongEffects, duplicateKeys, auditBroken, brokenBlobs } = found
    return {
      trials: rounds,
      failures:
        lost +
        notTerminal +
        wrongEffects +
        duplicateKeys +
        auditBroken +
        brokenBlobs +
        (found.integrity === 'ok' ? 0 : 1),
      control: {
        expected: 'acknowledged before the commit: jobs are lost',
        seen: `${late.found.lost} of ${late.load.acknowledged.size} lost in 3 kills`,
        ok: late.found.lost > 0,
      },
      figures: {
        acknowledged: load.acknowledged.size,
        ...found,
        'with a thread that moves the log': moving,
        'restart p50/max': spread(boots),
      },
    }
  },
}
