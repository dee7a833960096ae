// Overpass under every kind of trouble its servers have been seen to make, against a local server that counts.
import { afterEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { createOutbound } from '../../src/base/outbound.ts'
import { createOverpass, type OverpassOptions } from '../../src/sources/overpass.ts'
import {
  ANSWER,
  type Behaviour,
  behave,
  type OverpassServer,
  startOverpassServer,
} from '../support/overpass-server.ts'

const servers: OverpassServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(...behaviours: Behaviour[]): Promise<OverpassServer> {
  const server = await startOverpassServer(...behaviours)
  servers.push(server)
  return server
}

function client(endpoints: string[], options: Partial<OverpassOptions> = {}) {
  const allowed = new Set(endpoints.map((endpoint) => new URL(endpoint).host))
  return createOverpass({
    endpoints,
    outbound: createOutbound({
      userAgent: 'sisrua-test/1 (+https://example.org)',
      allow: (url) => allowed.has(url.host),
    }),
    clock: systemClock,
    timeoutMs: 400,
    backoff: { baseMs: 1, capMs: 1 },
    ...options,
  })
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  try {
    await work
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    return error as AppError
  }
  throw new Error('expected a failure')
}

describe('a server that works', () => {
  test('gets the query and a name, and its bytes come back unchanged', async () => {
    const server = await serve()
    const { bytes, server: host } = await client([server.url]).ask('[out:json];node(1);out;')
    expect(Buffer.from(bytes).toString()).toBe(ANSWER)
    expect(host).toBe(new URL(server.url).host)
    expect(server.seen).toEqual([
      {
        query: '[out:json];node(1);out;',
        userAgent: 'sisrua-test/1 (+https://example.org)',
        others: 0,
      },
    ])
  })

  test('is asked one question at a time', async () => {
    const server = await serve(behave.slowly(30))
    const overpass = client([server.url])
    await Promise.all(['a', 'b', 'c', 'd'].map((query) => overpass.ask(query)))
    expect(server.seen.map(({ query }) => query)).toEqual(['a', 'b', 'c', 'd'])
    expect(Math.max(...server.seen.map(({ others }) => others))).toBe(0)
  })

  test('may redirect to itself', async () => {
    const server = await serve(behave.redirect('/elsewhere'), behave.well())
    await client([server.url]).ask('q')
    expect(server.seen.length).toBe(2)
  })
})

const troubles: [string, Behaviour, { reason: string; status: number | null; requests: number }][] =
  [
    ['406', behave.status(406), { reason: 'user_agent_refused', status: 406, requests: 1 }],
    ['400', behave.status(400), { reason: 'query_refused', status: 400, requests: 1 }],
    ['500', behave.status(500), { reason: 'server_error', status: 500, requests: 1 }],
    ['504', behave.status(504), { reason: 'overloaded', status: 504, requests: 2 }],
    ['a page instead of data', behave.html(), { reason: 'not_json', status: 200, requests: 1 }],
    ['200 with a remark', behave.remark(), { reason: 'remark', status: 200, requests: 1 }],
    ['an answer cut off', behave.cutOff(), { reason: 'cut_off', status: 200, requests: 1 }],
    ['a connection that breaks', behave.hangUp(), { reason: 'network', status: null, requests: 2 }],
    ['a slow drip', behave.drip(20), { reason: 'timeout', status: null, requests: 1 }],
    ['no answer', behave.never(), { reason: 'timeout', status: null, requests: 1 }],
    ['an endless answer', behave.endless(), { reason: 'too_large', status: null, requests: 1 }],
    [
      'a redirect to another host',
      behave.redirect('http://127.0.0.1:1/'),
      { reason: 'redirect', status: null, requests: 1 },
    ],
  ]

describe('a server in trouble', () => {
  test.each(troubles)('%s is told in plain words', async (_, behaviour, expected) => {
    const server = await serve(behaviour)
    const error = await failure(client([server.url], { maxBytes: 1_000_000 }).ask('q'))
    expect(error.code).toBe('OVERPASS_UNAVAILABLE')
    expect(error.data).toMatchObject({
      server: new URL(server.url).host,
      reason: expected.reason,
      status: expected.status,
    })
    expect(error.message).toMatch(/Try again|saved extract/)
    expect(server.seen.length).toBe(expected.requests)
  })

  test.each(troubles.filter(([name]) => name !== '400'))(
    '%s sends the question to the next server, in order',
    async (_, behaviour) => {
      const first = await serve(behaviour)
      const second = await serve()
      const third = await serve()
      const overpass = client([first.url, second.url, third.url], { maxBytes: 1_000_000 })
      expect((await overpass.ask('q')).server).toBe(new URL(second.url).host)
      expect([second.seen.length, third.seen.length]).toEqual([1, 0])
    },
  )

  test('a query that one server does not understand is not tried on others', async () => {
    const first = await serve(behave.status(400))
    const second = await serve()
    await failure(client([first.url, second.url]).ask('q'))
    expect(second.seen.length).toBe(0)
  })

  test('what the server said is passed on', async () => {
    const server = await serve(behave.remark())
    expect((await failure(client([server.url]).ask('q'))).message).toMatch(/Query timed out/)
  })

  test('nobody listening is a network failure', async () => {
    const error = await failure(client(['http://127.0.0.1:1/api']).ask('q'))
    expect(error.data.reason).toBe('network')
  })

  test('no server at all is said so', async () => {
    expect((await failure(client([]).ask('q'))).data.reason).toBe('no_server')
  })
})

describe('429', () => {
  test('is waited out on the same server, never carried to the next', async () => {
    const first = await serve(behave.status(429), behave.well())
    const second = await serve()
    const overpass = client([first.url, second.url], { rateLimitFloorMs: 60 })
    const begin = performance.now()
    expect((await overpass.ask('q')).server).toBe(new URL(first.url).host)
    expect(performance.now() - begin).toBeGreaterThanOrEqual(59)
    expect(second.seen.length).toBe(0)
  })

  test('a later question does not go to the next server either', async () => {
    const first = await serve(behave.status(429, { 'Retry-After': '120' }))
    const second = await serve()
    const overpass = client([first.url, second.url])
    for (let i = 0; i < 3; i++) await failure(overpass.ask('q'))
    expect([first.seen.length, second.seen.length]).toEqual([1, 0])
  })

  test('Retry-After lengthens the rest; one too long to wait fails at once and says how long', async () => {
    const server = await serve(behave.status(429, { 'Retry-After': '120' }))
    const overpass = client([server.url])
    const error = await failure(overpass.ask('q'))
    expect(error.data).toMatchObject({
      reason: 'rate_limited',
      status: 429,
      retryAfterSeconds: 120,
    })
    const again = await failure(overpass.ask('again'))
    expect(again.data.reason).toBe('rate_limited')
    expect(server.seen.length).toBe(1)
  })

  test('without Retry-After the rest is 30 s, as the public servers ask', async () => {
    const server = await serve(behave.status(429))
    const error = await failure(client([server.url], { patienceMs: 1000 }).ask('q'))
    expect(error.data.retryAfterSeconds).toBe(30)
  })

  test('a second 429 ends the request', async () => {
    const server = await serve(behave.status(429))
    await failure(client([server.url], { rateLimitFloorMs: 5 }).ask('q'))
    expect(server.seen.length).toBe(2)
  })
})

describe('the breaker', () => {
  test('leaves a failing server alone for a minute, then lets one question through', async () => {
    let monotonic = 0
    const clock: Clock = { now: () => 0, monotonic: () => monotonic }
    const server = await serve(behave.status(500))
    const overpass = client([server.url], { clock })
    for (let i = 0; i < 5; i++) await failure(overpass.ask('q'))
    expect((await failure(overpass.ask('q'))).data.reason).toBe('resting')
    expect(server.seen.length).toBe(5)
    monotonic = 60_001
    server.script(behave.well())
    await overpass.ask('q')
    await overpass.ask('q')
    expect(server.seen.length).toBe(7)
  })
})

describe('cancel', () => {
  test.each([
    ['while the server thinks', behave.never()],
    ['while it sends', behave.drip(5)],
    ['while a rest is waited out', behave.status(429)],
  ])('%s ends the request with the reason given', async (_, behaviour) => {
    const server = await serve(behaviour)
    const controller = new AbortController()
    setTimeout(() => controller.abort(new AppError('CANCELLED')), 50)
    const overpass = client([server.url], { timeoutMs: 10_000, rateLimitFloorMs: 200 })
    expect((await failure(overpass.ask('q', controller.signal))).code).toBe('CANCELLED')
    // The next question is not stuck behind the cancelled one.
    server.script(behave.well())
    const next = overpass.ask('next')
    expect((await next).bytes.length).toBe(ANSWER.length)
  })
})
