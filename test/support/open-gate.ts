// A server whose gate lets everybody in: the negative control of everything that tests the gate.
import { createSilentLog } from '../../src/base/log.ts'
import { ACCESS } from '../../src/http/access.ts'
import { createApp } from '../../src/http/app.ts'
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

/** Listens; close it with `close(100)`. */
export async function startOpenGate(): Promise<{ server: Server; port: number }> {
  const log = createSilentLog()
  const app = createApp({ log } as never)
  const hub = { accept: () => {}, count: () => 0, close: () => {} }
  const fetch = app.fetch as never
  const server = createServer({ guard: openGuard, fetch, hub, log, onRefusal: () => {} })
  return { server, port: await server.listen(0) }
}
