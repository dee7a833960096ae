// The start's check of a large database: in full once a week, SQLite's quick_check in between (reliability design 8.6). The limit is
// lowered, so that a small file is a large one.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FULL_BELOW_BYTES } from '../../src/store/full-check.ts'
import { inspectStore } from '../../src/store/inspect.ts'
import { openStore, type StoreOptions } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const DAY = 86_400_000
const LARGE = { fullCheckBelowBytes: 1 }
const NOW = 1_700_000_000_000
let dataFolder: string
let clock = createStillClock(NOW)
const database = () => path.join(dataFolder, 'sisrua.db')
const open = (more: Partial<StoreOptions> = LARGE) =>
  openStore({ dataFolder, clock, freeBytes: () => 100e6, ...more })

/** One start; answers how the storage came up. */
async function start(more: Partial<StoreOptions> = LARGE) {
  const store = open(more)
  const { storage, backup, quarantine, reason } = store.recovery
  const note = store.meta.get('note')
  await store.close()
  return { storage, backup: backup?.reason, quarantined: quarantine !== null, reason, note }
}

function withFile<T>(work: (file: Database.Database) => T): T {
  const file = new Database(database())
  try {
    file.unsafeMode(true)
    return work(file)
  } finally {
    file.close()
  }
}

const lastCheck = () =>
  withFile((file) =>
    file.prepare(`SELECT value FROM meta WHERE key = 'integrity.checked'`).pluck().get(),
  )

/** An index that lacks a row of its table: only the full check compares the two. */
function spoilIndex(): void {
  const entry = withFile((file) => {
    file.pragma('writable_schema = ON')
    return file
      .prepare(`DELETE FROM sqlite_schema WHERE name = 'projects_recent' RETURNING rowid, *`)
      .raw()
      .get() as unknown[]
  })
  withFile((file) => {
    file.exec(
      `INSERT INTO projects (id, name, created_at, updated_at) VALUES ('unindexed', 'x', 1, 1)`,
    )
    file.pragma('writable_schema = ON')
    file
      .prepare(
        'INSERT INTO sqlite_schema (rowid, type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(...entry)
  })
  withFile((file) => {
    expect(file.pragma('quick_check', { simple: true })).toBe('ok')
    expect(file.pragma('integrity_check', { simple: true })).toContain('projects_recent')
  })
}

beforeEach(async () => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  clock = createStillClock(NOW)
  const store = open()
  store.transaction(() => store.meta.set('note', 'kept'))
  await store.backup('manual')
  store.transaction(() => store.meta.set('note', 'newer than the backup'))
  await store.close()
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const FOUND = {
  storage: 'restored',
  backup: 'manual',
  quarantined: true,
  reason: expect.stringContaining('projects_recent'),
  note: 'kept',
}

it('begins at 500 MiB', () => {
  expect(FULL_BELOW_BYTES).toBe(524_288_000)
})

it('finds in its week only what quick_check finds, then everything, and the backup takes the place', async () => {
  expect(lastCheck()).toBe(String(NOW))
  spoilIndex()
  clock.advance(7 * DAY - 1)
  expect(await start()).toMatchObject({ storage: 'ok', note: 'newer than the backup' })
  // Looking does not put the next full check off.
  expect(lastCheck()).toBe(String(NOW))
  clock.advance(1)
  expect(await start()).toMatchObject(FOUND)
  expect(readdirSync(path.join(dataFolder, 'quarantine'))).toHaveLength(1)
  expect(lastCheck()).toBe(String(NOW + 7 * DAY))
  expect(await start()).toMatchObject({ storage: 'ok', note: 'kept' })
})

it('finds damage of a table on any day', async () => {
  withFile((file) => {
    const page = file.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'meta'`).pluck()
    const root = page.get() as number
    file.pragma('writable_schema = ON')
    file.prepare(`UPDATE sqlite_schema SET rootpage = ? WHERE name = 'projects'`).run(root)
  })
  clock.advance(DAY)
  expect(await start()).toMatchObject({ storage: 'restored', quarantined: true })
})

it.each([
  ['that nobody can read', 'yesterday'],
  ['of a clock that was set back', String(NOW + 2)],
])('does not trust a time %s', async (_what, value) => {
  withFile((file) =>
    file.prepare(`UPDATE meta SET value = ? WHERE key = 'integrity.checked'`).run(value),
  )
  spoilIndex()
  expect(await start()).toMatchObject(FOUND)
})

it('is full on any day when a bit of the write-ahead log was wrong', async () => {
  spoilIndex()
  const store = open()
  store.transaction(() => store.meta.set('note', 'in the log'))
  const [bytes, log] = ['', '-wal'].map((suffix) => readFileSync(database() + suffix))
  await store.close()
  const put = () => {
    writeFileSync(database(), bytes!)
    writeFileSync(`${database()}-wal`, log!)
  }
  put()
  expect(await start()).toMatchObject({ storage: 'ok', note: 'in the log' })
  log![log!.length - 100]! ^= 1
  put()
  expect(await start()).toMatchObject(FOUND)
})

it('is full at every start of a small database, which keeps no time', async () => {
  withFile((file) => file.exec(`DELETE FROM meta WHERE key = 'integrity.checked'`))
  expect(await start({})).toMatchObject({ storage: 'ok' })
  expect(lastCheck()).toBeUndefined()
  expect(await start({})).toMatchObject({ storage: 'ok' })
  spoilIndex()
  expect(await start({})).toMatchObject(FOUND)
})

it('is full in a small database also when it was full the day before', async () => {
  expect(lastCheck()).toBe(String(NOW))
  spoilIndex()
  expect(await start({})).toMatchObject(FOUND)
})

it('is full, whatever the day, in `sisrua db check`', async () => {
  spoilIndex()
  expect(await start()).toMatchObject({ storage: 'ok' })
  expect((await inspectStore(dataFolder)).damage).toContain('projects_recent')
})
