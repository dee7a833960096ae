// Services on the wire: named, versioned sets of parameters, and their runs.
import { z } from '@hono/zod-openapi'
import type { ServiceKind } from '../../services/manifest.ts'
import type { Service, ServiceVersion, VersionLine } from '../../services/services.ts'
import { unixSeconds } from './common.ts'
import { JobStatus, PrepareJobRequest, pipelineParams } from './jobs.ts'

/** The parameters of a job, without what belongs to one run of it alone. Unknown ones are refused. */
const params = PrepareJobRequest.omit({
  kind: true,
  geojson: true,
  force: true,
  project_id: true,
  priority: true,
}).strict()

const semver = z.string().max(64).openapi({ example: '1.0.0' })
const formSchema = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'A JSON Schema is an object.',
  )
  .openapi({
    type: 'object',
    description:
      'JSON Schema 2020-12 of the form in which a drafter fills in what is left open; its `properties` are then all that a run may set.',
  })

export const ServiceCreate = z
  .strictObject({ name: z.string().trim().min(1).max(200) })
  .openapi('ServiceCreate')

const drafted = {
  kind: z.enum(['osm', 'geojson', 'contours', 'mesh']),
  params: params.openapi({
    description:
      'Fixed for every run; null fixes the default. What is absent is left to the run: place, document, …',
  }),
  form_schema: formSchema.nullish(),
}

export const ServiceDraft = z.strictObject({ semver, ...drafted }).openapi('ServiceDraft')
export const ServiceRedraft = z.strictObject(drafted).openapi('ServiceRedraft')

const service = {
  service_id: z.string(),
  name: z.string(),
  created_at: z.number(),
  active: z.string().nullable().openapi({ description: 'The version that runs use.' }),
}
const line = {
  semver: z.string(),
  state: z.enum(['draft', 'published', 'active', 'retired']),
  sha256: z.string().openapi({ description: 'Of the manifest as canonical JSON (RFC 8785).' }),
  created_at: z.number(),
}

export const ServiceBody = z.object(service).openapi('Service')

export const ServiceList = z
  .object({
    count: z.number().int(),
    services: z.array(ServiceBody),
    next: z.string().nullable().openapi({
      description: 'The `cursor` of the next page; null: this was the last one.',
    }),
  })
  .openapi('ServiceList')

export const ServiceWithVersions = z
  .object({ ...service, versions: z.array(z.object(line)) })
  .openapi('ServiceWithVersions')

export const ServiceVersionBody = z
  .object({
    service_id: z.string(),
    ...line,
    kind: z.string(),
    params: z.record(z.string(), z.unknown()),
    form_schema: z.record(z.string(), z.unknown()).nullable(),
    open: z.array(z.string()).openapi({ description: 'Parameters that a run may set.' }),
  })
  .openapi('ServiceVersion')

export const ServiceRunRequest = z
  .strictObject({
    inputs: params
      .extend({ geojson: z.unknown().optional() })
      .strict()
      .default({})
      .openapi({ description: 'Only what the version leaves open; `geojson` is the document.' }),
    semver: semver.nullish().openapi({ description: 'Absent: the active version.' }),
    force: PrepareJobRequest.shape.force,
    project_id: PrepareJobRequest.shape.project_id,
    priority: PrepareJobRequest.shape.priority,
  })
  .openapi('ServiceRunRequest')

export const ServiceRun = JobStatus.extend({
  service_id: z.string(),
  service_name: z.string(),
  semver: z.string(),
}).openapi('ServiceRun')

export function serviceBody({ id, name, createdAt, active }: Service) {
  return { service_id: id, name, created_at: unixSeconds(createdAt), active }
}

export function versionLine({ semver, state, sha256, createdAt }: VersionLine) {
  return { semver, state, sha256, created_at: unixSeconds(createdAt) }
}

export function serviceVersionBody(version: ServiceVersion) {
  const { serviceId, kind, params, formSchema, open } = version
  return {
    service_id: serviceId,
    ...versionLine(version),
    ...{ kind, params, form_schema: formSchema, open },
  }
}

/** A place anywhere: what a service leaves to its runs. */
const SOMEWHERE = { latitude: -21.7634, longitude: -41.3235, radius: 500 }

/** The pipeline's parameters as a run of it would have them, so that a version no run could use is refused when it is drafted. */
export function exampleParams(
  kind: ServiceKind,
  fixed: Record<string, unknown>,
): Record<string, unknown> {
  return pipelineParams({ ...SOMEWHERE, ...fixed, kind } as PrepareJobRequest)
}
