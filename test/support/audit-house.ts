// A store with recorder, ledger and audit log in a folder: the real things, without jobs and doors.
import path from 'node:path'
import { type AnchorFiles, createAnchorFiles } from '../../src/audit/anchors.ts'
import { createAudit } from '../../src/audit/audit-service.ts'
import { createLedger } from '../../src/audit/ledger-service.ts'
import { createReadingsAside } from '../../src/audit/readings-aside.ts'
import { createRecorder } from '../../src/audit/record.ts'
import { createSeeds } from '../../src/audit/seeds.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { createEvents } from '../../src/base/events.ts'
import { systemIds } from '../../src/base/ids.ts'
import { writeFileDurably } from '../../src/store/folders.ts'
import { openStore } from '../../src/store/store.ts'
import { OWNER, TEST_KEY } from './job-house.ts'

export interface AuditHouseOptions {
  dataFolder: string
  clock?: Clock
  given?: string | null
  secondFolder?: string | null
  /** Instead of those of the folder, and of `secondFolder`. */
  anchors?: AnchorFiles
  epochEntries?: number
}

export function createAuditHouse(options: AuditHouseOptions) {
  const { dataFolder, clock = systemClock } = options
  const store = openStore({ dataFolder, clock })
  const errors: unknown[] = []
  const events = createEvents((error) => errors.push(error))
  const recorder = createRecorder({
    store,
    ids: systemIds,
    events,
    key: TEST_KEY,
    bootId: systemIds.uuid(),
  })
  const anchorFolder = path.join(dataFolder, 'anchors')
  const anchors = options.anchors ?? createAnchorFiles(anchorFolder, options.secondFolder ?? null)
  const readings = createReadingsAside({ dataFolder, nativeBinding: undefined })
  const ledger = createLedger({
    store,
    recorder,
    clock,
    seeds: createSeeds({
      folder: path.join(dataFolder, 'keys'),
      given: options.given ?? null,
      random: systemIds.secret,
      write: writeFileDurably,
    }),
    anchors,
    aside: readings,
    onError: (error) => errors.push(error),
    ...(options.epochEntries === undefined ? {} : { epochEntries: options.epochEntries }),
  })
  ledger.open()
  return {
    store,
    recorder,
    ledger,
    anchors,
    events,
    errors,
    readings,
    audit: createAudit({ store, recorder, clock, ledger, aside: readings }),
    /** Appends entries in one transaction; `data` of the i-th. */
    add(count: number, data: (i: number) => unknown = (i) => ({ i })): void {
      recorder.record((trail) => {
        for (let i = 0; i < count; i++) {
          trail.audit({
            eventType: 'test.made',
            entityType: 'thing',
            entityId: `t${i}`,
            actor: OWNER,
            data: data(i),
          })
        }
      })
    },
    async close(): Promise<void> {
      await readings.stop(5_000)
      ledger.stop()
      await store.close()
    },
  }
}

export type AuditHouse = ReturnType<typeof createAuditHouse>
