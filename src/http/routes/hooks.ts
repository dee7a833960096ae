// Signed messages from outside that start a job. Off unless the settings file names a source; the gate lets the path
// through without a token, because here the signature over the raw bytes is what counts.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import { jsonText, readBody } from '../body.ts'
import { type App, admissionOf } from '../context.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import { HookAnswer, HookRequest } from '../contract/webhooks.ts'
import { tooManyRequests } from '../guard.ts'
import { submitOf } from '../prepare.ts'
import { fieldErrors } from '../problem.ts'
import type { Rooms } from '../rooms.ts'

export function mountHooks(app: App, rooms: Rooms): void {
  const route = createRoute({
    method: 'post',
    path: '/hooks/in/{source}',
    tags: ['webhooks'],
    summary: 'Start a job by a message signed as Standard Webhooks asks',
    request: {
      params: pathParameter('source', 'A source of the settings file (inboundHooks).'),
      ...jsonBody(HookRequest),
    },
    responses: answers(HookAnswer, 'The job'),
  })
  app.openAPIRegistry.registerPath(route)
  // Mounted without validation: nothing may look into the body before its signature was checked.
  app.post('/hooks/in/:source', async (c) => {
    if (!rooms.inbound.enabled) throw new AppError('NOT_FOUND')
    const source = c.req.param('source')
    const verdict = rooms.rates.take('hooks', 'write')
    if (verdict !== null && !verdict.ok) throw tooManyRequests(verdict)
    const body = await readBody(c.env.incoming, admissionOf(c).access.bodyBytes)
    const message = {
      id: c.req.header('webhook-id'),
      timestamp: c.req.header('webhook-timestamp'),
      signature: c.req.header('webhook-signature'),
      body,
    }
    const jobId = await rooms.inbound.accept(source, message, async () => {
      const parsed = HookRequest.safeParse(parse(jsonText(body)))
      if (!parsed.success) throw fieldErrors('body', parsed.error.issues)
      const request = await submitOf(c, Buffer.from(JSON.stringify(parsed.data.data)), rooms)
      const actor = { id: `hook:${source}`, role: 'operator' }
      const { job } = await rooms.jobs.submit(request, actor)
      return job.id
    })
    return c.json({ status: 'ok' as const, job_id: jobId }, 200)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', 'The body is not valid JSON. Send one JSON object.', {
      cause,
    })
  }
}
