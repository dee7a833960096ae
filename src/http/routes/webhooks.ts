// Who is told of events, what became of each delivery, and events that the plugin passes on.
import { createRoute } from '@hono/zod-openapi'
import { type App, actorOf } from '../context.ts'
import { answers, jsonBody, Ok, pathParameter, unixSeconds } from '../contract/common.ts'
import {
  DeliveryLog,
  DeliveryQuery,
  EmitRequest,
  RecoverRequest,
  secondsOrNull,
  WebhookAnswer,
  WebhookList,
  WebhookQueued,
  WebhookRequest,
  WebhookSecret,
  WebhookTest,
} from '../contract/webhooks.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['webhooks']
const ROOT = '/api/v1/webhooks'
const ENDPOINT = `${ROOT}/endpoints/{webhook_id}`
const params = pathParameter('webhook_id', 'The id that the registration answered.')
const done = { status: 'ok' as const }

export function mountWebhooks(app: App, { webhooks }: Rooms): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: `${ROOT}/register`,
      tags,
      summary: 'Tell this URL of events; the same URL again changes its filter',
      request: jsonBody(WebhookRequest),
      responses: answers(WebhookAnswer, 'Registered'),
    }),
    async (c) => {
      const { url, events, allow_insecure, strict_order, asymmetric, body_version } =
        c.req.valid('json')
      const input = {
        url,
        events: events ?? null,
        allowInsecure: allow_insecure ?? false,
        strictOrder: strict_order ?? false,
        asymmetric: asymmetric ?? false,
        bodyVersion: body_version ?? 1,
      }
      const { id, secret, publicKey } = await webhooks.register(input, actorOf(c))
      const key = publicKey === null ? {} : { public_key: publicKey }
      return c.json({ ...done, id, secret, ...key }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${ROOT}/endpoints`,
      tags,
      summary: 'Who is told, without secrets',
      responses: answers(WebhookList, 'Endpoints'),
    }),
    (c) => {
      const list = webhooks.list().map((one) => ({
        id: one.id,
        url: one.url,
        events: one.events,
        allow_insecure: one.allowInsecure,
        strict_order: one.strictOrder,
        public_key: one.publicKey,
        body_version: one.bodyVersion,
        state: one.state,
        failures: one.failures,
        failing_since: secondsOrNull(one.failingSince),
        paused_until: secondsOrNull(one.pausedUntil),
        created_at: unixSeconds(one.createdAt),
        waiting: one.waiting,
        delivered: one.delivered,
        given_up: one.givenUp,
      }))
      return c.json({ count: list.length, webhooks: list }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'delete',
      path: ENDPOINT,
      tags,
      summary: 'Tell it nothing more',
      request: { params },
      responses: answers(Ok, 'Removed'),
    }),
    async (c) => {
      await webhooks.remove(c.req.valid('param').webhook_id, actorOf(c))
      return c.json(done, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${ENDPOINT}/enable`,
      tags,
      summary: 'Go on after it was disabled; `recover` sends what was told meanwhile',
      request: { params },
      responses: answers(Ok, 'Enabled'),
    }),
    async (c) => {
      await webhooks.enable(c.req.valid('param').webhook_id, actorOf(c))
      return c.json(done, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${ENDPOINT}/rotate`,
      tags,
      summary: 'A new secret; the former one signs beside it for a day',
      request: { params },
      responses: answers(WebhookSecret, 'The new secret, shown once'),
    }),
    async (c) => {
      const { secret } = await webhooks.rotate(c.req.valid('param').webhook_id, actorOf(c))
      return c.json({ ...done, secret }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${ENDPOINT}/test`,
      tags,
      summary: 'Send it a webhook.test message, whatever its filter',
      request: { params },
      responses: answers(WebhookTest, 'Waiting in the outbox'),
    }),
    async (c) => {
      const id = await webhooks.test(c.req.valid('param').webhook_id, actorOf(c))
      return c.json({ ...done, message_id: id }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${ENDPOINT}/recover`,
      tags,
      summary: 'Send what it did not get since then, also while it was disabled',
      request: { params, ...jsonBody(RecoverRequest) },
      responses: answers(WebhookQueued, 'Waiting in the outbox'),
    }),
    async (c) => {
      const since = c.req.valid('json').since * 1000
      const count = await webhooks.recover(c.req.valid('param').webhook_id, since, actorOf(c))
      return c.json({ ...done, deliveries: count }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${ENDPOINT}/deliveries`,
      tags,
      summary: 'What became of each message, the newest first; kept 30 days',
      request: { params, query: DeliveryQuery },
      responses: answers(DeliveryLog, 'Deliveries with their attempts'),
    }),
    (c) => {
      const { state, limit } = c.req.valid('query')
      const filter = { state: state ?? null, limit }
      const list = webhooks.deliveries(c.req.valid('param').webhook_id, filter).map((one) => ({
        message_id: one.messageId,
        event: one.event,
        n: one.n,
        state: one.state,
        created_at: unixSeconds(one.createdAt),
        next_at: one.state === 'waiting' ? unixSeconds(one.nextAt) : null,
        attempts: one.attempts.map(({ attempt, at, status, durationMs, error, response }) => ({
          attempt,
          at: unixSeconds(at),
          status,
          duration_ms: durationMs,
          error,
          response,
        })),
      }))
      return c.json({ count: list.length, deliveries: list }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${ROOT}/messages/{message_id}/replay`,
      tags,
      summary: 'Send a message once more, under the same id',
      request: { params: pathParameter('message_id', 'The webhook-id of the message.') },
      responses: answers(WebhookQueued, 'Waiting in the outbox'),
    }),
    async (c) => {
      const count = await webhooks.replay(c.req.valid('param').message_id, actorOf(c))
      return c.json({ ...done, deliveries: count }, 200)
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
      await webhooks.emit(event_type, payload, actorOf(c))
      return c.json(done, 200)
    },
  )
}
