// Jobs as the doors see them: puts request, queue, runner and stored files together.
import type { Recorder } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import { AppError, toPlain } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { Ids } from '../base/ids.ts'
import { digest, type PreparedBlob } from '../store/blobs.ts'
import type { JobRow } from '../store/jobs.ts'
import type { Store } from '../store/store.ts'
import { runAttempt, type Workshop } from './attempt.ts'
import type { Job, JobState } from './job.ts'
import { RESULT_MEDIA_TYPE, toEvent, toJob } from './job-view.ts'
import type { Actor, Jobs, StoredFile, SubmitRequest } from './jobs.ts'
import { DEFAULT_POLICY, type Policy } from './policy.ts'
import { createQueue, type NewJob } from './queue.ts'
import { type PipelineDirectory, prepareRequest } from './request.ts'
import { createRunner } from './runner.ts'
import { createStorageWatch, type StorageWatch } from './storage-watch.ts'
import { createUpkeep } from './upkeep.ts'

export interface JobsOptions {
  store: Store
  recorder: Recorder
  events: Events
  clock: Clock
  ids: Ids
  bootId: string
  workshop: Workshop
  directory: PipelineDirectory
  policy?: Partial<Policy>
  /** [0, 1); for pauses before retries. */
  chance?: () => number
  /** Errors nobody asked for: for the log. */
  onError?: (error: unknown) => void
  /** Shared with health; made here when nobody else needs it. */
  watch?: StorageWatch
  /** Memory does not come back: see the runner. */
  onWornOut?: () => void
  residentBytes?: () => number
}

const NO_COUNTS: Record<JobState, number> = {
  queued: 0,
  running: 0,
  cancelling: 0,
  retry_wait: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  dead: 0,
}

export function createJobs(options: JobsOptions): Jobs {
  const { store, recorder, events, clock, ids, bootId, workshop, directory } = options
  const policy: Policy = { ...DEFAULT_POLICY, ...options.policy }
  const chance = options.chance ?? Math.random
  const queue = createQueue({ store, ids, bootId, policy, chance })
  const onError = options.onError ?? (() => {})
  const watch = options.watch ?? createStorageWatch({ store, recorder, onError })
  const runner = createRunner({
    store,
    recorder,
    queue,
    events,
    clock,
    policy,
    workshop,
    directory,
    upkeep: createUpkeep({ store, clock, watch, onError }),
    onError,
    ...(options.onWornOut && { onWornOut: options.onWornOut }),
    ...(options.residentBytes && { residentBytes: options.residentBytes }),
  })
  let stopping = false

  function rowOf(id: string): JobRow {
    const row = store.jobs.byId(id)
    if (row === undefined) throw new AppError('JOB_NOT_FOUND', 'Job not found')
    return row
  }

  /** The row, with the progress that only memory knows. */
  function view(row: JobRow): Job {
    const job = toJob(row)
    const one = runner.running.get(row.id)
    if (one === undefined || row.leaseToken !== one.row.leaseToken) return job
    return { ...job, progress: Math.max(job.progress, one.progress), step: one.step }
  }

  async function describe(
    request: SubmitRequest,
  ): Promise<NewJob & { document: Uint8Array | null }> {
    const document = request.geojson ?? null
    const sha256 = document === null ? null : await digest(document)
    const prepared = prepareRequest(request, sha256, directory)
    const priority = request.priority ?? 5
    if (!Number.isInteger(priority) || priority < 0 || priority > 9) {
      throw new AppError('PARAMS_INVALID', 'The priority must be a whole number from 0 to 9.', {
        data: { field: 'priority' },
      })
    }
    return {
      kind: request.kind,
      ...prepared,
      serviceVersionId: request.serviceVersionId ?? null,
      input: document === null ? null : { sha256: sha256!, size: document.length, inline: null },
      document,
      priority,
      force: request.force ?? false,
      idempotencyKey: request.idempotencyKey ?? null,
      projectId: request.projectId ?? null,
      traceId: request.traceId ?? null,
      retryOf: null,
    }
  }

  function refuseWhenClosed(): void {
    if (stopping) throw new AppError('SHUTDOWN', 'The program is stopping. Try again in a moment.')
    if (store.disk.state() !== 'ok') {
      throw new AppError(
        'DISK_LOW',
        'There is too little room on the disk for new jobs. Free some space.',
      )
    }
  }

  /** The job that answers, if its result is still whole; a damaged one is forgotten, so that the work is done again. */
  async function answering(job: NewJob, actor: Actor): Promise<JobRow | null> {
    const row = queue.peek(job, actor)
    if (row?.resultSha256 == null) return row
    try {
      await store.blobs.open(row.resultSha256.toString('hex'))
      return row
    } catch (error) {
      if (toPlain(error).code !== 'RESULT_CORRUPT') throw error
      await recorder.recordGrouped((trail) => queue.forget(trail, row.id))
      return null
    }
  }

  async function add(job: NewJob, actor: Actor): Promise<{ job: Job; replayed: boolean }> {
    const { row, replayed } = await recorder.recordGrouped((trail) => queue.add(trail, job, actor))
    return { job: view(row), replayed }
  }

  async function openFile(sha256: string, mediaType: string): Promise<StoredFile> {
    return { ...(await store.blobs.open(sha256)), mediaType }
  }

  return {
    async submit(request, actor) {
      const { document, ...job } = await describe(request)
      const answer = await answering(job, actor)
      if (answer !== null) {
        // A full disk does not keep anybody from an answer that is there.
        if (job.idempotencyKey !== null && store.disk.state() === 'ok') {
          await store.group(() => queue.answered(job, answer.id, actor))
        }
        return { job: view(answer), replayed: true }
      }
      refuseWhenClosed()
      if (document === null) return add(job, actor)
      const input: PreparedBlob = await store.blobs.prepare(document, job.input!.sha256)
      try {
        const submitted = await add({ ...job, input }, actor)
        if (submitted.replayed) store.blobs.abandon(input)
        return submitted
      } catch (error) {
        store.blobs.abandon(input)
        throw error
      }
    },

    async peek(request, actor) {
      const row = await answering(await describe(request), actor)
      return row === null ? null : view(row)
    },

    check: (request) => void prepareRequest(request, null, directory),

    get: (id) => view(rowOf(id)),

    list(filter = {}) {
      const { state = null, kind = null, before = null, cursor = null } = filter
      const limit = Math.min(Math.max(filter.limit ?? 100, 1), 1000)
      // One more than is shown tells whether there is another page.
      const rows = store.jobs.list({ state, kind, before, below: cursor, limit: limit + 1 })
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return { jobs: shown.map(view), next: last?.n ?? null }
    },

    queuePosition(id) {
      const row = rowOf(id)
      return row.state === 'queued' || row.state === 'retry_wait' ? store.jobs.ahead(row) : null
    },

    async cancel(id, actor) {
      rowOf(id)
      const row = await recorder.recordGrouped((trail) => queue.requestCancel(trail, id, actor))
      if (row === undefined) throw new AppError('JOB_NOT_FOUND', 'Job not found')
      if (row.state === 'cancelling') runner.abort(id, new AppError('CANCELLED'))
      return view(row)
    },

    async retry(id, actor) {
      const row = rowOf(id)
      if (row.state !== 'failed' && row.state !== 'cancelled' && row.state !== 'dead') {
        throw new AppError(
          'REQUEST_INVALID',
          'Only a failed, cancelled or dead job can be tried again.',
        )
      }
      refuseWhenClosed()
      const sha256 = row.inputSha256?.toString('hex') ?? null
      const params = JSON.parse(row.payload) as Record<string, unknown>
      const kind = toJob(row).kind
      const { priority, projectId, traceId, serviceVersionId } = row
      const asked = { kind, params, serviceVersionId }
      const document = sha256 === null ? null : await (await store.blobs.open(sha256)).bytes()
      const { pipeline, payload, key } = prepareRequest(asked, sha256, directory)
      const input = document === null ? null : await store.blobs.prepare(document, sha256!)
      const { job, replayed } = await add(
        {
          ...{ kind, serviceVersionId, pipeline, payload, key, input },
          ...{ priority, projectId, traceId },
          force: true,
          idempotencyKey: null,
          retryOf: id,
        },
        actor,
      )
      if (replayed && input !== null) store.blobs.abandon(input)
      return job
    },

    async result(id) {
      const row = rowOf(id)
      if (row.resultSha256 === null) return null
      return openFile(row.resultSha256.toString('hex'), RESULT_MEDIA_TYPE)
    },

    artifacts: (id) => store.jobs.artifacts(rowOf(id).id),

    async artifact(id, name) {
      const found = store.jobs.artifact(rowOf(id).id, name)
      if (found === undefined) throw new AppError('ARTIFACT_NOT_FOUND', 'Artifact not found')
      return openFile(found.sha256, found.mediaType)
    },

    logs: (id, after = 0, limit = 1000) =>
      store.jobs.logs(rowOf(id).id, after, Math.min(limit, 10_000)),

    eventsSince(seq, limit = 1000) {
      const most = Math.min(limit, 10_000)
      const events = store.jobs.eventsSince(seq, most).map(toEvent)
      // Not all that came after: too old, or damaged. Numbers that were never given (another database) cannot be continued from either.
      const isWhole = events.every((event, i) => event.seq === seq + 1 + i)
      const last = events.at(-1)?.seq ?? seq
      const isAll = events.length === most || last === store.jobs.latestSeq()
      return { events, resync: !isWhole || !isAll }
    },

    eventsOf: (id, seq) => store.jobs.eventsOf(id, seq).map(toEvent),

    latestSeq: () => store.jobs.latestSeq(),

    stats() {
      const byState = { ...NO_COUNTS }
      for (const { name, count } of store.jobs.byState()) byState[name as JobState] = count
      const oldest = store.jobs.oldestWaiting()
      return {
        byState,
        byKind: Object.fromEntries(store.jobs.byKind().map(({ name, count }) => [name, count])),
        oldestWaitMs: oldest === null ? 0 : Math.max(0, clock.now() - oldest),
        leaseLosses: runner.leaseLosses(),
        accepting: !stopping && store.disk.state() === 'ok',
      }
    },

    runNow: (request, outputs, { signal, onProgress } = {}) =>
      runAttempt(workshop, {
        kind: request.kind,
        pipeline: directory.forKind(request.kind),
        params: request.params,
        document: request.geojson ?? null,
        outputs,
        signal: signal ?? new AbortController().signal,
        onProgress: onProgress ?? (() => {}),
      }),

    tick: () => runner.tick(),
    start: () => runner.start(),
    stop() {
      stopping = true
      return runner.stop()
    },
  }
}
