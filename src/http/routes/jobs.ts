// Jobs: create, look, list, cancel, retry, read the log. A finished result is streamed as it was stored.
import { createRoute, z } from '@hono/zod-openapi'
import type { JobKind, JobState } from '../../jobs/job.ts'
import { type App, actorOf } from '../context.ts'
import { answers, jsonBody, Ok, pathParameter } from '../contract/common.ts'
import {
  JobList,
  JobLogs,
  JobLogsQuery,
  JobStatus,
  logLine,
  PrepareJobRequest,
} from '../contract/jobs.ts'
import { createJobAnswers } from '../job-answers.ts'
import { readSubmit } from '../prepare.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['jobs']
const params = pathParameter('job_id', 'The id that the creation answered.')

export function mountJobs(app: App, rooms: Rooms): void {
  const { jobs } = rooms
  const { brief, whole, submit } = createJobAnswers(rooms)

  const create = createRoute({
    method: 'post',
    path: '/api/v1/jobs/prepare',
    tags,
    summary: 'Create a job, or get the one that already answers this request',
    description:
      'At most 5 new jobs in 60 s; replays do not count. `Idempotency-Key` is honoured for 24 h.',
    request: jsonBody(PrepareJobRequest),
    responses: answers(JobStatus, 'The job'),
  })
  app.openAPIRegistry.registerPath(create)
  app.post(create.path, async (c) => {
    const { job, replayed } = await submit(c, await readSubmit(c, rooms))
    const headers: Record<string, string> = replayed ? { 'Idempotent-Replay': 'true' } : {}
    return replayed && job.state === 'succeeded'
      ? whole(c, job, headers)
      : c.json(brief(c, job), 200, headers)
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/jobs',
      tags,
      summary: 'Jobs, newest first, without results',
      request: {
        query: z.object({
          state: z
            .enum([
              'queued',
              'running',
              'cancelling',
              'retry_wait',
              'succeeded',
              'failed',
              'cancelled',
              'dead',
            ])
            .optional(),
          kind: z.enum(['osm', 'geojson', 'contours', 'mesh']).optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          before: z.coerce
            .number()
            .positive()
            .optional()
            .openapi({ description: 'Only jobs created before this time, Unix seconds.' }),
          cursor: z
            .string()
            .regex(/^\d{1,15}$/)
            .optional()
            .openapi({
              description: '`next` of the page before; everything else as it was there.',
            }),
        }),
      },
      responses: answers(JobList, 'Jobs'),
    }),
    (c) => {
      const { state, kind, limit, before, cursor } = c.req.valid('query')
      const { jobs: found, next } = jobs.list({
        limit,
        ...(state === undefined ? {} : { state: state as JobState }),
        ...(kind === undefined ? {} : { kind: kind as JobKind }),
        ...(before === undefined ? {} : { before: before * 1000 }),
        ...(cursor === undefined ? {} : { cursor: Number(cursor) }),
      })
      const page = found.map((job) => brief(c, job))
      return c.json({ count: page.length, jobs: page, next: next?.toString() ?? null }, 200)
    },
  )

  const get = createRoute({
    method: 'get',
    path: '/api/v1/jobs/{job_id}',
    tags,
    summary: 'A job; with its result once it is completed',
    request: { params },
    responses: answers(JobStatus, 'The job'),
  })
  app.openAPIRegistry.registerPath(get)
  app.get(get.getRoutingPath(), (c) => whole(c, jobs.get(c.req.param('job_id')!)))

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/jobs/{job_id}',
      tags,
      summary: 'Cancel; a finished job is left as it is',
      request: { params },
      responses: answers(Ok, 'Cancelled, or already finished'),
    }),
    async (c) => {
      await jobs.cancel(c.req.valid('param').job_id, actorOf(c))
      return c.json({ status: 'ok' as const }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/jobs/{job_id}/retry',
      tags,
      summary: 'A new job with the request of one that failed',
      request: { params },
      responses: answers(JobStatus, 'The new job'),
    }),
    async (c) => c.json(brief(c, await jobs.retry(c.req.valid('param').job_id, actorOf(c))), 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/jobs/{job_id}/logs',
      tags,
      summary: 'Lines of the job’s log after a number',
      request: {
        params,
        query: JobLogsQuery,
      },
      responses: answers(JobLogs, 'Lines'),
    }),
    (c) => {
      const { job_id } = c.req.valid('param')
      const { after, limit } = c.req.valid('query')
      return c.json({ job_id, lines: jobs.logs(job_id, after, limit).map(logLine) }, 200)
    },
  )
}
