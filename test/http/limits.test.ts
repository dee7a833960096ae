// What is counted and what is not, and a thousand malformed bodies.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRates, RATES } from '../../src/http/rates.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'

const job = (radius: number) => ({ kind: 'osm', latitude: -21.7634, longitude: -41.3235, radius })

describe('sliding windows', () => {
  test('never more than the count in any window, and the wait is told', () => {
    let now = 0
    const rates = createRates(
      { now: () => now, monotonic: () => now },
      { create: [{ count: 3, seconds: 10 }] },
    )
    const at = (time: number) => {
      now = time
      return rates.take('p', 'create')!
    }
    expect([at(0).ok, at(4_000).ok, at(8_000).ok]).toEqual([true, true, true])
    expect(at(9_000)).toMatchObject({ ok: false, retryAfterSeconds: 1 })
    expect(at(10_000).ok).toBe(true)
    expect(at(10_001)).toMatchObject({ ok: false, retryAfterSeconds: 4 })
    expect(rates.take('other', 'create')!.ok).toBe(true)
    expect(rates.take('p', 'read')).toBeNull()
  })
})

describe('creating jobs', () => {
  test('five new ones in a minute; 401s, 422s and replays never count', async () => {
    const house = await startDaemon({ jobRate: '5/60' })
    try {
      for (let i = 0; i < 8; i++) {
        expect(
          (await house.call('POST', '/api/v1/jobs/prepare', job(100), { token: null })).status,
        ).toBe(401)
        expect((await house.call('POST', '/api/v1/jobs/prepare', job(-1))).status).toBe(422)
      }
      for (let i = 0; i < 5; i++) {
        const first = await house.call('POST', '/api/v1/jobs/prepare', job(100 + i))
        const replay = await house.call('POST', '/api/v1/jobs/prepare', job(100 + i))
        expect([first.status, replay.status, replay.json.job_id]).toEqual([
          200,
          200,
          first.json.job_id,
        ])
        expect(replay.headers['idempotent-replay']).toBe('true')
      }
      const sixth = await house.call('POST', '/api/v1/jobs/prepare', job(999))
      expect([sixth.status, sixth.json.detail]).toEqual([
        429,
        'Rate limit exceeded. Please slow down.',
      ])
      expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(50)
      expect((await house.call('POST', '/api/v1/jobs/prepare', job(100))).status).toBe(200)
    } finally {
      await house.stop()
    }
  })
})

test('a replay says so, also when the job is done and its result comes along', async () => {
  const house = await startDaemon()
  try {
    const body = { kind: 'geojson', geojson: { type: 'Point', coordinates: [-41.3, -21.7] } }
    const first = await house.call('POST', '/api/v1/jobs/prepare', body)
    await house.finished(first.json.job_id)
    const replay = await house.call('POST', '/api/v1/jobs/prepare', body)
    expect(first.headers['idempotent-replay']).toBeUndefined()
    expect(replay.json).toMatchObject({ job_id: first.json.job_id, status: 'completed' })
    expect(replay.json.result).not.toBeNull()
    expect(replay.headers['idempotent-replay']).toBe('true')
  } finally {
    await house.stop()
  }
})

test('a pause that another server asks for is passed on, not shortened', async () => {
  const overloaded = http.createServer((request, response) => {
    request.resume()
    response.writeHead(429, { 'Retry-After': '120' }).end()
  })
  await new Promise<void>((resolve) => overloaded.listen(0, '127.0.0.1', resolve))
  const { port } = overloaded.address() as AddressInfo
  const house = await startDaemon({ overpassUrls: [`http://127.0.0.1:${port}/api/interpreter`] })
  try {
    const { kind: _, ...place } = job(100)
    const answer = await house.call('POST', '/api/v1/prepare/osm', place)
    expect(answer).toMatchObject({ status: 503, json: { code: 'OVERPASS_UNAVAILABLE' } })
    const seconds = Number(answer.headers['retry-after'])
    expect(seconds).toBeGreaterThan(100)
    expect(seconds).toBeLessThanOrEqual(120)
  } finally {
    await house.stop()
    overloaded.close()
  }
})

describe('other limits', () => {
  test('no limit on creating jobs leaves the others in force', async () => {
    const house = await startDaemon(
      { jobRate: '0', readRate: '3/60' },
      { rates: { write: RATES.write! } },
    )
    try {
      for (let i = 0; i < 7; i++) {
        expect((await house.call('POST', '/api/v1/jobs/prepare', job(100 + i))).status).toBe(200)
      }
      const checks: number[] = []
      for (let i = 0; i < 4; i++) {
        checks.push((await house.call('GET', '/api/v1/auth/check')).status)
      }
      expect(checks).toEqual([200, 200, 200, 429])
      const emitted: number[] = []
      for (let i = 0; i < 61; i++) {
        const body = { event_type: 'project_saved', payload: {} }
        emitted.push((await house.call('POST', '/api/v1/events/emit', body)).status)
      }
      expect([emitted.slice(0, 60).every((s) => s === 200), emitted[60]]).toEqual([true, 429])
    } finally {
      await house.stop()
    }
  })

  test('after 20 wrong tokens in a minute wrong ones get 429, a good one never', async () => {
    const clock = { now: () => Date.now(), monotonic: () => time }
    let time = 1_000
    const house = await startDaemon({}, { clock, rates: { failed: RATES.failed! } })
    try {
      const guess = async (token: string | null) =>
        (await house.call('GET', '/api/v1/auth/check', undefined, { token })).status
      for (let i = 0; i < 20; i++) expect(await guess(`wrong-token-${i}`)).toBe(401)
      expect(await guess('wrong-token-20')).toBe(429)
      expect(await guess(TOKEN)).toBe(200)
      // A missing token is no guess.
      expect(await guess(null)).toBe(401)
      time += 60_001
      expect(await guess('wrong-token-21')).toBe(401)
    } finally {
      await house.stop()
    }
  })
})

/** mulberry32: the same inputs on every machine. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

describe('malformed bodies', () => {
  let house: TestDaemon
  beforeAll(async () => {
    house = await startDaemon()
  })
  afterAll(() => house.stop())

  test('1,200 of them (seed 42): no 5xx but a plain 503, no hang, health answers all along', async () => {
    const random = seeded(42)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const value = () =>
      pick([
        '1e999',
        '-91',
        '"x"',
        'null',
        '[]',
        '{}',
        '1e308',
        '-0',
        'true',
        '"\\u0000"',
        '[[[[1]]]]',
        '0.1',
        '99999999999999999999',
      ])
    const routes = [
      '/api/v1/jobs/prepare',
      '/api/v1/prepare/osm',
      '/api/v1/prepare/geojson',
      '/api/v1/tools/elevation/query',
      '/api/v1/tools/elevation/profile',
      '/api/v1/tools/elevation/contours',
      '/api/v1/gis/convert/kml',
      '/api/v1/ai/chat',
      '/api/v1/projects',
      '/api/v1/webhooks/register',
      '/api/v1/events/emit',
      '/api/audit',
      '/api/audit/verify-all',
    ]
    const names = [
      'kind',
      'latitude',
      'longitude',
      'radius',
      'geojson',
      'path',
      'content',
      'message',
      'version',
      'url',
      'event_type',
      'entity_type',
      'payload',
      'data',
      'limit',
      'interval',
      '__proto__',
      'constructor',
    ]
    const bodies: (() => string)[] = [
      () => '['.repeat(1 + random() * 5_000),
      () =>
        `{${Array.from({ length: 1 + random() * 6 }, () => `"${pick(names)}":${value()}`).join(',')}}`,
      () => `{"kind":"osm","latitude":${value()},"longitude":${value()},"radius":${value()}}`,
      () =>
        `{"kind":"geojson","geojson":${pick(['{}', '[]', '"', '"{"', '{"type":"FeatureCollection","features":null}', '{"type":"Point","coordinates":[1e400,"x"]}', '{"type":"Polygon","coordinates":[[[]]]}', '"\\"\\\\\\"\\""'])}}`,
      () => '\ufeff{"kind":"osm"}',
      () => '{"kind":"osm","kind":"geojson"}',
      () => '',
      () =>
        String.fromCharCode(...Array.from({ length: random() * 200 }, () => 32 + random() * 200)),
      () => `{"a":"${'\\ud800'.repeat(random() * 50)}"}`,
    ]
    const statuses: Record<string, number> = {}
    for (let i = 0; i < 1_200; i += 20) {
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => house.call('POST', pick(routes), pick(bodies)())),
      )
      for (const { status, text } of replies) {
        statuses[status] = (statuses[status] ?? 0) + 1
        expect(status === 503 || status < 500, text).toBe(true)
      }
      if (i % 100 === 0) expect((await house.call('GET', '/api/v1/health')).status).toBe(200)
    }
    // Most must have got past the gate to what reads them, or this test shows nothing.
    expect((statuses[400] ?? 0) + (statuses[422] ?? 0)).toBeGreaterThan(700)
  }, 120_000)
})
