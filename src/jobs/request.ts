// What was asked for, validated and named: the pipeline, its parameters as canonical text, and the idempotency key.
import { createHash } from 'node:crypto'
import { canonicalJson } from '../audit/canonical.ts'
import { AppError } from '../base/errors.ts'
import { parseParams } from '../kernel/pipelines/params.ts'
import type { Pipeline } from '../kernel/pipelines/pipeline.ts'
import type { JobKind } from './job.ts'
import type { SubmitRequest } from './jobs.ts'

/** The pipelines this program carries. */
export interface PipelineDirectory {
  /** The newest version for a kind. */
  forKind(kind: JobKind): Pipeline<unknown>
  /** `osm-site@1`; undefined when this program does not carry it any more. */
  byName(name: string): Pipeline<unknown> | undefined
}

export function pipelineName(pipeline: { id: string; version: number }): string {
  return `${pipeline.id}@${pipeline.version}`
}

const PAYLOAD_LIMIT = 65_536

export interface PreparedRequest {
  pipeline: string
  /** Canonical JSON of the validated parameters (of the raw ones when coordinates are missing). */
  payload: string
  /** SHA-256 over kind, pipeline version, parameters, input document and, in a run, the version of the service. */
  key: Buffer
}

/** True when the original would have taken the job and let it fail: `osm` without a place. */
export function lacksCoordinates(kind: JobKind, params: Record<string, unknown>): boolean {
  return (
    kind === 'osm' &&
    // The radius carries its unit once the pipeline's schema has named it.
    [params.latitude, params.longitude, params.radiusMeters ?? params.radius].some(
      (value) => (value ?? null) === null,
    )
  )
}

/**
 * `inputSha256`: hex of the input document's bytes, null when there is none.
 * Throws PARAMS_INVALID with the first thing that is wrong.
 */
export function prepareRequest(
  request: SubmitRequest,
  inputSha256: string | null,
  directory: PipelineDirectory,
): PreparedRequest {
  const pipeline = directory.forKind(request.kind)
  const params = lacksCoordinates(request.kind, request.params)
    ? request.params
    : parseParams(pipeline, request.params)
  const payload = canonicalJson(params)
  if (Buffer.byteLength(payload) > PAYLOAD_LIMIT) {
    throw new AppError(
      'PARAMS_INVALID',
      'The parameters are larger than 64 KiB. Send large data as GeoJSON.',
    )
  }
  const name = pipelineName(pipeline)
  const { serviceVersionId = null } = request
  const service = serviceVersionId === null ? '' : `,"service":${JSON.stringify(serviceVersionId)}`
  const key = createHash('sha256')
    .update(
      `{"input":${JSON.stringify(inputSha256)},"kind":${JSON.stringify(request.kind)},"params":`,
    )
    .update(payload)
    .update(`,"pipeline":${JSON.stringify(name)}${service}}`)
    .digest()
  return { pipeline: name, payload, key }
}
