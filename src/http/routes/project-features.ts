// The features of a project: read as a stream, replaced, changed one by one, and merged with a second import of the same area.
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import type { Project, ProjectFeature } from '../../projects/projects.ts'
import { jsonText, PARSE_HERE_BYTES, readBody } from '../body.ts'
import { type AnyContext, type App, actorOf, admissionOf, isHead } from '../context.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import {
  ChangeSet,
  changeSetBody,
  FeaturesPatch,
  FeaturesReplace,
  ProjectFeatures,
  Project as ProjectSchema,
  projectBody,
  ReimportJob,
  ReimportRequest,
} from '../contract/projects.ts'
import { isKnown, versionMissing, whileMatching } from '../preconditions.ts'
import { fieldErrors } from '../problem.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['projects']
const params = pathParameter('project_id', 'The project’s id.')
const path = '/api/v1/projects/{project_id}/features' as const

export function mountProjectFeatures(app: App, { projects, jobs }: Rooms): void {
  const versionOf = (id: string) => () => projects.get(id).version
  const tagged = (project: Project) => ({ ETag: `"${project.version}"` })
  const bodyOf = (c: AnyContext) => readBody(c.env.incoming, admissionOf(c).access.bodyBytes)

  const read = createRoute({
    method: 'get',
    path,
    tags,
    summary: 'All features of a project; the ETag is its version',
    request: { params },
    responses: answers(ProjectFeatures, 'Features'),
  })
  app.openAPIRegistry.registerPath(read)
  app.get(read.getRoutingPath(), (c) => {
    const project = projects.get(c.req.param('project_id')!)
    const headers = { ...tagged(project), 'Content-Type': 'application/json' }
    if (isKnown(c.req.header('If-None-Match'), headers.ETag)) return c.body(null, 304, headers)
    if (isHead(c)) return new Response(null, { headers })
    const text = Readable.from(texts(project, projects.features(project.id)))
    return new Response(Readable.toWeb(text) as ReadableStream<Uint8Array>, { headers })
  })

  const replace = createRoute({
    method: 'put',
    path,
    tags,
    summary: 'Replace all features; what differs from its source counts as edited',
    request: { params, ...jsonBody(FeaturesReplace) },
    responses: answers(ProjectSchema, 'The project with its new version'),
  })
  app.openAPIRegistry.registerPath(replace)
  app.put(replace.getRoutingPath(), async (c) => {
    const document = ownBytes(await bodyOf(c))
    const id = c.req.param('project_id')!
    const project = await whileMatching(c, versionOf(id), (seen) =>
      projects.replaceFeatures(id, seen, document, actorOf(c)),
    )
    return c.json(projectBody(project), 200, tagged(project))
  })

  app.openapi(
    createRoute({
      method: 'patch',
      path,
      tags,
      summary: 'Set, add and remove single features',
      request: { params, ...jsonBody(FeaturesPatch) },
      responses: answers(ProjectSchema, 'The project with its new version'),
    }),
    async (c) => {
      const { version: said, set, remove } = c.req.valid('json')
      const id = c.req.valid('param').project_id
      const project = await whileMatching(c, versionOf(id), (seen) => {
        const version = said ?? seen
        if (version === null) throw versionMissing()
        return projects.patchFeatures(id, version, { set, remove }, actorOf(c))
      })
      return c.json(projectBody(project), 200, tagged(project))
    },
  )

  const reimport = createRoute({
    method: 'post',
    path: '/api/v1/projects/{project_id}/reimport',
    tags,
    summary: 'Merge a second import of the same area: added, changed, removed, untouched, edited',
    description:
      'Features are matched by their source. What the drafter edited, drew or took away stays so. Only a preview unless `dry_run` is false.',
    request: { params, ...jsonBody(ReimportRequest) },
    responses: answers(ChangeSet, 'What changes, or has changed'),
  })
  app.openAPIRegistry.registerPath(reimport)
  app.post(reimport.getRoutingPath(), async (c) => {
    const id = c.req.param('project_id')!
    const body = await bodyOf(c)
    const job = jobOf(body)
    const changes = await whileMatching(c, versionOf(id), async (seen) => {
      const request =
        job === null
          ? { version: seen, dryRun: null, document: ownBytes(body), jobId: null }
          : {
              version: job.version ?? seen,
              dryRun: job.dry_run,
              document: await resultOf(job.job_id),
              jobId: job.job_id,
            }
      return projects.reimport(id, request, actorOf(c))
    })
    return c.json(changeSetBody(changes), 200, tagged(changes.project))
  })

  async function resultOf(jobId: string): Promise<Uint8Array> {
    const file = await jobs.result(jobId)
    if (file === null) {
      throw new AppError(
        'ARTIFACT_NOT_FOUND',
        'This job has no result yet. Wait until it is completed.',
      )
    }
    return ownBytes(await file.bytes())
  }
}

/** The request for a job's result; null for a body that brings the features itself. */
function jobOf(body: Buffer): ReturnType<typeof ReimportJob.parse> | null {
  if (body.length > PARSE_HERE_BYTES) return null
  let value: unknown
  try {
    value = JSON.parse(jsonText(body))
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      'REQUEST_INVALID',
      'The body is not valid JSON. Send one JSON object in UTF-8.',
    )
  }
  if (typeof value !== 'object' || value === null || !('job_id' in value)) return null
  const parsed = ReimportJob.safeParse(value)
  if (!parsed.success) throw fieldErrors('body', parsed.error.issues)
  return parsed.data
}

/** Bytes with a buffer of their own, so that they can be moved into a worker. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

/** A chunk at a time, and others have their turn between two: the whole would hold them up for most of a second. */
async function* texts(
  project: Project,
  chunks: Iterable<ProjectFeature[]>,
): AsyncGenerator<Buffer> {
  const { id, version, crsOut } = project
  const head = JSON.stringify({ project_id: id, version, crs_out: crsOut })
  yield Buffer.from(`${head.slice(0, -1)},"features":[`)
  let first = true
  for (const features of chunks) {
    if (features.length === 0) continue
    yield Buffer.from((first ? '' : ',') + features.map((one) => JSON.stringify(one)).join(','))
    first = false
    await setImmediate()
  }
  yield Buffer.from(']}')
}
