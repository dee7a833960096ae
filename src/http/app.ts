// The table of contents: every route mounted, bodies read within their limits, errors turned into problems.
import { OpenAPIHono } from '@hono/zod-openapi'
import { AppError } from '../base/errors.ts'
import { jsonText, LARGEST_READ_HERE, readBody } from './body.ts'
import { type AnyContext, type App, admissionOf, type Env } from './context.ts'
import { answerOnce } from './idempotency.ts'
import { fieldErrors, toProblem } from './problem.ts'
import type { Rooms } from './rooms.ts'
import { mountAssistant } from './routes/assistant.ts'
import { mountAudit } from './routes/audit.ts'
import { mountAuth } from './routes/auth.ts'
import { mountClients } from './routes/clients.ts'
import { mountDocs } from './routes/docs.ts'
import { mountElevation } from './routes/elevation.ts'
import { mountFiles } from './routes/files.ts'
import { mountHealth } from './routes/health.ts'
import { mountHooks } from './routes/hooks.ts'
import { mountJobs } from './routes/jobs.ts'
import { mountLegacy } from './routes/legacy.ts'
import { mountManagement } from './routes/management.ts'
import { mountPlaces } from './routes/places.ts'
import { mountProjectFeatures } from './routes/project-features.ts'
import { mountProjects } from './routes/projects.ts'
import { mountRuns } from './routes/runs.ts'
import { mountServices } from './routes/services.ts'
import { mountStatus } from './routes/status.ts'
import { mountWebhooks } from './routes/webhooks.ts'

export function createApp(rooms: Rooms): App {
  const app: App = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success)
        throw fieldErrors(result.target === 'json' ? 'body' : result.target, result.error.issues)
    },
  })
  app.use(async (c, next) => {
    const { access } = admissionOf(c)
    // The last room is for what ends or frees: the rest would use up the reserve before retention has worked.
    if (access.bucket === 'write' && c.req.method !== 'DELETE' && rooms.isReadOnly()) {
      throw new AppError('DISK_LOW', 'The disk is almost full; only reading and deleting go on.')
    }
    if (!access.raw && access.bodyBytes > 0 && access.bodyBytes <= LARGEST_READ_HERE) {
      const text = jsonText(await readBody(c.env.incoming, access.bodyBytes))
      // An empty body counts as an empty object, so that the answer names the fields that are missing.
      c.req.bodyCache.text = Promise.resolve(text.trim() === '' ? '{}' : text) as never
    }
    await next()
  })
  app.use(answerOnce(rooms.keyedAnswers))
  app.onError((error, c) => problemAnswer(rooms, c, translate(error)))
  app.notFound((c) => problemAnswer(rooms, c, new AppError('NOT_FOUND')))
  mountStatus(app, rooms)
  mountDocs(app)
  mountHealth(app, rooms)
  mountAuth(app, rooms)
  mountClients(app, rooms)
  mountManagement(app, rooms)
  mountJobs(app, rooms)
  mountFiles(app, rooms)
  mountLegacy(app, rooms)
  mountElevation(app, rooms)
  mountPlaces(app, rooms)
  mountAssistant(app, rooms)
  mountProjects(app, rooms)
  mountProjectFeatures(app, rooms)
  mountServices(app, rooms)
  mountRuns(app, rooms)
  mountWebhooks(app, rooms)
  mountHooks(app, rooms)
  mountAudit(app, rooms)
  return app
}

/** Hono's own refusals in our words. */
function translate(error: unknown): unknown {
  // HTTPException, told by its shape.
  if (error instanceof Error && 'getResponse' in error) {
    return new AppError(
      'REQUEST_INVALID',
      'The body is not valid JSON. Send one JSON object in UTF-8.',
    )
  }
  return error
}

function problemAnswer(rooms: Rooms, c: AnyContext, error: unknown): Response {
  const { requestId, language, path } = admissionOf(c)
  const body = toProblem(error, { requestId, language, instance: path })
  if (!(error instanceof AppError)) rooms.log.error('A route failed.', { requestId, path, error })
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Content-Language': language,
  }
  // Our own limits say `retryAfter`, queue and other servers `retryAfterSeconds`.
  const { retryAfter, retryAfterSeconds } = error instanceof AppError ? error.data : {}
  const wait = retryAfter ?? retryAfterSeconds
  if (typeof wait === 'number') headers['Retry-After'] = String(wait)
  else if (body.retryable) headers['Retry-After'] = '5'
  if (body.code === 'BODY_TOO_LARGE') headers.Connection = 'close'
  return new Response(JSON.stringify(body), { status: body.status, headers })
}
