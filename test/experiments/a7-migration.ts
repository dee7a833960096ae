// A7: the way from every older schema to the newest one and one step beyond is killed at each of its storage calls; the
// next start finds a whole schema, never half a step, and goes on to the end with all data. A newer database is refused.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { APPLICATION_ID } from '../../src/store/sqlite.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { LATER } from './support/later-step.ts'
import { prepareHouse, reopen } from './support/prepared.ts'
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

/** The schema as text: every table, index and trigger. */
const schemaOf = (db: Database.Database): string =>
  JSON.stringify(db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all())

/** What the file should look like at each version: an empty database brought there in memory. */
function schemas(): string[] {
  return [...MIGRATIONS, LATER].map((_, n) => {
    const db = new Database(':memory:')
    try {
      for (const { sql } of [...MIGRATIONS, LATER].slice(0, n + 1)) db.exec(sql)
      return schemaOf(db)
    } finally {
      db.close()
    }
  })
}

/** The version the file says it has, if its tables are those of that version; else `half`. */
function stateOf(dataFolder: string, expected: readonly string[]): number | 'half' {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    const version = db.pragma('user_version', { simple: true }) as number
    return schemaOf(db) === expected[version - 1] ? version : 'half'
  } finally {
    db.close()
  }
}

/** The same rows in a database of an older schema: what its program would have left behind. */
function age(dataFolder: string, version: number): void {
  const file = path.join(dataFolder, 'sisrua.db')
  renameSync(file, `${file}.new`)
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  const db = new Database(file)
  db.pragma('page_size = 4096')
  db.pragma('auto_vacuum = INCREMENTAL')
  db.pragma(`application_id = ${APPLICATION_ID}`)
  db.pragma('foreign_keys = OFF')
  for (const { sql } of MIGRATIONS.slice(0, version)) db.exec(sql)
  const triggers = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all() as { name: string; sql: string }[]
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)
  db.prepare('ATTACH ? AS new').run(`${file}.new`)
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[]
  for (const table of tables) {
    const columnsIn = (schema: string) =>
      db.prepare(`SELECT name FROM pragma_table_info('${table}', '${schema}')`).pluck().all()
    const known = new Set(columnsIn('new'))
    const shared = columnsIn('main')
      .filter((name) => known.has(name))
      .join(', ')
    db.exec(`INSERT INTO main.${table} (${shared}) SELECT ${shared} FROM new.${table}`)
  }
  db.prepare("DELETE FROM meta WHERE key GLOB 'migration.*' AND substr(key, 11) + 0 > ?").run(
    version,
  )
  for (const { sql } of triggers) db.exec(sql)
  db.pragma(`user_version = ${version}`)
  db.close()
  rmSync(`${file}.new`)
}

/** Jobs, audit entries and projects as text, without what a schema step may add. */
function contentOf(dataFolder: string): string {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    const all = (sql: string) => db.prepare(sql).all()
    return JSON.stringify([
      all('SELECT id, state, payload, hex(result_sha256), finished_at FROM jobs ORDER BY id'),
      all('SELECT seq, entry, data, hex(leaf), hex(chain) FROM audit_log ORDER BY seq'),
      all('SELECT job_id, type, state, at FROM job_events ORDER BY seq'),
    ])
  } finally {
    db.close()
  }
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

export const a7: Experiment = {
  id: 'A7',
  title:
    'schema steps killed at any point are wholly done or not at all; a newer database is refused',
  run: (options) =>
    withFolder('a7', async (folder) => {
      const main = await buildProgram('whole')
      const original = `${folder}/original`
      const acknowledged = await prepareHouse(main, original, 20)
      const before = contentOf(original)
      const expected = schemas()
      const newest = expected.length
      const data = `${folder}/data`
      const fresh = (version: number): void => {
        rmSync(data, { recursive: true, force: true })
        cpSync(`${folder}/v${version}`, data, { recursive: true })
      }
      const counter = `${folder}/calls`
      const callsOf = (mode: 'migrate' | 'migrate-torn', version: number): number => {
        fresh(version)
        migrate(mode, data, watched(data, counter))
        return Number(readFileSync(counter, 'utf8'))
      }
      let failures = 0
      let trials = 0
      const states: Record<string, number> = {}
      const lengths: number[] = []
      const most = trialsOf(options, 60 * MIGRATIONS.length, MIGRATIONS.length)
      for (let version = MIGRATIONS.length; version >= 1; version--) {
        cpSync(original, `${folder}/v${version}`, { recursive: true })
        if (version < MIGRATIONS.length) age(`${folder}/v${version}`, version)
        const calls = callsOf('migrate', version)
        lengths.push(calls)
        const kills = Math.min(calls, Math.ceil(most / MIGRATIONS.length))
        const offset = createChance(options.seed).next()
        for (let n = 0; n < kills; n++) {
          fresh(version)
          const killAt = 1 + Math.floor(((n + offset) * calls) / kills)
          migrate('migrate', data, { ...watched(data, counter), STORAGE_KILL_AT: String(killAt) })
          const state = stateOf(data, expected)
          states[state] = (states[state] ?? 0) + 1
          const again = migrate('migrate', data, {})
          const found = inspect(data, acknowledged)
          const same = contentOf(data) === before
          trials++
          const whole = state !== 'half' && again.status === 0 && same && !isBroken(found)
          if (whole && stateOf(data, expected) === newest) continue
          failures++
          const why = `schema ${version}, call ${killAt}: found ${state}, ${same ? 'same' : 'other'} content`
          complain(
            'A7',
            options.seed,
            n,
            `${why}, ${again.stderr.slice(0, 300)} ${JSON.stringify(found)}`,
          )
        }
      }
      fresh(1)
      const opened = await reopen(main, data)
      fresh(MIGRATIONS.length)
      const newer = await refusesNewer(main, data)
      trials += 2
      if (newer !== null || opened.storage !== 'ok' || opened.audit !== 'ok') {
        failures++
        complain('A7', options.seed, trials, `${JSON.stringify(opened)}, newer database: ${newer}`)
      }
      const tornCalls = callsOf('migrate-torn', MIGRATIONS.length)
      // Halving the way to the first kill that leaves something new: there the torn step must show.
      let tried = 0
      let halves = 0
      let untouched = 0
      let touched = tornCalls
      while (touched - untouched > 1) {
        const killAt = (untouched + touched) >> 1
        fresh(MIGRATIONS.length)
        migrate('migrate-torn', data, {
          ...watched(data, counter),
          STORAGE_KILL_AT: String(killAt),
        })
        const state = stateOf(data, expected)
        tried++
        if (state === 'half') halves++
        if (state === MIGRATIONS.length) untouched = killAt
        else touched = killAt
      }
      return {
        trials,
        failures,
        control: {
          expected: 'a step whose transaction is cut in two is found half done',
          seen: `half done after ${halves} of ${tried} kills`,
          ok: halves > 0,
        },
        figures: {
          'storage calls from each schema, newest first': lengths.join(', '),
          'schema found after the kill': Object.entries(states)
            .map(([state, count]) => `${state}: ${count}`)
            .join(', '),
          'newer database': newer ?? 'refused, untouched',
        },
      }
    }),
}
