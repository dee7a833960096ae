// Erasure of personal data: data and salt of entries go, their commitments stay, an entry tells of it, and no copy of the
// text is left in the database or its write-ahead log, nor in the messages to webhooks that it was told with (told.ts).
import { AppError } from '../base/errors.ts'
import type { AuditRow } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { ERASED_ENTITY, ERASED_EVENT } from './erased.ts'
import type { Erasure } from './ledger.ts'
import type { Change, Recorder } from './record.ts'
import { eraseTold } from './told.ts'

const MOST_AT_ONCE = 10_000

/** `why` is written into the log: it must not repeat what is erased. */
export function eraseData(
  store: Store,
  recorder: Recorder,
  auditIds: readonly number[],
  why: string,
  actor: Change['actor'],
): Erasure {
  const ids = [...new Set(auditIds)].sort((a, b) => a - b)
  if (ids.length === 0 || ids.length > MOST_AT_ONCE) {
    throw new AppError('PARAMS_INVALID', `Name 1 to ${MOST_AT_ONCE} audit ids.`)
  }
  const backups = store.backups().length
  const done = recorder.record((trail) => {
    const told: AuditRow[] = []
    const erased = ids.filter((id) => {
      const row = Number.isSafeInteger(id) ? store.audit.bySeq(id - 1) : undefined
      if (row === undefined) throw new AppError('AUDIT_NOT_FOUND', 'Audit entry not found')
      if (row.entityType.startsWith('audit.')) {
        throw new AppError(
          'PARAMS_INVALID',
          "Entries about the log itself hold no personal data and can't be erased.",
          { data: { audit_id: id } },
        )
      }
      if (row.data === null || !store.audit.erase(id - 1)) return false
      told.push(row)
      return true
    })
    if (erased.length === 0) return null
    eraseTold(store, told)
    const seq = trail.audit({
      eventType: ERASED_EVENT,
      entityType: ERASED_ENTITY,
      entityId: formatIds(erased),
      actor,
      data: { why },
    })
    return { erased: erased.length, auditId: seq + 1 }
  })
  if (done === null) return { erased: 0, auditId: null, backups }
  store.scrub()
  return { ...done, backups }
}

/** Ascending ids as `3,7-12`. */
function formatIds(ids: readonly number[]): string {
  const runs: [number, number][] = []
  for (const id of ids) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === id - 1) run[1] = id
    else runs.push([id, id])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
