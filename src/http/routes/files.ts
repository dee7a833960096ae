// What a job leaves behind: its result, its artifacts with Range and ETag, and its events as a stream (SSE).
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import { type AnyContext, type App, isHead, languageOf } from '../context.ts'
import { answers, pathParameter } from '../contract/common.ts'
import { eventNumber } from '../contract/events.ts'
import { ArtifactList, artifactBody, artifactOf, PrepareResponse } from '../contract/jobs.ts'
import type { Rooms } from '../rooms.ts'
import { sendFile } from '../send.ts'
import { createEventStreams } from '../sse.ts'

const tags = ['jobs']
const params = pathParameter('job_id', 'The id that the creation answered.')

const conditions = (c: AnyContext) => ({
  range: c.req.header('Range'),
  ifNoneMatch: c.req.header('If-None-Match'),
  ifRange: c.req.header('If-Range'),
})

const PART_OF_FILE = {
  200: { description: 'The file' },
  206: { description: 'Part of it' },
  304: { description: 'Not changed' },
  416: { description: 'No such part' },
}

export function mountFiles(app: App, rooms: Rooms): void {
  const { jobs } = rooms
  const streams = createEventStreams(rooms)
  const documents = [
    createRoute({
      method: 'get',
      path: '/api/v1/jobs/{job_id}/result',
      tags,
      summary: 'The result alone, with Range and ETag',
      request: { params },
      responses: answers(PrepareResponse, 'The result'),
    }),
    createRoute({
      method: 'get',
      path: '/api/v1/jobs/{job_id}/artifacts/{name}',
      tags,
      summary: 'A file of the job, with Range and ETag',
      request: {
        params: params.extend(
          pathParameter('name', 'drawing.dxf, features.geojson, preview.svg').shape,
        ),
      },
      responses: PART_OF_FILE,
    }),
    createRoute({
      method: 'get',
      path: '/api/v1/jobs/{job_id}/events',
      tags,
      summary: 'The job’s events as they come (text/event-stream); Last-Event-ID resumes',
      request: { params },
      responses: { 200: { description: 'Events', content: { 'text/event-stream': {} } } },
    }),
    createRoute({
      method: 'get',
      path: '/api/v1/artifacts/{artifact_id}',
      tags,
      summary: 'A file by its own id, with Range and ETag',
      request: { params: pathParameter('artifact_id', 'As the list of a job’s files gives it.') },
      responses: PART_OF_FILE,
    }),
  ] as const

  async function sendArtifact(c: AnyContext, jobId: string, name: string): Promise<Response> {
    const file = await jobs.artifact(jobId, name)
    return sendFile(file, conditions(c), { 'Content-Disposition': disposition(name) }, isHead(c))
  }

  for (const route of documents) app.openAPIRegistry.registerPath(route)

  app.get(documents[0].getRoutingPath(), async (c) => {
    const id = c.req.param('job_id')!
    const file = await jobs.result(id)
    if (file === null)
      throw new AppError(
        'ARTIFACT_NOT_FOUND',
        'This job has no result yet. Wait until it is completed.',
      )
    return sendFile(file, conditions(c), {}, isHead(c))
  })
  app.get(documents[1].getRoutingPath(), async (c) => {
    return sendArtifact(c, c.req.param('job_id')!, c.req.param('name')!)
  })
  app.get(documents[2].getRoutingPath(), (c) => {
    const id = c.req.param('job_id')!
    jobs.get(id)
    // An empty header is what a reader without an event yet may send.
    const after = eventNumber(c.req.header('Last-Event-ID') || (c.req.query('after') ?? '0'))
    if (after === null) {
      throw new AppError('PARAMS_INVALID', 'Last-Event-ID must be the number of an event.')
    }
    return streams.open(id, after, languageOf(c), isHead(c))
  })
  app.get(documents[3].getRoutingPath(), (c) => {
    const named = artifactOf(c.req.param('artifact_id')!)
    if (named === null) throw new AppError('ARTIFACT_NOT_FOUND')
    return sendArtifact(c, named.jobId, named.name)
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/jobs/{job_id}/artifacts',
      tags,
      summary: 'Files of the job',
      request: { params },
      responses: answers(ArtifactList, 'Files'),
    }),
    (c) => {
      const { job_id } = c.req.valid('param')
      return c.json(
        { job_id, artifacts: jobs.artifacts(job_id).map((one) => artifactBody(job_id, one)) },
        200,
      )
    },
  )
}

/** RFC 6266; what Windows would not take as a file name is replaced. */
function disposition(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+|\.+$/g, '_')
  return `attachment; filename="${/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(safe) ? `_${safe}` : safe}"`
}
