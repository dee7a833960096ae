// A2: power cuts. A library between the program and the disk knows which bytes and names were made durable; after kill -9
// everything else is gone, or survives sector by sector with some probability. Nothing acknowledged may be lost. And thousands of cuts
// of a database that SQLite alone writes: what only looks like damage, because it was torn, must not be taken for it.
import { buildProgram, NO_FOLDER_SYNC, SHORT_LOG, SYNC_NORMAL } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { type Findings, inspect, isBroken } from './support/inspect.ts'
import { createLoad, workFor } from './support/load.ts'
import { drain, movesItsLog, startProgram } from './support/program.ts'
import { beginMirror, cutPower, mirrored } from './support/shim.ts'
import { tearLogs } from './support/torn-log.ts'

interface Cuts {
  acknowledged: number
  found: Findings
  /** Starts at which the storage was not simply there. */
  notOk: number
  /** Cuts while the thread that moves the log was there. */
  moving: number
}

/** `mains` take turns. `expected`: a control, whose troubles are not worth a line. */
function cutLoop(
  mains: readonly string[],
  cuts: number,
  survival: number,
  seed: number,
  expected = false,
): Promise<Cuts> {
  return withFolder('a2', async (folder) => {
    const dataFolder = `${folder}/data`
    const shadow = `${folder}/shadow`
    const chance = createChance(seed)
    const load = createLoad('p')
    const sizeOf = () => (chance.below(3) === 0 ? 70_000 : 0)
    beginMirror(dataFolder, shadow)
    const env = mirrored(dataFolder, shadow)
    let notOk = 0
    let moving = 0
    for (let cut = 0; cut < cuts; cut++) {
      const program = await startProgram({ main: mains[cut % mains.length]!, dataFolder, env })
      if (program.ready.storage === 'restored' || program.ready.audit.state !== 'ok') {
        notOk++
        if (!expected) complain('A2', seed, cut, JSON.stringify(program.ready))
      }
      const stop = load.run(program.port, 4, sizeOf)
      await workFor(load, 30 + chance.below(250))
      if (movesItsLog(program)) moving++
      await program.kill()
      await stop()
      cutPower(dataFolder, shadow, survival, chance)
    }
    const program = await startProgram({ main: mains[0]!, dataFolder })
    await drain(program.port)
    await program.kill()
    return {
      acknowledged: load.acknowledged.size,
      found: inspect(dataFolder, load.acknowledged),
      notOk,
      moving,
    }
  })
}

export const a2: Experiment = {
  id: 'A2',
  title: 'power cuts lose nothing acknowledged',
  async run(options) {
    const cuts = trialsOf(options, 200, 4)
    // With a log so short that the thread that moves it is at work, every other time.
    const mains = [await buildProgram('whole'), await buildProgram('short-log', SHORT_LOG)]
    const figures: Record<string, string | number> = {}
    let failures = 0
    for (const survival of [0, 0.5, 0.9]) {
      const { acknowledged, found, notOk, moving } = await cutLoop(
        ...[mains, cuts, survival, options.seed],
      )
      if (isBroken(found))
        complain('A2', options.seed, cuts, `p = ${survival}: ${JSON.stringify(found)}`)
      failures += found.lost + found.wrongEffects + found.duplicateKeys + found.auditBroken
      failures += found.brokenBlobs + found.notTerminal + notOk + (found.integrity === 'ok' ? 0 : 1)
      const name = survival === 0 ? 'unsynced lost' : `torn, p = ${survival}`
      figures[name] =
        `${cuts} cuts (${moving} of a log that is moved), ${acknowledged} acknowledged, ${found.lost} lost`
    }
    const tears = Math.max(10 * cuts, 400)
    const torn = await withFolder('a2', async (top) => tearLogs(top, tears, options.seed))
    const spoilt = await withFolder('a2', async (top) =>
      tearLogs(top, tears / 10, options.seed, true),
    )
    failures += torn.alarms + torn.lost
    figures['SQLite alone'] =
      `${tears} cuts, ${torn.commits} transactions, ${torn.lost} times lost, ${torn.alarms} times taken for damage`
    const normal = await buildProgram('sync-normal', SYNC_NORMAL)
    const fewer = Math.min(cuts, 30)
    const weak = await cutLoop([normal], fewer, 0, options.seed)
    // Whether a large result comes in three cuts is chance, less likely on a busy machine.
    const unsynced = await buildProgram('no-folder-sync', NO_FOLDER_SYNC)
    let nameless = 0
    let lost = 0
    while (lost === 0 && nameless < 15) {
      lost = (await cutLoop([unsynced], 3, 0, options.seed + nameless, true)).found.brokenBlobs
      nameless += 3
    }
    return {
      trials: 3 * cuts + tears,
      failures,
      control: {
        expected:
          'synchronous=NORMAL loses acknowledged jobs; unsynced new folders lose files; a bit or a block that is wrong among torn ones is told',
        seen: `${weak.found.lost} of ${weak.acknowledged} lost in ${fewer} cuts; ${lost} files lost in ${nameless}; ${spoilt.told} of ${spoilt.spoilt} spoilt logs told`,
        ok: weak.found.lost > 0 && lost > 0 && spoilt.spoilt > 0 && spoilt.told === spoilt.spoilt,
      },
      figures,
    }
  },
}
