// One attempt at one job: parameters → needs → collected inputs → computed outputs. Knows nothing of rows and leases;
// the runner owns those. Also used for synchronous answers, which have no row at all.
import { AppError } from '../base/errors.ts'
import { parseParams } from '../kernel/pipelines/params.ts'
import type { Inputs, Need, Pipeline } from '../kernel/pipelines/pipeline.ts'
import type { Compute } from '../workers/compute.ts'
import type { Pulse } from '../workers/pulse.ts'
import type { OutputName, PipelineOutput, PipelineTask } from '../workers/tasks.ts'
import { transferableBuffers } from '../workers/transfer.ts'
import type { JobKind, JobStep } from './job.ts'
import { lacksCoordinates, pipelineName } from './request.ts'

/** What fetches the needs of a pipeline; built by sources/. */
export interface Sources {
  /** `onProgress`: 0…1 of the collecting. Rejects when `signal` aborts. */
  collect(
    needs: readonly Need[],
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<Inputs>
}

/** The tools an attempt works with. */
export interface Workshop {
  sources: Sources
  compute: Compute
  /** Whether there is elevation at all; without it nobody looks where a document lies. */
  terrain?: boolean
  /** Passed on to the writers; see PipelineTask. */
  output: Omit<PipelineTask['options'], 'retrievedAt'>
  /** ISO 8601 day for the drawing's credit line. */
  today: () => string
}

export interface AttemptInput {
  kind: JobKind
  pipeline: Pipeline<unknown>
  params: Record<string, unknown>
  /** Bytes of the request's document; moved into the worker, so they are gone afterwards. */
  document: Uint8Array | null
  outputs: OutputName[]
  signal: AbortSignal
  /** Shared with the thread, for who wants to see it move. */
  pulse?: Pulse
  onProgress: (step: JobStep, fraction: number) => void
}

/** Where the parts of the work lie on the scale 0…1; the original's steps. */
const COLLECTING = 0.15
const COMPUTING = 0.5
const SAVING = 0.95

/** Throws COORDINATES_MISSING, GEOJSON_INVALID, PARAMS_INVALID, and whatever sources and pipelines throw. */
export async function runAttempt(workshop: Workshop, input: AttemptInput): Promise<PipelineOutput> {
  const { signal, onProgress } = input
  if (lacksCoordinates(input.kind, input.params)) {
    throw new AppError(
      'COORDINATES_MISSING',
      'Latitude, longitude and radius are needed for OpenStreetMap data. Send all three.',
    )
  }
  if (input.kind === 'geojson' && input.document === null) {
    throw new AppError(
      'GEOJSON_INVALID',
      'There is no GeoJSON in the request. Send it in the field geojson.',
    )
  }
  const params = await placed(workshop, input)
  const needs = input.pipeline.needs(params)
  onProgress('collecting', COLLECTING)
  const inputs = await workshop.sources.collect(needs, signal, (fraction) =>
    onProgress('collecting', COLLECTING + fraction * (COMPUTING - COLLECTING)),
  )
  signal.throwIfAborted()
  if (input.document !== null) inputs.geojson = input.document
  onProgress('computing', COMPUTING)
  const output = await workshop.compute.run(
    'pipeline',
    {
      pipeline: pipelineName(input.pipeline),
      params,
      inputs,
      outputs: input.outputs,
      options: { ...workshop.output, retrievedAt: workshop.today() },
    },
    {
      signal,
      ...(input.pulse && { pulse: input.pulse }),
      // Nobody needs the inputs afterwards: a retry collects anew.
      transfer: transferableBuffers(inputs),
      onProgress: (_step, fraction) =>
        onProgress('computing', COMPUTING + fraction * (SAVING - COMPUTING)),
    },
  )
  onProgress('saving', SAVING)
  return output
}

/** The parameters; a document without a box of its own gets the one it lies in, so that terrain comes under it. */
async function placed(
  { compute, terrain }: Workshop,
  { kind, pipeline, params: asked, document, signal }: AttemptInput,
): Promise<unknown> {
  const params = parseParams(pipeline, asked)
  if (terrain !== true || kind !== 'geojson' || document === null) return params
  if ((params as { bbox?: unknown }).bbox !== null) return params
  const bbox = await compute.run('geojsonBox', document, { signal })
  return { ...(params as object), bbox }
}

/**
 * The work, or the reason of the abort once the grace for that reason (milliseconds) has passed after it: a worker that
 * does not stop is written off.
 */
export async function withGrace<T>(
  work: Promise<T>,
  signal: AbortSignal,
  graceMs: (reason: unknown) => number,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let onAbort = () => {}
  const writtenOff = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(signal.reason), graceMs(signal.reason))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, writtenOff])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    // Written off, it may still fail one day; nobody is there to hear it.
    work.catch(() => {})
  }
}
