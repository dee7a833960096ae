// Damage where no rows are (the list of tables, indexes, unused pages) costs no row, not even those that no backup holds; damage of
// a table is never taken for it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inspectStore } from '../../src/store/inspect.ts'
import { listsOf } from '../../src/store/schema-list.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { prepareEmptyFile } from '../../src/store/sqlite.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const PAGE = 4096
const BEFORE = 1500
const ROWS = 3000

let dataFolder: string
const open = () => openStore({ dataFolder, clock: createStillClock() })
const database = () => path.join(dataFolder, 'sisrua.db')

function direct<T>(work: (file: Database.Database) => T): T {
  const file = new Database(database())
  try {
    return work(file)
  } finally {
    file.close()
  }
}

/** Jobs with ids that lie in an index, and notes. */
function write(first: number, end: number): void {
  direct((file) => {
    const job = file.prepare(
      `INSERT INTO jobs (id, kind, pipeline, state, payload, max_attempts, run_after, aged_at, soft_ms, hard_ms, created_by, created_at,
         finished_at, updated_at) VALUES (?, 'osm', 'osm-site@1', 'failed', '{}', 1, 1, 1, 1, 1, 'a', 1, 1, 1)`,
    )
    const note = file.prepare('INSERT INTO meta VALUES (?, ?)')
    file.transaction(() => {
      for (let i = first; i < end; i++) {
        job.run(idOf(i))
        note.run(`note.${i}`, 'x'.repeat(i % 97))
      }
    })()
  })
}
const idOf = (i: number): string => `job ${String((i * 7919) % 10_007).padStart(6, '0')}`

/** Every row of every table. */
const rowsOf = (file = database()): Record<string, string[]> => {
  const db = new Database(file, { readonly: true })
  const tables = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
    .pluck()
    .all() as string[]
  const rows = tables.map((table) => [
    table,
    (db.prepare(`SELECT * FROM ${table}`).raw().all() as unknown[])
      .map((row) => JSON.stringify(row))
      .sort(),
  ])
  db.close()
  return Object.fromEntries(rows)
}

const pagesOf = (name: string, type = '%'): number[] =>
  direct((file) =>
    file
      .prepare('SELECT pageno FROM dbstat WHERE name = ? AND pagetype LIKE ? ORDER BY pageno')
      .pluck()
      .all(name, type),
  ) as number[]

function change(at: number, to: (bytes: Buffer) => void, length = PAGE): void {
  const bytes = readFileSync(database())
  to(bytes.subarray(at, at + length))
  writeFileSync(database(), bytes)
}
const spoil = (page: number) => change((page - 1) * PAGE, (bytes) => bytes.fill(0xff))

/** What a start makes of the file. */
async function start() {
  const store = open()
  const { storage, mended, backup, salvaged, reason } = store.recovery
  expect(store.check()).toBe('ok')
  await store.close()
  return { storage, mended, from: backup?.reason ?? null, salvaged, reason }
}
const MENDED = { storage: 'restored', mended: true, from: null, salvaged: null }

beforeEach(async () => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const store = open()
  await store.close()
  write(0, BEFORE)
  const later = open()
  await later.backup('manual')
  await later.close()
  write(BEFORE, ROWS)
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

describe('the list of tables', () => {
  it('spoilt, any page of it, costs no row, whether there is a backup or not', async () => {
    const wanted = rowsOf()
    const pages = pagesOf('sqlite_schema')
    expect(pages.length).toBeGreaterThan(3)
    const whole = `${dataFolder}.whole`
    cpSync(dataFolder, whole, { recursive: true })
    for (const [i, page] of pages.entries()) {
      rmSync(dataFolder, { recursive: true })
      cpSync(whole, dataFolder, { recursive: true })
      if (i % 2 === 0) rmSync(path.join(dataFolder, 'backups'), { recursive: true })
      spoil(page)
      expect(await start()).toMatchObject(MENDED)
      expect(rowsOf()).toEqual(wanted)
    }
    rmSync(whole, { recursive: true })
  })

  it('spoilt under a log that was not moved yet costs no row of the log', async () => {
    const page = pagesOf('sqlite_schema').at(-1)!
    const store = open()
    store.transaction(() => store.meta.set('last', 'in the log'))
    const wanted = rowsOf()
    // As a kill leaves it.
    const killed = `${dataFolder}.killed`
    cpSync(dataFolder, killed, { recursive: true })
    await store.close()
    rmSync(dataFolder, { recursive: true })
    cpSync(killed, dataFolder, { recursive: true })
    rmSync(killed, { recursive: true })
    spoil(page)
    expect(await start()).toMatchObject(MENDED)
    expect(rowsOf()).toEqual(wanted)
    expect(wanted.meta).toContain('["last","in the log"]')
  })

  it.each([
    ['boot_id TEXT,', 'boot_ie TEXT,'],
    ['priority BETWEEN 0 AND 9', 'priority BETWEEN 0 AND 8'],
  ])('with a wrong letter is no damage to SQLite, but is mended: %s', async (text, wrong) => {
    const wanted = rowsOf()
    const bytes = readFileSync(database())
    expect(bytes.includes(text)).toBe(true)
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      bytes.write(wrong, at, 'latin1')
    }
    writeFileSync(database(), bytes)
    expect(direct((file) => file.pragma('integrity_check', { simple: true }))).toBe('ok')
    const reason = 'the list of tables in the database file is damaged'
    expect((await inspectStore(dataFolder)).damage).toBe(reason)
    expect(await start()).toMatchObject({ ...MENDED, reason })
    expect((await inspectStore(dataFolder)).damage).toBeNull()
    expect(rowsOf()).toEqual(wanted)
  })

  it('control: with what somebody added it is not damaged', async () => {
    direct((file) => file.exec('CREATE TABLE mine (a); CREATE INDEX of_mine ON jobs (kind)'))
    expect((await inspectStore(dataFolder)).damage).toBeNull()
    expect(await start()).toMatchObject({ storage: 'ok' })
    expect(await start()).toMatchObject({ storage: 'ok' })
  })

  it('begins every table at the same page, whatever the age of the file and what is in it', () => {
    const wanted = listsOf(MIGRATIONS, {})
      .at(-1)!
      .map(([, name, , page]) => [name, page])
    for (let filled = 1; filled < MIGRATIONS.length; filled++) {
      const db = new Database(path.join(dataFolder, `filled-${filled}.db`))
      prepareEmptyFile(db)
      for (const step of MIGRATIONS) {
        db.exec(step.sql)
        step.fill?.(db)
        if (step.version < filled) continue
        const note = db.prepare('INSERT INTO meta VALUES (?, ?)')
        db.transaction(() => {
          for (let i = 0; i < 200; i++) note.run(`${step.version}.${i}`, 'x'.repeat(300))
          db.exec(`DELETE FROM meta WHERE key GLOB '*3'`)
        })()
        db.pragma('incremental_vacuum(5)')
      }
      const found = db
        .prepare('SELECT name, rootpage FROM sqlite_schema ORDER BY rowid')
        .raw()
        .all()
      db.close()
      expect(found).toEqual(wanted)
    }
  })
})

describe('an index', () => {
  it('with a spoilt page is made anew out of its table, although there is a backup', async () => {
    const wanted = rowsOf()
    const leaves = pagesOf('jobs_older_id', 'leaf')
    expect(leaves.length).toBeGreaterThan(5)
    spoil(leaves[3]!)
    expect(await start()).toMatchObject(MENDED)
    expect(rowsOf()).toEqual(wanted)
  })

  it('that does not fit its table because the table was altered is not made to fit it', async () => {
    const altered = Buffer.from(idOf(7))
    const page = pagesOf('jobs', 'leaf').find((one) => {
      return readFileSync(database())
        .subarray((one - 1) * PAGE, one * PAGE)
        .includes(altered)
    })!
    change((page - 1) * PAGE, (bytes) => bytes.write('!', bytes.indexOf(altered) + 4))
    expect(await start()).toMatchObject({ storage: 'restored', mended: false, from: 'manual' })
    expect(rowsOf().jobs).toHaveLength(BEFORE)
  })
})

describe('a table', () => {
  it('control: with a spoilt page has lost rows, so the backup takes its place', async () => {
    spoil(pagesOf('jobs', 'leaf')[3]!)
    expect(await start()).toMatchObject({ storage: 'restored', mended: false, from: 'manual' })
    expect(rowsOf().jobs).toHaveLength(BEFORE)
  })

  it('control: with an inner page that leads nowhere has lost rows, though all that is left can be read', async () => {
    // One child less: no page is unreadable.
    const [page] = pagesOf('jobs', 'internal')
    change((page! - 1) * PAGE, (bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(3) - 1, 3))
    expect(await start()).toMatchObject({ storage: 'restored', mended: false, from: 'manual' })
    expect(rowsOf().jobs).toHaveLength(BEFORE)
  })
})
