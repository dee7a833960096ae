// Finds entries of the audit log by what they are about, and counts them. The tables behind it lag: `advance` fills them when there
// is time, and whatever it has not reached yet is found by reading the entries themselves, so an answer is always whole.
import type { AuditRow, AuditRows, HeldRows } from './audit.ts'
import type { Connection } from './sqlite.ts'

interface AuditFilterRow {
  entityType: string | null
  entityId: string | null
  eventType: string | null
  /** Only entries with a smaller `seq`. */
  before: number | null
  limit: number
}

const MARK = 'audit.looked_up'

export type AuditLookup = ReturnType<typeof createAuditLookup>

/** `held`: entries that are not written yet; they are before anything is looked up. */
export function createAuditLookup(
  connection: Connection,
  entries: Pick<AuditRows, 'bySeq'>,
  held: HeldRows,
) {
  const mark = connection
    .prepare(`SELECT coalesce((SELECT value FROM meta WHERE key = '${MARK}'), 0) + 0`)
    .pluck()
  const size = connection.prepare('SELECT coalesce(max(seq) + 1, 0) FROM audit_log').pluck()
  const WANTED = `(@entityType IS NULL OR l.entity_type = @entityType)
    AND (@entityId IS NULL OR l.entity_id = @entityId) AND (@eventType IS NULL OR l.event_type = @eventType)`
  const scan = connection
    .prepare(
      `SELECT l.seq FROM audit_log AS l WHERE l.seq >= @from AND l.seq < @to AND ${WANTED}
       ORDER BY l.seq DESC LIMIT @limit`,
    )
    .pluck()
  const through = (table: string, column: string, parameter: string) =>
    connection
      .prepare(
        `SELECT l.seq FROM ${table} AS t CROSS JOIN audit_log AS l USING (seq)
         WHERE t.${column} = @${parameter} AND t.seq < @to AND ${WANTED} ORDER BY t.seq DESC LIMIT @limit`,
      )
      .pluck()
  const ofEntity = through('audit_of_entity', 'entity_id', 'entityId')
  const ofEvent = through('audit_of_event', 'event_type', 'eventType')
  const counts = (kind: string, column: string) =>
    connection.prepare(
      `SELECT name, sum(count) AS count FROM
         (SELECT name, count FROM audit_counts WHERE kind = '${kind}'
          UNION ALL SELECT ${column}, 1 FROM audit_log WHERE seq >= ?)
       GROUP BY name`,
    )
  const byEntity = counts('entity', 'entity_type')
  const byEvent = counts('event', 'event_type')
  const RANGE = 'FROM audit_log WHERE seq >= ? AND seq < ?'
  const fill = [
    `INSERT INTO audit_of_entity (entity_id, seq) SELECT entity_id, seq ${RANGE} AND entity_id IS NOT NULL ORDER BY 1, 2`,
    `INSERT INTO audit_of_event (event_type, seq) SELECT event_type, seq ${RANGE} ORDER BY 1, 2`,
    `INSERT INTO audit_counts (kind, name, count) SELECT 'entity', entity_type, count(*) ${RANGE} GROUP BY 2
     ON CONFLICT (kind, name) DO UPDATE SET count = count + excluded.count`,
    `INSERT INTO audit_counts (kind, name, count) SELECT 'event', event_type, count(*) ${RANGE} GROUP BY 2
     ON CONFLICT (kind, name) DO UPDATE SET count = count + excluded.count`,
  ].map((sql) => connection.prepare(sql))
  const setMark = connection.prepare(
    `INSERT INTO meta (key, value) VALUES ('${MARK}', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  )

  /** `seq` of the newest entries that fit, newest first. */
  function find(filter: AuditFilterRow): number[] {
    held.flush()
    const from = mark.get() as number
    const to = filter.before ?? Number.MAX_SAFE_INTEGER
    const found = scan.all({ ...filter, from, to }) as number[]
    if (found.length === filter.limit) return found
    const rest = { ...filter, to: Math.min(from, to), limit: filter.limit - found.length }
    const older =
      filter.entityId !== null
        ? ofEntity.all(rest)
        : filter.eventType !== null
          ? ofEvent.all(rest)
          : scan.all({ ...rest, from: 0 })
    return [...found, ...(older as number[])]
  }

  function tally(counted: typeof byEntity): { name: string; count: number }[] {
    held.flush()
    return counted.all(mark.get()) as { name: string; count: number }[]
  }

  return {
    /** Newest first. */
    list: (filter: AuditFilterRow): AuditRow[] =>
      find(filter).flatMap((seq) => entries.bySeq(seq) ?? []),
    byEntity: () => tally(byEntity),
    byEvent: () => tally(byEvent),
    /** How many entries the tables have not seen. */
    lookupLag(): number {
      held.flush()
      return (size.get() as number) - (mark.get() as number)
    },
    /** Takes in at most `most` more entries. Call in a transaction. */
    advanceLookup(most: number): void {
      held.flush()
      const from = mark.get() as number
      const to = Math.min(from + most, size.get() as number)
      if (to <= from) return
      for (const statement of fill) statement.run(from, to)
      setMark.run(String(to))
    },
  }
}
