// A damaged header costs no row: whatever bit of it flips, with a log beside the file or without.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storeFolders } from '../../src/store/folders.ts'
import { recover } from '../../src/store/recovery.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const clock = createStillClock()
const NOTES = 200
let top: string
let original: { db: Buffer; wal: Buffer }
/** The same with its log moved into the file. */
let closed: Buffer
let dataFolder: string
const open = () => openStore({ dataFolder, clock, freeBytes: () => 100e6 })
const database = () => path.join(dataFolder, 'sisrua.db')

beforeAll(async () => {
  top = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  dataFolder = path.join(top, 'original')
  const store = open()
  const write = (text: string): void =>
    store.transaction(() => {
      for (let i = 0; i < NOTES; i++) store.meta.set(`note.${i}`, `${text} ${i}`)
    })
  store.transaction(() => store.meta.set('large', 'x'.repeat(100_000)))
  write('early')
  store.walCheckpoint()
  // Leaves free pages behind, and keeps its length: page 1 is not in the log.
  store.transaction(() => store.meta.set('large', 'small'))
  store.moveWal()
  write('later')
  original = { db: readFileSync(database()), wal: readFileSync(`${database()}-wal`) }
  await store.close()
  closed = readFileSync(database())
})
afterAll(() => rmSync(top, { recursive: true, force: true }))
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(top, 'case-'))
  mkdirSync(path.join(dataFolder, 'quarantine'))
})

function lay(db: Buffer, wal: Buffer | null): void {
  for (const suffix of ['-wal', '-shm']) rmSync(database() + suffix, { force: true })
  writeFileSync(database(), db)
  if (wal !== null) writeFileSync(`${database()}-wal`, wal)
}

function notesFound(): number {
  const db = new Database(database())
  const rows = db.prepare("SELECT value FROM meta WHERE key GLOB 'note.*'").pluck().all()
  const sound = db.pragma('integrity_check', { simple: true }) === 'ok'
  db.close()
  return sound ? rows.filter((text) => (text as string).startsWith('later ')).length : -1
}

describe('every bit of the header', () => {
  it('has free pages to lose, and a first page that is not in the log', () => {
    expect(closed.readUInt32BE(36)).toBeGreaterThan(5)
    const { wal } = original
    const pages = new Set<number>()
    for (let at = 32; at < wal.length; at += 24 + 4096) pages.add(wal.readUInt32BE(at))
    expect(pages.size).toBeGreaterThan(0)
    expect(pages.has(1)).toBe(false)
  })

  it.each([false, true])('may flip without the loss of a row (log beside it: %s)', (withLog) => {
    const { db, wal } = withLog ? original : { db: closed, wal: null }
    let mended = 0
    for (let at = 0; at < 100; at++) {
      for (let bit = at % 4; bit < 8; bit += 4) {
        const damaged = Buffer.from(db)
        damaged[at]! ^= 1 << bit
        lay(damaged, wal)
        const found = recover(storeFolders(dataFolder), 1_700_000_000_000 + at * 8 + bit)
        const where = `byte ${at}, bit ${bit}`
        expect([where, found.salvaged, found.backup]).toEqual([where, null, null])
        expect([where, notesFound()]).toEqual([where, NOTES])
        if (found.quarantine === null) continue
        mended++
        expect([where, found.mended, found.storage]).toEqual([where, true, 'restored'])
        expect(readFileSync(path.join(found.quarantine, 'sisrua.db')).equals(damaged)).toBe(true)
        rmSync(found.quarantine, { recursive: true })
      }
    }
    expect(mended).toBeGreaterThan(100)
    expect(readdirSync(dataFolder).filter((name) => /mended|restore/.test(name))).toEqual([])
  })
})

describe('a header', () => {
  it.each([0, 0xa5, 0xff])(
    'that is gone altogether (%i) is written anew; the program says so and works on',
    async (byte) => {
      lay(Buffer.from(closed).fill(byte, 0, 100), null)
      const store = open()
      expect(store.recovery).toMatchObject({ storage: 'restored', mended: true, backup: null })
      expect(store.meta.get('note.7')).toBe('later 7')
      expect(store.check()).toBe('ok')
      store.transaction(() => store.meta.set('note.7', 'written since'))
      await store.close()
      const again = open()
      expect(again.recovery).toMatchObject({ storage: 'ok', quarantine: null })
      expect(again.meta.get('note.7')).toBe('written since')
      await again.close()
    },
  )

  it('is mended even where a backup is: that one is older', async () => {
    lay(closed, null)
    const before = open()
    await before.backup('manual')
    before.transaction(() => before.meta.set('note.7', 'after the backup'))
    await before.close()
    lay(readFileSync(database()).fill(0, 0, 16), null)
    const store = open()
    expect(store.recovery).toMatchObject({ mended: true, backup: null })
    expect(store.meta.get('note.7')).toBe('after the backup')
    await store.close()
  })

  it('is not the remedy when pages are gone too: nothing is passed off as whole', async () => {
    const page = Math.floor(closed.indexOf('later 7') / 4096)
    lay(
      Buffer.from(closed)
        .fill(0, 0, 16)
        .fill(0xff, page * 4096, page * 4096 + 4096),
      null,
    )
    const store = open()
    expect(store.recovery.mended).toBe(false)
    expect(store.recovery.quarantine).not.toBeNull()
    await store.close()
  })

  it('with a wrong number of reserved bytes makes no row up while the rest is salvaged', async () => {
    const page = Math.floor(closed.indexOf('later 7') / 4096)
    const damaged = Buffer.from(closed).fill(0xff, page * 4096, page * 4096 + 4096)
    damaged[20] = 8
    lay(damaged, null)
    const store = open()
    expect(store.recovery.salvaged).not.toBeNull()
    for (let i = 0; i < NOTES; i++)
      expect([undefined, `later ${i}`]).toContain(store.meta.get(`note.${i}`))
    await store.close()
  })

  it('of another program is left as it is', () => {
    const stranger = new Database(database())
    stranger.exec('CREATE TABLE meta (key TEXT, value TEXT); INSERT INTO meta VALUES (1, 2)')
    stranger.close()
    const before = readFileSync(database())
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_UNSAFE' }))
    expect(readFileSync(database()).equals(before)).toBe(true)
    expect(readdirSync(path.join(dataFolder, 'quarantine'))).toEqual([])
  })
})

describe('a program that was killed while it put a database aside', () => {
  it('left what takes its place: the next start goes on with that, without a backup', async () => {
    lay(closed, null)
    await open().close()
    copyFileSync(database(), `${database()}.restore`)
    rmSync(database())
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'restored' })
    expect(store.meta.get('note.7')).toBe('later 7')
    await store.close()
    expect(existsSync(`${database()}.restore`)).toBe(false)
  })

  it('may have left half of it, which is not taken', async () => {
    writeFileSync(`${database()}.restore`, closed)
    truncateSync(`${database()}.restore`, 9000)
    const store = open()
    expect(store.recovery.storage).toBe('new')
    expect(store.meta.get('note.7')).toBeUndefined()
    await store.close()
  })
})

it('a journal that lies beside a missing database is not played back into the backup', async () => {
  lay(closed, null)
  const before = open()
  await before.backup('manual')
  await before.close()
  // Cut short in the middle of a change: the journal holds what was there before.
  const other = path.join(dataFolder, 'other.db')
  writeFileSync(other, closed)
  const writer = new Database(other)
  writer.pragma('journal_mode = DELETE')
  writer.exec("UPDATE meta SET value = 'wrong ' || key WHERE key GLOB 'note.*'")
  writer.pragma('cache_size = 1')
  writer.exec("BEGIN; UPDATE meta SET value = 'more' || value WHERE key GLOB 'note.*'")
  copyFileSync(`${other}-journal`, `${database()}-journal`)
  writer.close()
  rmSync(database())
  const store = open()
  expect(store.recovery.backup).not.toBeNull()
  expect(readdirSync(store.recovery.quarantine!)).toContain('sisrua.db-journal')
  expect(store.meta.get('note.7')).toBe('later 7')
  expect(store.check()).toBe('ok')
  await store.close()
})

describe('a young database, whose log was never moved into the file', () => {
  const NOTE = 'first words'
  /** As a kill leaves it right after its first commits. */
  async function young(): Promise<{ db: Buffer; wal: Buffer }> {
    const store = open()
    store.transaction(() => store.meta.set('note', NOTE))
    const found = { db: readFileSync(database()), wal: readFileSync(`${database()}-wal`) }
    await store.close()
    return found
  }

  it('is taken as it is, though the header in the file is not finished', async () => {
    const { db, wal } = await young()
    // The encoding, which SQLite writes with the first table.
    expect(db.readUInt32BE(56)).toBe(0)
    lay(db, wal)
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'ok', log: 'sound', quarantine: null })
    expect(store.meta.get('note')).toBe(NOTE)
    await store.close()
  })

  it('loses no row to any bit of that header, and is not called damaged for it', async () => {
    const { db, wal } = await young()
    for (let bit = 0; bit < 800; bit += 7) {
      const flipped = Buffer.from(db)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      lay(flipped, wal)
      const store = open()
      expect([bit, store.recovery.storage, store.meta.get('note')]).toEqual([bit, 'ok', NOTE])
      await store.close()
    }
  })
})
