// A6: the program is killed at each storage call of a backup. Afterwards the database is whole, every backup that is listed
// is sound, and when the database is then wrecked the newest backup takes its place with everything that it held.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isSoundBackup, listBackups } from '../../src/store/backup.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { prepareHouse, reopen } from './support/prepared.ts'
import { buildShim } from './support/shim.ts'

const CHILD = path.join(import.meta.dirname, 'support/store-child.ts')

/** Runs a backup that is killed before its n-th storage call; 0 = not killed, answers the number of calls. */
function backup(dataFolder: string, counter: string, killAt: number): number {
  spawnSync(process.execPath, [CHILD, 'backup', dataFolder], {
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

export const a6: Experiment = {
  id: 'A6',
  title: 'a backup killed at any point leaves a whole database and only sound backups',
  run: (options) =>
    withFolder('a6', async (folder) => {
      const trials = trialsOf(options, 50, 4)
      const main = await buildProgram('whole')
      const original = `${folder}/original`
      const acknowledged = await prepareHouse(main, original, 30)
      execFileSync(process.execPath, [CHILD, 'backup', original])
      const calls = (() => {
        cpSync(original, `${folder}/count`, { recursive: true })
        return backup(`${folder}/count`, `${folder}/calls`, 0)
      })()
      const chance = createChance(options.seed)
      const offset = chance.next()
      let failures = 0
      let finished = 0
      for (let n = 0; n < trials; n++) {
        const data = `${folder}/data`
        rmSync(data, { recursive: true, force: true })
        cpSync(original, data, { recursive: true })
        const killAt = 1 + Math.floor(((n + offset) * calls) / trials)
        backup(data, `${folder}/calls`, killAt)
        const place = path.join(data, 'backups')
        const backups = listBackups(place)
        if (backups.length > 1) finished++
        const unsound = backups.filter((one) => !isSoundBackup(place, one)).length
        const whole = !isBroken(inspect(data, acknowledged))
        writeFileSync(path.join(data, 'sisrua.db'), Buffer.alloc(65_536, 'wrecked '))
        const again = await reopen(main, data)
        const restored = inspect(data, acknowledged)
        const ok =
          unsound === 0 &&
          whole &&
          backups.length > 0 &&
          again.storage === 'restored' &&
          !isBroken(restored)
        if (!ok) {
          failures++
          complain(
            'A6',
            options.seed,
            n,
            `call ${killAt}: ${JSON.stringify({ unsound, whole, again, restored })}`,
          )
        }
      }
      const place = path.join(folder, 'count', 'backups')
      const newest = listBackups(place)[0]!
      const file = path.join(place, newest.file)
      const bytes = readFileSync(file)
      bytes[bytes.length >> 1]! ^= 1
      writeFileSync(file, bytes)
      const accepted = isSoundBackup(place, newest)
      return {
        trials,
        failures,
        control: {
          expected: 'a backup with one flipped bit is refused',
          seen: accepted ? 'it was accepted' : 'refused',
          ok: !accepted,
        },
        figures: {
          'storage calls of a backup': calls,
          'kills after the new backup was whole': finished,
        },
      }
    }),
}
