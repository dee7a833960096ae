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

/** Rows a statement, longest first; what is left is written row by row. More than the first save no more time. */
const RUNS = [16, 4] as const
const MOST = RUNS[0]

const SHARED = 'at, event_type, entity_type, user_id'
const COLUMNS = `seq, ${SHARED}, entity_id, entry, data, leaf, chain, signature, salt, key_id`
/** Of the values `hashes` and `data`. */
const hashesOf = (hashes: string, data: string): string =>
  `substr(${hashes}, 1, 32), substr(${hashes}, 33, 32), substr(${hashes}, 65, 32),
    CASE WHEN ${data} IS NOT NULL THEN substr(${hashes}, 97, 16) END`
const valuesOf = (rows: number, bound: number): string =>
  Array.from({ length: rows }, (_, i) => `(${i}${', ?'.repeat(bound)})`).join(', ')

/** The first `seq` and the key's name once, then eight values a row. */
const insertOf = (rows: number): string =>
  `INSERT INTO audit_log (${COLUMNS})
   SELECT first + column1, column2, column3, column4, column5, column6, column7, column8, ${hashesOf('column9', 'column8')}, key_id
   FROM (SELECT ? AS first, ? AS key_id) CROSS JOIN (VALUES ${valuesOf(rows, 8)})`

/** For rows that are alike: what they share is bound once as well, then four values a row. */
const insertAlikeOf = (rows: number): string =>
  `INSERT INTO audit_log (${COLUMNS})
   SELECT first + column1, ${SHARED}, column2, column3, column4, ${hashesOf('column5', 'column4')}, key_id
   FROM (SELECT ? AS first, ? AS key_id, ? AS at, ? AS event_type, ? AS entity_type, ? AS user_id)
     CROSS JOIN (VALUES ${valuesOf(rows, 4)})`

/** For a row alone, the plain form is the quickest: then its hashes are bound one by one. */
const INSERT_ONE = `INSERT INTO audit_log (${COLUMNS}) VALUES (${Array(13).fill('?').join(', ')})`

function areAlike(rows: readonly NewAuditRow[]): boolean {
  const { at, eventType, entityType, userId } = rows[0]!
  for (const row of rows) {
    if (row.at !== at || row.eventType !== eventType) return false
    if (row.entityType !== entityType || row.userId !== userId) return false
  }
  return true
}

export function createAuditWriter(
  connection: Connection,
  transactions: Pick<Transactions, 'follow' | 'isOpen'>,
) {
  const statements = RUNS.map((rows) => ({
    mixed: connection.prepare(insertOf(rows)),
    alike: connection.prepare(insertAlikeOf(rows)),
  }))
  const insertOne = connection.prepare(INSERT_ONE)
  let held: NewAuditRow[] = []

  function writeOne(row: NewAuditRow): void {
    const { hashes } = row
    const salt = row.data === null ? null : hashes.subarray(96, 112)
    insertOne.run(
      ...[row.seq, row.at, row.eventType, row.entityType, row.userId, row.entityId, row.entry],
      ...[row.data, hashes.subarray(0, 32), hashes.subarray(32, 64), hashes.subarray(64, 96), salt],
      row.keyId,
    )
  }

  function writeRun(rows: readonly NewAuditRow[], { mixed, alike }: (typeof statements)[number]) {
    const first = rows[0]!
    const values: unknown[] = [first.seq, first.keyId]
    if (areAlike(rows)) {
      values.push(first.at, first.eventType, first.entityType, first.userId)
      for (const row of rows) values.push(row.entityId, row.entry, row.data, row.hashes)
      alike.run(values)
      return
    }
    for (const row of rows) {
      values.push(row.at, row.eventType, row.entityType, row.userId)
      values.push(row.entityId, row.entry, row.data, row.hashes)
    }
    mixed.run(values)
  }

  function flush(): void {
    RUNS.forEach((rows, i) => {
      while (held.length >= rows) {
        writeRun(held.length === rows ? held : held.slice(0, rows), statements[i]!)
        held = held.slice(rows)
      }
    })
    while (held.length > 0) {
      writeOne(held[0]!)
      held = held.slice(1)
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
