// Looks into a data folder after the program is gone, with SQLite alone: what is stored is compared with what clients were told.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'

export interface Findings {
  jobs: number
  /** Acknowledged ids that no row has. */
  lost: number
  notTerminal: number
  /** Jobs with more or less than one end among events and audit entries. */
  wrongEffects: number
  /** Keys that were told two ids, or whose document has two jobs. */
  duplicateKeys: number
  dead: number
  rerun: number
  auditEntries: number
  auditBroken: number
  /** Blobs whose bytes do not match their name, or that are gone although named. */
  brokenBlobs: number
  integrity: string
}

/** Everything that must hold at rest. `open`: whether jobs may still wait (the program was only killed, not drained). */
export function inspect(
  dataFolder: string,
  acknowledged: ReadonlyMap<string, ReadonlySet<string>>,
): Findings {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    const count = (sql: string): number => db.prepare(sql).pluck().get() as number
    const ids = new Set(db.prepare('SELECT id FROM jobs').pluck().all() as string[])
    let lost = 0
    let twoIds = 0
    for (const told of acknowledged.values()) {
      if (told.size > 1) twoIds++
      for (const id of told) if (!ids.has(id)) lost++
    }
    const terminal = `('job.completed', 'job.failed', 'job.cancelled', 'job.dead')`
    const ends = `('job.succeeded', 'job.failed', 'job.cancelled', 'job.dead')`
    return {
      jobs: ids.size,
      lost,
      notTerminal: count('SELECT count(*) FROM jobs WHERE finished_at IS NULL'),
      wrongEffects: count(
        `SELECT count(*) FROM jobs AS j WHERE finished_at IS NOT NULL AND (
           (SELECT count(*) FROM job_events AS e WHERE e.job_id = j.id AND e.type IN ${terminal}) <> 1
           OR (SELECT count(*) FROM audit_log AS a
               WHERE a.entity_type = 'job' AND a.entity_id = j.id AND a.event_type IN ${ends}) <> 1)`,
      ),
      duplicateKeys:
        twoIds +
        count(
          'SELECT count(*) FROM (SELECT input_sha256 FROM jobs GROUP BY input_sha256 HAVING count(*) > 1)',
        ),
      dead: count(`SELECT count(*) FROM jobs WHERE state = 'dead'`),
      rerun: count('SELECT count(*) FROM jobs WHERE crash_count > 0'),
      auditEntries: count('SELECT count(*) FROM audit_log'),
      auditBroken: brokenAuditEntries(db),
      brokenBlobs: brokenBlobs(db, dataFolder),
      integrity: db.pragma('integrity_check', { simple: true }) as string,
    }
  } finally {
    db.close()
  }
}

/** Whether these findings break a promise. */
export function isBroken(found: Findings): boolean {
  const { lost, notTerminal, wrongEffects, duplicateKeys, auditBroken, brokenBlobs, integrity } =
    found
  return (
    lost + notTerminal + wrongEffects + duplicateKeys + auditBroken + brokenBlobs > 0 ||
    integrity !== 'ok'
  )
}

/** How many acknowledged audit entries (`audit_id` = seq + 1) and projects are not there. */
export function missingRows(
  dataFolder: string,
  rows: { audit: ReadonlySet<number>; projects: ReadonlySet<string> },
): number {
  const db = new Database(path.join(dataFolder, 'sisrua.db'))
  try {
    const entry = db.prepare('SELECT 1 FROM audit_log WHERE seq = ?')
    const project = db.prepare('SELECT 1 FROM projects WHERE id = ?')
    let missing = 0
    for (const id of rows.audit) if (entry.get(id - 1) === undefined) missing++
    for (const id of rows.projects) if (project.get(id) === undefined) missing++
    return missing
  } finally {
    db.close()
  }
}

/** Entries whose number, leaf or chain hash is not what the entries before lead to; an implementation of its own. */
function brokenAuditEntries(db: Database.Database): number {
  const sha256 = (...parts: Uint8Array[]): Buffer => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  let chain: Buffer = Buffer.alloc(32)
  let next = 0
  let broken = 0
  const rows = db.prepare('SELECT seq, entry, leaf, chain FROM audit_log ORDER BY seq')
  for (const row of rows.iterate() as Iterable<{
    seq: number
    entry: string
    leaf: Buffer
    chain: Buffer
  }>) {
    const leaf = sha256(Buffer.from([0]), Buffer.from(row.entry))
    const expected = sha256(Buffer.from([2]), chain, leaf)
    if (row.seq !== next || !leaf.equals(row.leaf) || !expected.equals(row.chain)) broken++
    chain = row.chain
    next = row.seq + 1
  }
  return broken
}

function brokenBlobs(db: Database.Database, dataFolder: string): number {
  let broken = 0
  const rows = db.prepare('SELECT sha256, bytes FROM blobs')
  for (const { sha256, bytes } of rows.iterate() as Iterable<{
    sha256: Buffer
    bytes: Buffer | null
  }>) {
    const name = sha256.toString('hex')
    const file = path.join(dataFolder, 'blobs', name.slice(0, 2), name)
    const found = bytes ?? (existsSync(file) ? readFileSync(file) : null)
    if (found === null || !createHash('sha256').update(found).digest().equals(sha256)) broken++
  }
  return broken
}
