// A folder of which everything is known: jobs with their results, each state that the database was in, a log that was not moved
// yet because the program was killed, and logs that do not belong to it. Made by the real program.
import { cpSync, existsSync, linkSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { JOB_COLUMNS, type JobRow } from '../../../src/store/job-row.ts'
import { type TrueEntries, trueEntries } from './audit-served.ts'
import { sleep } from './experiment.ts'
import { createLoad } from './load.ts'
import { prepareHouse, reopen } from './prepared.ts'
import { drain, startProgram } from './program.ts'
import { type TrueStates, trueStates } from './true-states.ts'

export interface Truth extends TrueStates {
  /** Job → the bytes of its result. */
  results: ReadonlyMap<string, Buffer>
  entries: TrueEntries
}

export interface House {
  folder: string
  /** Logs that are not this database's, or not of this hour. */
  strangeLogs: string[]
  truth: Truth
}

/** A folder killed with a log, the states it went through, and logs that do not belong to it. */
export async function makeHouse(main: string, folder: string): Promise<House> {
  const original = `${folder}/original`
  const database = path.join(original, 'sisrua.db')
  await prepareHouse(main, original, 40)
  const found: TrueStates[] = []
  /** Work that stays in the log, because it is killed; with nothing open, so that the next start changes no job. */
  async function hour(name: string, jobs: number): Promise<void> {
    const program = await startProgram({ main, dataFolder: original })
    cpSync(database, `${folder}/before`)
    const load = createLoad(name)
    const stop = load.run(program.port, 2)
    while (load.acknowledged.size < jobs) await sleep(5)
    await stop()
    await drain(program.port)
    await program.kill()
    if (!readFileSync(database).equals(readFileSync(`${folder}/before`)))
      throw new Error('the log was moved while it was written: it does not hold every state')
    found.push(trueStates(database, `${database}-wal`, `${folder}/scratch.db`))
    const newest = found.at(-1)!.states.at(-1)!
    const told = [...load.acknowledged.values()].flatMap((ids) => [...ids])
    if (told.some((id) => !newest.has(id))) throw new Error('an acknowledged job is not there')
  }
  await hour('early', 20)
  const early = `${folder}/an-earlier-hour`
  cpSync(`${database}-wal`, early)
  await reopen(main, original)
  // What lies in the database file is of a later time then than what that log holds.
  await hour('middle', 20)
  await reopen(main, original)
  await hour('late', 40)
  // A log of another database of ours.
  const other = await startProgram({ main, dataFolder: `${folder}/other` })
  await other.kill()
  const foreign = `${folder}/another-database`
  cpSync(`${folder}/other/sisrua.db-wal`, foreign)

  const everyRow = new Map<string, Set<string>>()
  for (const { everyRow: rows } of found) {
    for (const [id, texts] of rows)
      everyRow.set(id, new Set([...(everyRow.get(id) ?? []), ...texts]))
  }
  const results = new Map<string, Buffer>()
  const db = new Database(database, { readonly: true })
  for (const row of db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs`).all() as JobRow[]) {
    const bytes = storedBytes(db, original, row)
    if (bytes !== null) results.set(row.id, bytes)
  }
  db.close()
  copyHouse(original, `${folder}/sound`)
  const entries = await trueEntries(`${folder}/sound`)
  const truth = { states: found.flatMap(({ states }) => states), everyRow, results, entries }
  return { folder: original, strangeLogs: [early, foreign], truth }
}

/** The house again, to be damaged. Of the reserve, which nobody reads, only the name. */
export function copyHouse(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  const reserve = path.join(from, 'reserve.bin')
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (file) => file !== reserve,
  })
  linkSync(reserve, path.join(to, 'reserve.bin'))
}

/** The bytes of a job's result as they lie there; null when there are none. */
export function storedBytes(db: Database.Database, folder: string, row: JobRow): Buffer | null {
  if (row.resultSha256 === null) return null
  const name = row.resultSha256.toString('hex')
  const file = path.join(folder, 'blobs', name.slice(0, 2), name)
  if (existsSync(file)) return readFileSync(file)
  const select = db.prepare('SELECT bytes FROM blobs WHERE sha256 = ?').pluck()
  return (select.get(row.resultSha256) as Buffer | null | undefined) ?? null
}
