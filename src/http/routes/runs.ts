// Runs: jobs made from a version of a service, looked at under the service's name. Cancelling, events and files are those of the job.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import type { Job } from '../../jobs/job.ts'
import type { App } from '../context.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import { JobLogs, JobLogsQuery, logLine } from '../contract/jobs.ts'
import { ServiceRun, ServiceRunRequest } from '../contract/services.ts'
import { createJobAnswers } from '../job-answers.ts'
import { readRun } from '../prepare.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['services']
const params = pathParameter('run_id', 'The run’s id, which is its job’s.')

export function mountRuns(app: App, rooms: Rooms): void {
  const { jobs, services } = rooms
  const { brief, whole, submit } = createJobAnswers(rooms)

  /** A job that is no run is not found here. */
  function originOf({ serviceVersionId }: Job) {
    const origin = serviceVersionId === null ? null : services.origin(serviceVersionId)
    if (origin === null) throw new AppError('JOB_NOT_FOUND', 'Run not found')
    const { service, semver } = origin
    return { service_id: service.id, service_name: service.name, semver }
  }

  const create = createRoute({
    method: 'post',
    path: '/api/v1/services/{service_id}/runs',
    tags,
    summary: 'Run a service: a job with what the version fixes and what the inputs add',
    description: 'Counts as a new job; a run that an earlier run of the version answers does not.',
    request: {
      params: pathParameter('service_id', 'The service’s id.'),
      ...jsonBody(ServiceRunRequest),
    },
    responses: {
      ...answers(ServiceRun, 'Not used'),
      202: {
        description: 'The run; Location is its address',
        content: { 'application/json': { schema: ServiceRun } },
      },
    },
  })
  app.openAPIRegistry.registerPath(create)
  app.post(create.getRoutingPath(), async (c) => {
    const { job, replayed } = await submit(c, await readRun(c, c.req.param('service_id')!, rooms))
    const headers: Record<string, string> = { Location: `/api/v1/runs/${job.id}` }
    if (replayed) headers['Idempotent-Replay'] = 'true'
    return c.json({ ...brief(c, job), ...originOf(job) }, 202, headers)
  })

  const get = createRoute({
    method: 'get',
    path: '/api/v1/runs/{run_id}',
    tags,
    summary: 'A run; with its result once it is completed',
    request: { params },
    responses: answers(ServiceRun, 'The run'),
  })
  app.openAPIRegistry.registerPath(get)
  app.get(get.getRoutingPath(), (c) => {
    const job = jobs.get(c.req.param('run_id')!)
    return whole(c, job, {}, originOf(job))
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/runs/{run_id}/logs',
      tags,
      summary: 'Lines of the run’s log after a number',
      request: {
        params,
        query: JobLogsQuery,
      },
      responses: answers(JobLogs, 'Lines'),
    }),
    (c) => {
      const { run_id } = c.req.valid('param')
      const { after, limit } = c.req.valid('query')
      originOf(jobs.get(run_id))
      return c.json({ job_id: run_id, lines: jobs.logs(run_id, after, limit).map(logLine) }, 200)
    },
  )
}
