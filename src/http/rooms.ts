// What the routes are handed: the rooms behind the door, as interfaces. daemon.ts fills it in.
import type { Audit } from '../audit/audit.ts'
import type { Ledger } from '../audit/ledger.ts'
import type { LegacyImport } from '../audit/legacy-import.ts'
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Log } from '../base/log.ts'
import type { HealthPart } from '../jobs/health.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Terrain } from '../jobs/terrain.ts'
import type { PrepareRequest } from '../kernel/formats/prepare-request.ts'
import type { PluginImport } from '../projects/plugin-import.ts'
import type { Projects } from '../projects/projects.ts'
import type { Services } from '../services/services.ts'
import type { Inbound } from '../webhooks/inbound.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'
import type { KeyedAnswers } from './idempotency.ts'
import type { Metrics } from './metrics.ts'
import type { Rates } from './rates.ts'
import type { Sessions } from './sessions.ts'

/** CPU work that belongs to no job; done in a worker. */
interface Converters {
  /** Takes a large body apart. */
  readRequest(body: Uint8Array): Promise<PrepareRequest>
  /** The same of a run's body. */
  readRunRequest(body: Uint8Array): Promise<PrepareRequest>
  /** KML text (UTF-8) → GeoJSON bytes. Throws KML_INVALID. */
  kmlToGeojson(kml: Uint8Array): Promise<Uint8Array>
}

/** Finds a place by name; null when nothing is configured. */
interface Geocoder {
  find(
    query: string,
  ): Promise<{ latitude: number; longitude: number; source: string; displayName: string } | null>
}

/** Answers in words; null when nothing is configured. */
interface Assistant {
  answer(message: string): Promise<string>
}

export interface Rooms {
  jobs: Jobs
  projects: Projects
  services: Services
  pluginImport: PluginImport
  audit: Audit
  ledger: Ledger
  legacyImport: LegacyImport
  webhooks: Webhooks
  inbound: Inbound
  terrain: Terrain
  converters: Converters
  geocoder: Geocoder | null
  assistant: Assistant | null
  /** Replaces the built-in layers; null keeps them. */
  layerTemplate: unknown
  keyedAnswers: KeyedAnswers
  sessions: Sessions
  rates: Rates
  events: Events
  clock: Clock
  log: Log
  bootId: string
  /** True once everything is started and nothing is stopping. */
  ready(): boolean
  /** True while the disk has room for nothing but reading, deleting and stopping. */
  isReadOnly(): boolean
  metrics: Metrics
  health(): Promise<HealthPart[]>
  /** Begins an orderly stop; returns at once. */
  shutdown(reason: string): void
}
