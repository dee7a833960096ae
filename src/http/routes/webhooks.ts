// Who is told of events, and events that the plugin passes on.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import { type App, actorOf } from '../context.ts'
import { answers, jsonBody, Ok } from '../contract/common.ts'
import { EmitRequest, WebhookAnswer, WebhookRequest } from '../contract/service.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['webhooks']

/** Names that only this program may use. */
const RESERVED = /^(job|audit|storage)([._]|$)/

export function mountWebhooks(app: App, { webhooks }: Rooms): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/webhooks/register',
      tags,
      summary: 'Tell this URL of events; the same URL again changes its filter',
      request: jsonBody(WebhookRequest),
      responses: answers(WebhookAnswer, 'Registered'),
    }),
    async (c) => {
      const { url, events } = c.req.valid('json')
      const { id, secret } = await webhooks.register({ url, events: events ?? null }, actorOf(c))
      return c.json({ status: 'ok' as const, id, secret }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/events/emit',
      tags,
      summary: 'Pass an event on to the webhooks',
      request: jsonBody(EmitRequest),
      responses: answers(Ok, 'Passed on'),
    }),
    async (c) => {
      const { event_type, payload } = c.req.valid('json')
      if (RESERVED.test(event_type)) {
        throw new AppError(
          'FORBIDDEN',
          'Names that begin with job, audit or storage are the program’s own.',
        )
      }
      await webhooks.emit(event_type, payload, actorOf(c))
      return c.json({ status: 'ok' as const }, 200)
    },
  )
}
