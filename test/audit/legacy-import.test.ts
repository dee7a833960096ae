// The original's audit log taken over: a file that Python made and signed as the original did, sound, altered, in use and damaged.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLegacyImport } from '../../src/audit/legacy-import.ts'
import { type AuditHouse, createAuditHouse } from '../support/audit-house.ts'
import { startDaemon, TOKEN } from '../support/daemon.ts'
import { OWNER } from '../support/job-house.ts'
import { describeWithJudge, python } from '../support/judge.ts'
import { runProgram } from '../support/program.ts'

const PYTHON = `
import hashlib, hmac, json, os, sqlite3, sys
folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
secret = os.path.join(folder, '.audit_secret')
if not os.path.exists(secret): open(secret, 'wb').write(bytes(range(32)))
key = open(secret, 'rb').read()
db = sqlite3.connect(os.path.join(folder, 'projects.db'))
db.execute('''CREATE TABLE IF NOT EXISTS AuditLog (audit_id INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL, entity_type TEXT NOT NULL,
  entity_id TEXT, user_id TEXT, timestamp REAL NOT NULL, data_json TEXT, signature TEXT NOT NULL, created_at DATETIME DEFAULT CURRENT_TIMESTAMP)''')
for i in range(first, first + count):
    data = {'name': 'Praça da Sé \\U0001f600', 'width': i / 7, 'whole': 2.0, 'tiny': 1e-7, 'huge': 10**25, 'list': [None, True, {'b': 1, 'a': -0.0}]}
    at = 1771000000.0 + i * 0.25; entity = None if i % 3 == 0 else 'p%d' % i; user = None if i % 2 else 'ana'
    text = '|'.join(['UPDATE', 'Project', entity or '', user or 'system', str(at), json.dumps(data, sort_keys=True)])
    db.execute('INSERT INTO AuditLog (event_type, entity_type, entity_id, user_id, timestamp, data_json, signature) VALUES (?,?,?,?,?,?,?)',
        ('UPDATE', 'Project', entity, user or 'system', at, json.dumps(data), hmac.new(key, text.encode(), hashlib.sha256).hexdigest()))
db.commit()`

describeWithJudge('python3', ['/usr/bin/python3', '--version'], 'the original audit log', () => {
  let folder: string
  let place: string
  let house: AuditHouse
  const file = (): string => path.join(place, 'projects.db')
  const write = (first: number, count: number) =>
    python(PYTHON, '', [place, String(first), String(count)])
  const take = (of: AuditHouse = house) =>
    createLegacyImport({ store: of.store, recorder: of.recorder, dataFolder: folder }).run(
      file(),
      OWNER,
    )
  const alter = (sql: string): void => {
    const database = new Database(file())
    database.exec(sql)
    database.close()
  }
  const count = (type: string) => house.audit.list({ eventType: type, limit: 1000 }).length

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sisrua-legacy-data-'))
    place = mkdtempSync(path.join(tmpdir(), 'sisrua-legacy-'))
    house = createAuditHouse({ dataFolder: folder })
  })
  afterEach(async () => {
    await house.close()
    for (const one of [folder, place]) rmSync(one, { recursive: true, force: true })
  })

  test('comes over row by row with signatures that hold; the file and its folder stay as they were', async () => {
    write(0, 450)
    const bytes = readFileSync(file())
    const names = readdirSync(place)
    expect(await take()).toEqual({
      imported: 450,
      known: 0,
      valid: 450,
      invalid: 0,
      unchecked: 0,
      missing: 0,
    })
    expect(readFileSync(file()).equals(bytes)).toBe(true)
    expect(readdirSync(place)).toEqual(names)
    expect(readdirSync(folder).filter((name) => name.startsWith('import-'))).toEqual([])
    const [entry] = house.audit.list({ entityType: 'legacy.audit', entityId: '2' })
    expect(entry).toMatchObject({
      eventType: 'legacy.import',
      data: {
        audit_id: 2,
        event_type: 'UPDATE',
        entity_id: 'p1',
        user_id: 'system',
        timestamp: 1771000000.25,
        signature: expect.stringMatching(/^[0-9a-f]{64}$/),
        signature_check: 'valid',
      },
    })
    expect(house.audit.list({ eventType: 'legacy.imported' })).toMatchObject([
      { entityId: expect.stringMatching(/^[0-9a-f]{64}$/), data: { imported: 450, rows: 450 } },
    ])
    expect(await house.audit.verifyAll(null)).toMatchObject({
      invalid: 0,
      chainOk: true,
      rootOk: true,
    })
  })

  test('comes over once; rows that the original wrote later follow', async () => {
    write(0, 5)
    await take()
    expect(await take()).toMatchObject({ imported: 0, known: 5 })
    write(5, 3)
    expect(await take()).toMatchObject({ imported: 3, known: 5, valid: 3 })
    expect(count('legacy.import')).toBe(8)
    expect(count('legacy.imported')).toBe(2)
  })

  test('two at the same time take each row once', async () => {
    write(0, 450)
    const one = createLegacyImport({
      store: house.store,
      recorder: house.recorder,
      dataFolder: folder,
    })
    const both = await Promise.all([one.run(file(), OWNER), one.run(file(), OWNER)])
    expect(both.map(({ imported }) => imported)).toEqual([450, 0])
    expect(count('legacy.import')).toBe(450)
  })

  test('goes on where a failure stopped it', async () => {
    write(0, 450)
    let calls = 0
    const failing = {
      ...house.recorder,
      record: ((body) => {
        calls++
        if (calls === 2) throw new Error('power cut')
        return house.recorder.record(body)
      }) as typeof house.recorder.record,
    }
    await expect(
      createLegacyImport({ store: house.store, recorder: failing, dataFolder: folder }).run(
        file(),
        OWNER,
      ),
    ).rejects.toThrow('power cut')
    expect(await take()).toMatchObject({ known: 200, imported: 250, valid: 250 })
    const ids = house.audit
      .list({ eventType: 'legacy.import', limit: 1000 })
      .map(({ entityId }) => Number(entityId))
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, i) => i + 1))
  })

  test.each([
    ["UPDATE AuditLog SET user_id = 'bob' WHERE audit_id = 4", 1, 0],
    ['UPDATE AuditLog SET timestamp = timestamp + 0.001 WHERE audit_id = 4', 1, 0],
    [`UPDATE AuditLog SET data_json = replace(data_json, '2.0', '2') WHERE audit_id = 4`, 1, 0],
    ["UPDATE AuditLog SET signature = 'x' WHERE audit_id = 4", 1, 0],
    ["UPDATE AuditLog SET event_type = x'00ff' WHERE audit_id = 4", 1, 0],
    ['UPDATE AuditLog SET timestamp = 9e999 WHERE audit_id = 4', 1, 0],
    ['DELETE FROM AuditLog WHERE audit_id = 4', 0, 1],
  ])('%s is told, and the row comes over all the same', async (sql, invalid, missing) => {
    write(0, 6)
    alter(sql)
    expect(await take()).toMatchObject({
      imported: 6 - missing,
      valid: 5,
      invalid,
      missing,
    })
    expect(await house.audit.verifyAll(null)).toMatchObject({ invalid: 0 })
  })

  test('control: without the key nothing is called valid or invalid, with another all are invalid', async () => {
    write(0, 3)
    alter("UPDATE AuditLog SET user_id = 'bob' WHERE audit_id = 2")
    rmSync(path.join(place, '.audit_secret'))
    expect(await take()).toMatchObject({ imported: 3, unchecked: 3 })
    write(3, 0)
    writeFileSync(path.join(place, '.audit_secret'), Buffer.alloc(32, 7))
    const otherFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-legacy-data-'))
    const other = createAuditHouse({ dataFolder: otherFolder })
    expect(await take(other)).toMatchObject({ imported: 3, invalid: 3 })
    await other.close()
    rmSync(otherFolder, { recursive: true, force: true })
  })

  test.each([
    "UPDATE AuditLog SET user_id = 'bob' WHERE audit_id = 2",
    'DELETE FROM AuditLog WHERE audit_id = 5',
    'DELETE FROM AuditLog WHERE audit_id = 1',
  ])('after it was taken over, %s is refused and nothing comes over', async (sql) => {
    write(0, 5)
    await take()
    alter(sql)
    write(5, 2)
    await expect(take()).rejects.toMatchObject({ code: 'VERSION_CONFLICT' })
    expect(count('legacy.import')).toBe(5)
  })

  test('damaged and foreign files are refused and nothing comes over', async () => {
    write(0, 400)
    const bytes = readFileSync(file())
    bytes.fill(0x5a, 4096 * 3, 4096 * 6)
    writeFileSync(file(), bytes)
    await expect(take()).rejects.toMatchObject({ code: 'PROJECT_FILE_INVALID' })
    writeFileSync(file(), 'no database')
    await expect(take()).rejects.toMatchObject({ code: 'PROJECT_FILE_INVALID' })
    rmSync(file())
    await expect(take()).rejects.toMatchObject({ code: 'PROJECT_FILE_INVALID' })
    alter('CREATE TABLE Projects (project_id TEXT)')
    await expect(take()).rejects.toMatchObject({ code: 'PROJECT_FILE_INVALID' })
    expect(count('legacy.import')).toBe(0)
  })

  test('the data of a row can be erased, and a long value is named by its hash', async () => {
    write(0, 2)
    alter(`UPDATE AuditLog SET data_json = '"' || hex(zeroblob(40000)) || '"' WHERE audit_id = 2`)
    await take()
    const [long] = house.audit.list({ entityType: 'legacy.audit', entityId: '2' })
    expect(long).toMatchObject({ data: { data_json: expect.stringMatching(/^sha256:/) } })
    expect(house.ledger.erase([long!.auditId], 'asked for', OWNER).erased).toBe(1)
    expect(house.audit.get(long!.auditId)).toMatchObject({ data: null, erased: true })
    expect(house.audit.verify(long!.auditId).valid).toBe(true)
  })

  test('by the door and the command line, behind the token', async () => {
    write(0, 4)
    alter('DELETE FROM AuditLog WHERE audit_id = 2')
    const daemon = await startDaemon()
    try {
      const run = (...args: string[]) =>
        runProgram(
          ['audit', 'import', ...args, '--url', `http://127.0.0.1:${daemon.port}`],
          folder,
          { env: { SISRUA_AUTH_TOKEN: TOKEN } },
        )
      const first = await run(file())
      expect(first.stdout).toBe(
        '3 taken over (3 valid, 0 invalid, 0 unchecked), 0 known, 1 missing\n',
      )
      expect(first.code).toBe(12)
      const again = await daemon.call('POST', '/api/v1/audit/import', { path: file() })
      expect(again).toMatchObject({ status: 200, json: { imported: 0, known: 3, missing: 1 } })
      expect((await daemon.call('POST', '/api/audit/import', {})).status).toBe(422)
      const share = await daemon.call('POST', '/api/audit/import', { path: '//server/projects.db' })
      expect(share).toMatchObject({ status: 422, json: { code: 'PARAMS_INVALID' } })
      const nobody = await daemon.call('POST', '/api/audit/import', {}, { token: null })
      expect(nobody.status).toBe(401)
    } finally {
      await daemon.stop()
    }
  })
})
