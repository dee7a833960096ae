// What the doors can ask of jobs: submit, look, cancel, retry, fetch results. The body is built by `job-service.ts`.
import type { Readable } from 'node:stream'
import type { JobEvent } from '../base/events.ts'
import type { OutputName, PipelineOutput } from '../workers/tasks.ts'
import type { Job, JobKind, JobState, StoredBytes } from './job.ts'

/** Who asks: the principal's id for the row and the audit entry. */
export interface Actor {
  /** `owner`, a client's or a session's id, `system`. */
  id: string
  role: string
}

export interface SubmitRequest {
  kind: JobKind
  /**
   * The pipeline's parameters in camelCase, as they came (validated here). `latitude`, `longitude` or `radius` null or
   * missing for `osm` is accepted: the job then ends failed with COORDINATES_MISSING.
   */
  params: Record<string, unknown>
  /** UTF-8 bytes of the GeoJSON document for kind `geojson`; any size, never parsed in the main thread. */
  geojson?: Uint8Array | null
  /** 0 (first) … 9; default 5. */
  priority?: number
  /** Do not reuse a succeeded job; a live one is reused all the same. */
  force?: boolean
  /** Value of the `Idempotency-Key` header: same key and payload → same job for 24 h, other payload → IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null
  projectId?: string | null
  traceId?: string | null
  /** A published version of a service: the job is its run, and only another run of it is the same job. */
  serviceVersionId?: string | null
}

interface Submitted {
  job: Job
  /** True: an earlier job answers this request; it must not count against the creation limit. */
  replayed: boolean
}

/** Stored bytes that can be sent as they are. Their hash was checked before this object was handed out. */
export interface StoredFile extends StoredBytes {
  /** The bytes from `start` up to, not including, `end`; all of them without arguments. */
  stream(start?: number, end?: number): Readable
  bytes(): Promise<Uint8Array>
}

export interface Artifact extends StoredBytes {
  /** File name within the job: `drawing.dxf`, `features.geojson`, `preview.svg`. */
  name: string
  createdAt: number
}

interface JobFilter {
  state?: JobState
  kind?: JobKind
  /** 1…1000, default 100; newest first. */
  limit?: number
  /** Only jobs created before this time (milliseconds). */
  before?: number
  /** `next` of the page before, to go on with the same filter. */
  cursor?: number
}

/** What was there when the first page was asked for comes once, whatever is stored or thrown away meanwhile. */
interface JobPage {
  jobs: Job[]
  /** Null: this was the last page. */
  next: number | null
}

export interface JobLogLine {
  /** Counts from 1 within the job. */
  n: number
  at: number
  level: 'info' | 'warning' | 'error'
  line: string
}

interface JobStats {
  byState: Record<JobState, number>
  byKind: Record<string, number>
  /** Milliseconds the oldest waiting job has waited; 0 when none waits. */
  oldestWaitMs: number
  /** How often work stood still and lost its job since the start. */
  leaseLosses: number
  /** False while the disk is too full or the program is stopping. */
  accepting: boolean
}

/** Every method that names a job throws JOB_NOT_FOUND when there is none. */
export interface Jobs {
  /**
   * Resolves after the job (or the job that already answers this request) is durably stored.
   * Throws PARAMS_INVALID, IDEMPOTENCY_KEY_REUSED, QUEUE_FULL, DISK_LOW, SHUTDOWN, STORE_UNAVAILABLE.
   */
  submit(request: SubmitRequest, actor: Actor): Promise<Submitted>
  /**
   * The job that would answer this request now, without storing anything; null when submit would make a new one.
   * Lets a door spare the creation limit for replays.
   */
  peek(request: SubmitRequest, actor: Actor): Promise<Job | null>
  /** Throws PARAMS_INVALID as `submit` would for these parameters; no document is looked at. */
  check(request: Pick<SubmitRequest, 'kind' | 'params'>): void
  get(id: string): Job
  list(filter?: JobFilter): JobPage
  /** How many jobs of the kind start before this one; null unless it waits. */
  queuePosition(id: string): number | null
  /** Cancels; a finished job is left as it is. A running one stops within 3 s. */
  cancel(id: string, actor: Actor): Promise<Job>
  /** A new job with the payload of a failed, cancelled or dead one (`retryOf` names it); REQUEST_INVALID for any other. */
  retry(id: string, actor: Actor): Promise<Job>
  /** The wire's PrepareResponse as stored JSON bytes; null while there is none. Throws RESULT_CORRUPT. */
  result(id: string): Promise<StoredFile | null>
  artifacts(id: string): Artifact[]
  /** Throws ARTIFACT_NOT_FOUND, RESULT_CORRUPT. */
  artifact(id: string, name: string): Promise<StoredFile>
  /** Lines with `n` > after, oldest first. */
  logs(id: string, after?: number, limit?: number): JobLogLine[]
  /** Stored events with `seq` greater than the given one. `resync`: some of them were pruned, ask for the state instead. */
  eventsSince(seq: number, limit?: number): { events: JobEvent[]; resync: boolean }
  /** The same of one job; what was pruned is missing. */
  eventsOf(id: string, seq: number): JobEvent[]
  /** 0 when nothing was ever stored. */
  latestSeq(): number
  stats(): JobStats
  /**
   * Collects and computes at once, for synchronous answers: no row, nothing stored. Same errors as the work itself
   * (OVERPASS_UNAVAILABLE, GEOJSON_INVALID …), COORDINATES_MISSING included.
   */
  runNow(
    request: SubmitRequest,
    outputs: OutputName[],
    options?: { signal?: AbortSignal; onProgress?: (step: string, fraction: number) => void },
  ): Promise<PipelineOutput>
  /** Looks at leases, limits and memory now instead of within a second; for tests that move the clock themselves. */
  tick(): void
  /** Recovers what a crash left behind and begins to work. */
  start(): void
  /** Takes no more work, stops what runs and puts it back in the queue without counting a crash. */
  stop(): Promise<void>
}
