// A damaged database without a backup: what can be read is saved, nothing is made up, who lost a parent goes with it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const NOTES = 4000
const PAGE = 4096

let dataFolder: string
const open = () => openStore({ dataFolder, clock: createStillClock() })
const database = () => path.join(dataFolder, 'sisrua.db')
const keyOf = (i: number): string => `note.${String(i).padStart(5, '0')}`
const textOf = (i: number): string => `text ${i} ${'x'.repeat(60)}`

beforeEach(async () => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const store = open()
  store.transaction(() => {
    for (let i = 0; i < NOTES; i++) store.meta.set(keyOf(i), textOf(i))
  })
  await store.close()
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

/** The pages that hold the bytes of a note. */
function pageOf(text: string): number {
  return Math.floor(readFileSync(database()).indexOf(text) / PAGE)
}

function spoil(page: number): void {
  const bytes = readFileSync(database())
  writeFileSync(database(), bytes.fill(0xff, page * PAGE, (page + 1) * PAGE))
}

describe('salvage', () => {
  it('saves the rows on both sides of a page that is gone, each as it was', async () => {
    spoil(pageOf(textOf(NOTES / 2)))
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'restored', backup: null })
    expect(store.recovery.quarantine).not.toBeNull()
    let found = 0
    for (let i = 0; i < NOTES; i++) {
      const text = store.meta.get(keyOf(i))
      if (text === undefined) continue
      expect(text).toBe(textOf(i))
      found++
    }
    // One page holds some forty notes; the one that was spoilt is lost.
    expect(NOTES - found).toBeGreaterThan(10)
    expect(NOTES - found).toBeLessThan(100)
    expect(store.recovery.salvaged!.meta).toBeGreaterThanOrEqual(found)
    expect(store.meta.get(keyOf(0))).toBe(textOf(0))
    expect(store.check()).toBe('ok')
    await store.close()
  })

  it('saves what comes before the end of a file that was cut short', async () => {
    const bytes = readFileSync(database())
    // Behind it lie leaves of the table only; its inner pages come before.
    const cut = pageOf(textOf(Math.floor(NOTES * 0.7))) * PAGE + 100
    writeFileSync(database(), bytes.subarray(0, cut))
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'restored', backup: null })
    let found = 0
    for (let i = 0; i < NOTES; i++) {
      const text = store.meta.get(keyOf(i))
      if (text === undefined) continue
      expect(text).toBe(textOf(i))
      found++
    }
    expect(found).toBeGreaterThan(NOTES / 2)
    expect(found).toBeLessThan(NOTES)
    expect(store.check()).toBe('ok')
    await store.close()
  })

  it('leaves no row that refers to a lost one', async () => {
    const direct = new Database(database())
    direct.pragma('foreign_keys = OFF')
    direct.exec(`
      INSERT INTO webhook_messages VALUES ('m1', 'job.completed', '{}', 1);
      INSERT INTO webhook_endpoints (id, url, secret, created_at, updated_at) VALUES ('e1', 'https://a.example/', 's', 1, 1);
      INSERT INTO webhook_deliveries (message_id, endpoint_id, n, state, next_at, updated_at) VALUES ('m1', 'e1', 1, 'waiting', 1, 1);
      INSERT INTO webhook_deliveries (message_id, endpoint_id, n, state, next_at, updated_at) VALUES ('lost', 'e1', 2, 'waiting', 1, 1);`)
    direct.close()
    const store = open()
    expect(store.recovery).toMatchObject({
      storage: 'restored',
      reason: '1 rows refer to missing rows',
      salvaged: { webhook_deliveries: 1, webhook_messages: 1, webhook_endpoints: 1 },
    })
    await store.close()
  })

  it('is not tried where a sound backup is: that one is whole', async () => {
    const before = open()
    await before.backup('manual')
    await before.close()
    spoil(pageOf(textOf(NOTES / 2)))
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'restored', salvaged: null })
    expect(store.recovery.backup).not.toBeNull()
    for (let i = 0; i < NOTES; i++) expect(store.meta.get(keyOf(i))).toBe(textOf(i))
    await store.close()
  })

  it('of a file without one readable row starts empty', async () => {
    const bytes = readFileSync(database())
    writeFileSync(database(), bytes.fill(0xff, PAGE))
    const store = open()
    expect(store.recovery).toMatchObject({ storage: 'new', salvaged: null, backup: null })
    expect(store.meta.get(keyOf(1))).toBeUndefined()
    await store.close()
  })
})

describe('backups', () => {
  it('of one sort do not push out those of another', async () => {
    let now = 1_000
    const clock = { ...createStillClock(), now: () => (now += 1_000) }
    const store = openStore({ dataFolder, clock })
    for (const reason of ['pre-2', 'pre-3', 'pre-4', 'pre-5']) await store.backup(reason)
    for (let i = 0; i < 9; i++) await store.backup('manual')
    for (let i = 0; i < 9; i++) await store.backup('daily')
    const count = (sort: RegExp) => store.backups().filter(({ reason }) => sort.test(reason)).length
    expect([count(/^pre-/), count(/^manual$/), count(/^daily$/)]).toEqual([3, 7, 7])
    expect(store.backups().map(({ reason }) => reason)).not.toContain('pre-2')
    await store.close()
  })
})
