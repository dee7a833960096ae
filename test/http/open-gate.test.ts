// Negative control of the gate's tests: with a gate that lets everybody in, the same hostile requests do reach a route.
import net from 'node:net'
import { expect, test } from 'vitest'
import { createSilentLog } from '../../src/base/log.ts'
import { ACCESS } from '../../src/http/access.ts'
import { createApp } from '../../src/http/app.ts'
import type { Guard } from '../../src/http/guard.ts'
import { createServer } from '../../src/http/server.ts'

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

test('without the gate a rebound name, a foreign page and a missing token all get 200', async () => {
  const app = createApp({ log: createSilentLog() } as never)
  const hub = { accept: () => {}, count: () => 0, close: () => {} }
  const server = createServer({
    guard: openGuard,
    fetch: app.fetch as never,
    hub,
    log: createSilentLog(),
    onRefusal: () => {},
  })
  const port = await server.listen(0)
  const statusOf = (headers: string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () =>
        socket.write(
          `GET /api/v1/auth/check HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`,
        ),
      )
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('close', () => resolve(text.slice(9, 12)))
    })
  try {
    expect(await statusOf(['Host: evil.example'])).toBe('200')
    expect(await statusOf([`Host: 127.0.0.1:${port}`, 'Origin: https://evil.example'])).toBe('200')
    expect(await statusOf([`Host: 127.0.0.1:${port}`, 'Sec-Fetch-Site: cross-site'])).toBe('200')
  } finally {
    await server.close(100)
  }
})
