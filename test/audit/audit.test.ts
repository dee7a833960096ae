// The audit log: canonical entries, what each kind of tampering looks like, erasure, the original's endpoints' needs.
import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Audit } from '../../src/audit/audit.ts'
import { createAudit } from '../../src/audit/audit-service.ts'
import { canonicalJson } from '../../src/audit/canonical.ts'
import { eraseData } from '../../src/audit/erase.ts'
import { loadAuditKey } from '../../src/audit/key.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemIds } from '../../src/base/ids.ts'
import { writeFileDurably } from '../../src/store/folders.ts'
import { createJobHouse, OWNER, TEST_KEY } from '../support/job-house.ts'

let dataFolder: string
let house: ReturnType<typeof createJobHouse>
let audit: Audit

function open(): void {
  house = createJobHouse({ dataFolder, start: false })
  audit = createAudit({ store: house.store, recorder: house.recorder, clock: systemClock })
}

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-audit-'))
  open()
})
afterEach(async () => {
  await house.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

const add = (n: number) =>
  Promise.all(
    Array.from({ length: n }, (_, i) =>
      audit.append(
        { eventType: 'test.made', entityType: 'thing', entityId: `t${i}`, data: { i } },
        OWNER,
      ),
    ),
  )

/** Somebody with the file and no scruples: the triggers are the first thing to go. */
async function tamper(...statements: string[]): Promise<void> {
  await house.close()
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec('DROP TRIGGER audit_no_delete; DROP TRIGGER audit_only_erase')
  for (const statement of statements) file.exec(statement)
  file.close()
  open()
}

describe('what is read', () => {
  const intact = () => audit.list({ entityType: 'thing' }).map((entry) => entry.intact)
  const FIRST = "entity_id = 't0'"

  it.each([
    `entry = replace(entry, 'test.made', 'test.mafe') WHERE ${FIRST}`,
    `event_type = 'test.mafe' WHERE ${FIRST}`,
    `user_id = 'ownes' WHERE ${FIRST}`,
    `at = at + 1 WHERE ${FIRST}`,
    `data = '{"i":7}' WHERE ${FIRST}`,
    `data = '{"i":0' WHERE ${FIRST}`,
    `leaf = zeroblob(32) WHERE ${FIRST}`,
    `signature = zeroblob(32) WHERE ${FIRST}`,
    `data = NULL, salt = NULL WHERE ${FIRST}`,
  ])('tells of %s, and of nothing else', async (change) => {
    await add(3)
    expect(intact()).toEqual([true, true, true])
    await tamper(`PRAGMA ignore_check_constraints = ON; UPDATE audit_log SET ${change}`)
    expect(intact().sort()).toEqual([false, true, true])
    const damaged = audit.list({ entityType: 'thing' }).find((entry) => !entry.intact)!
    expect(audit.get(damaged.auditId)).toEqual(damaged)
  })

  it('is intact when its data was erased by the rules', async () => {
    await add(2)
    const [newest] = audit.list({ entityType: 'thing' })
    eraseData(house.store, house.recorder, [newest!.auditId], 'asked for', OWNER)
    expect(audit.get(newest!.auditId)).toMatchObject({ erased: true, intact: true, data: null })
  })
})

describe('an entry', () => {
  it('is canonical JSON whose hashes anybody can recompute', async () => {
    await audit.append(
      {
        eventType: 'a.b',
        entityType: 'thing',
        entityId: 'ação "1"\n',
        userId: 'José',
        data: { b: 1, a: [1.5, -0] },
      },
      OWNER,
    )
    await add(1)
    const rows = [0, 1].map((seq) => house.store.audit.bySeq(seq)!)
    let chain = Buffer.alloc(32)
    for (const row of rows) {
      expect(canonicalize(JSON.parse(row.entry))).toBe(row.entry)
      const sha = (...parts: (Buffer | string)[]) => {
        const hash = createHash('sha256')
        for (const part of parts) hash.update(part)
        return hash.digest()
      }
      const leaf = sha(Buffer.of(0), row.entry)
      chain = sha(Buffer.of(2), chain, leaf)
      expect(row.leaf.equals(leaf)).toBe(true)
      expect(row.chain.equals(chain)).toBe(true)
      expect(
        row.signature.equals(createHmac('sha256', TEST_KEY.bytes).update(row.entry).digest()),
      ).toBe(true)
      expect(JSON.parse(row.entry).data_commit).toBe(
        sha(Buffer.of(3), row.salt!, row.data!).toString('hex'),
      )
    }
    expect(rows[0]!.data).toBe('{"data":{"a":[1.5,0],"b":1},"person":"José"}')
    expect(rows[1]!.data).toBe('{"i":0}')
    expect(audit.get(1)).toMatchObject({
      entityId: 'ação "1"\n',
      userId: 'José',
      data: { a: [1.5, 0], b: 1 },
    })
  })

  it('only points to the person a client names: the name goes with the data', async () => {
    const person = 'maria.silva'
    const told = { eventType: 'a.b', entityType: 'thing', userId: person }
    await audit.append({ ...told, data: { n: 1 } }, OWNER)
    await audit.append(told, OWNER)
    await audit.append({ eventType: 'a.b', entityType: 'thing', data: { person, data: 1 } }, OWNER)
    const rows = [0, 1, 2].map((seq) => house.store.audit.bySeq(seq)!)
    for (const row of rows) expect(`${row.entry} ${row.userId}`).not.toContain(person)
    expect([1, 2, 3].map((id) => audit.get(id))).toMatchObject([
      { userId: person, data: { n: 1 }, erased: false },
      { userId: person, data: null, erased: false },
      { userId: OWNER.id, data: { person, data: 1 }, erased: false },
    ])
    const holds = () =>
      ['sisrua.db', 'sisrua.db-wal'].some((name) =>
        readFileSync(path.join(dataFolder, name)).includes(person),
      )
    expect(holds()).toBe(true)
    eraseData(house.store, house.recorder, [1, 2, 3], 'asked for', OWNER)
    expect(holds()).toBe(false)
    expect([1, 2, 3].map((id) => audit.get(id))).toMatchObject([
      { userId: null, data: null, erased: true },
      { userId: null, data: null, erased: true },
      { userId: OWNER.id, data: null, erased: true },
    ])
    expect(await audit.verifyAll(null)).toMatchObject({ invalid: 0, chainOk: true })
    for (const id of [1, 2, 3]) expect(audit.verify(id)).toMatchObject({ valid: true })
  })

  it('of a former version names the person itself, and is read as before', async () => {
    house.recorder.record((trail) =>
      trail.audit({
        eventType: 'a.b',
        entityType: 'thing',
        entityId: null,
        actor: { id: 'maria.silva', role: 'admin' },
        data: { n: 1 },
      }),
    )
    expect(audit.get(1)).toMatchObject({ userId: 'maria.silva', data: { n: 1 } })
    expect(audit.verify(1)).toMatchObject({ valid: true })
  })

  it('is written straight as the library would write it, whatever the data', () => {
    const seed = 20261121
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 1 })),
        (data) => {
          expect(canonicalJson(data)).toBe(canonicalize(data))
        },
      ),
      { seed, numRuns: 500 },
    )
  })

  it('follows the number vectors of RFC 8785', () => {
    const vectors: [number, string][] = [
      [0, '0'],
      [-0, '0'],
      [5e-324, '5e-324'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
      [9007199254740992, '9007199254740992'],
      [295147905179352830000, '295147905179352830000'],
      [1e23, '1e+23'],
      [1e21, '1e+21'],
      [333333333.3333333, '333333333.3333333'],
      [1e-6, '0.000001'],
      [1e-7, '1e-7'],
    ]
    for (const [number, text] of vectors) expect(canonicalJson(number)).toBe(text)
    expect(() => canonicalJson(Number.NaN)).toThrow(
      expect.objectContaining({ code: 'PARAMS_INVALID' }),
    )
    expect(() => canonicalJson('\ud800')).toThrow(
      expect.objectContaining({ code: 'PARAMS_INVALID' }),
    )
  })

  it('with unusable fields is refused', async () => {
    const bad = [
      { eventType: '' },
      { eventType: 'a b' },
      { entityType: 'x'.repeat(65) },
      { entityId: '\ud800' },
      { data: 'x'.repeat(70_000) },
    ]
    for (const fields of bad) {
      await expect(
        audit.append({ eventType: 'a', entityType: 'b', ...fields }, OWNER),
      ).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
    }
    expect(audit.stats().totalLogs).toBe(0)
  })

  it('about the log itself comes from nobody else: verifiers believe it', async () => {
    for (const entityType of ['audit.key', 'audit.entry', 'audit.segment', 'audit.']) {
      await expect(
        audit.append({ eventType: 'data.erased', entityType, entityId: '1-999' }, OWNER),
      ).rejects.toMatchObject({ code: 'PARAMS_INVALID', data: { field: 'entityType' } })
    }
    // Control: only that beginning is the log's own.
    for (const entityType of ['audit', 'audits.key', 'my.audit.key']) {
      await audit.append({ eventType: 'data.erased', entityType }, OWNER)
    }
    expect(audit.stats().totalLogs).toBe(3)
  })
})

describe('verification', () => {
  it('accepts an untouched log, whole or in part, also after reopening', async () => {
    await add(3000)
    await house.close()
    open()
    await add(10)
    expect(await audit.verifyAll(null)).toEqual({
      total: 3010,
      valid: 3010,
      invalid: 0,
      integrity: 1,
      chainOk: true,
      rootOk: true,
      anchorsOk: true,
      firstBad: null,
      unchecked: 0,
      state: 'ok',
      rollbacks: 0,
      anchorFolder: 'none',
    })
    expect(await audit.verifyAll(1000)).toMatchObject({ total: 1000, valid: 1000, chainOk: true })
    expect(audit.verify(3010)).toEqual({ auditId: 3010, valid: true, message: 'Signature valid' })
  })

  it.each([
    [
      'an entry rewritten',
      `UPDATE audit_log SET entry = replace(entry, 'thing', 'thong') WHERE seq = 10`,
      11,
    ],
    ['a copied column rewritten', `UPDATE audit_log SET entity_id = 'other' WHERE seq = 10`, 11],
    ['data rewritten', `UPDATE audit_log SET data = '{"i":99}' WHERE seq = 10`, 11],
    ['an entry removed', `DELETE FROM audit_log WHERE seq = 10`, 11],
    [
      'an entry removed and the rest renumbered',
      `DELETE FROM audit_log WHERE seq = 10; UPDATE audit_log SET seq = -seq WHERE seq > 10; UPDATE audit_log SET seq = -seq - 1 WHERE seq < 0`,
      11,
    ],
    [
      'two entries swapped',
      `UPDATE audit_log SET seq = 100 WHERE seq = 10; UPDATE audit_log SET seq = 10 WHERE seq = 11; UPDATE audit_log SET seq = 11 WHERE seq = 100`,
      11,
    ],
    ['a signature rewritten', `UPDATE audit_log SET signature = zeroblob(32) WHERE seq = 10`, 11],
  ])('names %s', async (_name, statement, firstBad) => {
    await add(50)
    // The schema forbids negative numbers; whoever tampers does not care.
    await tamper('PRAGMA ignore_check_constraints = ON', statement)
    const report = await audit.verifyAll(null)
    expect(report.firstBad).toBe(firstBad)
    expect(report.invalid).toBeGreaterThan(0)
    expect(report.integrity).toBeLessThan(1)
  })

  it('of one entry says that its columns were rewritten', async () => {
    await add(3)
    await tamper(`UPDATE audit_log SET entity_id = 'other' WHERE seq = 1`)
    expect(audit.verify(2)).toMatchObject({
      valid: false,
      message: 'Columns do not match the entry',
    })
    expect(audit.verify(3).valid).toBe(true)
  })

  it('fails with another key', async () => {
    await add(5)
    const other = { ...house.recorder, key: { id: TEST_KEY.id, bytes: new Uint8Array(32).fill(8) } }
    const report = await createAudit({
      store: house.store,
      recorder: other,
      clock: systemClock,
    }).verifyAll(null)
    expect(report).toMatchObject({ invalid: 5, firstBad: 1 })
  })
})

describe('the guard rails', () => {
  it('refuse removing and rewriting, and allow erasing personal data without breaking the log', async () => {
    await add(5)
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    expect(() => file.exec('DELETE FROM audit_log WHERE seq = 2')).toThrow('never deleted')
    expect(() => file.exec(`UPDATE audit_log SET entity_id = 'x' WHERE seq = 2`)).toThrow(
      'only by erasing',
    )
    file.close()
    house.store.transaction(() => house.store.audit.erase(2))
    expect(audit.get(3)).toMatchObject({ data: null, erased: true })
    // Nothing tells of it yet: data that is gone in silence is a fault.
    expect(audit.verify(3)).toMatchObject({
      valid: false,
      message: 'Data was removed without an entry that says so',
    })
    expect(await audit.verifyAll(null)).toMatchObject({ valid: 4, firstBad: 3, chainOk: true })
    house.recorder.record((trail) =>
      trail.audit({
        eventType: 'data.erased',
        entityType: 'audit.entry',
        entityId: '1-2,3',
        actor: OWNER,
      }),
    )
    expect(audit.verify(3).valid).toBe(true)
    expect(await audit.verifyAll(null)).toMatchObject({ valid: 6, chainOk: true })
  })
})

describe('reading', () => {
  it('filters, counts, and knows its head', async () => {
    await add(30)
    await audit.append({ eventType: 'other', entityType: 'project', entityId: 'p' }, OWNER)
    expect(audit.list({ limit: 3 }).map((entry) => entry.auditId)).toEqual([31, 30, 29])
    expect(audit.list({ limit: 2, before: 30 }).map((entry) => entry.auditId)).toEqual([29, 28])
    expect(audit.list({ entityType: 'project' })).toMatchObject([
      { eventType: 'other', data: null, erased: false },
    ])
    expect(audit.list({ entityType: 'thing', entityId: 't7' })).toMatchObject([{ data: { i: 7 } }])
    expect(audit.stats()).toEqual({
      totalLogs: 31,
      recent24h: 31,
      byEntityType: { project: 1, thing: 30 },
      byEventType: { other: 1, 'test.made': 30 },
    })
    expect(audit.head()).toMatchObject({ size: 31, chain: audit.get(31).chain })
    expect(() => audit.get(32)).toThrow(expect.objectContaining({ code: 'AUDIT_NOT_FOUND' }))
    expect(() => audit.get(1.5)).toThrow(expect.objectContaining({ code: 'AUDIT_NOT_FOUND' }))
  })
})

describe('a change that fails', () => {
  it('leaves no entry, and the chain goes on after it', async () => {
    const answers = await Promise.allSettled([
      audit.append({ eventType: 'a', entityType: 'b' }, OWNER),
      house.recorder.recordGrouped((trail) => {
        trail.audit({ eventType: 'lost', entityType: 'b', entityId: null, actor: OWNER })
        throw new Error('no')
      }),
      audit.append({ eventType: 'c', entityType: 'b' }, OWNER),
    ])
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(audit.list().map((entry) => entry.eventType)).toEqual(['c', 'a'])
    expect(await audit.verifyAll(null)).toMatchObject({ total: 2, valid: 2, chainOk: true })
  })
})

describe('the key', () => {
  it('is made once, for the owner only, and taken from the start-up line when given', () => {
    const file = path.join(dataFolder, 'keys', 'audit-hmac.key')
    const load = (given?: string) =>
      loadAuditKey({
        file,
        given: given ?? null,
        random: systemIds.secret,
        write: writeFileDurably,
      })
    const first = load()
    expect(first.bytes).toHaveLength(32)
    expect(load()).toEqual(first)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(load(systemIds.secret(32)).id).not.toBe(first.id)
    expect(() => load('c2hvcnQ')).toThrow(expect.objectContaining({ code: 'STORE_UNSAFE' }))
  })
})
