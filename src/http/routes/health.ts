// Whether we live, whether we are ready, and how each part is. Plain health never waits for work.
import { createRoute } from '@hono/zod-openapi'
import { VERSION } from '../../base/version.ts'
import type { App } from '../context.ts'
import { answers, Ok, unixSeconds } from '../contract/common.ts'
import { DetailedHealth, Hello, HelloQuery, Ready } from '../contract/service.ts'
import { HEALTHY } from '../instant.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['health']
const WORDS = { up: 'ok', degraded: 'degraded', down: 'error' } as const

export function mountHealth(app: App, rooms: Rooms): void {
  for (const path of ['/health', '/api/v1/health'] as const) {
    app.openapi(
      createRoute({
        method: 'get',
        path,
        tags,
        summary: 'Alive',
        security: [],
        responses: answers(Ok, 'Alive'),
      }),
      (c) => c.json(HEALTHY, 200),
    )
  }
  const ready = createRoute({
    method: 'get',
    path: '/ready',
    tags,
    summary: 'Ready for work; 503 while starting or stopping',
    security: [],
    responses: answers(Ready, 'Ready'),
  })
  app.openAPIRegistry.registerPath(ready)
  app.get(ready.path, (c) => c.json({ ready: rooms.ready() }, rooms.ready() ? 200 : 503))
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/hello',
      tags,
      summary: 'Proof that this server knows the owner token, before a client sends it',
      description: 'proof = hex HMAC-SHA256(token, "hello|" + nonce + "|" + boot_id)',
      security: [],
      request: { query: HelloQuery },
      responses: answers(Hello, 'Proof'),
    }),
    (c) =>
      c.json(
        {
          boot_id: rooms.bootId,
          version: VERSION,
          proof: rooms.sessions.prove(c.req.valid('query').nonce, rooms.bootId),
        },
        200,
      ),
  )
  const metrics = createRoute({
    method: 'get',
    path: '/metrics',
    tags,
    summary: 'Figures in the text form that Prometheus reads',
    responses: { 200: { description: 'Figures', content: { 'text/plain': {} } } },
  })
  app.openAPIRegistry.registerPath(metrics)
  app.get(metrics.path, (c) =>
    c.body(rooms.metrics.text(), 200, {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/health/detailed',
      tags,
      summary: 'How each part of the program is',
      responses: answers(DetailedHealth, 'Parts'),
    }),
    async (c) => {
      const begun = rooms.clock.monotonic()
      const parts = await rooms.health()
      const worst = parts.some((p) => p.status === 'down')
        ? 'error'
        : parts.some((p) => p.status === 'degraded')
          ? 'degraded'
          : 'ok'
      return c.json(
        {
          status: worst as 'ok' | 'degraded' | 'error',
          timestamp: unixSeconds(rooms.clock.now()),
          version: VERSION,
          services: Object.fromEntries(parts.map((p) => [p.name, WORDS[p.status]])),
          components: Object.fromEntries(
            parts.map((p) => [
              p.name,
              { status: p.status, details: p.details, latency_ms: p.latencyMs },
            ]),
          ),
          system_latency_ms: Math.round((rooms.clock.monotonic() - begun) * 1000) / 1000,
        },
        200,
      )
    },
  )
}
