// Tells the audit log, right after the start, that the database is not the one that the program left.
import type { Recorder } from '../audit/record.ts'
import type { Store } from '../store/store.ts'

/**
 * One entry `storage.restored` with what took the place of what, before anything else is written; answers whether there was
 * anything to tell. The damaged files lie in quarantine under the name that it holds.
 */
export function tellRestored(
  recovery: Store['recovery'],
  recorder: Pick<Recorder, 'record'>,
): boolean {
  const { storage, quarantine, mended, backup, salvaged, log, reason } = recovery
  if (storage !== 'restored' && quarantine === null) return false
  recorder.record((trail) =>
    trail.audit({
      eventType: 'storage.restored',
      entityType: 'storage',
      entityId: backup?.file ?? null,
      actor: { id: 'system', role: 'system' },
      data: {
        storage,
        mended,
        backup: backup === null ? null : { file: backup.file, audit_size: backup.auditSize },
        salvaged: salvaged === null ? null : { ...salvaged },
        log,
        quarantine: quarantine === null ? null : quarantine.split(/[\\/]/).at(-1)!,
        reason,
      },
    }),
  )
  return true
}
