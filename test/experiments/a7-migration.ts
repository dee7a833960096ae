// A7: a schema step is killed at each of its storage calls; the next start finds the old or the new schema, never half of
// it, and takes the step. A database of a newer program is refused and not touched.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { prepareHouse } from './support/prepared.ts'
import { NotStarted, startProgram } from './support/program.ts'
import { buildShim } from './support/shim.ts'

const CHILD = path.join(import.meta.dirname, 'support/store-child.ts')
const UNSAFE = 78

function migrate(
  mode: 'migrate' | 'migrate-torn',
  dataFolder: string,
  env: Record<string, string>,
) {
  return spawnSync(process.execPath, [CHILD, mode, dataFolder], {
    timeout: 60_000,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
}

const watched = (dataFolder: string, counter: string): Record<string, string> => ({
  LD_PRELOAD: buildShim(),
  STORAGE_DIR: dataFolder,
  STORAGE_COUNT: counter,
})

/** Which part of the second step is there. */
function stateOf(dataFolder: string): 'old' | 'new' | 'half' {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    const found = [
      db.pragma('user_version', { simple: true }) === MIGRATIONS.length + 1,
      db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'later_a'`).pluck().get() === 1,
      db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'later_b'`).pluck().get() === 1,
    ]
    return found.every((one) => one) ? 'new' : found.some((one) => one) ? 'half' : 'old'
  } finally {
    db.close()
  }
}

async function refusesNewer(main: string, dataFolder: string): Promise<string | null> {
  const file = path.join(dataFolder, 'sisrua.db')
  const db = new Database(file)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.pragma('user_version = 99')
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  const hash = () => createHash('sha256').update(readFileSync(file)).digest('hex')
  const before = hash()
  try {
    await (await startProgram({ main, dataFolder })).kill()
    return 'it started'
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error
    if (error.exitCode !== UNSAFE) return `exit ${error.exitCode}`
  }
  return hash() === before ? null : 'the file was changed'
}

export const a7: Experiment = {
  id: 'A7',
  title:
    'a schema step killed at any point is wholly done or not at all; a newer database is refused',
  run: (options) =>
    withFolder('a7', async (folder) => {
      const main = await buildProgram('whole')
      const original = `${folder}/original`
      const acknowledged = await prepareHouse(main, original, 20)
      const fresh = (): string => {
        const data = `${folder}/data`
        rmSync(data, { recursive: true, force: true })
        cpSync(original, data, { recursive: true })
        return data
      }
      const counter = `${folder}/calls`
      const callsOf = (mode: 'migrate' | 'migrate-torn'): number => {
        const data = fresh()
        migrate(mode, data, watched(data, counter))
        return Number(readFileSync(counter, 'utf8'))
      }
      const calls = callsOf('migrate')
      const trials = Math.min(calls, trialsOf(options, calls, 6))
      const offset = createChance(options.seed).next()
      let failures = 0
      const states = { old: 0, new: 0, half: 0 }
      for (let n = 0; n < trials; n++) {
        const data = fresh()
        const killAt = 1 + Math.floor(((n + offset) * calls) / trials)
        migrate('migrate', data, { ...watched(data, counter), STORAGE_KILL_AT: String(killAt) })
        const state = stateOf(data)
        states[state]++
        const again = migrate('migrate', data, {})
        const found = inspect(data, acknowledged)
        if (state !== 'half' && again.status === 0 && stateOf(data) === 'new' && !isBroken(found))
          continue
        failures++
        complain(
          'A7',
          options.seed,
          n,
          `call ${killAt}: ${state}, ${again.stderr.slice(0, 300)} ${JSON.stringify(found)}`,
        )
      }
      const newer = await refusesNewer(main, fresh())
      if (newer !== null) {
        failures++
        complain('A7', options.seed, trials, `newer database: ${newer}`)
      }
      const tornCalls = callsOf('migrate-torn')
      let halves = 0
      let tried = 0
      for (let killAt = 1; killAt <= tornCalls; killAt += Math.max(1, Math.floor(tornCalls / 12))) {
        const data = fresh()
        migrate('migrate-torn', data, {
          ...watched(data, counter),
          STORAGE_KILL_AT: String(killAt),
        })
        tried++
        if (stateOf(data) === 'half') halves++
      }
      return {
        trials: trials + 1,
        failures,
        control: {
          expected: 'a step whose transaction is cut in two is found half done',
          seen: `half done after ${halves} of ${tried} kills`,
          ok: halves > 0,
        },
        figures: {
          'storage calls of the step': calls,
          'found old': states.old,
          'found new': states.new,
          'found half': states.half,
          'newer database': newer ?? 'refused, untouched',
        },
      }
    }),
}
