// What is wrong with the storage, as stable words: told by health, and once to webhooks and the audit log when a word is new.
import type { Recorder } from '../audit/record.ts'
import type { Store } from '../store/store.ts'

/** Why the storage is not as it should be. */
export type StorageTrouble =
  | 'disk_low'
  | 'disk_read_only'
  | 'wal_large'
  | 'blobs_damaged'
  | 'restored'
  | 'salvaged'
  | 'mended'
  | 'log_mended'
  | 'log_damaged'

/** A write-ahead log that checkpoints do not empty: somebody reads without end, or the disk cannot keep up. */
const WAL_ALARM_BYTES = 64 * 2 ** 20
const SYSTEM = { id: 'system', role: 'system' }

export interface StorageWatch {
  /** Looks again and tells what is new. Never throws. */
  look(): void
  /** Remembers trouble that cannot be looked up again, until the program ends. */
  note(trouble: StorageTrouble): void
  /** Empty when all is well. */
  troubles(): StorageTrouble[]
  isWalLarge(): boolean
}

/** `onError` hears when the news could not be stored: on a full disk it is told as soon as there is room again. */
export function createStorageWatch(options: {
  store: Store
  recorder: Recorder
  onError: (error: unknown) => void
}): StorageWatch {
  const { store, recorder, onError } = options
  const noted = new Set<StorageTrouble>()
  const { storage, quarantine, mended, backup, salvaged, log } = store.recovery
  if (log !== 'sound') noted.add(`log_${log}`)
  const onlyLog = log !== 'sound' && !mended && backup === null && salvaged === null
  if (!onlyLog && (quarantine !== null || storage === 'restored')) {
    noted.add(mended ? 'mended' : salvaged === null ? 'restored' : 'salvaged')
  }
  let told = new Set<StorageTrouble>()

  const isWalLarge = (): boolean => store.walBytes() > WAL_ALARM_BYTES

  function troubles(): StorageTrouble[] {
    const disk = store.disk.state()
    const now = new Set(noted)
    if (disk === 'low') now.add('disk_low')
    if (disk === 'read_only') now.add('disk_read_only')
    if (isWalLarge()) now.add('wal_large')
    return [...now]
  }

  return {
    troubles,
    isWalLarge,
    note: (trouble) => void noted.add(trouble),
    look() {
      const now = troubles()
      const fresh = now.filter((one) => !told.has(one))
      if (fresh.length === 0) {
        told = new Set(now)
        return
      }
      recorder
        .recordGrouped((trail) => {
          const data = { troubles: now }
          trail.audit({
            eventType: 'storage.degraded',
            entityType: 'storage',
            entityId: null,
            actor: SYSTEM,
            data,
          })
          trail.notify('storage.degraded', () => data)
        })
        .then(
          () => {
            told = new Set(now)
          },
          (error: unknown) => onError(error),
        )
    },
  }
}
