// The original's 20 contract tests, assertion by assertion and one by one, against a listening daemon: once with nothing to
// draw from and no network, once with a map and its terrain on disk.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RATES } from '../../src/http/rates.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createSample } from '../support/sample.ts'

const POINT = { latitude: -21.7634, longitude: -41.3235 }
const OSMJOB = { kind: 'osm', latitude: -21.7634, longitude: -41.3235, radius: 500 }
const STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled']

const noToken = { token: null }

describe.each(['without data', 'with data'])('contract of the original, %s', (world) => {
  const sample = createSample()
  let house: TestDaemon
  beforeAll(async () => {
    // The original's own limit: twenty tests within seconds must pass under it.
    const limited = { jobRate: '5/60', readRate: '600/60' }
    house = await startDaemon(world === 'with data' ? { ...sample.flags, ...limited } : limited, {
      rates: RATES,
    })
  })
  afterAll(async () => {
    await house.stop()
    sample.remove()
  })

  test('1 health', async () => {
    const reply = await house.call('GET', '/api/v1/health', undefined, noToken)
    expect(reply.status).toBe(200)
    expect(reply.json.status).toBe('ok')
  })
  test('2 auth check with the token', async () => {
    const reply = await house.call('GET', '/api/v1/auth/check')
    expect(reply.status).toBe(200)
    expect(reply.json.status).toBe('ok')
  })
  test('3 auth check without a token', async () => {
    const reply = await house.call('GET', '/api/v1/auth/check', undefined, noToken)
    expect(reply.status).toBe(401)
    expect(reply.json.detail).toBe('Unauthorized')
  })
  test('4 detailed health', async () => {
    const reply = await house.call('GET', '/api/v1/health/detailed')
    expect(reply.status).toBe(200)
    expect(reply.json).toMatchObject({ status: expect.any(String), timestamp: expect.any(Number) })
    expect(reply.json.services).toBeTypeOf('object')
    expect(reply.json.components.database).toMatchObject({
      status: 'up',
      latency_ms: expect.any(Number),
    })
    expect(reply.json.system_latency_ms).toBeTypeOf('number')
  })
  test('5 create a job', async () => {
    const reply = await house.call('POST', '/api/v1/jobs/prepare', OSMJOB)
    expect(reply.status).toBe(200)
    expect(reply.json.job_id).toBeTypeOf('string')
    expect(STATUSES).toContain(reply.json.status)
    expect(reply.json.progress).toBeGreaterThanOrEqual(0)
    expect(reply.json.progress).toBeLessThanOrEqual(1)
    expect(reply.json.message).toBeTypeOf('string')
  })
  test('6 get a job', async () => {
    const created = await house.call('POST', '/api/v1/jobs/prepare', OSMJOB)
    const reply = await house.call('GET', `/api/v1/jobs/${created.json.job_id}`)
    expect(reply.status).toBe(200)
    for (const key of ['job_id', 'status', 'progress', 'message'])
      expect(reply.json).toHaveProperty(key)
  })
  test('7 an unknown job', async () => {
    const reply = await house.call('GET', '/api/v1/jobs/nonexistent')
    expect(reply.status).toBe(404)
    expect(reply.json.detail).toBe('Job not found')
  })
  test('8 cancel a job', async () => {
    const created = await house.call('POST', '/api/v1/jobs/prepare', OSMJOB)
    const reply = await house.call('DELETE', `/api/v1/jobs/${created.json.job_id}`)
    expect(reply.status).toBe(200)
    expect(reply.json).toEqual({ status: 'ok' })
  })
  test('9 elevation of a point: a number or an error, never null', async () => {
    const reply = await house.call('POST', '/api/v1/tools/elevation/query', POINT)
    if (world === 'without data') {
      expect(reply.status).toBe(503)
      expect(reply.json.detail).toBeTypeOf('string')
      return
    }
    expect(reply.status).toBe(200)
    expect(reply.json).toMatchObject(POINT)
    expect(reply.json.elevation).toBeTypeOf('number')
  })
  test('10 elevation profile: as many heights as places, or an error', async () => {
    const path = [
      [-21.7634, -41.3235],
      [-21.764, -41.324],
    ]
    const reply = await house.call('POST', '/api/v1/tools/elevation/profile', { path })
    if (world === 'without data') {
      expect(reply.status).toBe(503)
      expect(reply.json.detail).toBeTypeOf('string')
      return
    }
    expect(reply.status).toBe(200)
    expect(reply.json.elevations).toHaveLength(path.length)
  })
  test('11 chat always answers', async () => {
    const reply = await house.call('POST', '/api/v1/ai/chat', {
      message: 'Hello',
      context: {},
      job_id: null,
    })
    expect(reply.status).toBe(200)
    expect(reply.json.response).toMatch(/desligado/)
  })
  test('12 register a webhook on localhost', async () => {
    const reply = await house.call('POST', '/api/v1/webhooks/register', {
      url: 'http://localhost:8080/webhook',
    })
    expect(reply.status).toBe(200)
    expect(reply.json.status).toBe('ok')
  })
  test('13 emit an event', async () => {
    const reply = await house.call('POST', '/api/v1/events/emit', {
      event_type: 'project_saved',
      payload: { project_id: 'test123' },
    })
    expect(reply.status).toBe(200)
    expect(reply.json).toEqual({ status: 'ok' })
  })
  test('14 update an unknown project, with a field nobody knows', async () => {
    const reply = await house.call('PUT', '/api/v1/projects/nonexistent', {
      version: 1,
      name: 'New Name',
    })
    expect(reply.status).toBe(404)
    expect(reply.json.detail).toBeTypeOf('string')
  })
  test('15 error format without a token', async () => {
    const reply = await house.call('GET', '/api/v1/auth/check', undefined, noToken)
    expect(reply.status).toBe(401)
    expect(reply.json.detail).toBeTypeOf('string')
  })
  test('16 error format of an unknown job', async () => {
    const reply = await house.call('GET', '/api/v1/jobs/nonexistent')
    expect(reply.status).toBe(404)
    expect(reply.json.detail).toBeTypeOf('string')
  })
  test('17 the token is required', async () => {
    const body = { kind: 'osm', latitude: 0, longitude: 0, radius: 100 }
    const replies = [
      await house.call('GET', '/api/v1/auth/check', undefined, noToken),
      await house.call('GET', '/api/v1/health/detailed', undefined, noToken),
      await house.call('POST', '/api/v1/jobs/prepare', body, noToken),
    ]
    for (const reply of replies) {
      expect(reply.status).toBe(401)
      expect(reply.json).toHaveProperty('detail')
    }
  })
  test('18 two posts, one job', async () => {
    const first = await house.call('POST', '/api/v1/jobs/prepare', OSMJOB)
    const second = await house.call('POST', '/api/v1/jobs/prepare', OSMJOB)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.json.job_id).toBe(first.json.job_id)
  })
  test('19 health is exactly this', async () => {
    const reply = await house.call('GET', '/api/v1/health', undefined, noToken)
    expect(reply.text).toBe('{"status":"ok"}')
  })
  test('20 job creation of the oldest client', async () => {
    const reply = await house.call('POST', '/api/v1/jobs/prepare', OSMJOB)
    expect(reply.status).toBe(200)
    for (const key of ['job_id', 'status', 'progress', 'message'])
      expect(reply.json).toHaveProperty(key)
  })
})
