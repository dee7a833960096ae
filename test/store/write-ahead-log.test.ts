// One wrong bit in the write-ahead log would make SQLite drop, without a word, all that was acknowledged after it.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { inspectStore } from '../../src/store/inspect.ts'
import { mendFrames } from '../../src/store/log-frames.ts'
import { openStore } from '../../src/store/store.ts'
import { createChance } from '../experiments/support/experiment.ts'
import { createStillClock } from '../support/job-house.ts'

const FRAME = 24 + 4096
const ROUNDS = 6
const clock = createStillClock()
let top: string
let db: Buffer
let wal: Buffer
let dataFolder: string
const database = () => path.join(dataFolder, 'sisrua.db')
const open = () => openStore({ dataFolder, clock, freeBytes: () => 100e6 })
const frameAt = (n: number) => 32 + n * FRAME
const frames = () => (wal.length - 32) / FRAME

beforeAll(async () => {
  top = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  dataFolder = path.join(top, 'original')
  const store = open()
  store.walCheckpoint()
  for (let round = 1; round <= ROUNDS; round++) {
    store.transaction(() => {
      store.meta.set('round', String(round))
      store.meta.set(`text.${round}`, `${round} `.repeat(1500))
    })
  }
  db = readFileSync(database())
  wal = readFileSync(`${database()}-wal`)
  await store.close()
})
afterAll(() => rmSync(top, { recursive: true, force: true }))
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(top, 'case-'))
  mkdirSync(path.join(dataFolder, 'quarantine'))
})

/** The files as a killed program left them, the log with these bits flipped. */
function lay(...bits: [at: number, mask: number][]): Buffer {
  const damaged = Buffer.from(wal)
  for (const [at, mask] of bits) damaged[at]! ^= mask
  writeFileSync(database(), db)
  writeFileSync(`${database()}-wal`, damaged)
  return damaged
}

describe('frames', () => {
  it('of a killed program are sound, also when the last transaction was cut off anywhere', () => {
    expect(mendFrames(Buffer.from(wal))).toMatchObject({ state: 'sound', readable: wal.length })
    for (let cut = 1; cut < FRAME; cut += 97) {
      const log = wal.subarray(0, wal.length - cut)
      expect(mendFrames(Buffer.from(log)).state).toBe('sound')
      const zeroed = Buffer.from(wal).fill(0, wal.length - cut)
      expect(mendFrames(zeroed).state).toBe('sound')
    }
  })

  it('and header with one wrong bit are put right exactly, or it is said that they cannot be', () => {
    const places = [...Array(32 + 24).keys(), ...[1, 2, 5, 700, 4095].map((n) => 32 + 24 + n)]
    // Damage in the last transaction looks like that of a power cut before it was acknowledged.
    const ends = Array.from({ length: frames() }, (_, n) => n).filter(
      (n) => wal.readUInt32BE(frameAt(n) + 4) !== 0,
    )
    const last = frameAt(ends.at(-2)! + 1)
    for (let at = 32 + FRAME; at < last; at += 211) places.push(at)
    let mended = 0
    let damaged = 0
    for (const at of places) {
      for (let bit = 0; bit < 8; bit++) {
        const log = Buffer.from(wal)
        log[at]! ^= 1 << bit
        const { state } = mendFrames(log)
        // The top byte of a word: several bits would explain the checksum.
        if (state === 'damaged') damaged++
        else {
          mended++
          expect([at, bit, state, log.equals(wal)]).toEqual([at, bit, 'mended', true])
        }
        if (at < 32) expect([at, bit, state]).toEqual([at, bit, 'mended'])
      }
    }
    expect(mended).toBeGreaterThan(2 * damaged)
    expect(damaged).toBeGreaterThan(0)
  })

  it('with more than one wrong bit are damaged, not guessed at', () => {
    const log = Buffer.from(wal)
    const at = frameAt(1) + 24
    log.fill(0x55, at, at + 40)
    expect(mendFrames(log)).toMatchObject({ state: 'damaged', readable: frameAt(1) })
  })

  it('with a block of the disk gone are damaged, also where it spans the next frame’s header', () => {
    for (const blocks of [1, 2, 4]) {
      for (let at = 4096; at + blocks * 4096 < frameAt(frames() >> 1); at += 4096) {
        for (const noise of [0, 0x55]) {
          const log = Buffer.from(wal).fill(noise, at, at + blocks * 4096)
          expect([at, mendFrames(log).state]).toEqual([at, 'damaged'])
        }
      }
    }
  })
})

describe('a log that began anew, whose last transaction a power cut tore', () => {
  const SECTOR = 512
  const TEARS = 500

  /** The log before and after a transaction in space that an earlier round of the log wrote, `commits` after it began anew. */
  function tornAfter(commits: number): { before: Buffer; after: Buffer; from: number } {
    const file = path.join(top, `anew-${commits}.db`)
    const connection = new Database(file)
    const log = () => readFileSync(`${file}-wal`)
    connection.pragma('journal_mode = WAL')
    connection.pragma('wal_autocheckpoint = 0')
    connection.exec('CREATE TABLE notes (n INTEGER PRIMARY KEY, text TEXT)')
    const put = connection.prepare('INSERT OR REPLACE INTO notes VALUES (?, ?)')
    const commit = (n: number, rows: number) =>
      connection.transaction(() => {
        for (let row = 0; row < rows; row++) put.run(row, `${n} `.repeat(1_900))
      })()
    commit(0, 8)
    // Commits of one frame and of several, in turns.
    for (let n = 1; n < 30; n++) commit(n, n % 3 === 0 ? 4 : 1)
    connection.pragma('wal_checkpoint(RESTART)')
    for (let n = 0; n < commits; n++) commit(30 + n, 1)
    const before = log()
    commit(99, 6)
    const after = log()
    connection.close()
    expect(after.length).toBe(before.length)
    let from = 0
    while (from < after.length && before[from] === after[from]) from++
    return { before, after, from: from - ((from - 32) % FRAME) }
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'is sound after %i commits, and nothing of the torn one stays behind them',
    (commits) => {
      const { before, after, from } = tornAfter(commits)
      const chance = createChance(commits)
      let cut = 0
      for (let n = 0; n < TEARS; n++) {
        const log = Buffer.from(before)
        const survival = chance.next()
        for (let at = from; at < after.length; ) {
          const end = Math.min(after.length, (Math.floor(at / SECTOR) + 1) * SECTOR)
          if (chance.next() < survival) after.copy(log, at, at, end)
          at = end
        }
        if (log.equals(after)) continue
        const found = mendFrames(log)
        expect([n, found.state]).toEqual([n, 'sound'])
        expect([n, found.tornAt]).toEqual([n, from])
        cut++
      }
      expect(cut).toBeGreaterThan(TEARS / 2)
    },
  )
})

describe('the program', () => {
  it('without its look at the log would lose the work and find nothing wrong', () => {
    lay([5, 1])
    const bare = new Database(database())
    expect(bare.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(bare.prepare("SELECT value FROM meta WHERE key = 'round'").pluck().get()).toBeUndefined()
    bare.close()
  })

  it.each([
    ['header', () => 5],
    ['salt', () => 18],
    ['page', () => frameAt(1) + 24 + 8],
  ])('mends a bit in the %s, loses nothing and keeps the log as it was', async (_name, at) => {
    const damaged = lay([at(), 4])
    const store = open()
    expect(store.recovery).toMatchObject({ log: 'mended', storage: 'restored', backup: null })
    expect(store.meta.get('round')).toBe(String(ROUNDS))
    expect(store.check()).toBe('ok')
    const kept = readFileSync(path.join(store.recovery.quarantine!, 'sisrua.db-wal'))
    expect(kept.equals(damaged)).toBe(true)
    await store.close()
    const again = open()
    expect(again.recovery).toMatchObject({ log: 'sound', storage: 'ok', quarantine: null })
    await again.close()
  })

  it('finds it when the folder is only looked at, and changes nothing', async () => {
    const damaged = lay([5, 1])
    expect((await inspectStore(dataFolder)).damage).toBe('the write-ahead log is damaged')
    expect(readFileSync(`${database()}-wal`).equals(damaged)).toBe(true)
    lay()
    expect((await inspectStore(dataFolder)).damage).toBeNull()
    // The first page is in the log, too, and SQLite reads that one.
    writeFileSync(database(), Buffer.from(db).fill(3, 18, 19))
    expect((await inspectStore(dataFolder)).damage).toBeNull()
    rmSync(`${database()}-wal`)
    expect((await inspectStore(dataFolder)).damage).toContain('header')
  })

  it.each([
    ['of the program, which cuts off what the first one left', 'sound'],
    ['of SQLite alone (control)', 'damaged'],
  ])('two power cuts in a row, with work %s between them: %s', async (who, expected) => {
    const ends = Array.from({ length: frames() }, (_, n) => n).filter(
      (n) => wal.readUInt32BE(frameAt(n) + 4) !== 0,
    )
    /** The first page of a transaction did not reach the disk whole; its end did. */
    const tear = (log: Buffer, frame: number): Buffer =>
      log.fill(0x55, frameAt(frame) + 24, frameAt(frame) + 24 + 512)
    const began = ends.at(-2)! + 1
    writeFileSync(database(), db)
    writeFileSync(`${database()}-wal`, tear(Buffer.from(wal), began))
    expect(mendFrames(readFileSync(`${database()}-wal`)).state).toBe('sound')
    let log: Buffer
    if (expected === 'sound') {
      const store = open()
      expect(store.recovery).toMatchObject({ storage: 'ok', log: 'sound' })
      store.transaction(() => store.meta.set('round', 'again'))
      log = readFileSync(`${database()}-wal`)
      await store.close()
    } else {
      const bare = new Database(database())
      bare.prepare("UPDATE meta SET value = 'again' WHERE key = 'round'").run()
      log = readFileSync(`${database()}-wal`)
      bare.close()
    }
    expect(mendFrames(tear(log, began)).state, who).toBe(expected)
  })

  it('says what is lost behind damage that cannot be mended, once', async () => {
    const at = frameAt(Math.floor(frames() / 2)) + 24
    lay([at, 255], [at + 100, 255], [at + 200, 255])
    const store = open()
    expect(store.recovery).toMatchObject({ log: 'damaged', storage: 'restored' })
    expect(readdirSync(store.recovery.quarantine!).sort()).toEqual([
      'manifest.json',
      'sisrua.db',
      'sisrua.db-wal',
    ])
    const round = Number(store.meta.get('round'))
    expect(round).toBeGreaterThan(0)
    expect(round).toBeLessThan(ROUNDS)
    // Killed now: nothing of the old log is left to be found damaged again.
    store.transaction(() => store.meta.set('note', 'written since'))
    const files = ['', '-wal'].map((suffix) => readFileSync(database() + suffix))
    await store.close()
    files.forEach((bytes, n) => {
      writeFileSync(`${database()}${n === 0 ? '' : '-wal'}`, bytes)
    })
    const again = open()
    expect(again.recovery).toMatchObject({ log: 'sound', storage: 'ok' })
    expect(again.meta.get('note')).toBe('written since')
    await again.close()
  })
})

describe('a log of another database of ours', () => {
  const named = (name: string) => {
    const folder = mkdtempSync(path.join(top, `${name}-`))
    const store = openStore({ dataFolder: folder, clock, freeBytes: () => 100e6 })
    store.meta.set('audit.log', name)
    return { store, file: path.join(folder, 'sisrua.db') }
  }

  /** Our database as a killed program left it: in the file 'kept'; in its own log a row of another table. */
  async function layOurs(): Promise<Buffer> {
    const { store, file } = named('ours')
    store.meta.set('round', 'kept')
    await store.close()
    const bare = new Database(file)
    bare.exec(
      "INSERT INTO blobs (sha256, size, bytes, created_at) VALUES (randomblob(32), 1, x'00', 1)",
    )
    writeFileSync(database(), readFileSync(file))
    const log = readFileSync(`${file}-wal`)
    writeFileSync(`${database()}-wal`, log)
    bare.close()
    return log
  }

  it('is put aside, and this database stays what it is', async () => {
    await layOurs()
    const { store: theirs, file } = named('theirs')
    const strange = readFileSync(`${file}-wal`)
    await theirs.close()
    writeFileSync(`${database()}-wal`, strange)
    const store = open()
    expect(store.meta.get('audit.log')).toBe('ours')
    expect(store.meta.get('round')).toBe('kept')
    expect(store.recovery).toMatchObject({
      log: 'damaged',
      storage: 'restored',
      reason: expect.stringContaining('another database'),
    })
    const kept = readFileSync(path.join(store.recovery.quarantine!, 'sisrua.db-wal'))
    expect(kept.equals(strange)).toBe(true)
    await store.close()
    const again = open()
    expect(again.recovery).toMatchObject({ log: 'sound', storage: 'ok', quarantine: null })
    await again.close()
    expect(readdirSync(dataFolder).filter((name) => name.includes('alone'))).toEqual([])
  })

  it('is not taken for one when it is our own and does not name us', async () => {
    const log = await layOurs()
    expect(log.includes('ours')).toBe(false)
    const store = open()
    expect(store.recovery).toMatchObject({ log: 'sound', storage: 'ok' })
    expect(store.meta.get('audit.log')).toBe('ours')
    await store.close()
  })
})
