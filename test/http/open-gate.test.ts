// Negative control of the gate's tests: with a gate that lets everybody in, the same hostile requests do reach a route.
import { expect, test } from 'vitest'
import { statusOf } from '../support/hostile-requests.ts'
import { startOpenGate } from '../support/open-gate.ts'

test('without the gate a rebound name, a foreign page and a missing token all get 200', async () => {
  const { server, port } = await startOpenGate()
  const status = (...headers: string[]): Promise<number> =>
    statusOf(
      port,
      `GET /api/v1/auth/check HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`,
    )
  try {
    expect(await status('Host: evil.example')).toBe(200)
    expect(await status(`Host: 127.0.0.1:${port}`, 'Origin: https://evil.example')).toBe(200)
    expect(await status(`Host: 127.0.0.1:${port}`, 'Sec-Fetch-Site: cross-site')).toBe(200)
  } finally {
    await server.close(100)
  }
})
