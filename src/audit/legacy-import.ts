// Takes the original's audit log over: each of its rows once, as an entry `legacy.import` that holds the row with its signature. The
// file is only read. How far it was taken over is kept in the transaction of the entries, so a crash in between neither loses
// nor doubles a row, and rows the original wrote later follow at the next import.
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { requireLocalPath } from '../store/foreign-database.ts'
import { openLegacyAudit } from '../store/legacy-audit.ts'
import type { AddonOptions } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { canonicalJson } from './canonical.ts'
import { checkSignature, legacyData, type SignatureCheck } from './legacy-row.ts'
import type { Change, Recorder } from './record.ts'

export interface LegacyAuditReport extends Record<SignatureCheck, number> {
  /** Rows taken over now; `valid`, `invalid` and `unchecked` count the signatures of these. */
  imported: number
  /** Rows that had been taken over before. */
  known: number
  /** Numbers that no row of the file has, from 1 to the last: rows that were removed. */
  missing: number
}

export interface LegacyImport {
  /**
   * `file` null: `projects.db` in the data folder. The key is looked for beside it. Throws PARAMS_INVALID for a path that is relative
   * or on the network, PROJECT_FILE_INVALID, and VERSION_CONFLICT when rows that were taken over before are no longer what they were.
   */
  run(file: string | null, actor: Change['actor']): Promise<LegacyAuditReport>
}

export interface LegacyImportOptions extends AddonOptions {
  store: Store
  recorder: Recorder
  dataFolder: string
}

/** Rows of one commit: a few milliseconds, then others have their turn. */
const ROWS_AT_ONCE = 200
const PROGRESS = 'audit.legacy'
/** Not `audit.`: these entries hold names of persons, and can be erased. */
const ROW_ENTITY = 'legacy.audit'
const LOG_ENTITY = 'legacy.log'
const MOST_KEY_BYTES = 4096

/** How far it was taken over: so many rows, and a hash over all of them. */
interface Progress {
  rows: number
  digest: string
}
const NOTHING: Progress = { rows: 0, digest: '' }

export function createLegacyImport(options: LegacyImportOptions): LegacyImport {
  const { store, recorder, dataFolder, ...addon } = options
  /** One import after the other. */
  let last: Promise<unknown> = Promise.resolve()

  const stored = (): Progress => JSON.parse(store.meta.get(PROGRESS) ?? JSON.stringify(NOTHING))

  /** `conclusion`: after the last rows, one entry that commits to all rows of the file. */
  function take(rows: Taken[], actor: Change['actor'], conclusion?: LegacyAuditReport): void {
    const { progress } = rows.at(-1)!
    recorder.record((trail) => {
      for (const { data, check } of rows) {
        trail.audit({
          eventType: 'legacy.import',
          entityType: ROW_ENTITY,
          entityId: String(data.audit_id),
          actor,
          data: { ...data, signature_check: check },
        })
      }
      store.meta.set(PROGRESS, JSON.stringify(progress))
      if (conclusion === undefined) return
      trail.audit({
        eventType: 'legacy.imported',
        entityType: LOG_ENTITY,
        entityId: progress.digest,
        actor,
        data: { ...conclusion, rows: progress.rows },
      })
    })
  }

  async function importFrom(place: string, actor: Change['actor']): Promise<LegacyAuditReport> {
    const key = readKey(path.join(path.dirname(place), '.audit_secret'))
    const log = await openLegacyAudit(place, { scratch: dataFolder, ...addon })
    try {
      const before = stored()
      const report = { imported: 0, known: 0, valid: 0, invalid: 0, unchecked: 0, missing: 0 }
      let progress = NOTHING
      let waiting: Taken[] = []
      let next = 1
      for (const row of log.rows()) {
        if (row.audit_id >= next) {
          report.missing += row.audit_id - next
          next = row.audit_id + 1
        }
        const data = legacyData(row)
        progress = following(progress, data)
        if (progress.rows <= before.rows) {
          report.known++
          if (progress.rows === before.rows && progress.digest !== before.digest) throw changed()
          if (progress.rows % ROWS_AT_ONCE === 0) await othersTurn()
          continue
        }
        const check = checkSignature(row, key)
        report[check]++
        report.imported++
        if (waiting.length === ROWS_AT_ONCE) {
          take(waiting, actor)
          waiting = []
          await othersTurn()
        }
        waiting.push({ data, check, progress })
      }
      if (progress.rows < before.rows) throw changed()
      if (waiting.length > 0) take(waiting, actor, report)
      return report
    } finally {
      log.close()
    }
  }

  return {
    run(file, actor) {
      const place = file === null ? path.join(dataFolder, 'projects.db') : requireLocalPath(file)
      const done = last.then(() => importFrom(place, actor))
      last = done.catch(() => {})
      return done
    },
  }
}

interface Taken {
  data: ReturnType<typeof legacyData>
  check: SignatureCheck
  progress: Progress
}

function following({ rows, digest }: Progress, data: Taken['data']): Progress {
  return { rows: rows + 1, digest: sha256Hex(`${digest}\n${canonicalJson(data)}`) }
}

const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const changed = (): AppError =>
  new AppError(
    'VERSION_CONFLICT',
    'Rows of this audit log that were taken over before are missing or changed. Nothing was taken over from it; use the file as it was.',
  )

function readKey(file: string): Uint8Array | null {
  try {
    const { size } = statSync(file)
    return size > 0 && size <= MOST_KEY_BYTES ? readFileSync(file) : null
  } catch {
    return null
  }
}
