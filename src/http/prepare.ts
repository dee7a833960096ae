// From the body of a prepare request to what jobs can be asked for. Large bodies are taken apart in a worker.
import { isUtf8 } from 'node:buffer'
import { AppError } from '../base/errors.ts'
import type { SubmitRequest } from '../jobs/jobs.ts'
import { splitPrepareRequest, splitRunRequest } from '../kernel/formats/prepare-request.ts'
import { PARSE_HERE_BYTES, readBody } from './body.ts'
import { type AnyContext, admissionOf } from './context.ts'
import { PrepareJobRequest, pipelineParams } from './contract/jobs.ts'
import { ServiceRunRequest } from './contract/services.ts'
import { idempotencyKeyOf } from './idempotency.ts'
import { fieldErrors } from './problem.ts'
import type { Rooms } from './rooms.ts'

/** Fields of the body on one side, the GeoJSON document on the other. */
export async function readParts(c: AnyContext, rooms: Rooms) {
  return partsOf(await readBody(c.env.incoming, admissionOf(c).access.bodyBytes), rooms)
}

async function partsOf(body: Buffer, rooms: Rooms, isRun = false) {
  if (!isUtf8(body))
    throw new AppError('REQUEST_INVALID', 'The body is not valid UTF-8. Send JSON in UTF-8.')
  if (body.length <= PARSE_HERE_BYTES) {
    return isRun ? splitRunRequest(body) : splitPrepareRequest(body)
  }
  // A copy of its own, so that it can be moved into the worker without what lies beside it.
  const own = body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body)
  return isRun ? rooms.converters.readRunRequest(own) : rooms.converters.readRequest(own)
}

/** Throws PARAMS_INVALID with the fields that are wrong. */
export async function readSubmit(c: AnyContext, rooms: Rooms): Promise<SubmitRequest> {
  return submitOf(c, await readBody(c.env.incoming, admissionOf(c).access.bodyBytes), rooms)
}

/** The same for a body that was already read. */
export async function submitOf(c: AnyContext, bytes: Buffer, rooms: Rooms): Promise<SubmitRequest> {
  const { fields, geojson } = await partsOf(bytes, rooms)
  const request = requestOf(c, fields, geojson, rooms)
  return { ...request, idempotencyKey: idempotencyKeyOf(c) }
}

/**
 * What a run of this service asks for. Its Idempotency-Key is not the job's: the same key names the same answer also after another
 * version became the active one. Throws PARAMS_INVALID, NOT_FOUND, VERSION_CONFLICT, RESULT_CORRUPT.
 */
export async function readRun(
  c: AnyContext,
  serviceId: string,
  rooms: Rooms,
): Promise<SubmitRequest & { serviceVersionId: string }> {
  const bytes = await readBody(c.env.incoming, admissionOf(c).access.bodyBytes)
  const { fields, geojson } = await partsOf(bytes, rooms, true)
  const parsed = ServiceRunRequest.safeParse(fields)
  if (!parsed.success) throw fieldErrors('body', parsed.error.issues)
  const { inputs, semver, ...job } = parsed.data
  // The document was taken out before; null stands for what was not filled in.
  const given = Object.entries(inputs).filter(([, value]) => (value ?? null) !== null)
  const hasDocument = geojson !== null
  const run = await rooms.services.run(
    serviceId,
    semver ?? null,
    Object.fromEntries(given),
    hasDocument,
  )
  const request = requestOf(c, { ...job, ...run.params, kind: run.kind }, geojson, rooms)
  return { ...request, serviceVersionId: run.version.id }
}

function requestOf(
  c: AnyContext,
  fields: Record<string, unknown>,
  geojson: Uint8Array | null,
  rooms: Rooms,
): SubmitRequest {
  const parsed = PrepareJobRequest.omit({ geojson: true }).safeParse(fields)
  if (!parsed.success) throw fieldErrors('body', parsed.error.issues)
  const body = parsed.data as PrepareJobRequest
  return {
    kind: body.kind,
    params: withLayers(body.kind, pipelineParams(body), rooms),
    geojson: ['geojson', 'mesh'].includes(body.kind) ? geojson : null,
    force: body.force ?? false,
    projectId: body.project_id ?? null,
    traceId: admissionOf(c).requestId,
    ...(body.priority == null ? {} : { priority: body.priority }),
  }
}

/** The user's layer template belongs to the request, so that a job done with another one does not answer it. */
export function withLayers(
  kind: SubmitRequest['kind'],
  params: Record<string, unknown>,
  rooms: Rooms,
): Record<string, unknown> {
  const { layerTemplate } = rooms
  const terrain = kind === 'contours' || kind === 'mesh'
  return layerTemplate === null || terrain ? params : { ...params, layerTemplate }
}
