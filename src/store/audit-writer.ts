// Writes rows of the audit log, several in one statement: a statement and each value bound to it cost more than the row. Rows are
// held back for that, inside the open transaction only: they are written before anything reads the log, before a savepoint, before
// the commit.
import type { AuditRow } from './audit.ts'
import type { Connection } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

export interface NewAuditRow extends Omit<AuditRow, 'salt' | 'leaf' | 'chain' | 'signature'> {
  /** leaf, chain, signature, then the salt when there is data: one value, because each one bound costs as much as a hash. */
  hashes: Buffer
}

/** Rows a statement, longest first. More than the first save no more time. */
const RUNS = [16, 4, 1] as const
const MOST = RUNS[0]

/** The first `seq` and the key's name once, then eight values a row. */
function insertOf(rows: number): string {
  const values = Array.from({ length: rows }, (_, i) => `(${i}, ?, ?, ?, ?, ?, ?, ?, ?)`).join(', ')
  return `INSERT INTO audit_log (seq, at, event_type, entity_type, entity_id, user_id, entry, data, leaf, chain, signature,
      salt, key_id)
    SELECT first + column1, column2, column3, column4, column5, column6, column7, column8, substr(column9, 1, 32),
      substr(column9, 33, 32), substr(column9, 65, 32), CASE WHEN column8 IS NOT NULL THEN substr(column9, 97, 16) END, key_id
    FROM (SELECT ? AS first, ? AS key_id) CROSS JOIN (VALUES ${values})`
}

export function createAuditWriter(
  connection: Connection,
  transactions: Pick<Transactions, 'follow' | 'isOpen'>,
) {
  const statements = RUNS.map((rows) => connection.prepare(insertOf(rows)))
  let held: NewAuditRow[] = []

  function writeRun(rows: readonly NewAuditRow[], statement: (typeof statements)[number]): void {
    const values: unknown[] = [rows[0]!.seq, rows[0]!.keyId]
    for (const row of rows) {
      values.push(row.at, row.eventType, row.entityType, row.entityId, row.userId)
      values.push(row.entry, row.data, row.hashes)
    }
    statement.run(...values)
  }

  function flush(): void {
    for (let i = 0; held.length > 0; i++) {
      const rows = RUNS[i]!
      while (held.length >= rows) {
        writeRun(held.length === rows ? held : held.slice(0, rows), statements[i]!)
        held = held.slice(rows)
      }
    }
  }

  transactions.follow({
    flush,
    mark() {
      flush()
      return 0
    },
    undo() {
      held = []
    },
    settle() {},
  })

  return {
    /** What is held back is written. What cannot be stays, so that the transaction cannot be committed without it. */
    flush,
    /** The row is taken over: its bytes must not change afterwards. */
    insert(row: NewAuditRow): void {
      const last = held.at(-1)
      if (last !== undefined && (row.seq !== last.seq + 1 || row.keyId !== last.keyId)) flush()
      held.push(row)
      if (held.length === MOST || !transactions.isOpen()) flush()
    },
  }
}
