// Jobs on the wire: the original's names and types first, additive ones after them. camelCase becomes snake_case here.
import { z } from '@hono/zod-openapi'
import { errorText } from '../../base/error-texts.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { type Language, stepText } from '../../base/texts.ts'
import { type Job, statusOf } from '../../jobs/job.ts'
import type { Artifact, JobLogLine } from '../../jobs/jobs.ts'
import { latitude, longitude, radius, unixSeconds } from './common.ts'

export const PrepareJobRequest = z
  .object({
    kind: z.enum(['osm', 'geojson', 'contours', 'mesh']),
    latitude: latitude.nullish(),
    longitude: longitude.nullish(),
    radius: radius.nullish(),
    geojson: z.unknown().openapi({
      description:
        'An object, or a string that holds one (up to three times wrapped). For a mesh: its breaklines.',
    }),
    crs: z
      .union([z.string().max(32), z.number().int()])
      .nullish()
      .openapi({
        description: 'EPSG code of the drawing; chosen from the place when absent.',
        example: 'EPSG:31984',
      }),
    themes: z
      .array(z.string().max(64))
      .max(64)
      .nullish()
      .openapi({ description: 'Only these themes, e.g. streets, buildings.' }),
    contour_interval: z
      .number()
      .min(0)
      .max(1000)
      .nullish()
      .openapi({ description: 'Metres between contours; 0 = none.' }),
    max_error: z.number().min(0.01).max(1000).nullish().openapi({
      description: 'Mesh: largest vertical distance to the elevation file, metres.',
    }),
    labels: z.boolean().nullish().openapi({ description: 'Also give text features.' }),
    simplify_tolerance: z
      .number()
      .min(0)
      .max(100)
      .nullish()
      .openapi({ description: 'Metres; 0 = keep every vertex.' }),
    simplify_method: z
      .enum(['douglas-peucker', 'visvalingam'])
      .nullish()
      .openapi({ description: 'GeoJSON: how lines are simplified.' }),
    snap_tolerance: z.number().min(0).max(100).nullish().openapi({
      description: 'GeoJSON: metres within which vertices become one; 0 (default) = none moves.',
    }),
    join_lines: z
      .boolean()
      .nullish()
      .openapi({ description: 'GeoJSON: join lines of equal attributes that meet end to end.' }),
    remove_duplicates: z
      .boolean()
      .nullish()
      .openapi({ description: 'GeoJSON: draw points and stretches of line once.' }),
    remove_spikes: z
      .boolean()
      .nullish()
      .openapi({ description: 'GeoJSON: take out stretches that go out and back.' }),
    bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]).nullish().openapi({
      description:
        'GeoJSON: west, south, east, north in degrees within which terrain is put under vertices without heights; absent = where the document lies.',
    }),
    road_edges: z
      .boolean()
      .nullish()
      .openapi({ description: 'Also draw the outlines of streets, on a layer of their own.' }),
    force: z.boolean().nullish().openapi({ description: 'Do not reuse a finished job.' }),
    project_id: z.string().max(128).nullish(),
    priority: z.number().int().min(0).max(9).nullish(),
  })
  .openapi('PrepareJobRequest')

export type PrepareJobRequest = z.output<typeof PrepareJobRequest>

const xy = z.array(z.number())

/** A feature for CAD; every original key is always there. */
const CadFeature = z
  .looseObject({
    feature_type: z.union([z.string(), z.number()]),
    layer: z.string(),
    name: z.string().nullable(),
    highway: z.string().nullable(),
    width_m: z.number().nullable(),
    coords_xy: z.array(xy).nullable(),
    insertion_point_xy: xy.nullable(),
    block_name: z.string().nullable(),
    block_filepath: z.string().nullable(),
    rotation: z.number().nullable(),
    scale: z.number().nullable(),
    color: z.string().nullable(),
    elevation: z.number().nullable(),
    slope: z.number().nullable(),
    original_geojson_properties: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('CadFeature')

export const PrepareResponse = z
  .looseObject({
    crs_out: z.string().openapi({ example: 'EPSG:31984' }),
    features: z.array(CadFeature),
    cache_hit: z.boolean().nullable(),
  })
  .openapi('PrepareResponse')

export const JobStatus = z
  .object({
    job_id: z.string(),
    kind: z.string(),
    status: z.enum(['pending', 'running', 'completed', 'failed']),
    progress: z.number().min(0).max(1),
    message: z.string(),
    error: z.string().nullable(),
    created_at: z.number(),
    updated_at: z.number(),
    state: z.string(),
    error_code: z.string().nullable(),
    pipeline: z.string(),
    attempt: z.number().int(),
    retry_of: z.string().nullable(),
    queue_position: z.number().int().nullable(),
    project_id: z.string().nullable(),
    result_sha256: z.string().nullable(),
    result_bytes: z.number().int().nullable(),
    result: PrepareResponse.nullable(),
  })
  .openapi('JobStatus')

export const JobList = z
  .object({
    count: z.number().int(),
    jobs: z.array(JobStatus),
    next: z.string().nullable().openapi({
      description: 'The `cursor` of the next page; null: this was the last one.',
    }),
  })
  .openapi('JobList')

/** Which lines of a log: those after a number. */
export const JobLogsQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
})

export const JobLogs = z
  .object({
    job_id: z.string(),
    lines: z.array(
      z.object({ n: z.number().int(), at: z.number(), level: z.string(), line: z.string() }),
    ),
  })
  .openapi('JobLogs')

export const ArtifactList = z
  .object({
    job_id: z.string(),
    artifacts: z.array(
      z.object({
        artifact_id: z
          .string()
          .openapi({ description: 'For GET /api/v1/artifacts/{artifact_id}.' }),
        name: z.string(),
        media_type: z.string(),
        bytes: z.number().int(),
        sha256: z.string(),
        created_at: z.number(),
        href: z.string(),
      }),
    ),
  })
  .openapi('ArtifactList')

/** Everything but the result, which is streamed as it was stored. */
export function jobHeader(job: Job, queuePosition: number | null, language: Language) {
  const { error } = job
  return {
    job_id: job.id,
    kind: job.kind,
    status: statusOf(job.state),
    progress: Math.min(1, Math.max(0, job.progress)),
    message: stepText(language, job.step),
    // The plugin compares with CANCELLED, and shows anything else to the user.
    error:
      error === null
        ? job.state === 'cancelled'
          ? 'CANCELLED'
          : null
        : failureText(error.code, error.message, language),
    created_at: unixSeconds(job.createdAt),
    updated_at: unixSeconds(job.updatedAt),
    state: job.state,
    error_code: error?.code ?? null,
    pipeline: job.pipeline,
    attempt: job.attempt,
    retry_of: job.retryOf,
    queue_position: queuePosition,
    project_id: job.projectId,
    result_sha256: job.result?.sha256 ?? null,
    result_bytes: job.result?.size ?? null,
  }
}

function failureText(code: ErrorCode, message: string, language: Language): string {
  if (code === 'CANCELLED' || code === 'SHUTDOWN') return code
  return language === 'en' && code !== 'INTERNAL' ? message : errorText(language, code)
}

export function artifactBody(jobId: string, artifact: Artifact) {
  return {
    artifact_id: `${jobId}.${artifact.name}`,
    name: artifact.name,
    media_type: artifact.mediaType,
    bytes: artifact.size,
    sha256: artifact.sha256,
    created_at: unixSeconds(artifact.createdAt),
    href: `/api/v1/jobs/${jobId}/artifacts/${encodeURIComponent(artifact.name)}`,
  }
}

export function logLine({ n, at, level, line }: JobLogLine) {
  return { n, at: unixSeconds(at), level, line }
}

/** The job and the file's name that `artifact_id` names; null for any other text. No id of a job holds a dot. */
export function artifactOf(artifactId: string): { jobId: string; name: string } | null {
  const dot = artifactId.indexOf('.')
  return dot < 1 ? null : { jobId: artifactId.slice(0, dot), name: artifactId.slice(dot + 1) }
}

/** The pipeline's parameters; what was not asked for stays away, so that its own default holds. */
export function pipelineParams(body: PrepareJobRequest): Record<string, unknown> {
  const params: Record<string, unknown> = {}
  const put = (name: string, value: unknown): void => {
    if (value !== null && value !== undefined) params[name] = value
  }
  if (body.kind !== 'geojson') {
    for (const name of ['latitude', 'longitude', 'radius'] as const) put(name, body[name])
  }
  put('crs', epsgOf(body.crs))
  put('themes', body.themes)
  put(body.kind === 'contours' ? 'intervalMeters' : 'contourInterval', body.contour_interval)
  if (body.kind === 'mesh') put('maxErrorMeters', body.max_error)
  put('labels', body.labels)
  put('simplifyTolerance', body.simplify_tolerance)
  put('roadEdges', body.road_edges)
  if (body.kind === 'geojson') {
    put('bbox', body.bbox)
    put('simplifyMethod', body.simplify_method)
    put('snapTolerance', body.snap_tolerance)
    put('joinLines', body.join_lines)
    put('removeDuplicates', body.remove_duplicates)
    put('removeSpikes', body.remove_spikes)
  }
  return params
}

/** `EPSG:31984`, `31984` or the number; anything else goes on as it is and is refused by the pipeline. */
function epsgOf(crs: string | number | null | undefined): unknown {
  if (typeof crs !== 'string') return crs
  const found = /^(?:EPSG:)?(\d{4,6})$/i.exec(crs.trim())
  return found === null ? crs : Number(found[1])
}
