// What the program hands out of the audit log of a damaged folder, held against what the same folder held when it was sound: an entry
// that says it is intact must be one that was written, and a log that says it is in order must be all of it.
import path from 'node:path'
import Database from 'better-sqlite3'
import type { AuditEntry } from '../../../src/audit/audit.ts'
import { createLinker } from '../../../src/audit/chain.ts'
import { loadAuditKey } from '../../../src/audit/key.ts'
import { openAuditLog } from '../../../src/audit/open.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createEvents } from '../../../src/base/events.ts'
import { systemIds } from '../../../src/base/ids.ts'
import { openStore, type Store } from '../../../src/store/store.ts'

/** Entries from the first on, as text. */
export type TrueEntries = readonly string[]

const PAGE = 1000

/** All that an entry says but whether it is intact, and its link, which `verify` judges. */
const textOf = ({ intact: _, chain: __, ...said }: AuditEntry): string => JSON.stringify(said)

async function withLog<T>(
  store: Store,
  dataFolder: string,
  look: (log: Awaited<ReturnType<typeof openAuditLog>>) => T | Promise<T>,
): Promise<T> {
  const log = await openAuditLog({
    ...{ store, clock: systemClock, ids: systemIds, bootId: systemIds.uuid(), dataFolder },
    events: createEvents(() => {}),
    ...{ anchorFolder: null, auditKey: null, onError: () => {} },
  })
  try {
    return await look(log)
  } finally {
    await log.readings.stop(10_000)
  }
}

/** Newest first, as the door reads them. */
function* entriesOf(log: Awaited<ReturnType<typeof openAuditLog>>): Generator<AuditEntry> {
  for (let before: number | undefined; ; ) {
    const page = log.audit.list({ limit: PAGE, ...(before !== undefined && { before }) })
    yield* page
    if (page.length < PAGE) return
    before = page.at(-1)!.auditId
  }
}

/** Of a sound folder. Throws when it is not. */
export async function trueEntries(dataFolder: string): Promise<TrueEntries> {
  const store = openStore({ dataFolder, clock: systemClock })
  try {
    return await withLog(store, dataFolder, async (log) => {
      const { state } = await log.audit.verifyAll(null)
      const entries = [...entriesOf(log)].reverse()
      if (state !== 'ok' || entries.some(({ intact }) => !intact)) throw new Error(`log ${state}`)
      return entries.map(textOf)
    })
  } finally {
    await store.close()
  }
}

/** `wrong`: an entry that was never written is handed out as intact, or a log that is not what was written as in order. */
export type ServedLog = 'ok' | 'told' | { wrong: string }

/** `mayBeOlder`: the end of the log may be gone without a word, because the commits that wrote it are. */
export async function judgeLog(
  store: Store,
  dataFolder: string,
  truth: TrueEntries,
  mayBeOlder: boolean,
): Promise<ServedLog> {
  const began = Date.now()
  try {
    return await withLog(store, dataFolder, async (log): Promise<ServedLog> => {
      const report = await log.audit.verifyAll(null)
      // What the log tells of its own damage was written just now.
      const entries = [...entriesOf(log)].filter(({ at }) => at < began)
      const strange = entries.find((e) => e.intact && truth[e.auditId - 1] !== textOf(e))
      if (strange !== undefined) return { wrong: `entry ${textOf(strange)}` }
      if (report.state !== 'ok') return 'told'
      const isWhole = entries.every((e, i) => e.intact && e.auditId === entries.length - i)
      if (!isWhole) return { wrong: 'in order, with entries damaged or missing' }
      const isAll = entries.length === truth.length
      return isAll || mayBeOlder
        ? 'ok'
        : { wrong: `in order, with ${entries.length} of ${truth.length} entries` }
    })
  } catch (error) {
    if (error instanceof AppError) return 'told'
    return { wrong: String(error) }
  }
}

/** Writes an entry otherwise, with hashes and a signature that fit: what only who has the key can do. */
export function forgeEntry(dataFolder: string): void {
  const file = path.join(dataFolder, 'keys', 'audit-hmac.key')
  const key = loadAuditKey({ file, random: systemIds.secret, write: () => {} })
  const linker = createLinker(key.bytes)
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  const seq = (db.prepare('SELECT max(seq) FROM audit_log').pluck().get() as number) >> 1
  const select = db.prepare('SELECT entry, event_type FROM audit_log WHERE seq = ?')
  const { entry, event_type } = select.get(seq) as { entry: string; event_type: string }
  const type = `${event_type.slice(0, -1)}x`
  const forged = entry.replaceAll(`"${event_type}"`, `"${type}"`)
  const bytes = (digest: string): Buffer => Buffer.from(digest, 'latin1')
  const rule = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'audit_only_erase'").pluck()
  const text = rule.get() as string
  db.exec('DROP TRIGGER audit_only_erase')
  db.prepare(
    'UPDATE audit_log SET entry = ?, event_type = ?, leaf = ?, signature = ? WHERE seq = ?',
  ).run(forged, type, bytes(linker.leaf(forged)), bytes(linker.signature(forged)), seq)
  db.exec(text)
  db.close()
}
