// A server whose gate lets everybody in: the negative control of everything that tests the gate.
import { Hono } from 'hono'
import { createSilentLog } from '../../src/base/log.ts'
import { ACCESS } from '../../src/http/access.ts'
import { createApp } from '../../src/http/app.ts'
import type { App } from '../../src/http/context.ts'
import type { Guard } from '../../src/http/guard.ts'
import { createServer, type Server } from '../../src/http/server.ts'

const openGuard: Guard = {
  describe: () => ({ requestId: '12345678', language: 'en' }),
  admit: (request) => ({
    principal: { id: 'anybody', role: 'admin' },
    access: ACCESS['GET /api/v1/auth/check']!,
    path: request.url ?? '',
    requestId: '12345678',
    language: 'en',
    rate: null,
  }),
}

/** Listens; close it with `close(100)`. `through` may stand between the server and the routes. */
export async function startOpenGate(
  through: (app: App) => { fetch: unknown } = (app) => app,
): Promise<{ server: Server; port: number }> {
  const log = createSilentLog()
  const app = through(createApp({ log } as never))
  const hub = { accept: () => {}, count: () => 0, dropped: () => 0, close: () => {} }
  const fetch = app.fetch as never
  const server = createServer({ guard: openGuard, fetch, hub, log, onRefusal: () => {} })
  return { server, port: await server.listen(0) }
}

/** The usual half measure instead of the gate: a middleware that asks for the token below a prefix. */
export function startPrefixGate(prefix: string): Promise<{ server: Server; port: number }> {
  return startOpenGate((app) => {
    const outer = new Hono()
    outer.use(prefix, (c) => Promise.resolve(c.text('no token', 401)))
    outer.route('/', app as never)
    return outer
  })
}
