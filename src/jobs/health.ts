// How each part of the program is, looked at when somebody asks: what is written, kept, reached, waiting and left over.
import { availableParallelism } from 'node:os'
import type { Audit, AuditReport } from '../audit/audit.ts'
import type { Clock } from '../base/clock.ts'
import type { OpenedSources } from '../sources/open.ts'
import type { Store } from '../store/store.ts'
import type { Compute } from '../workers/compute.ts'
import type { Jobs } from './jobs.ts'
import type { StorageTrouble, StorageWatch } from './storage-watch.ts'

/** One part of the program as health sees it. */
export interface HealthPart {
  name: string
  status: 'up' | 'down' | 'degraded'
  details: string | null
  latencyMs: number
}

export interface HealthDeps {
  store: Store
  watch: StorageWatch
  /** Endpoints of webhooks, and those that were switched off for failing. */
  webhooks: () => { endpoints: number; disabled: number; waiting: number }
  audit: Audit
  jobs: Jobs
  compute: Compute
  sources: OpenedSources
  clock: Clock
  osmLibrary: string | null
  demLibrary: string | null
}

type Finding = [HealthPart['status'], string | null]

/** Entries at the end of the audit log that every look verifies. */
const AUDIT_TAIL = 100
/** A job that waits longer than this while none runs means that the runner does not take work. */
const STUCK_MS = 60_000
const MIB = 2 ** 20

export function createHealth(deps: HealthDeps): () => Promise<HealthPart[]> {
  const { store, watch, webhooks, audit, jobs, compute, sources, clock } = deps
  const looks: [string, () => Finding | Promise<Finding>][] = [
    ['database', () => databaseState(store, watch)],
    ['cache', () => cacheState(sources)],
    ['external_apis', () => serverState(sources)],
    ['configuration', () => ['up', libraries(deps)]],
    ['workers', () => workerState(compute)],
    ['queue', () => queueState(jobs)],
    ['audit', () => auditState(audit)],
    ['disk', () => diskState(store)],
    ['webhooks', () => webhookState(webhooks())],
    ['cpu', () => cpuState(clock)],
    ['memory', () => ['up', `${Math.round(process.memoryUsage.rss() / MIB)} MiB`]],
  ]
  return async () => {
    const parts: HealthPart[] = []
    for (const [name, look] of looks) {
      const begun = clock.monotonic()
      let found: Finding
      try {
        found = await look()
      } catch {
        found = ['down', 'cannot be used; see the log']
      }
      const latencyMs = Math.round((clock.monotonic() - begun) * 1000) / 1000
      parts.push({ name, status: found[0], details: found[1], latencyMs })
    }
    return parts
  }
}

const TROUBLES: Readonly<Record<Exclude<StorageTrouble, 'disk_low' | 'disk_read_only'>, string>> = {
  wal_large: 'the write-ahead log grows and is not emptied',
  blobs_damaged: 'stored results were damaged and are kept in quarantine',
  restored: 'the file was damaged and is kept in quarantine',
  salvaged: 'the file was damaged and is kept in quarantine; what could be read was saved',
  log_mended:
    'the write-ahead log was damaged and is mended, no row is lost; it is kept in quarantine as it was',
  log_damaged:
    'the write-ahead log was damaged: the newest work is lost; what there was is kept in quarantine',
  mended:
    'the file was damaged where no rows are and is written anew, no row is lost; the damaged file is kept in quarantine',
}

function databaseState(store: Store, watch: StorageWatch): Finding {
  store.meta.get('audit.log')
  const newest = store.backups()[0]
  const backup = newest === undefined ? 'no backup' : `backup ${dayOf(newest.createdAt)}`
  const troubles = watch
    .troubles()
    .flatMap((one) => (one === 'disk_low' || one === 'disk_read_only' ? [] : [TROUBLES[one]]))
  const details = `SQLite ${store.sqliteVersion}, ${store.recovery.storage}, ${backup}`
  return [troubles.length === 0 ? 'up' : 'degraded', [details, ...troubles].join('; ')]
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

function webhookState({
  endpoints,
  disabled,
  waiting,
}: ReturnType<HealthDeps['webhooks']>): Finding {
  const details = `${endpoints} endpoints, ${disabled} switched off, ${waiting} messages waiting`
  return [disabled > 0 ? 'degraded' : 'up', details]
}

function cpuState(clock: Clock): Finding {
  const { user, system } = process.cpuUsage()
  const share = (user + system) / 1000 / Math.max(1, clock.monotonic())
  return [
    'up',
    `${availableParallelism()} cores, ${Math.round(100 * share)} % of one since the start`,
  ]
}

async function cacheState(sources: OpenedSources): Promise<Finding> {
  const { writable, entries, bytes, maxBytes } = await sources.cache()
  if (maxBytes === 0) return ['up', 'switched off']
  // Work goes on without it, only slower and more often over the network.
  if (!writable) return ['degraded', 'the folder cannot be written; answers are not kept']
  return ['up', `${entries} answers, ${mebibytes(bytes)} of ${mebibytes(maxBytes)} MiB`]
}

function serverState(sources: OpenedSources): Finding {
  const servers = sources.servers()
  if (servers.length === 0) return ['up', 'offline: no Overpass server is set']
  const ready = servers.filter(({ state }) => state === 'ready').length
  const details = servers.map(({ server, state }) => `${server} ${state}`).join(', ')
  return [ready === 0 ? 'down' : ready < servers.length ? 'degraded' : 'up', details]
}

function workerState(compute: Compute): Finding {
  const load = compute.load?.()
  if (load === undefined) return ['up', null]
  const { threads, inFlight, most, writtenOff, closed } = load
  const status = closed ? 'down' : inFlight >= most || writtenOff > 0 ? 'degraded' : 'up'
  const lost = writtenOff === 0 ? '' : `, ${writtenOff} written off`
  return [status, `${threads} threads, ${inFlight} of at most ${most} tasks${lost}`]
}

function queueState(jobs: Jobs): Finding {
  const { byState, accepting, oldestWaitMs } = jobs.stats()
  const waiting = byState.queued + byState.retry_wait
  const stuck = byState.running === 0 && byState.queued > 0 && oldestWaitMs > STUCK_MS
  return [
    accepting && !stuck ? 'up' : 'degraded',
    `${byState.running} running, ${waiting} waiting, oldest ${Math.round(oldestWaitMs / 1000)} s`,
  ]
}

const FOLDER_TROUBLES: Readonly<Record<AuditReport['anchorFolder'], string | null>> = {
  none: null,
  read: null,
  unread: 'the second anchor folder could not be read, its notes are not compared',
  unknown_key: 'the second anchor folder holds notes of this log by a key that it never had',
}

async function auditState(audit: Audit): Promise<Finding> {
  const { state, anchorFolder } = await audit.verifyAll(AUDIT_TAIL)
  const trouble = FOLDER_TROUBLES[anchorFolder]
  const status =
    state === 'broken' ? 'down' : state === 'ok' && trouble === null ? 'up' : 'degraded'
  const told = `${audit.head().size} entries, ${state}`
  return [status, trouble === null ? told : `${told}; ${trouble}`]
}

function diskState(store: Store): Finding {
  const state = store.disk.refresh()
  const status = state === 'ok' ? 'up' : state === 'low' ? 'degraded' : 'down'
  return [status, `${mebibytes(store.disk.freeBytes())} MiB free`]
}

function libraries({ osmLibrary, demLibrary }: HealthDeps): string {
  const told = (folder: string | null): string => (folder === null ? 'not set' : 'set')
  return `OSM library ${told(osmLibrary)}, elevation library ${told(demLibrary)}`
}

const mebibytes = (bytes: number): number => Math.floor(bytes / MIB)
