// A7: the way from every older schema to the newest one and one step beyond is killed between any two of its statements, and at
// many of its storage calls; the next start finds a whole schema, never half a step, and goes on to the end with all data: jobs,
// projects with features, a service, webhooks, audit entries. What the program hands out of it is the same from every schema. A
// newer database is refused.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, linkSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { build } from 'esbuild'
import { systemClock } from '../../src/base/clock.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { openStore } from '../../src/store/store.ts'
import { age, type Content, changedTables, contentOf, schemas, stateOf } from './support/aged.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  inTurns,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { furnish, readFurniture } from './support/furnished.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { LATER } from './support/later-step.ts'
import { call, NotStarted, startProgram } from './support/program.ts'
import { buildShim } from './support/shim.ts'

const CHILD = path.join(import.meta.dirname, 'support/store-child.ts')
const ADDON = path.resolve(import.meta.dirname, '../../node_modules/better-sqlite3/lib/index.js')
const UNSAFE = 78
const AT_ONCE = 2
/** Kills at storage calls from each schema; those at statements are all that there are. */
const STORAGE_KILLS = 20

type Mode = 'migrate' | 'migrate-torn'
/** How the way is cut: before a statement, or before a storage call. */
type Cut = 'statement' | 'storage'

/** The child in one file: hundreds of them are started. */
async function bundleChild(): Promise<string> {
  const file = path.join(tmpdir(), `sisrua-experiments-${process.pid}`, 'store-child.mjs')
  await build({
    entryPoints: [CHILD],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    plugins: [
      {
        name: 'addon',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: ADDON, external: true })),
      },
    ],
  })
  return file
}

/** `at` 0: not killed. */
function environment(cut: Cut, dataFolder: string, counter: string, at: number) {
  if (cut === 'statement') {
    return { STATEMENT_COUNT: counter, ...(at > 0 && { STATEMENT_KILL_AT: String(at) }) }
  }
  return {
    LD_PRELOAD: buildShim(),
    STORAGE_DIR: dataFolder,
    STORAGE_COUNT: counter,
    ...(at > 0 && { STORAGE_KILL_AT: String(at) }),
  }
}

/** The house again; of the reserve, which nobody reads, only the name. */
function copyHouse(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  const reserve = path.join(from, 'reserve.bin')
  cpSync(from, to, { recursive: true, filter: (file) => file !== reserve })
  linkSync(reserve, path.join(to, 'reserve.bin'))
}

async function refusesNewer(main: string, dataFolder: string): Promise<string | null> {
  const file = path.join(dataFolder, 'sisrua.db')
  const db = new Database(file)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.pragma('user_version = 99')
  db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('migration.99', 'its checksum')
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

/** What the program, which takes the steps itself, hands out of the folder. */
async function handedOut(main: string, dataFolder: string) {
  const program = await startProgram({ main, dataFolder })
  const read = await readFurniture(program)
  const { storage, audit } = program.ready
  await call(program.port, 'POST', '/api/v1/management/shutdown')
  await program.ended
  return { read, state: `${storage}, audit ${audit.state}` }
}

export const a7: Experiment = {
  id: 'A7',
  title:
    'schema steps killed at any point are wholly done or not at all, with all data; a newer database is refused',
  run: (options) =>
    withFolder('a7', async (folder) => {
      const main = await buildProgram('whole')
      const child = await bundleChild()
      const original = `${folder}/original`
      const acknowledged = await furnish(main, original)
      const expected = schemas()
      const newest = expected.length
      const counter = `${folder}/calls`
      const ofVersion = (version: number): string => `${folder}/v${version}`

      function lengthOf(mode: Mode, cut: Cut, version: number): number {
        const data = `${folder}/length`
        copyHouse(ofVersion(version), data)
        const env = { ...process.env, ...environment(cut, data, counter, 0) }
        const { status, stderr } = spawnSync(process.execPath, [child, mode, data], { env })
        if (status !== 0) throw new Error(`schema ${version}: ${stderr}`)
        return Number(readFileSync(counter, 'utf8'))
      }

      /** Answers what the kill left behind, in `data`. */
      async function kill(mode: Mode, cut: Cut, version: number, at: number, data: string) {
        copyHouse(ofVersion(version), data)
        const env = { ...process.env, ...environment(cut, data, `${data}.calls`, at) }
        const killed = spawn(process.execPath, [child, mode, data], { env, stdio: 'ignore' })
        await new Promise((resolve) => killed.once('close', resolve))
        return { state: stateOf(data, expected), signal: killed.signalCode }
      }

      /** What is wrong after the next start; null = nothing. */
      async function goOn(data: string, before: Content): Promise<string | null> {
        try {
          await openStore({
            dataFolder: data,
            clock: systemClock,
            migrations: [...MIGRATIONS, LATER],
          }).close()
        } catch (error) {
          return `the next start: ${error}`
        }
        const found = inspect(data, acknowledged)
        if (stateOf(data, expected) !== newest) return 'the next start did not go to the end'
        if (isBroken(found)) return JSON.stringify(found)
        const changed = changedTables(data, before)
        return changed.length === 0 ? null : `other rows in ${changed}`
      }

      let failures = 0
      let trials = 0
      let notKilled = 0
      const states: Record<string, number> = {}
      const kills = { statement: 0, storage: 0 }
      const places = { statement: 0, storage: 0 }
      const rows: Record<string, number> = {}
      const most = trialsOf(options, Number.MAX_SAFE_INTEGER, 3 * MIGRATIONS.length)
      const offset = createChance(options.seed).next()
      for (let version = MIGRATIONS.length; version >= 1; version--) {
        cpSync(original, ofVersion(version), { recursive: true })
        if (version < MIGRATIONS.length) age(ofVersion(version), version)
        const before = contentOf(ofVersion(version))
        for (const [table, { rows: count }] of before) rows[table] ??= count
        for (const cut of ['statement', 'storage'] as const) {
          const length = lengthOf('migrate', cut, version)
          const share = Math.ceil(most / MIGRATIONS.length / 2)
          const count = Math.min(length, share, cut === 'storage' ? STORAGE_KILLS : length)
          places[cut] += length
          kills[cut] += count
          const points = Array.from(
            { length: count },
            (_, n) => 1 + Math.floor(((n + offset) * length) / count),
          )
          await inTurns(AT_ONCE, points, async (at, n) => {
            const data = `${folder}/data${n}`
            const { state, signal } = await kill('migrate', cut, version, at, data)
            states[state] = (states[state] ?? 0) + 1
            trials++
            if (signal !== 'SIGKILL') notKilled++
            const wrong = state === 'half' ? 'half a step' : await goOn(data, before)
            rmSync(data, { recursive: true })
            if (wrong === null) return
            failures++
            complain(
              'A7',
              options.seed,
              n,
              `schema ${version}, ${cut} ${at}, found ${state}: ${wrong}`,
            )
          })
        }
      }

      // The program itself on a folder of each schema: what it hands out is what it hands out of today's.
      const data = `${folder}/data`
      copyHouse(ofVersion(MIGRATIONS.length), data)
      const today = await handedOut(main, data)
      for (let version = MIGRATIONS.length - 1; version >= 1; version--) {
        if (options.quick && version > 1) continue
        copyHouse(ofVersion(version), data)
        const then = await handedOut(main, data)
        trials++
        const other = [...today.read].filter(([name, text]) => then.read.get(name) !== text)
        if (other.length === 0 && then.state === 'ok, audit ok') continue
        failures++
        const [name, text] = other[0] ?? []
        const why = `${then.state}; ${other.length} of ${today.read.size} answers differ: ${name} was ${text}, is ${then.read.get(name ?? '')}`
        complain('A7', options.seed, version, `schema ${version}: ${why}`)
      }
      copyHouse(ofVersion(MIGRATIONS.length), data)
      const newer = await refusesNewer(main, data)
      trials++
      if (newer !== null) {
        failures++
        complain('A7', options.seed, trials, `newer database: ${newer}`)
      }

      // A step cut in two, killed before each of its statements; and a row that is not there any more.
      const tornLength = lengthOf('migrate-torn', 'statement', MIGRATIONS.length)
      // Where it is half done is some statements long.
      const tornPoints = Array.from({ length: tornLength }, (_, n) => n + 1).filter(
        (at) => !options.quick || at % 5 === 0,
      )
      let halves = 0
      await inTurns(AT_ONCE, tornPoints, async (at) => {
        const place = `${folder}/torn${at}`
        const torn = await kill('migrate-torn', 'statement', MIGRATIONS.length, at, place)
        if (torn.state === 'half') halves++
        rmSync(place, { recursive: true })
      })
      copyHouse(ofVersion(1), data)
      const whole = contentOf(data)
      const db = new Database(path.join(data, 'sisrua.db'))
      db.exec("DELETE FROM project_features WHERE project_id = 'P1'")
      db.close()
      const missing = await goOn(data, whole)
      return {
        trials,
        failures,
        control: {
          expected:
            'a step whose transaction is cut in two is found half done; features that are gone are missed',
          seen: `half done after ${halves} of ${tornPoints.length} kills; features taken away: ${missing}`,
          ok: halves > 0 && missing !== null,
        },
        figures: {
          'killed before a statement': `${kills.statement} of ${places.statement} places`,
          'killed before a storage call': `${kills.storage} of ${places.storage} places`,
          'over before the kill': notKilled,
          'schema found after the kill': Object.entries(states)
            .map(([state, count]) => `${state}: ${count}`)
            .join(', '),
          rows: Object.entries(rows)
            .filter(([, count]) => count > 0)
            .map(([table, count]) => `${table} ${count}`)
            .join(', '),
          'answers compared from each schema': today.read.size,
          'newer database': newer ?? 'refused, untouched',
        },
      }
    }),
}
