// A5: damaged files. Bits flipped, files cut off, the write-ahead log missing or of another day, pages of noise, on a copy
// with jobs, stored files and audit entries. Damage may be found at the start or when something is read; a result or a job
// that differs from the true one may never be served. Without its log a database is as it was some commits ago: whole, older.
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { systemClock } from '../../src/base/clock.ts'
import type { AppError } from '../../src/base/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  type Chance,
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { createLoad } from './support/load.ts'
import { prepareHouse } from './support/prepared.ts'
import { drain, startProgram } from './support/program.ts'

type Kind = 'bit flip' | 'truncation' | 'write-ahead log' | 'page of noise'
type Class =
  | 'found at start'
  | 'found on read'
  | 'refused at start'
  | 'harmless'
  | 'older state'
  | 'wrong job served'
  | 'wrong result served'
  | 'crash'

const FAILURES = new Set<Class>(['wrong job served', 'wrong result served', 'crash'])

/** Database, its log and the stored files: what damage may hit, larger files more often. */
function victims(folder: string): string[] {
  const blobs = path.join(folder, 'blobs')
  const files = readdirSync(blobs, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(blobs, name))
    .filter((file) => statSync(file).isFile())
  return [path.join(folder, 'sisrua.db'), path.join(folder, 'sisrua.db-wal'), ...files].filter(
    (file) => existsSync(file) && statSync(file).size > 0,
  )
}

function pick(files: string[], chance: Chance): string {
  const total = files.reduce((sum, file) => sum + statSync(file).size, 0)
  let at = chance.below(total)
  for (const file of files) {
    at -= statSync(file).size
    if (at < 0) return file
  }
  return files[0]!
}

function damage(folder: string, kind: Kind, strangeLog: string, chance: Chance): string {
  const log = path.join(folder, 'sisrua.db-wal')
  if (kind === 'write-ahead log') {
    if (chance.below(2) === 0) rmSync(log, { force: true })
    else cpSync(strangeLog, log)
    return 'log'
  }
  const file = pick(victims(folder), chance)
  const bytes = readFileSync(file)
  const at = chance.below(bytes.length)
  if (kind === 'bit flip') bytes[at]! ^= 1 << chance.below(8)
  if (kind === 'page of noise') {
    const from = at - (at % 4096)
    for (let i = from; i < Math.min(bytes.length, from + 4096); i++) bytes[i] = chance.below(256)
  }
  writeFileSync(file, kind === 'truncation' ? bytes.subarray(0, at) : bytes)
  return `${path.basename(file)}@${at}`
}

interface Truth {
  /** Job → its row as the store reads it and as it is stored, and the bytes of its result. */
  jobs: Map<string, { row: string; stored: string; result: Buffer }>
}

interface Seen {
  found: Class
  /** The control: a program that believes its disk would serve other bytes, or another row. */
  unchecked: boolean
}

async function look(folder: string, truth: Truth, inLog: boolean): Promise<Seen> {
  let store: ReturnType<typeof openStore>
  try {
    store = openStore({ dataFolder: folder, clock: systemClock })
  } catch (error) {
    // Not ours by its mark, or of a newer schema: refused and left alone. Anything else would be a crash.
    const { code } = error as AppError
    const refused = code === 'STORE_UNSAFE' || code === 'STORE_NEWER'
    if (!refused) console.error(`A5: the start failed: ${error}`)
    return { found: refused ? 'refused at start' : 'crash', unchecked: false }
  }
  try {
    const started = store.recovery.storage
    let found: Class = started === 'ok' ? 'harmless' : 'found at start'
    let unchecked = false
    for (const [id, { row, stored: rowBefore, result }] of truth.jobs) {
      let bytes: Buffer
      try {
        unchecked ||= !inLog && ![rowBefore, ''].includes(rowOnDisk(folder, id))
        const stored = store.jobs.byId(id)
        if (stored === undefined) {
          // The jobs of the log are gone with it; nothing wrong is served.
          if (found === 'harmless') found = 'found on read'
          continue
        }
        if (rowText(stored) !== row) {
          if (!inLog) found = 'wrong job served'
          else if (found === 'harmless') found = 'older state'
        }
        if (stored.resultSha256 === null) continue
        unchecked ||= differsUnchecked(folder, stored.resultSha256, result)
        bytes = Buffer.from(
          await (await store.blobs.open(stored.resultSha256.toString('hex'))).bytes(),
        )
      } catch {
        if (found === 'harmless' || found === 'older state') found = 'found on read'
        continue
      }
      if (!bytes.equals(result)) found = 'wrong result served'
    }
    return { found, unchecked }
  } finally {
    await store.close().catch(() => {})
  }
}

const rowText = (row: object): string => JSON.stringify(row)

/** The row as it is stored, nothing checked; empty when it cannot be read. */
function rowOnDisk(folder: string, id: string): string {
  const db = new Database(path.join(folder, 'sisrua.db'), { readonly: true })
  try {
    return JSON.stringify(db.prepare('SELECT * FROM jobs WHERE id = ?').get(id) ?? null)
  } catch {
    return ''
  } finally {
    db.close()
  }
}

function differsUnchecked(folder: string, sha256: Buffer, truth: Buffer): boolean {
  const name = sha256.toString('hex')
  const file = path.join(folder, 'blobs', name.slice(0, 2), name)
  if (existsSync(file)) return !readFileSync(file).equals(truth)
  const db = new Database(path.join(folder, 'sisrua.db'), { readonly: true })
  try {
    const bytes = db.prepare('SELECT bytes FROM blobs WHERE sha256 = ?').pluck().get(sha256)
    return bytes instanceof Buffer && !bytes.equals(truth)
  } catch {
    return false
  } finally {
    db.close()
  }
}

async function truthOf(folder: string): Promise<Truth> {
  const store = openStore({ dataFolder: folder, clock: systemClock })
  const jobs: Truth['jobs'] = new Map()
  for (const row of store.jobs.list({ state: null, kind: null, before: null, limit: 1000 })) {
    if (row.resultSha256 === null) continue
    const opened = await store.blobs.open(row.resultSha256.toString('hex'))
    const result = Buffer.from(await opened.bytes())
    jobs.set(row.id, { row: rowText(row), stored: rowOnDisk(folder, row.id), result })
  }
  await store.close()
  return { jobs }
}

export const a5: Experiment = {
  id: 'A5',
  title: 'damaged files: no wrong result is ever served',
  run: (options) =>
    withFolder('a5', async (folder) => {
      const total = trialsOf(options, 1350, 30)
      const main = await buildProgram('whole')
      const original = `${folder}/original`
      await prepareHouse(main, original, 40)
      // Work after the last checkpoint, so that there is a log to damage; killed, so that it stays.
      const program = await startProgram({ main, dataFolder: original })
      const stop = createLoad('w').run(program.port, 2)
      await new Promise((resolve) => setTimeout(resolve, 500))
      await stop()
      await drain(program.port)
      await program.kill()
      const strangeLog = `${folder}/strange-wal`
      cpSync(path.join(original, 'sisrua.db-wal'), strangeLog)
      cpSync(original, `${folder}/read`, { recursive: true })
      const truth = await truthOf(`${folder}/read`)
      // A log of another database of ours.
      const other = await startProgram({ main, dataFolder: `${folder}/other` })
      await other.kill()
      cpSync(`${folder}/other/sisrua.db-wal`, strangeLog)

      const chance = createChance(options.seed)
      const tally: Record<string, number> = {}
      let failures = 0
      let unchecked = 0
      for (let n = 0; n < total; n++) {
        const share = n / total
        const kind: Kind =
          share < 1000 / 1350
            ? 'bit flip'
            : share < 1200 / 1350
              ? 'truncation'
              : share < 1300 / 1350
                ? 'write-ahead log'
                : 'page of noise'
        const data = `${folder}/data`
        rmSync(data, { recursive: true, force: true })
        cpSync(original, data, { recursive: true, preserveTimestamps: true })
        const where = damage(data, kind, strangeLog, chance)
        const seen = await look(data, truth, kind === 'write-ahead log' || /-wal@/.test(where))
        tally[`${kind}: ${seen.found}`] = (tally[`${kind}: ${seen.found}`] ?? 0) + 1
        if (seen.unchecked) unchecked++
        if (!FAILURES.has(seen.found)) continue
        failures++
        complain('A5', options.seed, n, `${kind} ${where}: ${seen.found}`)
      }
      return {
        trials: total,
        failures,
        control: {
          expected: 'without content hashes and seals wrong results and jobs would be served',
          seen: `unchecked, wrong bytes or rows in ${unchecked} of ${total} cases`,
          ok: unchecked > 0,
        },
        figures: { jobs: truth.jobs.size, ...Object.fromEntries(Object.entries(tally).sort()) },
      }
    }),
}
