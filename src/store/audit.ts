// Rows of the audit log. Statements only; what an entry says and how it is linked lives in audit/.
import type { Connection } from './sqlite.ts'

export interface AuditRow {
  seq: number
  at: number
  eventType: string
  entityType: string
  entityId: string | null
  userId: string | null
  /** RFC 8785 text of the entry. */
  entry: string
  /** RFC 8785 text of the data; null when there was none or it was erased. */
  data: string | null
  salt: Buffer | null
  leaf: Buffer
  chain: Buffer
  signature: Buffer
  keyId: string
}

/** entry, leaf, chain, signature, data, salt, key_id: what a check reads, as an array because it is read by the million. */
export type AuditCheckRow = [string, Buffer, Buffer, Buffer, string | null, Buffer | null, string]

/** Whoever reads the log asks for this first: rows that are not written yet are written then. */
export interface HeldRows {
  flush(): void
}

/** For a connection that only reads. */
export const NOTHING_HELD: HeldRows = { flush() {} }

const COLUMNS = `seq, at, event_type AS eventType, entity_type AS entityType, entity_id AS entityId,
  user_id AS userId, entry, data, salt, leaf, chain, signature, key_id AS keyId`

export type AuditRows = ReturnType<typeof createAuditRows>

/** `held`: rows that are not written yet; they are before anything is read. */
export function createAuditRows(connection: Connection, held: HeldRows = NOTHING_HELD) {
  const last = connection.prepare(
    'SELECT seq, chain, key_id AS keyId FROM audit_log ORDER BY seq DESC LIMIT 1',
  )
  const bySeq = connection.prepare(`SELECT ${COLUMNS} FROM audit_log WHERE seq = ?`)
  const check = connection
    .prepare(
      `SELECT entry, leaf, chain, signature, data, salt, key_id FROM audit_log WHERE seq >= ? AND seq < ? ORDER BY seq`,
    )
    .raw()
  // Each entry after a zero byte, which no JSON text holds: a leaf is then hashed where it lies.
  const texts = connection
    .prepare(
      `SELECT CAST(char(0) || group_concat(entry, char(0)) AS BLOB), count(entry) FROM audit_log WHERE seq >= ? AND seq < ?`,
    )
    .raw()
  const leaves = connection
    .prepare(
      `SELECT CAST(group_concat(leaf, '') AS BLOB) FROM audit_log WHERE seq >= ? AND seq < ?`,
    )
    .pluck()
  const runs = connection
    .prepare(
      `SELECT CAST(char(0) || group_concat(entry, char(0)) AS BLOB), CAST(group_concat(leaf || x'02' || chain, '') AS BLOB),
         count(CASE WHEN length(leaf) = 32 AND length(chain) = 32 THEN entry END)
       FROM audit_log WHERE seq >= ? AND seq < ?`,
    )
    .raw()
  const data = connection
    .prepare(
      `SELECT seq, data, salt FROM audit_log WHERE seq >= ? AND seq < ? AND data IS NOT NULL AND salt IS NOT NULL
       ORDER BY seq`,
    )
    .raw()
  // A commitment stands in the entry as 64 hex digits between quotes.
  const commitments = connection
    .prepare(
      `SELECT seq, data, salt, substr(entry, instr(entry, ',"data_commit":') + 15, 66) FROM audit_log
       WHERE seq >= ? AND seq < ?
         AND (data IS NOT NULL OR salt IS NOT NULL OR instr(entry, ',"data_commit":null,') = 0) ORDER BY seq`,
    )
    .raw()
  const erasures = connection
    .prepare(
      `SELECT entity_id FROM audit_log WHERE entity_type = 'audit.entry' AND event_type = 'data.erased' AND entity_id IS NOT NULL`,
    )
    .pluck()
  const erasedSince = connection
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM audit_log WHERE seq >= ? AND entity_type = 'audit.entry' AND event_type = 'data.erased')`,
    )
    .pluck()
  const unlike = connection.prepare(
    `SELECT ${COLUMNS} FROM audit_log WHERE seq >= ? AND seq < ? AND CASE WHEN json_valid(entry) THEN
       entry ->> '$.at' IS NOT at OR entry ->> '$.event_type' IS NOT event_type OR entry ->> '$.entity_type' IS NOT entity_type
       OR entry ->> '$.entity_id' IS NOT entity_id OR entry ->> '$.actor.id' IS NOT user_id ELSE TRUE END
     ORDER BY seq`,
  )
  const erase = connection.prepare('UPDATE audit_log SET data = NULL, salt = NULL WHERE seq = ?')
  const count = connection.prepare('SELECT count(*) FROM audit_log WHERE at >= ?').pluck()
  const whole =
    <A extends unknown[], T>(read: (...given: A) => T) =>
    (...given: A): T => {
      held.flush()
      return read(...given)
    }
  const blob = (bytes: unknown): Buffer => (bytes as Buffer | null) ?? Buffer.alloc(0)
  return {
    last: whole(() => last.get() as Pick<AuditRow, 'seq' | 'chain' | 'keyId'> | undefined),
    bySeq: whole((seq: number) => bySeq.get(seq) as AuditRow | undefined),
    /** Rows `from` ≤ seq < `to`, in order; fewer when some are missing. */
    check: whole((from: number, to: number) => check.all(from, to) as AuditCheckRow[]),
    /** Texts of entries `from` ≤ seq < `to` in order, each after a zero byte; empty when there are none. */
    texts: whole((from: number, to: number) => blob((texts.get(from, to) as unknown[])[0])),
    /** The same, and of how many rows: a text may hold the zero byte and the next entry, with a row less. */
    countedTexts: whole((from: number, to: number): [Buffer, number] => {
      const [text, rows] = texts.get(from, to) as [unknown, number]
      return [blob(text), rows]
    }),
    /** Their stored leaves, 32 bytes each. */
    leaves: whole((from: number, to: number) => blob(leaves.get(from, to))),
    /**
     * Texts, and of each entry the stored leaf, 0x02 and the stored chain hash, in one pass: what the links are hashed over. Then how
     * many rows have all three in their sizes: fewer than there are texts when the text of one holds two.
     */
    runs: whole((from: number, to: number): [Buffer, Buffer, number] => {
      const [text, links, rows] = runs.get(from, to) as [unknown, unknown, number]
      return [blob(text), blob(links), rows]
    }),
    /** seq, data and salt of the entries that still have data. */
    data: whole((from: number, to: number) => data.all(from, to) as [number, string, Buffer][]),
    /** The same with what the entry says about its data; also of entries whose data is gone. */
    commitments: whole(
      (from: number, to: number) =>
        commitments.all(from, to) as [number, string | null, Buffer | null, string][],
    ),
    /** Whose data was erased, as each erasure lists it: audit ids, `3,7-12`. */
    erasures: whole(() => erasures.all() as string[]),
    /** Whether an entry from this `seq` on tells of an erasure. */
    isErasedSince: whole((seq: number) => erasedSince.get(seq) === 1),
    /** Rows whose columns SQLite finds to say otherwise than the entry; a second look may find that they do not. */
    unlike: whole((from: number, to: number) => unlike.all(from, to) as AuditRow[]),
    erase: whole((seq: number) => erase.run(seq).changes === 1),
    countSince: whole((at: number) => count.get(at) as number),
  }
}
