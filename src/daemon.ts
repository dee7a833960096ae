// The composition root: builds every room once, in order, and stops them in the reverse order. Longer than 300 lines because
// it is the one page that shows how the whole program hangs together, process and health included.
import { createHmac, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statfsSync } from 'node:fs'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { createAssistant } from './assistant/assistant.ts'
import { createAnchorFiles } from './audit/anchors.ts'
import { createAudit } from './audit/audit-service.ts'
import { loadAuditKey } from './audit/key.ts'
import { createLedger } from './audit/ledger-service.ts'
import { createRecorder } from './audit/record.ts'
import { createSeeds } from './audit/seeds.ts'
import { sqliteAddon } from './base/assets.ts'
import { readBootstrapLine } from './base/bootstrap.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { AppError } from './base/errors.ts'
import { createEvents } from './base/events.ts'
import { EXIT, exitCodeFor } from './base/exit-codes.ts'
import { type Ids, systemIds } from './base/ids.ts'
import { createLifecycle } from './base/lifecycle.ts'
import { createLog, type Log } from './base/log.ts'
import { createOutbound } from './base/outbound.ts'
import { watchInput, watchProcess } from './base/parent.ts'
import { VERSION } from './base/version.ts'
import type { Config } from './config.ts'
import { createApp } from './http/app.ts'
import { compatPipePlace, openCompatPipe } from './http/compat-pipe.ts'
import { createGuard } from './http/guard.ts'
import { createHub } from './http/progress.ts'
import { createRates, RATES, type RateTable } from './http/rates.ts'
import type { HealthPart, Rooms } from './http/rooms.ts'
import { createServer } from './http/server.ts'
import { createSessions, ownerDigestOf } from './http/sessions.ts'
import { pipelines } from './jobs/directory.ts'
import { createJobs } from './jobs/job-service.ts'
import type { Policy } from './jobs/policy.ts'
import { writeSymbolFiles } from './jobs/symbol-files.ts'
import { createTerrain } from './jobs/terrain.ts'
import { createProjects } from './projects/project-service.ts'
import { createCache } from './sources/cache.ts'
import { createSources } from './sources/collect.ts'
import { createDemLibrary } from './sources/dem-library.ts'
import { createGeocoder } from './sources/geocoder.ts'
import { createOsmLibrary } from './sources/osm-library.ts'
import { createOverpass } from './sources/overpass.ts'
import { writeFileDurably } from './store/folders.ts'
import { openStore } from './store/store.ts'
import { createWebhooks } from './webhooks/webhooks.ts'
import type { Compute } from './workers/compute.ts'
import { createPool } from './workers/pool.ts'

/** The line on standard output (reliability design 2.1). */
export interface ReadyLine {
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

export interface Daemon {
  readonly ready: ReadyLine
  /** Stops in order; the same promise however often it is asked. */
  stop(reason: string): Promise<void>
  /** Resolves with the exit code once everything has stopped, whoever asked for it. */
  readonly stopped: Promise<number>
}

/** What a test may replace; everything else is always real. */
export interface Overrides {
  clock?: Clock
  ids?: Ids
  compute?: Compute
  log?: Log
  policy?: Partial<Policy>
  /** Replaces single buckets. */
  rates?: RateTable
  /** Key material for the audit log from the start-up line. */
  auditKey?: string | null
}

/** Builds and starts everything. Rejects when a part does not start, after stopping those that had. */
export async function createDaemon(config: Config, overrides: Overrides = {}): Promise<Daemon> {
  const { clock = systemClock, ids = systemIds } = overrides
  const { folders } = config
  const bootId = ids.uuid()
  const lifecycle = createLifecycle()
  const log = overrides.log ?? createLog(folders.logs, config.logLevel)
  const onError = (error: unknown): void =>
    log.error('Something failed in the background.', { error })
  let exitCode: number = EXIT.ok
  let running = false
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
        if (report.outcome !== 'stopped') log.warn('A part did not stop in order.', { ...report })
      }
      log.info('Stopped.')
      log.close()
      finish(exitCode)
    })()
    return stopping
  }

  const events = createEvents(onError)
  mkdirSync(folders.data, { recursive: true, mode: 0o700 })
  const store = openStore({
    dataFolder: folders.data,
    clock,
    nativeBinding: sqliteAddon(),
    onFailure(error) {
      log.error('The storage failed.', { error })
      exitCode = EXIT.storageFailed
      void stop('storage')
    },
  })
  await lifecycle.add({ name: 'store', stop: () => store.close(), limitMs: 1_500 })
  const key = loadAuditKey({
    file: path.join(folders.data, 'keys', 'audit-hmac.key'),
    given: overrides.auditKey ?? null,
    random: (bytes) => ids.secret(bytes),
    write: writeFileDurably,
  })
  const recorder = createRecorder({ store, clock, ids, events, key, bootId })
  const ledger = createLedger({
    store,
    recorder,
    clock,
    seeds: createSeeds({
      folder: path.join(folders.data, 'keys'),
      given: overrides.auditKey ?? null,
      random: (bytes) => ids.secret(bytes),
      write: writeFileDurably,
    }),
    anchors: createAnchorFiles(path.join(folders.data, 'anchors'), config.anchorFolder),
    onError,
  })
  ledger.open()
  const audit = createAudit({ store, recorder, clock, ledger })
  const tail = await audit.verifyAll(100)
  await lifecycle.add({
    name: 'audit',
    start: () => ledger.start(),
    stop: () => ledger.stop(),
    limitMs: 500,
  })

  const compute = overrides.compute ?? createPool({ threads: config.threads })
  await lifecycle.add({ name: 'workers', stop: () => compute.close(), limitMs: 800 })
  const sources = openSources(config, clock)
  writeSymbolFiles(folders.blocks)

  const server = { port: (): number => 0 }
  const webhooks = createWebhooks({ store, recorder, clock, ids, ownPort: () => server.port() })
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
      output: { numericFeatureType: config.numericFeatureType, blocksFolder: folders.blocks },
      today: () => new Date(clock.now()).toISOString().slice(0, 10),
    },
    directory: pipelines,
    policy: overrides.policy ?? {},
    onError,
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
  const rooms: Rooms = {
    jobs,
    projects: createProjects({ store, recorder, clock, ids }),
    audit,
    ledger,
    webhooks,
    terrain: createTerrain({ sources, compute }),
    converters: {
      readRequest: (body) =>
        compute.run('readRequest', body, { transfer: [body.buffer as ArrayBuffer] }),
      kmlToGeojson: (kml) => compute.run('convertKml', kml),
    },
    geocoder: openGeocoder(config, clock),
    assistant: openAssistant(config),
    layerTemplate: readLayers(config.layersFile),
    sessions,
    rates,
    events,
    clock,
    log: log.room('http'),
    bootId,
    ready: () => running,
    health: () => healthOf(config, { store, audit, ledger, jobs, clock }),
    shutdown: (reason) => void stop(reason),
  }
  const app = createApp(rooms)
  const hub = createHub({ jobs, events, clock, bootId })
  const guard = createGuard({
    port: () => listening.port(),
    sessions,
    rates,
    ids,
    language: config.language,
  })
  const listening = createServer({ guard, fetch: app.fetch as never, hub, log: rooms.log })
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
  if (config.webhookUrl !== null) {
    await webhooks.register(
      { url: config.webhookUrl, events: null },
      { id: 'settings', role: 'admin' },
    )
  }
  if (token === null) log.warn('No token was given: everything but health is refused.')
  const head = audit.head()
  log.info('Ready.', { port: listening.port(), auditSize: head.size, auditHead: head.chain })
  return {
    stop,
    stopped,
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
        state: tail.chainOk && tail.invalid === 0 ? ledger.state() : 'broken',
      },
    },
  }
}

/** The user's layer template as parsed JSON; the pipelines check what it holds. */
function readLayers(file: string | null): unknown {
  if (file === null) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new AppError(
      'LAYERS_INVALID',
      'The layer template cannot be read as JSON. Correct it, or unset SISRUA_LAYERS.',
      { cause },
    )
  }
}

/** The cause belongs into the log, not on the screen; a folder that cannot be written must not hide it. */
function noteFailedStart(config: Config, error: unknown): void {
  try {
    const log = createLog(config.folders.logs, config.logLevel)
    log.error('The program did not start.', { error })
    log.close()
  } catch {
    // The reason on standard error is all that is left.
  }
}

/** A connection to the one host of this address. */
function outboundTo(config: Config, url: string) {
  const { host } = new URL(url)
  return createOutbound({ userAgent: config.userAgent, allow: (asked) => asked.host === host })
}

function openGeocoder(config: Config, clock: Clock) {
  const url = config.geocoderUrl
  return url === null ? null : createGeocoder({ url, outbound: outboundTo(config, url), clock })
}

function openAssistant(config: Config) {
  const { assistantUrl: baseUrl, assistantKey: apiKey, assistantModel: model } = config
  return baseUrl === null
    ? null
    : createAssistant({ baseUrl, apiKey, model, outbound: outboundTo(config, baseUrl) })
}

function openSources(config: Config, clock: Clock) {
  const { folders } = config
  const hosts = new Set(config.overpassUrls.map((url) => new URL(url).host))
  const outbound = createOutbound({
    userAgent: config.userAgent,
    allow: (url) => hosts.has(url.host),
  })
  return createSources({
    library:
      config.osmLibrary === null
        ? null
        : createOsmLibrary({
            folder: config.osmLibrary,
            indexFile: path.join(folders.cache, 'osm-library.json'),
          }),
    cache: createCache({
      folder: path.join(folders.cache, 'answers'),
      maxBytes: config.cacheBytes,
      clock,
    }),
    overpass:
      config.overpassUrls.length === 0
        ? null
        : createOverpass({
            endpoints: config.overpassUrls,
            outbound,
            clock,
            timeoutMs: config.overpassTimeoutMs,
          }),
    dem: createDemLibrary({ folder: config.demLibrary }),
  })
}

type Inspected = Pick<Rooms, 'audit' | 'ledger' | 'jobs' | 'clock'> & {
  store: ReturnType<typeof openStore>
}

async function healthOf(
  config: Config,
  { store, audit, ledger, jobs, clock }: Inspected,
): Promise<HealthPart[]> {
  const measure = (name: string, look: () => [HealthPart['status'], string | null]): HealthPart => {
    const begun = clock.monotonic()
    let found: [HealthPart['status'], string | null]
    try {
      found = look()
    } catch {
      found = ['down', 'cannot be used; see the log']
    }
    const latencyMs = Math.round((clock.monotonic() - begun) * 1000) / 1000
    return { name, status: found[0], details: found[1], latencyMs }
  }
  return [
    measure('database', () => {
      store.meta.get('audit.log')
      return [
        store.recovery.storage === 'restored' ? 'degraded' : 'up',
        `SQLite ${store.sqliteVersion}, ${store.recovery.storage}`,
      ]
    }),
    measure('cache', () => ['up', null]),
    measure('external_apis', () => [
      'up',
      config.overpassUrls.length === 0
        ? 'offline: no Overpass server is set'
        : `${config.overpassUrls.length} Overpass servers set`,
    ]),
    measure('configuration', () => [
      'up',
      `OSM library ${config.osmLibrary === null ? 'not set' : 'set'}, elevation library ${config.demLibrary === null ? 'not set' : 'set'}`,
    ]),
    measure('queue', () => {
      const { byState, accepting, oldestWaitMs } = jobs.stats()
      const waiting = byState.queued + byState.retry_wait
      return [
        accepting ? 'up' : 'degraded',
        `${byState.running} running, ${waiting} waiting, oldest ${Math.round(oldestWaitMs / 1000)} s`,
      ]
    }),
    measure('audit', () => {
      const state = ledger.state()
      return [state === 'ok' ? 'up' : 'degraded', `${audit.head().size} entries, ${state}`]
    }),
    measure('disk', () => {
      const { bavail, bsize } = statfsSync(config.folders.data)
      return [
        store.disk.state() === 'ok' ? 'up' : 'degraded',
        `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`,
      ]
    }),
    measure('memory', () => ['up', `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`]),
  ]
}

export interface ProcessStreams {
  stdin: Readable
  stdout: Writable
  stderr: Writable
}

const BOOTSTRAP_MS = 5_000

/** Runs the daemon as a process: start-up line, ready line, parent watch, signals. Answers the exit code. */
export async function runDaemon(
  config: Config,
  streams: ProcessStreams = process,
): Promise<number> {
  const { stdin, stdout, stderr } = streams
  let settings = config
  let auditKey: string | null = null
  if (config.bootstrapStdin) {
    try {
      const bootstrap = await readBootstrapLine(stdin, BOOTSTRAP_MS)
      settings = Object.freeze({ ...config, authToken: bootstrap.token })
      auditKey = bootstrap.auditKey
    } catch (error) {
      stderr.write(`sisrua: ${(error as Error).message}\n`)
      // An open standard input would keep the process alive.
      stdin.destroy()
      return EXIT.badBootstrap
    }
  }
  let daemon: Daemon
  try {
    daemon = await createDaemon(settings, { auditKey })
  } catch (error) {
    const { code, message } = error instanceof AppError ? error : new AppError('INTERNAL')
    noteFailedStart(settings, error)
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    stdout.write(
      `${JSON.stringify({ v: 1, ready: false, reason: inUse ? 'port_in_use' : code.toLowerCase() })}\n`,
    )
    stderr.write(
      `sisrua: ${inUse ? `port ${config.port} is in use; choose another with --port` : message}\n`,
    )
    return exitCodeFor(code)
  }
  stdout.write(`${JSON.stringify(daemon.ready)}\n`)
  const stopFor = (reason: string) => (): void => void daemon.stop(reason)
  const onSignal = stopFor('signal')
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const unwatch = [
    config.bootstrapStdin ? watchInput(stdin, stopFor('parent closed standard input')) : () => {},
    config.parentPid === null
      ? () => {}
      : watchProcess(config.parentPid, stopFor('parent is gone')),
  ]
  const code = await daemon.stopped
  if (config.bootstrapStdin) stdin.destroy()
  for (const end of unwatch) end()
  process.off('SIGTERM', onSignal)
  process.off('SIGINT', onSignal)
  return code
}
