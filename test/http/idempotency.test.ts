// The Idempotency-Key header on requests that change something: done once, answered the same, also after a restart of the
// program and never again when that cut the first one off.
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createStillClock } from '../support/job-house.ts'

let house: TestDaemon
let clock: ReturnType<typeof createStillClock>
beforeEach(async () => {
  clock = createStillClock()
  house = await startDaemon({}, { clock })
})
afterEach(() => house.stop())

const PROJECTS = '/api/v1/projects'
const post = (place: string, body: unknown, key: string | null, token?: string) =>
  house.call('POST', place, body, {
    headers: key === null ? {} : { 'Idempotency-Key': key },
    ...(token === undefined ? {} : { token }),
  })
const count = async (): Promise<number> => (await house.call('GET', PROJECTS)).json.count

describe('a key', () => {
  test('makes the second request the first one', async () => {
    const first = await post(PROJECTS, { project_name: 'P' }, 'k')
    const second = await post(PROJECTS, { project_name: 'P' }, 'k')
    expect(first.headers['idempotent-replay']).toBeUndefined()
    expect(second.headers['idempotent-replay']).toBe('true')
    expect(second.headers['content-type']).toBe('application/json')
    expect([second.status, second.json]).toEqual([201, first.json])
    expect(await count()).toBe(1)
  })

  test('control: without one there are two', async () => {
    for (let i = 0; i < 2; i++) await post(PROJECTS, { project_name: 'P' }, null)
    expect(await count()).toBe(2)
  })

  test('is refused for another body', async () => {
    await post(PROJECTS, { project_name: 'P' }, 'k')
    const other = await post(PROJECTS, { project_name: 'Q' }, 'k')
    expect([other.status, other.json.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    expect(await count()).toBe(1)
  })

  describe('whose request was refused', () => {
    const reimport = { dry_run: false, crs_out: 'EPSG:31984', features: [] }
    const place = `${PROJECTS}/A/reimport`
    const send = (body: unknown, ifMatch?: string) =>
      house.call('POST', place, body, {
        headers: {
          'Idempotency-Key': 'k',
          ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
        },
      })
    const create = () => post(PROJECTS, { project_id: 'A', project_name: 'P' }, null)
    const version = async () => (await house.call('GET', `${PROJECTS}/A`)).json.version
    const outdated = async () => {
      await create()
      await house.call('PUT', `${PROJECTS}/A`, { version: 1, project_name: 'Q' })
    }

    test('404: is done once what it asks for is there, and once only', async () => {
      expect((await send(reimport)).status).toBe(404)
      await create()
      const first = await send(reimport)
      expect([first.status, first.headers['idempotent-replay']]).toEqual([200, undefined])
      const second = await send(reimport)
      expect([second.headers['idempotent-replay'], second.json]).toEqual(['true', first.json])
    })

    test('409: the same key goes on with the version that is right', async () => {
      await outdated()
      expect((await send({ ...reimport, version: 1 })).json.code).toBe('VERSION_CONFLICT')
      expect((await send({ ...reimport, version: 2 })).status).toBe(200)
      const changed = await send({ ...reimport, version: 3 })
      expect(changed.json.code).toBe('IDEMPOTENCY_KEY_REUSED')
    })

    test('412: another If-Match is another request, before it was done and after', async () => {
      await outdated()
      expect((await send(reimport, '"1"')).status).toBe(412)
      const done = await send(reimport, '"2"')
      expect(done.status).toBe(200)
      const now = await version()
      for (const other of ['"1"', '"3"', '*', undefined]) {
        expect([other, (await send(reimport, other)).json.code]).toEqual([
          other,
          'IDEMPOTENCY_KEY_REUSED',
        ])
      }
      // Control: the same one is the same request, though the project is not at version 2 any more.
      const again = await send(reimport, '"2"')
      expect([again.status, again.headers['idempotent-replay']]).toEqual([200, 'true'])
      expect(again.json).toEqual(done.json)
      expect(await version()).toBe(now)
    })

    test('422: a body with a mistake may be sent again without it; nothing of it is kept', async () => {
      expect((await post(PROJECTS, { project_name: '' }, 'k')).status).toBe(422)
      const direct = new Database(path.join(house.config.folders.data, 'sisrua.db'), {
        readonly: true,
      })
      expect(direct.prepare('SELECT count(*) FROM idempotency').pluck().get()).toBe(0)
      direct.close()
      expect((await post(PROJECTS, { project_name: 'P' }, 'k')).status).toBe(201)
      expect((await post(PROJECTS, { project_name: 'P' }, 'k')).status).toBe(201)
      expect(await count()).toBe(1)
    })
  })

  test('that stands for a refusal, as former versions kept it, stands for nothing', async () => {
    await post(PROJECTS, { project_name: 'P' }, 'k')
    const direct = new Database(path.join(house.config.folders.data, 'sisrua.db'))
    direct.exec(`UPDATE idempotency SET status = 422, response = CAST('{"status":422}' AS BLOB)`)
    direct.close()
    for (const isReplay of [undefined, 'true']) {
      const answer = await post(PROJECTS, { project_name: 'Q' }, 'k')
      expect([answer.status, answer.headers['idempotent-replay']]).toEqual([201, isReplay])
    }
    expect(await count()).toBe(2)
  })

  test('belongs to who sends it, and to one address', async () => {
    const client = { name: 'x', role: 'operator' }
    const { token } = (await post('/api/v1/auth/clients', client, null)).json
    const body = { project_name: 'P' }
    await post(PROJECTS, body, 'k')
    expect((await post(PROJECTS, body, 'k', token)).headers['idempotent-replay']).toBeUndefined()
    expect(await count()).toBe(2)
    const entry = { event_type: 'seen', entity_type: 'test' }
    expect((await post('/api/audit', entry, 'k')).status).toBe(201)
  })

  test('of requests that come at once lets one through', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(PROJECTS, { project_name: 'P' }, 'k')),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([])
    expect(statuses).toContain(201)
    expect(await count()).toBe(1)
  })

  test('is forgotten after a day', async () => {
    await post(PROJECTS, { project_name: 'P' }, 'k')
    clock.advance(86_400_000 - 1)
    await post(PROJECTS, { project_name: 'P' }, 'k')
    expect(await count()).toBe(1)
    clock.advance(1)
    await post(PROJECTS, { project_name: 'P' }, 'k')
    expect(await count()).toBe(2)
  })

  test.each([
    ['forward', 1],
    ['back', -1],
  ])('outlives a clock that is set a day %s, again and again', async (_, sign) => {
    await post(PROJECTS, { project_name: 'P' }, 'k')
    for (let n = 0; n < 3; n++) {
      clock.set(clock.now() + sign * 86_400_000)
      await post(PROJECTS, { project_name: 'P' }, 'k')
      await post(PROJECTS, { project_name: `P${n}` }, `k${n}`)
      clock.set(clock.now() - sign * 86_400_000)
      await post(PROJECTS, { project_name: `P${n}` }, `k${n}`)
      clock.set(clock.now() + sign * 86_400_000)
    }
    expect(await count()).toBe(4)
    clock.advance(7 * 86_400_000)
    await post(PROJECTS, { project_name: 'P' }, 'k')
    expect(await count()).toBe(5)
  })

  test('of a request that the end of the program cut off is never done again', async () => {
    await post(PROJECTS, { project_name: 'P' }, 'k')
    // What a kill between the note and the answer leaves behind.
    const direct = new Database(path.join(house.config.folders.data, 'sisrua.db'))
    direct.exec('UPDATE idempotency SET status = NULL, response = NULL')
    direct.close()
    const again = await post(PROJECTS, { project_name: 'P' }, 'k')
    expect([again.status, again.json.code]).toEqual([409, 'IDEMPOTENCY_KEY_BUSY'])
    expect(await count()).toBe(1)
  })

  test.each([
    ['', 422],
    ['with space', 422],
    ['k'.repeat(256), 422],
    ['ü', 422],
    ['k'.repeat(255), 200],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', 200],
  ])('%j is answered with %i, on jobs and elsewhere', async (key, status) => {
    const geojson = { type: 'Point', coordinates: [-41.3, -21.7] }
    const job = await post('/api/v1/jobs/prepare', { kind: 'geojson', geojson }, key)
    expect(job.status).toBe(status)
    const emitted = { event_type: 'seen', payload: {} }
    expect((await post('/api/v1/events/emit', emitted, key)).status).toBe(status)
  })
})

describe('an answer with a secret', () => {
  const kept = (): (Buffer | null)[] => {
    const direct = new Database(path.join(house.config.folders.data, 'sisrua.db'), {
      readonly: true,
    })
    const rows = direct.prepare('SELECT response FROM idempotency').pluck().all()
    direct.close()
    return rows as (Buffer | null)[]
  }
  const client = { name: 'x', role: 'viewer' }
  const CLIENTS = '/api/v1/auth/clients'
  const clients = async () => (await house.call('GET', CLIENTS)).json.clients.length

  test('is given once: what it was for is done once, and it is not kept', async () => {
    const before = await clients()
    const first = await post(CLIENTS, client, 'k')
    expect([first.status, typeof first.json.token]).toEqual([201, 'string'])
    const second = await post(CLIENTS, client, 'k')
    expect([second.status, second.json.code]).toEqual([409, 'IDEMPOTENCY_KEY_SPENT'])
    expect(second.json.token).toBeUndefined()
    expect(await clients()).toBe(before + 1)
    expect(kept()).toEqual([null])
    // Control: another key, another client.
    expect((await post(CLIENTS, client, 'l')).status).toBe(201)
    expect(await clients()).toBe(before + 2)
  })

  test('but a refusal holds none, and leaves the key to the request without the mistake', async () => {
    expect((await post(CLIENTS, { name: 'x', role: 'king' }, 'k')).status).toBe(422)
    expect(kept()).toEqual([])
    expect((await post(CLIENTS, client, 'k')).status).toBe(201)
    expect((await post(CLIENTS, client, 'k')).json.code).toBe('IDEMPOTENCY_KEY_SPENT')
  })

  test('that was lost is had again in the way that the refusal names', async () => {
    const hook = { url: 'https://hooks.example.com/lost' }
    await post('/api/v1/webhooks/register', hook, 'k')
    const refused = await post('/api/v1/webhooks/register', hook, 'k')
    // A new key alone does not help: the secret of a URL is told once.
    const { id, secret } = (await post('/api/v1/webhooks/register', hook, 'k2')).json
    expect(secret).toBeNull()
    expect(refused.json.detail).toContain('/rotate')
    expect(refused.json.reason).toContain('/rotate')
    const turned = await post(`/api/v1/webhooks/endpoints/${id}/rotate`, {}, 'k3')
    expect(turned.json.secret).toMatch(/^whsec_/)
  })

  test('of a webhook: one endpoint, one secret, one turn of it', async () => {
    const hook = { url: 'https://hooks.example.com/a' }
    const first = await post('/api/v1/webhooks/register', hook, 'k')
    expect(first.json.secret).toMatch(/^whsec_/)
    expect((await post('/api/v1/webhooks/register', hook, 'k')).json.code).toBe(
      'IDEMPOTENCY_KEY_SPENT',
    )
    const rotate = `/api/v1/webhooks/endpoints/${first.json.id}/rotate`
    expect((await post(rotate, {}, 'k')).json.secret).not.toBe(first.json.secret)
    expect((await post(rotate, {}, 'k')).json.code).toBe('IDEMPOTENCY_KEY_SPENT')
    expect(kept()).toEqual([null, null])
  })
})

test('the audit key is turned once by one key', async () => {
  const turn = (key: string) => post('/api/v1/audit/key/rotate', {}, key)
  const first = await turn('k')
  expect((await turn('k')).json).toEqual(first.json)
  expect((await turn('l')).json).not.toEqual(first.json)
})

test('a replay carries an ETag where the first answer did, and nowhere else', async () => {
  const body = { project_id: 'A', project_name: 'P' }
  for (const isReplay of [undefined, 'true']) {
    const made = await post(PROJECTS, body, 'k')
    expect([made.headers['idempotent-replay'], made.headers.etag]).toEqual([isReplay, '"1"'])
  }
  const emitted = { event_type: 'seen', payload: { project: { version: 3 } } }
  for (let i = 0; i < 2; i++) {
    const answer = await post('/api/v1/events/emit', emitted, 'k')
    expect([answer.status, answer.headers.etag]).toEqual([200, undefined])
  }
  // A preview is tagged with the version that it was made for, also when the project has moved on.
  const preview = { crs_out: 'EPSG:31984', features: [] }
  const first = await post(`${PROJECTS}/A/reimport`, preview, 'k')
  await house.call('PUT', `${PROJECTS}/A`, { version: 1, project_name: 'Q' })
  const second = await post(`${PROJECTS}/A/reimport`, preview, 'k')
  expect([first.headers.etag, second.headers.etag]).toEqual(['"1"', '"1"'])
})

test('a re-import is done once by one key, whatever its size', async () => {
  await post(PROJECTS, { project_id: 'A', project_name: 'P' }, null)
  const place = `${PROJECTS}/A/reimport`
  const feature = (n: number) => ({
    feature_id: `f${n}`,
    source: { system: 'osm', id: `way/${n}` },
    feature_type: 'Polyline',
    layer: 'RUAS',
    coords_xy: Array.from({ length: 40 }, (_, i) => [200_000 + n * 100 + i, 7_600_000 + i]),
  })
  const given = (count: number) => ({
    dry_run: false,
    crs_out: 'EPSG:31984',
    features: Array.from({ length: count }, (_, n) => feature(n)),
  })
  for (const [key, count] of [
    ['small', 3],
    // More than is read before the route is known to want it.
    ['large', 3000],
  ] as const) {
    const first = await post(place, given(count), key)
    expect([first.status, first.json.applied]).toEqual([200, true])
    const second = await post(place, given(count), key)
    expect(second.headers['idempotent-replay']).toBe('true')
    expect(second.json).toEqual(first.json)
    // The next change names the version that the answer told, not the one it was before.
    expect(second.headers.etag).toBe(`"${first.json.project.version}"`)
    expect(second.headers.etag).toBe(first.headers.etag)
    expect((await post(place, given(count + 1), key)).json.code).toBe('IDEMPOTENCY_KEY_REUSED')
  }
  expect(JSON.stringify(given(3000)).length).toBeGreaterThan(1024 * 1024)
})
