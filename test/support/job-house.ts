// A store, a recorder and jobs with a toy pipeline: the real engine, without maps and threads.
import { z } from 'zod'
import type { AuditKey } from '../../src/audit/key.ts'
import { createRecorder } from '../../src/audit/record.ts'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { PlainError } from '../../src/base/errors.ts'
import { AppError } from '../../src/base/errors.ts'
import { createEvents } from '../../src/base/events.ts'
import { sha256Hex } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import type { Sources } from '../../src/jobs/attempt.ts'
import { createJobs } from '../../src/jobs/job-service.ts'
import type { Policy } from '../../src/jobs/policy.ts'
import type { PipelineDirectory } from '../../src/jobs/request.ts'
import type { Pipeline } from '../../src/kernel/pipelines/pipeline.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import type { Compute, RunOptions } from '../../src/workers/compute.ts'
import type { PipelineOutput, PipelineTask } from '../../src/workers/tasks.ts'

export const OWNER = { id: 'owner', role: 'admin' }
export const TEST_KEY: AuditKey = { id: 'test-key', bytes: new Uint8Array(32).fill(7) }

/** A clock that stands still until told otherwise. */
export function createStillClock(start = 1_700_000_000_000) {
  let offset = 0
  return {
    now: () => start + offset,
    monotonic: () => offset,
    advance(milliseconds: number): void {
      offset += milliseconds
    },
    /** Somebody sets the computer's clock; durations do not notice. */
    set(wall: number): void {
      start = wall - offset
    },
  }
}

/** Asks for nothing; `latitude` and friends as in osm-site, everything else is allowed. */
export const toyPipeline: Pipeline<Record<string, unknown>> = {
  id: 'toy',
  version: 1,
  params: z.looseObject({ radius: z.number().max(5000).optional() }),
  needs: () => [],
  compute: () => Promise.reject(new Error('the toy computes in its compute')),
}

export const toyDirectory: PipelineDirectory = {
  forKind: () => toyPipeline,
  byName: (name) => (name === 'toy@1' ? toyPipeline : undefined),
}

export type Work = (task: PipelineTask, options: RunOptions) => Promise<Uint8Array>

/** Compute whose answer a test decides; the same bytes become result and drawing. */
export function toyCompute(work: Work): Compute {
  return {
    async run(_name, input, options = {}) {
      const bytes = await work(input as PipelineTask, options)
      const output = { bytes, sha256: sha256Hex(bytes) }
      const answer: PipelineOutput = {
        outputs: { result: output, dxf: output },
        notes: [],
        summary: {
          epsg: 31984,
          verticalDatum: null,
          features: 0,
          layers: [],
          minElevation: null,
          maxElevation: null,
          extent: null,
        },
      }
      return answer as never
    },
    async close() {},
  }
}

/** Work that never ends by itself; it stops when told, like a thread does. */
export const endlessWork: Work = (_task, { signal }) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })

export const quickWork: Work = async (task) => Buffer.from(JSON.stringify({ made: task.params }))

export function failingWork(error: Partial<PlainError> & { code: PlainError['code'] }): Work {
  return () => Promise.reject(new AppError(error.code, error.message, { data: error.data ?? {} }))
}

export const noSources: Sources = { collect: async () => ({}) }

export interface HouseOptions {
  dataFolder?: string
  clock?: Clock
  work?: Work
  policy?: Partial<Policy>
  store?: Store
  sources?: Sources
  /** Pause before a retry as a share of its ceiling. */
  chance?: () => number
  start?: boolean
  residentBytes?: () => number
  onWornOut?: () => void
}

export function createJobHouse(options: HouseOptions = {}) {
  const clock = options.clock ?? systemClock
  const store = options.store ?? openStore({ dataFolder: options.dataFolder ?? ':memory:', clock })
  const errors: unknown[] = []
  const events = createEvents((error) => errors.push(error))
  const bootId = systemIds.uuid()
  const recorder = createRecorder({ store, ids: systemIds, events, key: TEST_KEY, bootId })
  const jobs = createJobs({
    store,
    recorder,
    events,
    clock,
    ids: systemIds,
    bootId,
    workshop: {
      sources: options.sources ?? noSources,
      compute: toyCompute(options.work ?? quickWork),
      output: { numericFeatureType: false, blocksFolder: null },
      today: () => '2026-11-21',
    },
    directory: toyDirectory,
    ...(options.policy === undefined ? {} : { policy: options.policy }),
    ...(options.chance === undefined ? {} : { chance: options.chance }),
    ...(options.residentBytes && { residentBytes: options.residentBytes }),
    ...(options.onWornOut && { onWornOut: options.onWornOut }),
    onError: (error) => errors.push(error),
  })
  if (options.start !== false) jobs.start()
  return {
    store,
    recorder,
    events,
    jobs,
    errors,
    bootId,
    async close(): Promise<void> {
      await jobs.stop()
      await store.close()
    },
  }
}

export const osm = (radius: number, more: Record<string, unknown> = {}) => ({
  kind: 'osm' as const,
  params: { latitude: -21.7634, longitude: -41.3235, radius, ...more },
})

/** Waits until `condition` holds, at most `milliseconds`. */
export async function until(condition: () => boolean, milliseconds = 5000): Promise<void> {
  const end = performance.now() + milliseconds
  while (!condition()) {
    if (performance.now() > end) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
