// A5: damaged files. Bits flipped, files cut off, the write-ahead log missing, of another database or of another hour, pages of
// noise, on a copy with jobs, stored files and audit entries. Damage may be found at the start or when something is read. What is
// served must have been true: without its log a database is as it was some commits ago, which is one of the states that it really
// was in (true-states.ts), and never a mixture of them. And what is put aside is what was there, byte for byte.
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
import { JOB_COLUMNS, type JobRow } from '../../src/store/job-row.ts'
import { sealOf } from '../../src/store/job-seal.ts'
import { openStore } from '../../src/store/store.ts'
import { buildProgram, NO_QUARANTINE } from './support/altered-build.ts'
import { forgeEntry, judgeLog } from './support/audit-served.ts'
import {
  type Chance,
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { copyHouse, type House, makeHouse, storedBytes, type Truth } from './support/known-house.ts'
import { hashesOf, missingOriginals } from './support/originals.ts'
import { reopen } from './support/prepared.ts'
import { rowText, TOLD, whichState } from './support/true-states.ts'

type Kind = 'bit flip' | 'truncation' | 'write-ahead log' | 'page of noise'
type Class =
  | 'found at start'
  | 'found on read'
  | 'refused at start'
  | 'harmless'
  | 'older state'
  | 'wrong job served'
  | 'wrong result served'
  | 'wrong audit log served'
  | 'state that never was served'
  | 'rows lost though nothing was said to be'
  | 'original not kept'
  | 'crash'

const HARMLESS: readonly Class[] = [
  'found at start',
  'found on read',
  'refused at start',
  'harmless',
  'older state',
]

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

/** What `damage` did. */
interface Harm {
  where: string
  /** The file that was changed; null when it was removed. */
  file: string | null
  /** Whether an older state is what is left. */
  inLog: boolean
}

function damage(folder: string, kind: Kind, strangeLogs: readonly string[], chance: Chance): Harm {
  const log = path.join(folder, 'sisrua.db-wal')
  if (kind === 'write-ahead log') {
    const other = strangeLogs[chance.below(strangeLogs.length + 1)]
    if (other === undefined) rmSync(log, { force: true })
    else cpSync(other, log)
    const where = other === undefined ? 'no log' : path.basename(other)
    return { where, file: other === undefined ? null : log, inLog: true }
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
  return { where: `${path.basename(file)}@${at}`, file, inLog: file === log }
}

interface Seen {
  found: Class
  why: string
  /** The control: a program that believes its disk would serve other bytes, or a row that never was. */
  unchecked: boolean
  /** Files in quarantine that were looked for and found. */
  kept: number
}

async function look(folder: string, truth: Truth, harm: Harm): Promise<Seen> {
  const seen = (found: Class, why = ''): Seen => ({ found, why, unchecked: false, kept: 0 })
  const database = path.join(folder, 'sisrua.db')
  const both = hashesOf([database, `${database}-wal`])
  const touched = hashesOf(harm.file === null ? [] : [harm.file])
  let store: ReturnType<typeof openStore>
  try {
    store = openStore({ dataFolder: folder, clock: systemClock })
  } catch (error) {
    // Not ours by its mark, or of a newer schema: refused and left alone. Anything else would be a crash.
    const { code } = error as AppError
    const refused = code === 'STORE_UNSAFE' || code === 'STORE_NEWER'
    if (!refused) return seen('crash', String(error))
    const left = hashesOf([database, `${database}-wal`])
    const same = [...both].every(([name, hash]) => left.get(name) === hash)
    return same ? seen('refused at start') : seen('original not kept', 'changed though refused')
  }
  try {
    const { storage, quarantine, mended, backup, salvaged } = store.recovery
    const unchecked = isWrongUnchecked(folder, truth)
    const answer = (found: Class, why = '', kept = 0): Seen => ({ found, why, unchecked, kept })
    const served = new Map<string, string>()
    const toldBlobs = new Set<string>()
    for (const id of truth.everyRow.keys()) {
      try {
        const row = store.jobs.byId(id)
        if (row === undefined) continue
        served.set(id, rowText(row))
        if (row.resultSha256 === null) continue
        const name = row.resultSha256.toString('hex')
        toldBlobs.add(name)
        const bytes = await (await store.blobs.open(name)).bytes()
        toldBlobs.delete(name)
        if (!truth.results.get(id)?.equals(bytes)) return answer('wrong result served', id)
      } catch {
        if (!served.has(id)) served.set(id, TOLD)
      }
    }
    const listed = store.jobs.list({ state: null, kind: null, before: null, limit: 10_000 })
    const rows = [...listed.map((row): [string, string] => [row.id, rowText(row)]), ...served]
    const strange = rows.find(([id, text]) => text !== TOLD && !truth.everyRow.get(id)?.has(text))
    if (strange !== undefined) return answer('wrong job served', strange[1])

    const log = await judgeLog(store, folder, truth.entries, harm.inLog || storage !== 'ok')
    if (typeof log === 'object') return answer('wrong audit log served', log.wrong)

    const originals = quarantine === null ? new Map<string, string>() : both
    // A stored file is put aside when it is read and found damaged.
    for (const [name, hash] of touched) if (toldBlobs.has(name)) originals.set(name, hash)
    const lacks = missingOriginals(folder, originals)
    if (lacks !== null) return answer('original not kept', lacks)

    const which = whichState(served, truth)
    const recovery = JSON.stringify(store.recovery)
    if (storage !== 'ok') {
      const saysWhole =
        (mended || store.recovery.log === 'mended') && backup === null && salvaged === null
      return saysWhole && which !== 'newest'
        ? answer('rows lost though nothing was said to be', `${which} ${recovery}`)
        : answer('found at start', '', originals.size)
    }
    if (which === 'none' || (which === 'older' && !harm.inLog))
      return answer('state that never was served', `${which} ${recovery}`)
    const isTold = toldBlobs.size > 0 || log === 'told' || [...served.values()].includes(TOLD)
    if (isTold) return answer('found on read', '', originals.size)
    return answer(which === 'newest' ? 'harmless' : 'older state')
  } finally {
    await store.close().catch(() => {})
  }
}

/** Whether SQLite alone, nothing checked, reads a row that never was or other bytes than those of a result. */
function isWrongUnchecked(folder: string, truth: Truth): boolean {
  const db = new Database(path.join(folder, 'sisrua.db'), { readonly: true })
  try {
    const rowOf = db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`)
    for (const [id, texts] of truth.everyRow) {
      try {
        const row = rowOf.get(id) as JobRow | undefined
        if (row === undefined) continue
        if (!texts.has(rowText(row))) return true
        const bytes = storedBytes(db, folder, row)
        if (bytes !== null && !truth.results.get(id)?.equals(bytes)) return true
      } catch {
        // SQLite itself says so.
      }
    }
    return false
  } catch {
    return false
  } finally {
    db.close()
  }
}

/** Rows and entries that never were, with seals and signatures that fit, and a row that is gone from the midst: does the harness see them as served? */
async function controlOfStates(house: House, data: string): Promise<Class[]> {
  const seen: Class[] = []
  for (const change of ['another state', 'a row less', 'another entry'] as const) {
    copyHouse(house.folder, data)
    if (change === 'another entry') forgeEntry(data)
    else changeRows(data, change)
    const harm = { where: change, file: null, inLog: true }
    seen.push((await look(data, house.truth, harm)).found)
  }
  return seen
}

function changeRows(data: string, change: 'another state' | 'a row less'): void {
  const db = new Database(path.join(data, 'sisrua.db'))
  const all = db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs ORDER BY n`).all() as JobRow[]
  const row = all[all.length >> 1]!
  if (change === 'a row less') db.prepare('DELETE FROM jobs WHERE n = ?').run(row.n)
  else {
    const createdBy = 'nobody'
    const seal = sealOf({ ...row, createdBy })
    db.prepare('UPDATE jobs SET created_by = ?, seal = ? WHERE n = ?').run(createdBy, seal, row.n)
  }
  db.close()
}

/** A program that throws away what it should put aside: does the harness miss it? */
async function controlOfOriginals(house: House, data: string): Promise<string | null> {
  copyHouse(house.folder, data)
  const database = path.join(data, 'sisrua.db')
  rmSync(`${database}-wal`)
  writeFileSync(database, Buffer.alloc(65_536, 'wrecked '))
  const originals = hashesOf([database])
  await reopen(await buildProgram('no-quarantine', NO_QUARANTINE), data)
  return missingOriginals(data, originals)
}

const KINDS: readonly [Kind, number][] = [
  ['bit flip', 1000],
  ['truncation', 1200],
  ['write-ahead log', 1300],
  ['page of noise', 1350],
]

export const a5: Experiment = {
  id: 'A5',
  title: 'damaged files: nothing wrong is ever served, and the originals are kept',
  run: (options) =>
    withFolder('a5', async (folder) => {
      const total = trialsOf(options, 1350, 30)
      const house = await makeHouse(await buildProgram('whole'), folder)
      const data = `${folder}/data`
      const chance = createChance(options.seed)
      const tally: Record<string, number> = {}
      let failures = 0
      let unchecked = 0
      let kept = 0
      for (let n = 0; n < total; n++) {
        const [kind] = KINDS.find(([, until]) => n / total < until / 1350)!
        copyHouse(house.folder, data)
        const harm = damage(data, kind, house.strangeLogs, chance)
        const seen = await look(data, house.truth, harm)
        tally[`${kind}: ${seen.found}`] = (tally[`${kind}: ${seen.found}`] ?? 0) + 1
        if (seen.unchecked) unchecked++
        kept += seen.kept
        if (HARMLESS.includes(seen.found)) continue
        failures++
        complain('A5', options.seed, n, `${kind} ${harm.where}: ${seen.found} ${seen.why}`)
      }
      const states = await controlOfStates(house, data)
      const lost = await controlOfOriginals(house, data)
      return {
        trials: total,
        failures,
        control: {
          expected:
            'unchecked, wrong bytes or rows are served; a row that never was, one that is gone and an entry that never was are seen; so is a quarantine that keeps nothing',
          seen: `unchecked, wrong bytes or rows in ${unchecked} of ${total} cases; forged rows: ${states.join(', ')}; without a quarantine: ${lost}`,
          ok:
            unchecked > 0 &&
            states[0] === 'wrong job served' &&
            states[1] === 'state that never was served' &&
            states[2] === 'wrong audit log served' &&
            lost !== null,
        },
        figures: {
          jobs: house.truth.results.size,
          'audit entries': house.truth.entries.length,
          'true states': house.truth.states.length,
          'originals found in quarantine': kept,
          ...Object.fromEntries(Object.entries(tally).sort()),
        },
      }
    }),
}
