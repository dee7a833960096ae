// A6: the program is killed at each storage call of a backup, and of a restore. Afterwards the database is whole, every
// backup that is listed is sound, and when the database is wrecked the newest backup takes its place with everything that it
// held; if that is older than what was signed since, the start says that the log was rolled back. And how long a backup takes of
// a database as large as the plan names, beside what the plan allows for it: a figure, not a limit.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { systemClock } from '../../src/base/clock.ts'
import { isSoundBackup, listBackups } from '../../src/store/backup.ts'
import { openStore } from '../../src/store/store.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { prepareHouse, reopen } from './support/prepared.ts'
import { buildShim } from './support/shim.ts'

const CHILD = path.join(import.meta.dirname, 'support/store-child.ts')

/** Runs a backup, or opens, killed before the n-th storage call; 0 = not killed, answers the number of calls. */
function child(
  mode: 'backup' | 'open',
  dataFolder: string,
  counter: string,
  killAt: number,
): number {
  spawnSync(process.execPath, [CHILD, mode, dataFolder], {
    timeout: 60_000,
    env: {
      ...process.env,
      LD_PRELOAD: buildShim(),
      STORAGE_DIR: dataFolder,
      STORAGE_COUNT: counter,
      ...(killAt === 0 ? {} : { STORAGE_KILL_AT: String(killAt) }),
    },
  })
  return killAt === 0 ? Number(readFileSync(counter, 'utf8')) : 0
}

const wreck = (dataFolder: string): void =>
  writeFileSync(path.join(dataFolder, 'sisrua.db'), Buffer.alloc(65_536, 'wrecked '))

const MIB = 2 ** 20
/** What the plan allows for a backup of so much. */
const BUDGET = { bytes: 122 * MIB, ms: 1000 }
const BACKUPS = 5

/** Bytes and small rows, half and half, until the database is as large as that. */
function grow(dataFolder: string, bytes: number): void {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  const blob = db.prepare('INSERT INTO blobs (sha256, size, bytes, created_at) VALUES (?, ?, ?, 1)')
  const event = db.prepare(
    `INSERT INTO job_event_batches (jobs, told, at)
     VALUES (json_array(?), '[["job.progress","running",0.5,"computing",null]]', ?)`,
  )
  const size = (): number => (db.pragma('page_count', { simple: true }) as number) * 4096
  while (size() < bytes) {
    db.transaction(() => {
      for (let n = 0; n < 10; n++) {
        const noise = randomBytes(60_000)
        blob.run(createHash('sha256').update(noise).digest(), noise.length, noise)
        for (let m = 0; m < 600; m++) event.run(noise.toString('hex', m, m + 16), Date.now())
      }
    })()
  }
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
}

/** Milliseconds of whole backups by the store, and of SQLite's copy alone. */
async function timeBackups(dataFolder: string) {
  const store = openStore({ dataFolder, clock: systemClock })
  const { size } = statSync(store.folders.database)
  const whole: number[] = []
  const copy: number[] = []
  const bare = new Database(store.folders.database, { readonly: true })
  try {
    for (let n = 0; n < BACKUPS; n++) {
      let began = performance.now()
      await store.backup('manual')
      whole.push(performance.now() - began)
      const target = path.join(dataFolder, 'copy.db')
      began = performance.now()
      bare.prepare('VACUUM INTO ?').run(target)
      copy.push(performance.now() - began)
      rmSync(target)
    }
  } finally {
    bare.close()
    await store.close()
  }
  return { mib: Math.floor(size / MIB), whole, copy }
}

export const a6: Experiment = {
  id: 'A6',
  title: 'a backup or restore killed at any point loses nothing that a sound backup holds',
  run: (options) =>
    withFolder('a6', async (folder) => {
      const kills = trialsOf(options, 50, 2)
      const main = await buildProgram('whole')
      const original = `${folder}/original`
      const early = await prepareHouse(main, original, 30)
      execFileSync(process.execPath, [CHILD, 'backup', original])
      const late = await prepareHouse(main, original, 30, 'late')
      const all = new Map([...early, ...late])
      const counter = `${folder}/calls`
      const data = `${folder}/data`
      const fresh = (wrecked: boolean): void => {
        rmSync(data, { recursive: true, force: true })
        cpSync(original, data, { recursive: true })
        if (wrecked) wreck(data)
      }
      const place = path.join(data, 'backups')
      const offset = createChance(options.seed).next()
      let failures = 0
      let finished = 0
      let rolledBack = 0
      const lengths: number[] = []
      for (const mode of ['backup', 'open'] as const) {
        fresh(mode === 'open')
        const calls = child(mode, data, counter, 0)
        lengths.push(calls)
        for (let n = 0; n < kills; n++) {
          fresh(mode === 'open')
          const killAt = 1 + Math.floor(((n + offset) * calls) / kills)
          child(mode, data, counter, killAt)
          const backups = listBackups(place)
          const isNewest = backups.length > 1
          if (isNewest) finished++
          const unsound = backups.filter((one) => !isSoundBackup(place, one)).length
          const whole = mode === 'open' || !isBroken(inspect(data, all))
          if (mode === 'backup') wreck(data)
          const again = await reopen(main, data)
          const restored = inspect(data, isNewest ? all : early)
          if (again.audit === 'rolled_back') rolledBack++
          const ok =
            unsound === 0 &&
            whole &&
            backups.length > 0 &&
            // Killed after the restore was done, the next start finds nothing to restore.
            (again.storage === 'restored' || (mode === 'open' && again.storage === 'ok')) &&
            again.audit === (isNewest ? 'ok' : 'rolled_back') &&
            !isBroken(restored)
          if (ok) continue
          failures++
          const why = JSON.stringify({ unsound, whole, again, restored })
          complain('A6', options.seed, n, `${mode}, call ${killAt}: ${why}`)
        }
      }
      fresh(false)
      const newest = listBackups(place)[0]!
      const file = path.join(place, newest.file)
      const bytes = readFileSync(file)
      bytes[bytes.length >> 1]! ^= 1
      writeFileSync(file, bytes)
      const accepted = isSoundBackup(place, newest)
      // The same older backup without the signed notes outside of the database: nobody can tell.
      fresh(true)
      rmSync(path.join(data, 'anchors'), { recursive: true })
      const blind = await reopen(main, data)
      rmSync(data, { recursive: true })
      mkdirSync(data)
      await openStore({ dataFolder: data, clock: systemClock }).close()
      grow(data, options.quick ? 8 * MIB : BUDGET.bytes)
      const { mib, whole, copy } = await timeBackups(data)
      return {
        trials: 2 * kills,
        failures,
        control: {
          expected:
            'one flipped bit in a backup is refused; without anchors an older one goes unnoticed',
          seen: `flipped bit ${accepted ? 'accepted' : 'refused'}; without anchors the log is "${blind.audit}"`,
          ok: !accepted && blind.audit === 'ok',
        },
        figures: {
          'storage calls of a backup, of a restore': lengths.join(', '),
          'kills after the new backup was whole': finished,
          'older backups, all told as rolled back': rolledBack,
          [`backup of ${mib} MiB (written, flushed, read back, hashed), p50/max`]: `${spread(whole)}; the plan allows ${BUDGET.ms} ms for ${BUDGET.bytes / MIB} MiB`,
          'SQLite alone copies it in, p50/max': spread(copy),
        },
      }
    }),
}
