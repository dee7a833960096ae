// Backups beside the running program: nobody waits for them, they hold one moment, and a stop does not wait either.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isSoundBackup, makeBackup } from '../../src/store/backup.ts'
import { type Connection, connect } from '../../src/store/sqlite.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'

let folder: string
let store: Store
const clock = createStillClock()

const open = (name = 'data'): Store => openStore({ dataFolder: path.join(folder, name), clock })
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-backup-'))
  store = open()
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Some forty MiB, so that a copy takes longer than a turn. */
function fill(): void {
  for (let i = 0; i < 40; i++) store.meta.set(`note ${i}`, `${i} ${'x'.repeat(2 ** 20)}`)
}

/** Turns of the event loop until it is done. */
async function turnsDuring(work: () => Promise<unknown> | unknown): Promise<number> {
  let turns = 0
  let done = false
  const count = (): void => {
    if (done) return
    turns++
    setImmediate(count)
  }
  setImmediate(count)
  try {
    await work()
  } finally {
    done = true
  }
  return turns
}

const read = (file: string, key: string): unknown => {
  const copy = connect(path.join(store.folders.backups, file), { readonly: true })
  try {
    return copy.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(key)
  } finally {
    copy.close()
  }
}

describe('a backup', () => {
  it('is made while the program goes on; made in its own thread it would stand still', async () => {
    fill()
    expect(await turnsDuring(() => store.backup('daily'))).toBeGreaterThan(100)
    const { database, backups } = store.folders
    const connection = connect(database, { readonly: true })
    const here = await turnsDuring(() => makeBackup(connection, backups, 'manual', clock.now()))
    connection.close()
    expect(here).toBeLessThan(3)
    expect(
      store
        .backups()
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(['daily', 'manual'])
  })

  it('holds one moment, is sound, and what is written meanwhile is kept as well', async () => {
    fill()
    store.transaction(() => store.meta.set('when', 'before'))
    const making = store.backup('daily')
    let written = 0
    const busy = turnsDuring(() => making).then(() => {})
    while (store.backups().length === 0) {
      store.transaction(() => store.meta.set('counter', `${++written}`))
      await new Promise((go) => setImmediate(go))
    }
    const backup = await making
    await busy
    expect(written).toBeGreaterThan(1)
    expect(isSoundBackup(store.folders.backups, backup)).toBe(true)
    expect(read(backup.file, 'when')).toBe('before')
    expect(Number(read(backup.file, 'counter') ?? 0)).toBeLessThan(written)
    expect(store.meta.get('counter')).toBe(`${written}`)
    expect(store.check()).toBe('ok')
  })

  it('that is under way does not hold up a stop, and is not taken for one afterwards', async () => {
    fill()
    const making = expect(store.backup('daily')).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await store.close()
    await making
    await expect(store.backup('daily')).rejects.toMatchObject({ code: 'SHUTDOWN' })
    store = open()
    expect(store.check()).toBe('ok')
    expect(store.backups()).toEqual([])
    expect(store.meta.get('note 39')).toMatch(/^39 x/)
  })

  it('that finds no place says so, and nothing half remains', async () => {
    const { backups } = store.folders
    renameSync(backups, `${backups}.away`)
    writeFileSync(backups, '')
    await expect(store.backup('daily')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('Check the disk'),
    })
    rmSync(backups)
    renameSync(`${backups}.away`, backups)
    expect(readdirSync(backups)).toEqual([])
    expect((await store.backup('daily')).reason).toBe('daily')
  })

  it('must hold the audit log as it is: another one in its place is refused', async () => {
    const house = createJobHouse({ store, clock, start: false })
    const tell = (name: string) =>
      house.recorder.record((trail) =>
        trail.audit({ eventType: 'seen', entityType: 'test', entityId: name, actor: OWNER }),
      )
    tell('one')
    const { backups, database } = store.folders
    await store.backup('manual')
    const [kept] = store.backups()
    tell('two')
    const own = connect(database, { readonly: true })
    const other = connect(path.join(backups, kept!.file))
    // The copy has an entry of its own where the log has another.
    other.exec(`INSERT INTO audit_log SELECT 1 + seq, at, event_type, entity_type, entity_id, user_id, entry, data, salt, leaf,
      zeroblob(32), signature, key_id FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)`)
    const copies = (from: Connection): Connection =>
      ({
        prepare: (sql: string) => (sql.startsWith('VACUUM') ? from : own).prepare(sql),
      }) as unknown as Connection
    expect(makeBackup(copies(own), backups, 'pre-98', clock.now()).reason).toBe('pre-98')
    expect(() => makeBackup(copies(other), backups, 'pre-99', clock.now())).toThrow(
      /does not hold the audit log/,
    )
    expect(readdirSync(backups).filter((name) => name.includes('99'))).toEqual([])
    own.close()
    other.close()
    await house.close()
    store = open()
  })

  it('clears away copies that a killed program left unfinished, not one that is being made', async () => {
    const { backups } = store.folders
    const [old, young] = ['daily-2020.db.tmp', 'manual-2020.db.tmp'].map((name) =>
      path.join(backups, name),
    ) as [string, string]
    for (const file of [old, young]) writeFileSync(file, 'x')
    const now = clock.now() / 1000
    utimesSync(old, now - 90_000, now - 90_000)
    utimesSync(young, now - 60, now - 60)
    await store.backup('daily')
    expect([existsSync(old), existsSync(young)]).toEqual([false, true])
  })
})
