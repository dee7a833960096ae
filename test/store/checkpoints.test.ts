// The thread that moves the write-ahead log: it moves it while somebody writes, keeps off when asked, and is never needed.
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Checkpoints, createCheckpoints } from '../../src/store/checkpoints.ts'
import {
  applyPragmas,
  type Connection,
  connect,
  LOG_PAGES,
  prepareEmptyFile,
} from '../../src/store/sqlite.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const PAGE = 4096 + 24
let folder: string
let database: string
let connection: Connection
let checkpoints: Checkpoints

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-log-'))
  database = path.join(folder, 'sisrua.db')
  connection = connect(database)
  prepareEmptyFile(connection)
  applyPragmas(connection, false)
  connection.exec('CREATE TABLE notes (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT')
  checkpoints = open()
})
afterEach(async () => {
  await checkpoints.stop()
  connection.close()
  rmSync(folder, { recursive: true })
})

const logBytes = (): number => statSync(`${database}-wal`, { throwIfNoEntry: false })?.size ?? 0
const open = (entry?: string): Checkpoints =>
  createCheckpoints({ connection, database, logBytes, ...(entry && { entry }) })

/** Pages in the log, and those of them that are in the file. */
const look = () =>
  connection.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number; checkpointed: number }

const TEXT = 'x'.repeat(40_000)
/** One commit of about ten pages. */
function write(): void {
  connection.exec('BEGIN IMMEDIATE')
  connection.prepare('INSERT INTO notes (text) VALUES (?)').run(TEXT)
  connection.exec('COMMIT')
}

/** One commit after another until it is enough, as the store does it: `wake` at each, `finish` when it says so. */
async function writeUntil(
  isEnough: () => boolean,
  { most = 4000, mayFinish = true } = {},
): Promise<{ commits: number; finished: number }> {
  let finished = 0
  for (let commits = 1; commits <= most; commits++) {
    write()
    if (checkpoints.wake() && mayFinish) {
      checkpoints.finish()
      finished++
    }
    // A thread on a busy machine comes to its turn as well.
    await (commits % 20 === 0 ? sleep(3) : turn())
    if (isEnough()) return { commits, finished }
  }
  return { commits: most, finished }
}

/** The log is as long as the thread waits for, and shorter than SQLite does. */
const ripe = (): boolean => look().log >= LOG_PAGES * 0.8
/** Writes nothing more, and calls the thread until that is so. */
async function wakeUntil(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isSo(); i++) {
    checkpoints.wake()
    await sleep(20)
  }
  expect(isSo()).toBe(true)
}

const sleepHere = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('the thread', () => {
  it('moves the log while it is written, long before SQLite would', async () => {
    await writeUntil(ripe)
    await wakeUntil(() => look().checkpointed === look().log)
    expect(look().log).toBeLessThan(LOG_PAGES)
    expect(look().log).toBeGreaterThanOrEqual((LOG_PAGES * 3) / 4)
  })

  it('is needed for that: without it nothing is moved until SQLite does it', async () => {
    while (look().log < LOG_PAGES - 20) write()
    sleepHere(200)
    expect(look().checkpointed).toBe(0)
  })

  it('leaves so little to the program that the log is written over from its beginning', async () => {
    const { finished } = await writeUntil(() => false, { most: 3000 })
    // 30,000 pages went through it.
    expect(statSync(database).size).toBeGreaterThan(25_000 * 4096)
    expect(finished).toBeGreaterThan(0)
    expect(logBytes()).toBeLessThan(2 * LOG_PAGES * PAGE)
    expect(connection.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(connection.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(3000)
  })

  it('leaves what somebody still reads', async () => {
    const reader = connect(database, { readonly: true })
    reader.exec('BEGIN')
    const before = reader.prepare('SELECT count(*) FROM notes').pluck().get()
    const { log } = look()
    await writeUntil(() => look().log >= LOG_PAGES * 2.5)
    expect(look().checkpointed).toBeLessThanOrEqual(log)
    expect(reader.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(before)
    reader.close()
    await writeUntil(() => look().log < LOG_PAGES)
    expect(look().log).toBeLessThan(LOG_PAGES)
  })

  it('keeps off while something is done alone, and goes on afterwards', async () => {
    await writeUntil(() => look().log >= LOG_PAGES / 2)
    await waitForThread()
    checkpoints.alone(() => {
      while (!ripe()) write()
      checkpoints.wake()
      sleepHere(300)
      expect(look().checkpointed).toBe(0)
    })
    await wakeUntil(() => look().checkpointed > 0)
  })

  it('hands back what `alone` answers or throws', async () => {
    await writeUntil(() => look().log >= LOG_PAGES / 2)
    await waitForThread()
    expect(checkpoints.alone(() => 7)).toBe(7)
    expect(() =>
      checkpoints.alone(() => {
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(checkpoints.alone(() => 8)).toBe(8)
  })
})

/** Who has the log open: the program and its thread. Elsewhere than on Linux nobody can be asked. */
function whoHas(file: string): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === file
    } catch {
      return false
    }
  }).length
}
async function waitForThread(there = true): Promise<void> {
  if (process.platform !== 'linux') await sleep(1000)
  else for (let i = 0; i < 500 && whoHas(`${database}-wal`) > 1 !== there; i++) await sleep(20)
}

describe.skipIf(process.platform !== 'linux')('its end (asks /proc, so on Linux)', () => {
  it('leaves no open file behind, and it does not come back', async () => {
    await writeUntil(ripe)
    await waitForThread()
    expect(whoHas(`${database}-wal`)).toBe(2)
    await checkpoints.stop()
    expect(whoHas(`${database}-wal`)).toBe(1)
    // SQLite keeps the thread's handle of the file itself until the program's own goes: to close it would end the locks of both.
    expect(whoHas(database)).toBeLessThanOrEqual(2)
    await writeUntil(() => false, { most: 500 })
    expect(whoHas(`${database}-wal`)).toBe(1)
  })

  it('may be for now: the next long log has a thread again', async () => {
    await writeUntil(ripe)
    await waitForThread()
    for (let again = 0; again < 3; again++) {
      checkpoints.alone(() => connection.pragma('wal_checkpoint(TRUNCATE)'))
      checkpoints.dismiss()
      await waitForThread(false)
      expect(whoHas(`${database}-wal`)).toBe(1)
      await writeUntil(ripe)
      await waitForThread()
      expect(whoHas(`${database}-wal`)).toBe(2)
    }
    expect(whoHas(database)).toBe(2)
  })
})

describe('a thread that cannot do its work', () => {
  it.each([
    // Node refuses such a name at once, as it does when the system has no thread to give.
    ['cannot even be made', () => 'none.ts'],
    ['does not start', () => path.join(folder, 'none.ts')],
    ['throws', () => path.join(import.meta.dirname, '../support/failing-thread.ts')],
  ])('%s: the program moves its log itself', async (_, file) => {
    checkpoints = open(file())
    const { finished } = await writeUntil(() => false, { most: 1200 })
    expect(finished).toBe(0)
    expect(logBytes()).toBeLessThan((LOG_PAGES + 500) * PAGE)
    expect(statSync(database).size).toBeGreaterThan(8000 * 4096)
  })

  it('never makes a commit fail that is made', () => {
    const other = connect(path.join(folder, 'other.db'))
    const late = createCheckpoints({ connection: other, database, logBytes: () => 0 })
    other.close()
    expect(() => late.finish()).not.toThrow()
  })
})

describe('a store', () => {
  it('that is closed while its thread works leaves one whole file', async () => {
    const dataFolder = path.join(folder, 'data')
    const store = openStore({ dataFolder, clock: createStillClock() })
    for (let i = 0; i < 900; i++) {
      store.transaction(() => store.meta.set(`note ${i % 50}`, TEXT + i))
      await turn()
    }
    await store.close()
    const file = path.join(dataFolder, 'sisrua.db')
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })).toBeUndefined()
    const again = openStore({ dataFolder, clock: createStillClock() })
    expect(again.check()).toBe('ok')
    expect(again.meta.get('note 49')).toBe(`${TEXT}899`)
    await again.close()
  })

  it('leaves nothing readable of what it erased, also while its thread works', async () => {
    const dataFolder = path.join(folder, 'data')
    const store = openStore({ dataFolder, clock: createStillClock() })
    const secret = 'a name that nobody may read again'
    for (let i = 0; i < 600; i++) {
      store.transaction(() => store.meta.set(`note ${i % 50}`, secret + TEXT + i))
      await turn()
    }
    const files = ['sisrua.db', 'sisrua.db-wal'].map((name) => path.join(dataFolder, name))
    const holds = () => files.some((file) => readFileSync(file).includes(secret))
    expect(holds()).toBe(true)
    store.transaction(() => {
      for (let i = 0; i < 50; i++) store.meta.set(`note ${i}`, 'erased')
    })
    store.scrub()
    expect(holds()).toBe(false)
    await store.close()
  })

  it('erases beside somebody who reads, and leaves nothing once he is gone and it is quiet', async () => {
    const dataFolder = path.join(folder, 'data')
    const store = openStore({ dataFolder, clock: createStillClock() })
    const secret = 'a name that somebody is just reading'
    store.transaction(() => store.meta.set('note', secret + TEXT))
    store.walCheckpoint()
    const reader = connect(path.join(dataFolder, 'sisrua.db'), { readonly: true })
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM meta').get()
    store.transaction(() => store.meta.set('note', 'erased'))
    const files = ['sisrua.db', 'sisrua.db-wal'].map((name) => path.join(dataFolder, name))
    const holds = () => files.some((file) => readFileSync(file).includes(secret))
    store.scrub()
    // What he reads cannot be written over.
    expect(holds()).toBe(true)
    expect(store.meta.get('note')).toBe('erased')
    reader.close()
    store.walCheckpoint()
    expect(holds()).toBe(false)
    expect(store.check()).toBe('ok')
    await store.close()
  })
})
