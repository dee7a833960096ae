// What the system allows the user of the data folder: what may not be written is refused at the start, what is written is private.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXIT } from '../../src/base/exit-codes.ts'
import { createDisk } from '../../src/store/disk.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'
import { PROGRAM } from '../support/program.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const onPosix = process.platform !== 'win32'
/** Root may write everything: the program then runs as somebody else. */
const asUser = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
let dataFolder: string
const open = () => openStore({ dataFolder, clock: createStillClock(), freeBytes: () => 100e6 })
const database = () => path.join(dataFolder, 'sisrua.db')

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [PROGRAM, ...args, '--data-dir', dataFolder],
    {
      ...asUser,
      env: { PATH: '', HOME: dataFolder, SISRUA_LANG: 'en', SISRUA_OVERPASS_URLS: ',' },
      encoding: 'utf8',
      timeout: 30_000,
    },
  )
  return { status, stdout, stderr }
}

/** Everything in the folder belongs to whom the program runs as. */
function handOver(): void {
  if (!isRoot) return
  for (const name of ['', ...readdirSync(dataFolder, { recursive: true, encoding: 'utf8' })])
    chownSync(path.join(dataFolder, name), NOBODY, NOBODY)
}

beforeEach(async () => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const store = open()
  store.transaction(() => store.meta.set('note', 'kept'))
  await store.backup('manual')
  await store.close()
})
afterEach(() => {
  chmodSync(dataFolder, 0o700)
  rmSync(dataFolder, { recursive: true, force: true })
})

describe.skipIf(!onPosix)(`rights${onPosix ? '' : ' (Windows has no file modes)'}`, () => {
  it('only the owner may read what the store keeps', () => {
    const backups = readdirSync(path.join(dataFolder, 'backups')).map((name) => `backups/${name}`)
    expect(backups).toHaveLength(2)
    const modes = ['sisrua.db', ...backups].map((name) => {
      return statSync(path.join(dataFolder, name)).mode & 0o777
    })
    expect(modes).toEqual([0o600, 0o600, 0o600])
  })

  it('a database that may only be read is refused at the start, not at the first job', () => {
    handOver()
    chmodSync(database(), 0o400)
    const { status, stdout, stderr } = run('serve', '--port', '0')
    expect([status, JSON.parse(stdout).reason]).toEqual([EXIT.storageFailed, 'store_unavailable'])
    expect(stderr).toContain('may only be read')
    expect(run('db', 'check').status).toBe(0)
  })

  it('a folder that may not be looked into has not “no backup”: it is said that it may not be used', () => {
    handOver()
    chmodSync(dataFolder, 0o000)
    for (const command of ['check', 'backup', 'migrate', 'restore']) {
      const { status, stderr } = run('db', command)
      expect([command, status]).toEqual([command, EXIT.storageFailed])
      expect(stderr).toContain('could not be used (EACCES)')
    }
  })

  it('a backup that may not be read just now is not passed over for what can be salvaged', () => {
    writeFileSync(database(), readFileSync(database()).fill(0xff, 4096, 40_000))
    handOver()
    const folder = path.join(dataFolder, 'backups')
    const backup = readdirSync(folder).find((name) => name.endsWith('.db'))!
    chmodSync(path.join(folder, backup), 0o000)
    expect(run('serve', '--port', '0').status).toBe(EXIT.storageFailed)
    expect(readdirSync(path.join(dataFolder, 'quarantine'))).toEqual([])
  })
})

describe.skipIf(!onPosix)(`links${onPosix ? '' : ' (Windows lets few users make them)'}`, () => {
  it('to the database keep its log with it when its header is mended', async () => {
    const store = open()
    store.transaction(() => store.meta.set('note', 'in the log'))
    const [bytes, log] = ['', '-wal'].map((suffix) => readFileSync(database() + suffix))
    await store.close()
    const place = path.join(dataFolder, 'elsewhere')
    mkdirSync(place)
    renameSync(database(), path.join(place, 'real.db'))
    symlinkSync(path.join('elsewhere', 'real.db'), database())
    writeFileSync(path.join(place, 'real.db'), bytes!.fill(0, 0, 16))
    writeFileSync(path.join(place, 'real.db-wal'), log!)
    rmSync(path.join(dataFolder, 'backups'), { recursive: true })
    const again = open()
    expect(again.recovery).toMatchObject({ mended: true })
    expect(again.meta.get('note')).toBe('in the log')
    expect(existsSync(path.join(again.recovery.quarantine!, 'real.db-wal'))).toBe(true)
    await again.close()
  })
})

it('a folder where the reserve should be, as a colleague may leave it, does not stop the program', () => {
  const reserve = path.join(dataFolder, 'reserve.bin')
  rmSync(reserve, { force: true })
  mkdirSync(reserve)
  const disk = createDisk(reserve, true, () => 10e9)
  expect(() => disk.releaseReserve()).not.toThrow()
  expect(disk.refresh()).toBe('ok')
})
