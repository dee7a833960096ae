// `sisrua db` and `sisrua job retry` as a person calls them: the real program, a real data folder, beside a real server.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/base/exit-codes.ts'
import { makeBackup } from '../../src/store/backup.ts'
import { migrate } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { prepareEmptyFile } from '../../src/store/sqlite.ts'
import { openStore } from '../../src/store/store.ts'
import { startDaemon, TOKEN } from '../support/daemon.ts'
import { createStillClock } from '../support/job-house.ts'
import { runProgram } from '../support/program.ts'

let home: string
let dataFolder: string
const database = () => path.join(dataFolder, 'sisrua.db')
const open = (migrations = MIGRATIONS) =>
  openStore({ dataFolder, clock: createStillClock(), migrations })
const db = (...args: string[]) => runProgram(['--data-dir', dataFolder, 'db', ...args], home)

async function write(key: string, value: string): Promise<void> {
  const store = open()
  store.transaction(() => store.meta.set(key, value))
  await store.close()
}

async function read(key: string): Promise<string | undefined> {
  const store = open()
  const value = store.meta.get(key)
  await store.close()
  return value
}

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-db-'))
  dataFolder = path.join(home, 'data')
  mkdirSync(dataFolder)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('db check', () => {
  test('says that all is sound, and changes no byte', async () => {
    const store = open()
    const bytes = Buffer.alloc(100_000, 'result')
    const blob = await store.blobs.prepare(bytes)
    store.transaction(() => store.blobs.link(blob))
    await store.backup('manual')
    await store.close()
    const before = readFileSync(database())
    const { code, stdout } = await db('check', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      sound: true,
      damage: null,
      schema: { found: MIGRATIONS.length, known: MIGRATIONS.length },
      blobs: { count: 1, damaged: 0 },
      backups: [{ reason: 'manual', sound: true }],
    })
    expect(readFileSync(database()).equals(before)).toBe(true)
  })

  test('finds a damaged page, a damaged result and a damaged backup, each for itself', async () => {
    const store = open()
    const blob = await store.blobs.prepare(Buffer.alloc(100_000, 'result'))
    store.transaction(() => store.blobs.link(blob))
    await store.backup('manual')
    await store.close()
    const file = path.join(dataFolder, 'blobs', blob.sha256.slice(0, 2), blob.sha256)
    writeFileSync(file, readFileSync(file).fill(1, 500, 501))
    expect((await db('check')).stdout).toContain('results\t1\t1 damaged')
    const backup = path.join(
      dataFolder,
      'backups',
      readdirSync(path.join(dataFolder, 'backups')).find((name) => name.endsWith('.db'))!,
    )
    writeFileSync(backup, readFileSync(backup).fill(1, 5000, 5001))
    expect((await db('check')).stdout).toMatch(/backup\t.*\tdamaged/)
    writeFileSync(database(), readFileSync(database()).fill(0xff, 4096, 8192))
    const { code, stdout } = await db('check', '--json')
    expect(code).toBe(EXIT.failed)
    expect(JSON.parse(stdout)).toMatchObject({ sound: false, damage: expect.any(String) })
  })

  test('finds a job whose row was changed beside the program', async () => {
    await open().close()
    const direct = new Database(database())
    direct.exec(`INSERT INTO jobs (id, kind, pipeline, state, payload, max_attempts, run_after, aged_at, soft_ms, hard_ms,
      created_by, created_at, updated_at, seal) VALUES ('j', 'osm', 'osm-site.v1', 'queued', '{}', 2, 1, 1, 1, 1, 'a', 1, 1, 77)`)
    direct.close()
    const { code, stdout } = await db('check')
    expect(stdout).toContain('jobs\t1\t1 damaged')
    expect(code).toBe(EXIT.failed)
  })

  test.each([
    [
      'whose head is gone',
      (bytes: Buffer) => Buffer.from(bytes).fill(0xee, 0, 100),
      'SQLITE_NOTADB',
    ],
    ['that was cut off', (bytes: Buffer) => bytes.subarray(0, 5000), 'SQLITE_CORRUPT'],
    ['that is empty', () => Buffer.alloc(0), 'the database file is empty'],
  ])('names the damage of a database %s, and restore mends it', async (_name, damaged, word) => {
    await write('note', 'kept')
    expect((await db('backup')).code).toBe(0)
    writeFileSync(database(), damaged(readFileSync(database())))
    const { code, stdout } = await db('check', '--json')
    expect(code).toBe(EXIT.failed)
    expect(JSON.parse(stdout)).toMatchObject({
      sound: false,
      damage: word,
      backups: [{ sound: true }],
    })
    expect((await db('backup')).code).not.toBe(0)
    expect((await db('restore', '--yes')).code).toBe(0)
    expect(await read('note')).toBe('kept')
  })

  test('refuses the file of another program, and changes nothing in it', async () => {
    const other = new Database(database())
    other.exec('CREATE TABLE x (a)')
    other.close()
    const before = readFileSync(database())
    for (const command of ['check', 'backup', 'migrate']) {
      expect((await db(command)).code).toBe(EXIT.storageUnsafe)
    }
    expect(readFileSync(database()).equals(before)).toBe(true)
  })

  test('of an empty folder says that there is nothing', async () => {
    const { code, stderr } = await db('check')
    expect(code).toBe(EXIT.notFound)
    expect(stderr).toContain('--data-dir')
    rmSync(dataFolder, { recursive: true })
    expect((await db('restore', '--yes')).code).toBe(EXIT.notFound)
    expect(existsSync(dataFolder)).toBe(false)
  })
})

describe('db backup and restore', () => {
  test('go back to what was, and keep what is in quarantine', async () => {
    await write('note', 'old')
    const made = JSON.parse((await db('backup', '--json')).stdout)
    await write('note', 'new')
    const asked = await db('restore')
    expect([asked.code, asked.stderr]).toEqual([EXIT.usage, expect.stringContaining('--yes')])
    expect(await read('note')).toBe('new')
    const done = await db('restore', made.file, '--yes')
    expect(done.code).toBe(0)
    expect(await read('note')).toBe('old')
    const [kept] = readdirSync(path.join(dataFolder, 'quarantine'))
    expect(existsSync(path.join(dataFolder, 'quarantine', kept!, 'sisrua.db'))).toBe(true)
  })

  test('copy while somebody works on the folder, but never restore under him', async () => {
    await write('note', 'old')
    const store = open()
    expect((await db('backup')).code).toBe(0)
    const refused = await db('restore', '--yes')
    expect(refused.code).toBe(EXIT.alreadyRunning)
    expect(store.meta.get('note')).toBe('old')
    await store.close()
  })

  test('refuse the copy of a newer program, which nothing would start on', async () => {
    await write('note', 'newer')
    const newest = MIGRATIONS.at(-1)!.version
    const file = new Database(database())
    file.pragma(`user_version = ${newest + 1}`)
    const key = `migration.${newest + 1}`
    file.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run(key, 'its checksum')
    const folder = path.join(dataFolder, 'backups')
    makeBackup(file, folder, 'manual', 5)
    file.pragma(`user_version = ${newest}`)
    file.prepare('DELETE FROM meta WHERE key = ?').run(key)
    file.close()
    const refused = await db('restore', '--yes')
    expect([refused.code, refused.stdout]).toEqual([EXIT.storageUnsafe, ''])
    expect(await read('note')).toBe('newer')
    expect(readdirSync(path.join(dataFolder, 'quarantine'))).toEqual([])
  })

  test('pass over a description that lacks half of what it should say', async () => {
    await write('note', 'kept')
    await db('backup')
    const folder = path.join(dataFolder, 'backups')
    writeFileSync(path.join(folder, 'x.db.json'), '{"file":"x.db"}')
    writeFileSync(path.join(folder, 'y.db.json'), 'null')
    mkdirSync(path.join(folder, 'folder.db.json'))
    for (const [name, createdAt] of [
      ['far.db', 9e15],
      ['mute.db', 1],
    ] as const) {
      const description = { file: name, size: 1, createdAt, ...(createdAt > 1 && { reason: 'x' }) }
      writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(description))
    }
    const { backups } = JSON.parse((await db('check', '--json')).stdout)
    expect(backups).toHaveLength(1)
    for (const name of ['x.db', 'far.db', 'mute.db']) {
      expect((await db('restore', name)).code).toBe(EXIT.notFound)
    }
    expect((await db('backup')).code).toBe(0)
  })

  test('of a damaged database: no copy is made, and it is said why', async () => {
    await write('note', 'x'.repeat(200_000))
    const bytes = readFileSync(database())
    writeFileSync(database(), bytes.fill(0, bytes.length - 150_000))
    const { code, stderr } = await db('backup')
    expect(code).toBe(EXIT.storageFailed)
    expect(stderr).toContain('The database is damaged (SQLITE_CORRUPT): no backup was made.')
    expect(readdirSync(path.join(dataFolder, 'backups'))).toEqual([])
  })

  test('refuse a damaged copy and one that does not exist; the database stays', async () => {
    await write('note', 'old')
    const made = JSON.parse((await db('backup', '--json')).stdout)
    writeFileSync(made.path, readFileSync(made.path).fill(1, 5000, 5001))
    expect((await db('restore', '--yes')).code).not.toBe(0)
    const { code, stderr } = await db('restore', 'none.db', '--yes')
    expect([code, stderr]).toEqual([EXIT.notFound, expect.stringContaining(made.file)])
    expect(await read('note')).toBe('old')
    expect(readdirSync(path.join(dataFolder, 'quarantine'))).toEqual([])
  })
})

describe('db migrate', () => {
  test('tells the missing steps, then takes them after a backup', async () => {
    const old = new Database(database())
    prepareEmptyFile(old)
    migrate(old, MIGRATIONS.slice(0, 1), () => {})
    old.close()
    const told = JSON.parse((await db('migrate', '--dry-run', '--json')).stdout)
    expect(told).toMatchObject({ from: 1, done: false })
    expect(told.steps).toHaveLength(MIGRATIONS.length - 1)
    expect(JSON.parse((await db('migrate', '--dry-run', '--json')).stdout).from).toBe(1)
    expect((await db('migrate')).stdout).toMatch(/done\n$/)
    expect((await db('migrate')).stdout).toBe(`up to date: ${MIGRATIONS.length}\n`)
    expect(JSON.parse((await db('check', '--json')).stdout).backups).toMatchObject([
      { reason: 'pre-2', sound: true },
    ])
  })

  test('says so when it found damage and a backup took the place', async () => {
    await write('note', 'kept')
    await db('backup')
    writeFileSync(database(), '')
    const { code, stdout } = await db('migrate')
    expect(code).toBe(0)
    expect(stdout).toContain('restored from manual-')
    expect(stdout).toContain('the former one is kept in ')
    expect(await read('note')).toBe('kept')
  })

  test('and check look at the steps that a damaged number hides', async () => {
    await write('note', 'kept')
    const file = new Database(database())
    file.pragma('user_version = 0')
    file.close()
    const { schema, sound } = JSON.parse((await db('check', '--json')).stdout)
    expect([schema.found, sound]).toEqual([MIGRATIONS.length, true])
    expect((await db('migrate')).stdout).toBe(`up to date: ${MIGRATIONS.length}\n`)
    expect((await db('backup')).code).toBe(0)
  })

  test('refuses the database of a newer program', async () => {
    const next = { version: 999, name: 'next', sql: 'SELECT 1' }
    await open([...MIGRATIONS, next]).close()
    expect((await db('migrate')).code).toBe(EXIT.storageUnsafe)
    expect((await db('check')).code).toBe(EXIT.storageUnsafe)
  })
})

describe('job retry', () => {
  test('asks a running server for a new job with the payload of the one that failed', async () => {
    const house = await startDaemon()
    try {
      const body = { kind: 'osm', latitude: -21.7634, longitude: -41.3235, radius: 100 }
      const { job_id: id } = (await house.call('POST', '/api/v1/jobs/prepare', body)).json
      expect((await house.finished(id)).json.status).toBe('failed')
      const url = ['--url', `http://127.0.0.1:${house.port}`, '--token-stdin']
      const job = (...args: string[]) =>
        runProgram(['job', ...args, ...url], home, { input: TOKEN })
      const again = await job('retry', id)
      expect(again.code).toBe(0)
      const next = (await house.finished(again.stdout.trim())).json
      expect(next).toMatchObject({ status: 'failed', retry_of: id })
      expect((await job('list', '--state', 'failed')).stdout).toContain(id)
      expect((await job('list', '--state', 'succeeded')).stdout).toBe('')
      expect((await job('retry', 'nobody')).code).toBe(EXIT.notFound)
      const told = await job('logs', id)
      expect([told.code, told.stdout]).toEqual([0, expect.stringMatching(/Z\terror\t[A-Z_]+: /)])
      const lines = (await house.call('GET', `/api/v1/jobs/${id}/logs`)).json.lines
      expect(JSON.parse((await job('logs', id, '--json')).stdout)).toEqual({ job_id: id, lines })
      expect((await job('logs', 'nobody')).code).toBe(EXIT.notFound)
    } finally {
      await house.stop()
    }
  })
})
