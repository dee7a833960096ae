// The composition root: builds every room once, in order, and stops them in the reverse order. Over 300 lines, because all
// wiring is read in one place.
import { createHmac, randomBytes } from 'node:crypto'
import { openAssistant } from './assistant/assistant.ts'
import { openAuditLog } from './audit/open.ts'
import { sqliteAddon } from './base/assets.ts'
import { type Clock, createTerms, systemClock } from './base/clock.ts'
import { createEvents } from './base/events.ts'
import { EXIT } from './base/exit-codes.ts'
import { type Ids, systemIds } from './base/ids.ts'
import { hasUnanswered } from './base/in-time.ts'
import { createLifecycle } from './base/lifecycle.ts'
import { createLog, type Log } from './base/log.ts'
import { VERSION } from './base/version.ts'
import type { Config } from './config.ts'
import { createActivity } from './http/activity.ts'
import { createApp } from './http/app.ts'
import { compatPipePlace, openCompatPipe } from './http/compat-pipe.ts'
import { exampleParams } from './http/contract/services.ts'
import { createGuard } from './http/guard.ts'
import type { HubLimits } from './http/hub-limits.ts'
import { createMetrics } from './http/metrics.ts'
import { createHub } from './http/progress.ts'
import { createRates, RATES, type RateTable } from './http/rates.ts'
import type { Rooms } from './http/rooms.ts'
import { createServer } from './http/server.ts'
import { createSessions, ownerDigestOf } from './http/sessions.ts'
import { pipelines } from './jobs/directory.ts'
import { createHealth } from './jobs/health.ts'
import { createJobs } from './jobs/job-service.ts'
import { readLayersFile } from './jobs/layers-file.ts'
import type { Policy } from './jobs/policy.ts'
import { tellRestored } from './jobs/storage-restored.ts'
import { createStorageWatch } from './jobs/storage-watch.ts'
import { writeSymbolFiles } from './jobs/symbol-files.ts'
import { createTerrain } from './jobs/terrain.ts'
import { createPluginImport } from './projects/plugin-import.ts'
import { createProjects } from './projects/project-service.ts'
import { createServices } from './services/service-registry.ts'
import { openGeocoder } from './sources/geocoder.ts'
import { openSources } from './sources/open.ts'
import { openToOthers } from './store/folder-rights.ts'
import { requireLocalFolder } from './store/local-folder.ts'
import { openStore } from './store/store.ts'
import { openWebhooks } from './webhooks/open.ts'
import type { Compute } from './workers/compute.ts'
import { createPool } from './workers/pool.ts'

/** The line on standard output (reliability design 2.1). */
interface ReadyLine {
  v: 1
  ready: true
  port: number
  pid: number
  boot_id: string
  api: ['v1']
  version: string
  storage: string
  audit: { size: number; state: string }
}

/** Threads that may be lost before the program asks to be started again. */
const MOST_WRITTEN_OFF = 2

/** How long the answer to a request with an Idempotency-Key is kept. */
const KEPT_MS = 86_400_000

export interface Daemon {
  readonly ready: ReadyLine
  /** Stops in order; the same promise however often it is asked. */
  stop(reason: string): Promise<void>
  /** Resolves with the exit code once everything has stopped, whoever asked for it. */
  readonly stopped: Promise<number>
  /** Whether a thread did not end with it; then the process does not end by itself either. */
  hasHungThread(): boolean
}

/** What a test may replace; everything else is always real. */
export interface Overrides {
  clock?: Clock
  ids?: Ids
  compute?: Compute
  log?: Log
  policy?: Partial<Policy>
  /** Free bytes on the disk of the data folder. */
  freeBytes?: () => number
  /** Memory of the process. */
  residentBytes?: () => number
  sockets?: Partial<HubLimits>
  /** Replaces single buckets. */
  rates?: RateTable
  /** Key material for the audit log from the start-up line. */
  auditKey?: string | null
}

/** Builds and starts everything. Rejects when a part does not start, after stopping those that had. */
export async function createDaemon(config: Config, overrides: Overrides = {}): Promise<Daemon> {
  const { clock = systemClock, ids = systemIds } = overrides
  const { folders } = config
  requireLocalFolder(folders.data)
  const terms = createTerms(clock)
  const bootId = ids.uuid()
  const lifecycle = createLifecycle()
  const log = overrides.log ?? createLog(folders.logs, config.logLevel)
  const onError = (error: unknown): void =>
    log.error('Something failed in the background.', { error })
  let exitCode: number = EXIT.ok
  let running = false
  let poolIsLate = false
  let readingIsLate = false
  let finish = (_code: number): void => {}
  const stopped = new Promise<number>((resolve) => {
    finish = resolve
  })
  let stopping: Promise<void> | null = null
  function stop(reason: string): Promise<void> {
    stopping ??= (async () => {
      running = false
      log.info('Stopping.', { reason })
      for (const report of await lifecycle.stop()) {
        if (report.outcome === 'stopped') continue
        if (report.name === 'workers') poolIsLate = true
        log.warn('A part did not stop in order.', { ...report })
      }
      log.info('Stopped.')
      log.close()
      finish(exitCode)
    })()
    return stopping
  }

  const events = createEvents(onError)
  const store = openStore({
    dataFolder: folders.data,
    clock,
    nativeBinding: sqliteAddon(),
    ...(overrides.freeBytes && { freeBytes: overrides.freeBytes }),
    onFailure(error) {
      log.error('The storage failed.', { error })
      exitCode = EXIT.storageFailed
      void stop('storage')
    },
  })
  await lifecycle.add({ name: 'store', stop: () => store.close(), limitMs: 1_500 })
  const { recorder, ledger, audit, legacyImport, readings } = await openAuditLog({
    store,
    clock,
    ids,
    events,
    bootId,
    dataFolder: folders.data,
    anchorFolder: config.anchorFolder,
    auditKey: overrides.auditKey ?? null,
    nativeBinding: sqliteAddon(),
    onError,
  })
  const tail = await audit.verifyAll(100)
  await lifecycle.add({
    name: 'audit',
    start: () => ledger.start(),
    stop: () => ledger.stop(),
    limitMs: 500,
  })
  await lifecycle.add({
    name: 'audit-readings',
    async stop() {
      readingIsLate = !(await readings.stop(300))
    },
    limitMs: 400,
  })
  try {
    tellRestored(store.recovery, recorder)
  } catch (error) {
    // A full disk: health tells it all the same.
    onError(error)
  }

  /** What only a new process gives back: threads that do not end, memory that nobody frees. */
  function wornOut(reason: string): void {
    if (exitCode === EXIT.ok) exitCode = EXIT.wornOut
    void stop(reason)
  }
  const compute =
    overrides.compute ??
    createPool({
      threads: config.threads,
      onWrittenOff(count) {
        log.warn('A thread did not end and was written off.', { count })
        if (count >= MOST_WRITTEN_OFF) wornOut('threads')
      },
    })
  await lifecycle.add({ name: 'workers', stop: () => compute.close(), limitMs: 800 })
  const opened = openSources({ ...config, cacheFolder: folders.cache }, clock)
  const { sources } = opened
  writeSymbolFiles(folders.blocks)

  const server = { port: (): number => 0 }
  const { webhooks, inbound, dispatcher } = openWebhooks({
    ...config,
    store,
    recorder,
    events,
    clock,
    ids,
    ownPort: () => server.port(),
    onError,
  })
  await lifecycle.add({ name: 'webhooks', stop: () => dispatcher.stop(), limitMs: 600 })
  const watch = createStorageWatch({ store, recorder, onError })
  const jobs = createJobs({
    store,
    recorder,
    events,
    clock,
    ids,
    bootId,
    workshop: {
      sources,
      compute,
      terrain: config.demLibrary !== null,
      output: { numericFeatureType: config.numericFeatureType, blocksFolder: folders.blocks },
      today: () => new Date(clock.now()).toISOString().slice(0, 10),
    },
    directory: pipelines,
    policy: overrides.policy ?? {},
    watch,
    onError,
    onWornOut: () => wornOut('memory'),
    ...(overrides.residentBytes && { residentBytes: overrides.residentBytes }),
  })
  const rates = createRates(clock, {
    ...RATES,
    create: config.jobRate === null ? [] : [config.jobRate],
    read: config.readRate === null ? [] : [config.readRate],
    ...overrides.rates,
  })
  // The later stock plugin hands over no token: it asks for ours on the pipe.
  const token = config.authToken ?? (config.compatPipe ? randomBytes(16).toString('hex') : null)
  const sessions = createSessions({
    clock,
    ids,
    ownerDigest: ownerDigestOf(token),
    hmac: token === null ? null : (text) => createHmac('sha256', token).update(text).digest('hex'),
    onEnd: (principal) => rates.forget(principal),
  })
  const hub = createHub({ jobs, events, clock, bootId, limits: overrides.sockets ?? {} })
  const activity = createActivity(events)
  store.beforeGroupCommit(() => {
    const begun = performance.now()
    store.afterCommit(() => activity.committed(performance.now() - begun))
  })
  const metrics = createMetrics({
    jobs,
    audit,
    activity,
    sockets: () => hub.count(),
    slowSockets: () => hub.dropped(),
    freeBytes: () => store.disk.freeBytes(),
    walBytes: () => store.walBytes(),
    writtenOff: () => compute.load?.().writtenOff ?? 0,
    webhooks: () => webhooks.load(),
    checkpoint: () => store.auditTree.newestCheckpoint() ?? null,
    now: () => clock.now(),
  })
  await lifecycle.add({ name: 'metrics', stop: () => metrics.close(), limitMs: 100 })
  const projects = createProjects({ store, recorder, clock, ids, compute })
  const rooms: Rooms = {
    jobs,
    projects,
    services: createServices({
      store,
      recorder,
      clock,
      ids,
      check: ({ kind, params }) => jobs.check({ kind, params: exampleParams(kind, params) }),
    }),
    pluginImport: createPluginImport({
      projects,
      dataFolder: folders.data,
      nativeBinding: sqliteAddon(),
    }),
    audit,
    ledger,
    legacyImport,
    webhooks,
    inbound,
    terrain: createTerrain({ sources, compute }),
    converters: {
      readRequest: (body) =>
        compute.run('readRequest', body, { transfer: [body.buffer as ArrayBuffer] }),
      readRunRequest: (body) =>
        compute.run('readRunRequest', body, { transfer: [body.buffer as ArrayBuffer] }),
      kmlToGeojson: (kml) => compute.run('convertKml', kml),
    },
    geocoder: openGeocoder(config, clock),
    assistant: openAssistant(config),
    layerTemplate: readLayersFile(config.layersFile),
    keyedAnswers: {
      find: ({ principal, route, key }) =>
        store.idempotency.find(principal, route, key, terms.earliest()),
      begin: ({ principal, route, key }, fingerprint) =>
        store.group(() =>
          store.idempotency.put(principal, route, key, fingerprint, null, terms.latest() + KEPT_MS),
        ),
      keep: (place, status, response) =>
        store.group(() => store.idempotency.answer(place, status, response)),
      forget: (place) => store.group(() => store.idempotency.forget(place)),
    },
    sessions,
    rates,
    events,
    clock,
    log: log.room('http'),
    bootId,
    ready: () => running,
    isReadOnly: () => store.disk.state() === 'read_only',
    metrics,
    health: createHealth({
      ...config,
      store,
      watch,
      webhooks: () => webhooks.load(),
      audit,
      jobs,
      compute,
      sources: opened,
      clock,
    }),
    shutdown: (reason) => void stop(reason),
  }
  const app = createApp(rooms)
  const guard = createGuard({
    port: () => listening.port(),
    sessions,
    rates,
    ids,
    language: config.language,
  })
  const listening = createServer({
    guard,
    fetch: app.fetch as never,
    hub,
    log: rooms.log,
    onRefusal: metrics.refused,
  })
  server.port = () => listening.port()

  if (config.compatPipe && token !== null) {
    const place = compatPipePlace(folders.data)
    const pipe = await openCompatPipe(place, token)
    await lifecycle.add({ name: 'compat-pipe', stop: () => pipe.close(), limitMs: 300 })
    log.warn('The token is served on a pipe that other users of this machine may read.', { place })
  }
  await lifecycle.add({
    name: 'jobs',
    start: () => jobs.start(),
    stop: () => jobs.stop(),
    limitMs: 1_500,
  })
  await lifecycle.add({
    name: 'http',
    start: () => listening.listen(config.port).then(() => {}),
    stop: () => listening.close(400),
    limitMs: 800,
  })
  running = true
  // Not before the own port is known: it is never a target.
  dispatcher.start()
  if (config.webhookUrl !== null) {
    await webhooks.register(
      { url: config.webhookUrl, events: null, onlyNew: true },
      { id: 'settings', role: 'admin' },
    )
  }
  if (token === null) log.warn('No token was given: everything but health is refused.')
  void openToOthers(store.folders).then((places) => {
    if (places?.length === 0) return
    if (places === null) log.info('The system does not say who may use the data folder.')
    else
      log.warn('Others may use the data folder. Take their rights away: see sisrua doctor.', {
        places,
      })
  })
  const head = audit.head()
  log.info('Ready.', { port: listening.port(), auditSize: head.size, auditHead: head.chain })
  return {
    stop,
    stopped,
    hasHungThread: () =>
      poolIsLate ||
      readingIsLate ||
      hasUnanswered() ||
      store.hasHungThread() ||
      (compute.load?.().ending ?? 0) > 0,
    ready: {
      v: 1,
      ready: true,
      port: listening.port(),
      pid: process.pid,
      boot_id: bootId,
      api: ['v1'],
      version: VERSION,
      storage: store.recovery.storage,
      audit: {
        size: head.size,
        state: tail.state,
      },
    },
  }
}
