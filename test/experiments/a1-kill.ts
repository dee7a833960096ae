// A1: kill -9 under load. Four clients post jobs and post again with the same Idempotency-Key when the connection breaks;
// afterwards everything acknowledged is there, done exactly once, and the audit log is whole: its links, and the tree under every
// checkpoint that was signed. After each kill the program finds its log in order. Every other kill meets a program whose
// write-ahead log is so short that the thread that moves it is at work.
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { chainDigest, GENESIS } from '../../src/audit/chain.ts'
import { bytesOf } from '../../src/audit/digest.ts'
import { leafDigest } from '../../src/audit/merkle.ts'
import {
  buildProgram,
  LATE_COMMIT,
  SHORT_LEASES,
  SHORT_LOG,
  UNFENCED,
} from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  sleep,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { brokenIn, inspect } from './support/inspect.ts'
import { createLoad, workFor } from './support/load.ts'
import { reopen } from './support/prepared.ts'
import { call, drain, movesItsLog, type Program, startProgram } from './support/program.ts'

const CLIENTS = 4
/** Of the programs with leases of 50 ms. */
const LEASED_JOBS = 60

/** `mains` take turns. `restarts`: how often the audit log was in order, or what it was instead. */
async function killLoop(
  dataFolder: string,
  mains: readonly string[],
  rounds: number,
  seed: number,
) {
  const chance = createChance(seed)
  const load = createLoad('k')
  const boots: number[] = []
  const restarts: Record<string, number> = {}
  let moving = 0
  // Every fourth document is a file beside the database, the others lie inside it.
  const sizeOf = () => (chance.below(4) === 0 ? 70_000 : 0)
  const start = async (round: number): Promise<Program> => {
    const program = await startProgram({ main: mains[round % mains.length]!, dataFolder })
    boots.push(program.bootMs)
    const { state } = program.ready.audit
    restarts[state] = (restarts[state] ?? 0) + 1
    return program
  }
  for (let round = 0; round < rounds; round++) {
    const program = await start(round)
    const stop = load.run(program.port, CLIENTS, sizeOf)
    await workFor(load, 60 + chance.below(300))
    if (movesItsLog(program)) moving++
    await program.kill()
    await stop()
    if (round === 0) cpSync(dataFolder, `${dataFolder}.early`, { recursive: true })
  }
  const program = await start(0)
  await drain(program.port)
  const { text } = await call(program.port, 'GET', '/api/v1/audit/checkpoint')
  await program.kill()
  const found = inspect(dataFolder, load.acknowledged, [text])
  return { load, boots, moving, restarts, found }
}

/** Jobs of a program whose leases end long before the work does, until all are done. */
async function runLeased(main: string) {
  return withFolder('a1-leases', async (folder) => {
    const dataFolder = `${folder}/data`
    const load = createLoad('l')
    const program = await startProgram({ main, dataFolder })
    const stop = load.run(program.port, CLIENTS, () => 0, true)
    while (load.acknowledged.size < LEASED_JOBS) await sleep(5)
    await stop()
    await drain(program.port)
    await sleep(500)
    await program.kill()
    return inspect(dataFolder, load.acknowledged)
  })
}

/** An entry says something else and all links after it are made anew: only the tree under the checkpoints can tell. */
function relink(dataFolder: string): void {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    db.exec('DROP TRIGGER audit_only_erase')
    const rows = db.prepare('SELECT seq, entry FROM audit_log ORDER BY seq').raw().all()
    const write = db.prepare('UPDATE audit_log SET entry = ?, leaf = ?, chain = ? WHERE seq = ?')
    let chain = GENESIS
    db.transaction(() => {
      for (const [seq, text] of rows as [number, string][]) {
        const entry = seq === 0 ? text.replace('"event_type":"', '"event_type":"x') : text
        const leaf = leafDigest(entry)
        chain = chainDigest(chain, leaf)
        write.run(entry, bytesOf(leaf), bytesOf(chain), seq)
      }
    })()
  } finally {
    db.close()
  }
}

/** What the checks of the audit log see of a log that was rewritten, and of a database of the first round put back. */
async function auditControls(main: string, dataFolder: string) {
  const early = `${dataFolder}.early`
  for (const suffix of ['', '-wal', '-shm'])
    rmSync(path.join(dataFolder, `sisrua.db${suffix}`), { force: true })
  for (const suffix of ['', '-wal'])
    cpSync(path.join(early, `sisrua.db${suffix}`), path.join(dataFolder, `sisrua.db${suffix}`))
  const { audit } = await reopen(main, dataFolder)
  relink(dataFolder)
  const { auditBroken, wrongRoots } = inspect(dataFolder, new Map())
  return { audit, auditBroken, wrongRoots }
}

export const a1: Experiment = {
  id: 'A1',
  title: 'kill -9 under load loses nothing acknowledged and does nothing twice',
  run: (options) =>
    withFolder('a1', async (folder) => {
      const rounds = trialsOf(options, 500, 5)
      const data = `${folder}/data`
      const main = process.env.SISRUA_EXECUTABLE ?? (await buildProgram('whole'))
      const mains = [main, await buildProgram('short-log', SHORT_LOG)]
      const { load, boots, moving, restarts, found } = await killLoop(
        data,
        mains,
        rounds,
        options.seed,
      )
      const { ok: inOrder = 0 } = restarts
      const notInOrder = rounds + 1 - inOrder
      const late = await killLoop(
        `${folder}/late`,
        [await buildProgram('late-commit', LATE_COMMIT)],
        3,
        options.seed,
      )
      const fenced = await runLeased(await buildProgram('short-leases', SHORT_LEASES))
      const unfenced = await runLeased(await buildProgram('unfenced', UNFENCED))
      const forged = await auditControls(main, data)
      const failures = brokenIn(found) + notInOrder + fenced.wrongEffects + fenced.duplicateKeys
      if (failures > 0) {
        complain('A1', options.seed, rounds, JSON.stringify({ found, restarts, fenced }))
      }
      return {
        trials: rounds,
        failures,
        control: {
          expected:
            'acknowledged before the commit: jobs are lost; no fence and leases of 50 ms: effects are doubled; links made anew, a database put back: told',
          seen:
            `${late.found.lost} of ${late.load.acknowledged.size} lost in 3 kills; ` +
            `leases of 50 ms: ${unfenced.wrongEffects} of ${unfenced.jobs} doubled without the fence (${fenced.wrongEffects} of ${fenced.jobs} with it); ` +
            `links made anew: ${forged.auditBroken} entries look wrong, ${forged.wrongRoots} roots are; put back: "${forged.audit}"`,
          ok:
            late.found.lost > 0 &&
            unfenced.wrongEffects > 0 &&
            fenced.rerun > 0 &&
            forged.auditBroken === 0 &&
            forged.wrongRoots > 0 &&
            forged.audit === 'rolled_back',
        },
        figures: {
          acknowledged: load.acknowledged.size,
          ...found,
          'restarts that found the audit log': JSON.stringify(restarts),
          'with a thread that moves the log': moving,
          'restart p50/max': spread(boots),
          'run again under leases of 50 ms, with the fence': fenced.rerun,
        },
      }
    }),
}
