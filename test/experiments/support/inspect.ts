// Looks into a data folder after the program is gone, with SQLite alone: what is stored is compared with what clients were told.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { inspectAudit } from './inspect-audit.ts'

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
  /** Signed checkpoints that were held against the tree over the entries, and those that it does not bear out. */
  checkpoints: number
  wrongRoots: number
  /** Blobs whose bytes do not match their name, or that are gone although named. */
  brokenBlobs: number
  integrity: string
}

/** Everything that must hold at rest. `notes`: signed checkpoints that the program handed out. */
export function inspect(
  dataFolder: string,
  acknowledged: ReadonlyMap<string, ReadonlySet<string>>,
  notes: readonly string[] = [],
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
    const audit = inspectAudit(db, notes)
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
      auditBroken: audit.broken,
      checkpoints: audit.checkpoints,
      wrongRoots: audit.wrongRoots,
      brokenBlobs: brokenBlobs(db, dataFolder),
      integrity: db.pragma('integrity_check', { simple: true }) as string,
    }
  } finally {
    db.close()
  }
}

/** How many things are not as they must be. */
export function brokenIn(found: Findings): number {
  const { lost, notTerminal, wrongEffects, duplicateKeys, auditBroken, wrongRoots } = found
  return (
    lost +
    notTerminal +
    wrongEffects +
    duplicateKeys +
    auditBroken +
    wrongRoots +
    found.brokenBlobs +
    (found.integrity === 'ok' ? 0 : 1)
  )
}

/** Whether these findings break a promise. */
export const isBroken = (found: Findings): boolean => brokenIn(found) > 0

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
