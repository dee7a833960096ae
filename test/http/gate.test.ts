// The gate with a VALID token: hostile Host × Origin × Sec-Fetch-Site × method. Only what names us and comes from us passes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { sendHostileRequests } from '../support/hostile-requests.ts'

let house: TestDaemon
beforeAll(async () => {
  house = await startDaemon()
})
afterAll(() => house.stop())

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)

function requestText(method: string, target: string, headers: (string | null)[]): string {
  const lines = headers.filter((line) => line !== null)
  return `${method} ${target} HTTP/1.1\r\n${[...lines, `X-SisRua-Token: ${TOKEN}`, 'Connection: close'].join('\r\n')}\r\n\r\n`
}

describe('hostile requests that carry the right token', () => {
  test('Host × Origin × Sec-Fetch-Site × method, upgrades too: only the legal ones pass', async () => {
    const { hostile, accepted, legal, odd } = await sendHostileRequests(house.port)
    expect(accepted).toEqual([])
    expect(odd).toEqual([])
    expect([hostile, legal]).toEqual([13 * 8 * 5 * 5 - 66, 66])
  })

  test.each([
    ['absolute form', 'GET', 'http://evil.example/api/v1/auth/check', 400],
    ['doubled slash', 'GET', '//api/v1/auth/check', 400],
    ['encoded slash', 'GET', '/api%2Fv1/auth/check', 400],
    ['dot segment', 'GET', '/api/v1/x/../auth/check', 400],
    ['encoded dot', 'GET', '/api/v1/%2e%2e/auth/check', 400],
    ['semicolon', 'GET', '/api;/v1/auth/check', 400],
    ['backslash', 'GET', '/api\\v1\\auth\\check', 400],
    ['NUL', 'GET', '/api/v1/auth/check%00', 400],
    ['half a percent', 'GET', '/api/v1/jobs/%4', 400],
    ['upper case', 'GET', '/API/v1/auth/check', 404],
    ['trailing slash', 'GET', '/api/v1/auth/check/', 404],
    ['too long', 'GET', `/${'a'.repeat(2_100)}`, 400],
    ['unknown method', 'TRACE', '/api/v1/auth/check', 405],
    ['wrong method', 'DELETE', '/api/v1/auth/check', 405],
  ])('target: %s', async (_name, method, target, status) => {
    const text = await house.raw(requestText(method, target, [`Host: 127.0.0.1:${house.port}`]))
    expect(statusOf(text)).toBe(status)
  })

  test('no Host, two Hosts, two tokens, both lengths, bare line feeds', async () => {
    const host = `Host: 127.0.0.1:${house.port}`
    const token = `X-SisRua-Token: ${TOKEN}`
    const cases: [string, number][] = [
      [`GET /api/v1/auth/check HTTP/1.1\r\n${token}\r\n\r\n`, 400],
      [`GET /api/v1/auth/check HTTP/1.1\r\n${host}\r\nHost: evil\r\n${token}\r\n\r\n`, 400],
      [
        `GET /api/v1/auth/check HTTP/1.1\r\n${host}\r\nX-SisRua-Token: x\r\n${token}\r\nConnection: close\r\n\r\n`,
        401,
      ],
      [
        `POST /api/v1/events/emit HTTP/1.1\r\n${host}\r\n${token}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        400,
      ],
      [`GET /api/v1/auth/check HTTP/1.1\n${host}\n${token}\n\n`, 400],
      [`GET /api/v1/auth/check HTTP/1.1\r\n${host}\r\nX-A: ${'a'.repeat(9_000)}\r\n\r\n`, 431],
    ]
    for (const [text, status] of cases)
      expect(statusOf(await house.raw(text, 1_500)), text.slice(0, 80)).toBe(status)
  })

  test('a form, a compressed body and an oversized one are refused before they are read', async () => {
    const call = (headers: Record<string, string>) =>
      house.call('POST', '/api/v1/events/emit', '{"event_type":"x","payload":{}}', { headers })
    expect((await call({ 'Content-Type': 'text/plain' })).status).toBe(415)
    expect((await call({ 'Content-Encoding': 'gzip' })).status).toBe(415)
    const big = `{"event_type":"x","payload":{"a":"${'a'.repeat(70_000)}"}}`
    expect((await house.call('POST', '/api/v1/events/emit', big)).status).toBe(413)
  })

  test('an oversized chunked body, whose length nobody announced, is cut at the limit', async () => {
    const head = `POST /api/v1/events/emit HTTP/1.1\r\nHost: 127.0.0.1:${house.port}\r\nX-SisRua-Token: ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`
    const chunk = `${(80_000).toString(16)}\r\n${'a'.repeat(80_000)}\r\n0\r\n\r\n`
    expect(statusOf(await house.raw(head + chunk))).toBe(413)
  })
})

describe('without the right token', () => {
  test('nothing but the public list answers, and unknown paths are not told apart', async () => {
    for (const path of ['/api/v1/jobs', '/api/v1/nothing', '/favicon.ico', '/api/audit']) {
      for (const token of [null, 'wrong', `${TOKEN}x`, 'sess_unknown', 'x'.repeat(200)]) {
        expect((await house.call('GET', path, undefined, { token })).status).toBe(401)
      }
    }
    for (const path of ['/', '/docs', '/openapi.json', '/health', '/ready', '/api/v1/health']) {
      expect((await house.call('GET', path, undefined, { token: null })).status).toBe(200)
    }
  })

  test('no token configured: health answers, everything else fails closed', async () => {
    const closed = await startDaemon({ authToken: null })
    try {
      expect((await closed.call('GET', '/api/v1/health')).status).toBe(200)
      const reply = await closed.call('GET', '/api/v1/auth/check')
      expect(reply.status).toBe(500)
      expect(reply.json.detail).toBe('Server Authentication Not Configured')
    } finally {
      await closed.stop()
    }
  })

  test('a session token works, can do less than the owner, and proof of the token can be had first', async () => {
    const session = await house.call('POST', '/api/v1/auth/session', {})
    expect(session.json).toMatchObject({
      session_token: expect.stringMatching(/^sess_/),
      expires_in: 1800,
    })
    const token = session.json.session_token as string
    expect((await house.call('GET', '/api/v1/auth/check', undefined, { token })).json.role).toBe(
      'operator',
    )
    expect(
      (await house.call('POST', '/api/v1/management/shutdown', undefined, { token })).status,
    ).toBe(403)
    const hello = await house.call('GET', '/api/v1/hello?nonce=0123456789abcdef', undefined, {
      token: null,
    })
    expect(hello.json.proof).toMatch(/^[0-9a-f]{64}$/)
  })
})
