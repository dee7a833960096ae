// A log checked where it lies: what stands beside an entry, and whose log it is, are looked at as the entry itself is.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { verifyLog } from '../../src/audit/log-verify.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'
import { runProgram } from '../support/program.ts'

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const NAMES = ['plain', 'ação "1"\\', 'a\u0000b', '\u0007\n\u007f', '💧', '1', 'null', '']

/** 300 entries with data, then some with odd names and none; signed. */
async function makeLog(): Promise<void> {
  const house = createAuditHouse({ dataFolder })
  house.add(200)
  house.ledger.checkpoint('request')
  house.add(100)
  house.recorder.record((trail) => {
    for (const name of NAMES) {
      const actor = { ...OWNER, id: name }
      trail.audit({ eventType: 'thing.seen', entityType: 'thing', entityId: name, actor })
    }
    trail.audit({ eventType: 'a', entityType: 'b', entityId: null, actor: OWNER })
  })
  house.ledger.checkpoint('request')
  await house.close()
}

function alter(sql: string): void {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec('DROP TRIGGER audit_only_erase; DROP TRIGGER audit_no_delete')
  file.exec(sql)
  file.close()
}

function look() {
  const log = openLogReader(dataFolder)
  try {
    return verifyLog(log, log.anchors)
  } finally {
    log.close()
  }
}

it('columns that say what their entry says are no fault, however it is spelt', async () => {
  await makeLog()
  expect(look()).toMatchObject({ code: 0, firstBad: null })
})

it.each([
  `event_type = 'thing.lost'`,
  `entity_type = 'thong'`,
  'entity_id = NULL',
  `user_id = 'mallory'`,
  'at = at + 1',
])('a column that says otherwise is seen: %s', async (change) => {
  await makeLog()
  alter(`UPDATE audit_log SET ${change} WHERE seq = 130`)
  expect(look()).toMatchObject({ code: 2, firstBad: 130 })
})

it('data that is gone is a fault unless an entry says that it was erased', async () => {
  await makeLog()
  const house = createAuditHouse({ dataFolder })
  house.ledger.erase([3, 7, 8, 9], 'request 12', OWNER)
  await house.close()
  expect(look()).toMatchObject({ code: 0 })
  alter('UPDATE audit_log SET data = NULL, salt = NULL WHERE seq IN (7, 42)')
  expect(look()).toMatchObject({
    code: 2,
    firstBad: 42,
    reason: 'data was removed without an entry that says so',
  })
})

it('a log cut short is not taken for another one because its name was changed', async () => {
  await makeLog()
  const cut = `DELETE FROM audit_checkpoints WHERE size > 200; DELETE FROM audit_log WHERE seq >= (SELECT max(size) FROM audit_checkpoints)`
  alter(cut)
  // Control: with its own name the notes beside it tell.
  expect(look()).toMatchObject({ code: 3 })
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec(
    `UPDATE meta SET value = '00000000-0000-4000-8000-000000000000' WHERE key = 'audit.log'`,
  )
  file.close()
  expect(look()).toMatchObject({ code: 2 })
})

it.each(['{', '{"a":1}', '["x"]', '5'])('rollbacks that read %s are damage', async (list) => {
  await makeLog()
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.prepare(`INSERT OR REPLACE INTO meta VALUES ('audit.rollbacks', ?)`).run(list)
  file.close()
  expect(look).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
})

it('a whole other database in its place is told apart by the notes in the folder', async () => {
  await makeLog()
  const other = path.join(dataFolder, 'other')
  const house = createAuditHouse({ dataFolder: other })
  house.add(3)
  house.ledger.checkpoint('request')
  await house.close()
  const verify = (folder: string) =>
    runProgram(['audit', 'verify', '--json', '--data-dir', folder], dataFolder)
  expect((await verify(dataFolder)).code).toBe(0)
  expect((await verify(other)).code).toBe(0)
  rmSync(path.join(other, 'anchors'), { recursive: true })
  rmSync(path.join(dataFolder, 'sisrua.db'))
  const theirs = new Database(path.join(other, 'sisrua.db'))
  theirs.exec(`VACUUM INTO '${path.join(dataFolder, 'sisrua.db')}'`)
  theirs.close()
  const answer = await verify(dataFolder)
  expect([answer.code, JSON.parse(answer.stdout).code]).toEqual([13, 3])
})
