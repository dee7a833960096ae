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

export interface NewAuditRow extends Omit<AuditRow, 'salt' | 'leaf' | 'chain' | 'signature'> {
  /** leaf, chain, signature, then the salt when there is data: one value, because each one bound costs as much as a hash. */
  hashes: Buffer
}

/** entry, leaf, chain, signature, data, salt, key_id: what a check reads, as an array because it is read by the million. */
export type AuditCheckRow = [string, Buffer, Buffer, Buffer, string | null, Buffer | null, string]

const COLUMNS = `seq, at, event_type AS eventType, entity_type AS entityType, entity_id AS entityId,
  user_id AS userId, entry, data, salt, leaf, chain, signature, key_id AS keyId`

export type AuditRows = ReturnType<typeof createAuditRows>

export function createAuditRows(connection: Connection) {
  const insert = connection.prepare(
    `INSERT INTO audit_log (seq, at, event_type, entity_type, entity_id, user_id, entry, data, leaf, chain, signature,
       salt, key_id)
     SELECT ?, ?, ?, ?, ?, ?, ?, data, substr(hashes, 1, 32), substr(hashes, 33, 32), substr(hashes, 65, 32),
       CASE WHEN data IS NOT NULL THEN substr(hashes, 97, 16) END, ? FROM (SELECT ? AS data, ? AS hashes)`,
  )
  const last = connection.prepare('SELECT seq, chain FROM audit_log ORDER BY seq DESC LIMIT 1')
  const bySeq = connection.prepare(`SELECT ${COLUMNS} FROM audit_log WHERE seq = ?`)
  const check = connection
    .prepare(
      `SELECT entry, leaf, chain, signature, data, salt, key_id FROM audit_log WHERE seq >= ? AND seq < ? ORDER BY seq`,
    )
    .raw()
  // Each entry after a zero byte, which no JSON text holds: a leaf is then hashed where it lies.
  const texts = connection
    .prepare(
      `SELECT CAST(char(0) || group_concat(entry, char(0)) AS BLOB) FROM audit_log WHERE seq >= ? AND seq < ?`,
    )
    .pluck()
  const leaves = connection
    .prepare(
      `SELECT CAST(group_concat(leaf, '') AS BLOB) FROM audit_log WHERE seq >= ? AND seq < ?`,
    )
    .pluck()
  const runs = connection
    .prepare(
      `SELECT CAST(char(0) || group_concat(entry, char(0)) AS BLOB), CAST(group_concat(leaf, '') AS BLOB),
         CAST(group_concat(chain, '') AS BLOB) FROM audit_log WHERE seq >= ? AND seq < ?`,
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
       WHERE seq >= ? AND seq < ? AND (data IS NOT NULL OR salt IS NOT NULL) ORDER BY seq`,
    )
    .raw()
  const erase = connection.prepare('UPDATE audit_log SET data = NULL, salt = NULL WHERE seq = ?')
  const count = connection.prepare('SELECT count(*) FROM audit_log WHERE at >= ?').pluck()
  return {
    insert(row: NewAuditRow): void {
      insert.run(
        row.seq,
        row.at,
        row.eventType,
        row.entityType,
        row.entityId,
        row.userId,
        row.entry,
        row.keyId,
        row.data,
        row.hashes,
      )
    },
    last: () => last.get() as { seq: number; chain: Buffer } | undefined,
    bySeq: (seq: number) => bySeq.get(seq) as AuditRow | undefined,
    /** Rows `from` ≤ seq < `to`, in order; fewer when some are missing. */
    check: (from: number, to: number) => check.all(from, to) as AuditCheckRow[],
    /** Texts of entries `from` ≤ seq < `to` in order, each after a zero byte; empty when there are none. */
    texts: (from: number, to: number) => (texts.get(from, to) as Buffer | null) ?? Buffer.alloc(0),
    /** Their stored leaves, 32 bytes each. */
    leaves: (from: number, to: number) =>
      (leaves.get(from, to) as Buffer | null) ?? Buffer.alloc(0),
    /** Texts, stored leaves and stored chain hashes in one pass. */
    runs: (from: number, to: number) =>
      (runs.get(from, to) as (Buffer | null)[]).map((bytes) => bytes ?? Buffer.alloc(0)) as [
        Buffer,
        Buffer,
        Buffer,
      ],
    /** seq, data and salt of the entries that still have data. */
    data: (from: number, to: number) => data.all(from, to) as [number, string, Buffer][],
    /** The same with what the entry says about its data. */
    commitments: (from: number, to: number) =>
      commitments.all(from, to) as [number, string | null, Buffer | null, string][],
    erase: (seq: number) => erase.run(seq).changes === 1,
    countSince: (at: number) => count.get(at) as number,
  }
}
