// The audit log with everything under it: key, recorder, tree and anchors, in the order they depend on each other.
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Ids } from '../base/ids.ts'
import { writeFileDurably } from '../store/folders.ts'
import type { Store } from '../store/store.ts'
import { createAnchorFiles } from './anchors.ts'
import { createAudit } from './audit-service.ts'
import { formerKeys, loadAuditKey } from './key.ts'
import { createLedger } from './ledger-service.ts'
import { createLegacyImport } from './legacy-import.ts'
import { createReadingsAside } from './readings-aside.ts'
import { createRecorder } from './record.ts'
import { createSeeds } from './seeds.ts'

export interface AuditSettings {
  store: Store
  clock: Clock
  ids: Ids
  events: Events
  bootId: string
  dataFolder: string
  /** Second folder for signed checkpoints; null = none. */
  anchorFolder: string | null
  /** Key material from the start-up line; null = files of the user's own. */
  auditKey: string | null
  nativeBinding?: string | undefined
  onError: (error: unknown) => void
}

/** How long the start waits for the second anchor folder, which may lie on a server that is gone. */
const SECOND_MS = 1_500

/** Nothing has been recorded when this returns. Throws what reading keys and anchors throws. */
export async function openAuditLog(settings: AuditSettings) {
  const { store, clock, ids, events, bootId, dataFolder, auditKey, nativeBinding, onError } =
    settings
  const folder = path.join(dataFolder, 'keys')
  const keeping = {
    given: auditKey,
    random: (bytes: number): string => ids.secret(bytes),
    write: writeFileDurably,
  }
  const file = path.join(folder, 'audit-hmac.key')
  const key = loadAuditKey({ file, ...keeping })
  const recorder = createRecorder({ store, ids, events, key, bootId })
  const anchors = createAnchorFiles(path.join(dataFolder, 'anchors'), settings.anchorFolder)
  await anchors.second.read(recorder.logId, SECOND_MS)
  const readings = createReadingsAside({ dataFolder, nativeBinding })
  const ledger = createLedger({
    store,
    recorder,
    clock,
    seeds: createSeeds({ folder, ...keeping }),
    anchors,
    aside: readings,
    onError,
  })
  ledger.open()
  return {
    recorder,
    ledger,
    audit: createAudit({
      ...{ store, recorder, clock, ledger },
      aside: readings,
      formerKeys: formerKeys(file, key),
    }),
    readings,
    legacyImport: createLegacyImport({ store, recorder, dataFolder, nativeBinding }),
  }
}
