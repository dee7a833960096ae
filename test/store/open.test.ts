// Opening the store: pragmas read back, unsafe or foreign or newer files refused, damage put aside and a backup restored.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checksum } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { isSafeSqlite, requireSafeSqlite } from '../../src/store/sqlite.ts'
import { openStore, type StoreOptions } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

let dataFolder: string
const clock = createStillClock()
const open = (more: Partial<StoreOptions> = {}) => openStore({ dataFolder, clock, ...more })
const database = () => path.join(dataFolder, 'sisrua.db')

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

describe('settings', () => {
  it('survive as written: what another connection sees in the file', async () => {
    const store = open()
    const other = new Database(database(), { readonly: true })
    expect(other.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(other.pragma('application_id', { simple: true })).toBe(0x53525541)
    expect(other.pragma('auto_vacuum', { simple: true })).toBe(2)
    expect(other.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
    const loose = other
      .prepare(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%STRICT%'`,
      )
      .all()
    expect(loose).toEqual([])
    other.close()
    expect(store.check()).toBe('ok')
    await store.close()
    expect(existsSync(`${database()}-wal`)).toBe(false)
  })

  it('refuse a SQLite that can lose committed pages', () => {
    const verdicts = [
      '3.44.5',
      '3.44.6',
      '3.45.0',
      '3.50.6',
      '3.50.7',
      '3.51.2',
      '3.51.3',
      '3.54.1',
    ].map(isSafeSqlite)
    expect(verdicts).toEqual([false, true, false, false, true, false, true, true])
    expect(() => requireSafeSqlite('3.51.2')).toThrow(
      expect.objectContaining({ code: 'STORE_UNSAFE' }),
    )
  })
})

describe('schema steps', () => {
  const NEWEST = MIGRATIONS.at(-1)!.version

  it('are the released ones', () => {
    // A released step is never edited: a change here means that databases in the field would be refused.
    expect(MIGRATIONS.map((step) => [step.version, step.name])).toEqual([
      [1, 'initial'],
      [2, 'job-seal'],
      [3, 'live-jobs'],
      [4, 'audit-lookup'],
      [5, 'webhook-order'],
      [6, 'feature-origins'],
      [7, 'live-key'],
      [8, 'job-checks'],
      [9, 'webhook-next'],
      [10, 'job-number'],
      [11, 'webhook-body'],
      [12, 'job-event-batches'],
      [13, 'webhook-pause'],
    ])
    expect(MIGRATIONS.map(checksum)).toMatchInlineSnapshot(`
      [
        "f5c5c18b10f5fd1b228268cef8eb816648d171fd02d06a6280830f62834580b3",
        "e9fac7d9a8bedd682c95ec17c8ec55c9ae20c511345feae7009fd7834dd4c25f",
        "b0cf55dee986ee7c3683475c429cf75af1131c42d3d096938554a50c5743d465",
        "7e36e7f4984d418bbafbb8c67bbc0713158a6ad8ff45232126e28ec69b6cb236",
        "bb6f72a81cff438cf78fd82d23c3bfb2f34f97c328330c0a95b1cf9e3283e45e",
        "72af0a5dd0b3e9dcc3e0145b8cdefbc2abe829f7fe77e076bd78f36c1109340f",
        "63ac15522b97a392db73c94e6778aab92c3af5be9ae15283b6b2683eeaa2331a",
        "bca2629bf0957f4df4ecb3c521d2b09711f67eaa12ae49f0670a8539d29525aa",
        "8f1e40aee625e4396921c3f00d59ce5a951c09bcc87f26983bae402a19c4fa72",
        "85dd1b350d60defd81e08bc5a125dc761ece96b9d3f570ed1aebb28bce8536a6",
        "79ee344a1b738e3f56165b1257a8e3b77a823b48664eb52eb7982222103f4c65",
        "4d430d0121f8f4de3edc284d29b484624ffccd7828002cfb4d4bb7786f9114ae",
        "5ad3ec78696b5d08eb1c4563d829e589a54879df9f907f49937a0a8b7f454529",
      ]
    `)
  })

  it('run once, after a backup, and keep the data', async () => {
    const first = open()
    first.transaction(() => first.meta.set('note', 'kept'))
    await first.close()
    const step = {
      version: NEWEST + 1,
      name: 'more',
      sql: 'CREATE TABLE more (a INTEGER) STRICT',
    }
    const second = open({ migrations: [...MIGRATIONS, step] })
    expect(second.schemaVersion()).toBe(NEWEST + 1)
    expect(second.meta.get('note')).toBe('kept')
    expect(second.backups().map((backup) => backup.reason)).toEqual([`pre-${NEWEST + 1}`])
    await second.close()
    // And the old program now refuses it, without touching it.
    const before = readFileSync(database())
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_NEWER' }))
    expect(readFileSync(database()).equals(before)).toBe(true)
  })

  it('that fail leave the database as it was', async () => {
    await open().close()
    const step = {
      version: NEWEST + 1,
      name: 'bad',
      sql: 'CREATE TABLE more (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1)',
    }
    expect(() => open({ migrations: [...MIGRATIONS, step] })).toThrow('no such table')
    const store = open()
    expect(store.schemaVersion()).toBe(NEWEST)
    await store.close()
  })

  it.each([0, 3, 6, 7])(
    'whose checksum has lost bit %i of a letter are known all the same, and it is mended',
    async (bit) => {
      await open().close()
      const all = () => {
        const file = new Database(database(), { readonly: true })
        const found = file.prepare(
          `SELECT value FROM meta WHERE key GLOB 'migration.*' ORDER BY key`,
        )
        const values = found.pluck().all()
        file.close()
        return values
      }
      const before = all()
      const bytes = readFileSync(database())
      bytes[bytes.indexOf(checksum(MIGRATIONS[4]!)) + 17]! ^= 1 << bit
      writeFileSync(database(), bytes)
      expect(all()).not.toEqual(before)
      const store = open()
      expect(store.recovery).toMatchObject({ storage: 'ok', quarantine: null })
      await store.close()
      expect(all()).toEqual(before)
    },
  )

  it('whose checksum is wrong in two letters are refused, and nothing is changed', async () => {
    await open().close()
    const bytes = readFileSync(database())
    const at = bytes.indexOf(checksum(MIGRATIONS[4]!))
    bytes[at + 17]! ^= 1
    bytes[at + 40]! ^= 1
    writeFileSync(database(), bytes)
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'STORE_UNSAFE', data: { step: 5 } }),
    )
    expect(readFileSync(database()).equals(bytes)).toBe(true)
  })

  it('that were edited after their release are refused', async () => {
    await open().close()
    const edited = MIGRATIONS.map((step) => ({ ...step, sql: `${step.sql} -- edited` }))
    expect(() => open({ migrations: edited })).toThrow(
      expect.objectContaining({ code: 'STORE_UNSAFE' }),
    )
  })
})

describe('a damaged database', () => {
  async function fill(): Promise<void> {
    const store = open()
    store.transaction(() => store.meta.set('note', 'kept'))
    await store.backup('manual')
    store.transaction(() => store.meta.set('note', 'newer than the backup'))
    await store.close()
  }

  it('is put aside whole and the newest sound backup takes its place', async () => {
    await fill()
    const broken = readFileSync(database())
    // The page that the note lies on: what is wrong elsewhere may cost no row.
    const page = Math.floor(broken.indexOf('newer than the backup') / 4096) * 4096
    writeFileSync(database(), broken.fill(0xff, page, page + 4096))
    const store = open()
    expect(store.recovery.storage).toBe('restored')
    expect(store.meta.get('note')).toBe('kept')
    const quarantined = path.join(store.recovery.quarantine!, 'sisrua.db')
    expect(readFileSync(quarantined).equals(broken)).toBe(true)
    expect(readdirSync(store.recovery.quarantine!)).toContain('manifest.json')
    await store.close()
  })

  it.each([0, 3, MIGRATIONS.length - 1, MIGRATIONS.length + 1, 99])(
    'that says %i for its number of steps, but remembers them all, loses nothing',
    async (version) => {
      await fill()
      const file = new Database(database())
      file.pragma(`user_version = ${version}`)
      file.close()
      const store = open()
      expect(store.recovery.storage).toBe('ok')
      expect(store.meta.get('note')).toBe('newer than the backup')
      expect(store.schemaVersion()).toBe(MIGRATIONS.length)
      await store.close()
      const mended = new Database(database())
      expect(mended.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
      mended.close()
    },
  )

  it('with a damaged backup too starts empty and loses nothing that was put aside', async () => {
    await fill()
    truncateSync(database(), 5000)
    for (const name of readdirSync(path.join(dataFolder, 'backups'))) {
      const file = path.join(dataFolder, 'backups', name)
      if (name.endsWith('.db')) writeFileSync(file, readFileSync(file).fill(0, 4096, 4200))
    }
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'new', backup: null })
    expect(store.meta.get('note')).toBeUndefined()
    await store.close()
  })

  it('that cannot be read just now is no damage: it stays where it is', async () => {
    await fill()
    renameSync(database(), `${database()}.away`)
    mkdirSync(database())
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
    expect(readdirSync(path.join(dataFolder, 'quarantine'))).toEqual([])
    rmdirSync(database())
    renameSync(`${database()}.away`, database())
    const store = open()
    expect(store.meta.get('note')).toBe('newer than the backup')
    await store.close()
  })

  it('that is gone, as after a kill while it was put aside, is restored without its old log', async () => {
    await fill()
    rmSync(database())
    writeFileSync(`${database()}-wal`, 'the log of the damaged one')
    const store = open()
    expect(store.recovery.storage).toBe('restored')
    expect(store.meta.get('note')).toBe('kept')
    expect(readdirSync(store.recovery.quarantine!).sort()).toEqual([
      'manifest.json',
      'sisrua.db-wal',
    ])
    await store.close()
  })

  it('that is empty although there is a backup is a loss, not a birth: the backup takes its place', async () => {
    await fill()
    writeFileSync(database(), '')
    const store = open()
    expect(store.recovery).toMatchObject({
      storage: 'restored',
      reason: 'the database file is empty',
    })
    expect(store.meta.get('note')).toBe('kept')
    await store.close()
  })

  it('that is empty and has no backup is a birth that was cut short', async () => {
    writeFileSync(database(), '')
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'ok', quarantine: null })
    await store.close()
  })

  it('of another program is refused and left alone', () => {
    const stranger = new Database(database())
    stranger.exec('CREATE TABLE mine (a)')
    stranger.close()
    const before = readFileSync(database())
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_UNSAFE' }))
    expect(readFileSync(database()).equals(before)).toBe(true)
  })
})

describe('room on the disk', () => {
  it('is kept in reserve and given back when it runs out', async () => {
    let free = 10e9
    const store = open({ freeBytes: () => free })
    const reserve = path.join(dataFolder, 'reserve.bin')
    expect(readFileSync(reserve)).toHaveLength(24 * 1024 * 1024)
    free = 100e6
    expect(store.disk.refresh()).toBe('low')
    free = 10e6
    expect(store.disk.refresh()).toBe('read_only')
    store.disk.releaseReserve()
    expect(existsSync(reserve)).toBe(false)
    free = 10e9
    expect(store.disk.refresh()).toBe('ok')
    expect(existsSync(reserve)).toBe(true)
    await store.close()
  })

  it('is kept whole: what a kill or an earlier version left short is written anew', async () => {
    const reserve = path.join(dataFolder, 'reserve.bin')
    writeFileSync(reserve, Buffer.alloc(8 * 1024 * 1024))
    const store = open({ freeBytes: () => 10e9 })
    expect(readFileSync(reserve)).toHaveLength(24 * 1024 * 1024)
    await store.close()
  })
})
