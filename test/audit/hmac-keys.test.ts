// The HMAC key was lost, or exchanged for the plugin's: what the key before it signed is not called altered, and what the log never
// told of still is.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { openAuditLog } from '../../src/audit/open.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createEvents } from '../../src/base/events.ts'
import { systemIds } from '../../src/base/ids.ts'
import { openStore } from '../../src/store/store.ts'
import { writeBundle } from '../experiments/support/bundle.ts'
import { OWNER } from '../support/job-house.ts'

const GIVEN = Buffer.alloc(32, 1).toString('base64url')
const OTHER = Buffer.alloc(32, 2).toString('base64url')

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

type Log = Awaited<ReturnType<typeof openAuditLog>>

/** One run of the program with this key material, or with the folder's own. */
async function run<T>(auditKey: string | null, work: (log: Log) => T): Promise<Awaited<T>> {
  const store = openStore({ dataFolder, clock: systemClock })
  try {
    const log = await openAuditLog({
      ...{ store, clock: systemClock, ids: systemIds, events: createEvents() },
      ...{ bootId: systemIds.uuid(), dataFolder, anchorFolder: null, auditKey },
      onError: (error) => {
        throw error
      },
    })
    const value = await work(log)
    log.ledger.stop()
    return value
  } finally {
    await store.close()
  }
}

const add =
  (count: number) =>
  ({ recorder }: Log): void =>
    recorder.record((trail) => {
      for (let i = 0; i < count; i++) {
        trail.audit({ eventType: 'a.b', entityType: 'thing', entityId: `${i}`, actor: OWNER })
      }
    })
const check = ({ audit }: Log) => audit.verifyAll(null)

function alter(sql: string): void {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec(`DROP TRIGGER audit_only_erase; ${sql}`)
  file.close()
}

describe('entries of a key that is not here any more', () => {
  it('are sound and counted, also before anything else was written', async () => {
    const { keyId } = await run(GIVEN, (log) => {
      add(5)(log)
      return log.audit.get(3)
    })
    await run(OTHER, async (log) => {
      // Its signing key is lost with it, and the log begins a new epoch: two entries more.
      expect(await check(log)).toMatchObject({ total: 7, valid: 7, invalid: 0, unchecked: 5 })
      const [epoch, change] = log.audit.list({ limit: 2 })
      expect(epoch).toMatchObject({ auditId: 7, eventType: 'epoch.started' })
      expect(change).toMatchObject({
        ...{ auditId: 6, eventType: 'hmac_key.changed', entityType: 'audit.hmac_key' },
        entityId: `${keyId}:${change!.keyId}`,
      })
      expect(log.audit.verify(3)).toEqual({
        auditId: 3,
        valid: true,
        message: 'Entry, link and tree valid; the key of its signature is not here any more',
      })
      expect(log.audit.verify(7)).toMatchObject({ valid: true, message: 'Signature valid' })
    })
  })

  it('are checked all the same where the key comes back', async () => {
    await run(GIVEN, add(2))
    await run(OTHER, add(2))
    const size = await run(GIVEN, async (log) => {
      add(2)(log)
      const report = await check(log)
      // The other run's two, the change and the new epoch it told of.
      expect(report).toMatchObject({ valid: report.total, invalid: 0, unchecked: 4 })
      return report.total
    })
    // Three changes of the key, each told once and before the first entry that it signed.
    await run(OTHER, async (log) => {
      expect(await check(log)).toMatchObject({ invalid: 0, unchecked: size - 4 })
      const told = log.audit.list({ eventType: 'hmac_key.changed' }).reverse()
      expect(told).toHaveLength(3)
      for (const { auditId, entityId } of told) {
        const [before, now] = entityId!.split(':')
        expect(log.audit.get(auditId - 1).keyId).toBe(before)
        expect(log.audit.get(auditId).keyId).toBe(now)
        expect(log.audit.get(auditId + 1).keyId).toBe(now)
      }
    })
  })

  it('are checked with the folder’s own key, although the plugin gives another one now', async () => {
    await run(null, add(5))
    await run(GIVEN, async (log) => {
      add(1)(log)
      expect(await check(log)).toMatchObject({ invalid: 0, unchecked: 0 })
    })
    alter(`UPDATE audit_log SET signature = zeroblob(32) WHERE seq = 2`)
    expect(await run(GIVEN, check)).toMatchObject({ invalid: 1, firstBad: 3 })
  })

  it('are still found when they are altered', async () => {
    await run(GIVEN, add(5))
    alter(
      `UPDATE audit_log SET entry = replace(entry, '"entity_id":"2"', '"entity_id":"9"') WHERE seq = 2`,
    )
    await run(OTHER, async (log) => {
      expect(await check(log)).toMatchObject({ invalid: 1, firstBad: 3 })
      expect(log.audit.verify(3).valid).toBe(false)
    })
  })

  it.each([1, 4])('are wrong when the log never told of their key: %i', async (seq) => {
    await run(GIVEN, add(5))
    await run(OTHER, add(1))
    alter(`UPDATE audit_log SET key_id = 'nobody' WHERE seq = ${seq}`)
    await run(OTHER, async (log) => {
      expect(await check(log)).toMatchObject({ invalid: 1, firstBad: seq + 1 })
      expect(log.audit.verify(seq + 1)).toMatchObject({
        valid: false,
        message: 'Signed with a key that is not here',
      })
    })
  })

  it('one that names another key before a start is wrong, and makes no other so', async () => {
    await run(GIVEN, add(5))
    alter(`UPDATE audit_log SET key_id = 'nobody' WHERE seq = 4`)
    for (const key of [GIVEN, OTHER]) {
      await run(key, async (log) => {
        add(2)(log)
        expect(await check(log)).toMatchObject({ invalid: 1, firstBad: 5 })
      })
    }
  })
})

it('a change is told in the transaction of the entry, or not at all', async () => {
  await run(GIVEN, add(3))
  await run(OTHER, (log) => {
    const before = log.audit.head().size
    expect(() =>
      log.recorder.record((trail) => {
        trail.audit({ eventType: 'a.b', entityType: 'thing', entityId: 'x', actor: OWNER })
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(log.audit.head().size).toBe(before)
  })
})

describe('another HMAC key at a start that also changes the signing key', () => {
  const bundleOf = ({ ledger }: Log) =>
    verifyBundle(writeBundle(path.join(dataFolder, 'bundle'), ledger.bundle()))

  it('is told of before the older key vouches for the newer', async () => {
    await run(null, add(5))
    const verdict = await run(GIVEN, (log) => {
      // The plugin’s material came for the first time: it takes the open seed over.
      expect(log.ledger.keys().map((key) => key.epoch)).toEqual([1, 2])
      const [rotated, change] = log.audit.list({ limit: 2 })
      expect([rotated!.eventType, change!.eventType]).toEqual(['key.rotated', 'hmac_key.changed'])
      return bundleOf(log)
    })
    expect(verdict).toMatchObject({ code: 0, firstBad: null, size: 7 })
  })

  it('is told of in the new epoch of a log that was put back', async () => {
    const database = path.join(dataFolder, 'sisrua.db')
    await run(null, add(5))
    copyFileSync(database, `${database}.copy`)
    await run(null, add(5))
    copyFileSync(`${database}.copy`, database)
    const verdict = await run(GIVEN, (log) => {
      expect(log.ledger.state()).toBe('rolled_back')
      return bundleOf(log)
    })
    expect(verdict).toMatchObject({ code: 3, firstBad: null })
  })
})
