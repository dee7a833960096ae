// Services over HTTP: drafted, published, activated and run, with real sockets, threads, SQLite and a town that lies on the disk.
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SAMPLE } from '../../scripts/sample/town.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createSample } from '../support/sample.ts'

const ROOT = '/api/v1/services'
const { latitude, longitude } = SAMPLE
const PLACE = { latitude, longitude }
const PLAN = { radius: 150, themes: ['streets', 'buildings'], contour_interval: 0 }
const LINE = {
  type: 'LineString',
  coordinates: [
    [longitude, latitude],
    [longitude + 0.001, latitude + 0.001],
  ],
}

let sample: ReturnType<typeof createSample>
let house: TestDaemon
beforeAll(async () => {
  sample = createSample()
  house = await startDaemon(sample.flags)
})
afterAll(async () => {
  await house.stop()
  sample.remove()
})

let service: string
let count = 0
beforeEach(async () => {
  const made = await house.call('POST', ROOT, { name: `Planta ${++count}` })
  expect(made.status).toBe(201)
  service = `${ROOT}/${made.json.service_id}`
})

const draft = (semver: string, params: object = PLAN, more: object = {}) =>
  house.call('POST', `${service}/versions`, { semver, kind: 'osm', params, ...more })
const step = (semver: string, what: string) =>
  house.call('POST', `${service}/versions/${semver}/${what}`)
const state = async (semver: string) =>
  (await house.call('GET', `${service}/versions/${semver}`)).json.state
const run = (body: object, headers: Record<string, string> = {}) =>
  house.call('POST', `${service}/runs`, body, { headers })
async function active(semver: string, params: object = PLAN, more: object = {}) {
  expect((await draft(semver, params, more)).status).toBe(201)
  await step(semver, 'publish')
  expect((await step(semver, 'activate')).json.state).toBe('active')
}
/** Types of the audit entries about this service, oldest first. */
async function entries() {
  const id = service.split('/').at(-1)
  const list = await house.call('GET', `/api/audit?entity_type=service&entity_id=${id}`)
  return list.json.entries ?? list.json.logs ?? list.json
}
/** Changes the file beside the running program. */
function alter(sql: string, ...values: unknown[]): void {
  const database = new Database(path.join(house.config.folders.data, 'sisrua.db'))
  try {
    expect(database.prepare(sql).run(...values).changes).toBe(1)
  } finally {
    database.close()
  }
}

describe('the life of a service', () => {
  test('drafted, changed, published, activated, run, replaced, run again by its number', async () => {
    expect((await run({ inputs: PLACE })).json).toMatchObject({
      status: 409,
      code: 'VERSION_CONFLICT',
    })
    const first = await draft('1.0.0', { radius: 100 })
    expect(first).toMatchObject({
      status: 201,
      json: { semver: '1.0.0', state: 'draft', kind: 'osm', params: { radius: 100 } },
    })
    expect(first.json.open).toContain('latitude')
    expect(first.json.open).not.toContain('radius')
    const put = await house.call('PUT', `${service}/versions/1.0.0`, { kind: 'osm', params: PLAN })
    expect(put).toMatchObject({ status: 200, json: { params: PLAN } })
    expect(put.json.sha256).not.toBe(first.json.sha256)
    expect((await step('1.0.0', 'activate')).json.code).toBe('VERSION_CONFLICT')
    expect((await run({ inputs: PLACE, semver: '1.0.0' })).json.code).toBe('VERSION_CONFLICT')
    expect((await step('1.0.0', 'publish')).json).toMatchObject({
      state: 'published',
      sha256: put.json.sha256,
    })
    expect((await step('1.0.0', 'activate')).json.state).toBe('active')

    const began = await run({ inputs: PLACE })
    expect(began).toMatchObject({ status: 202, json: { semver: '1.0.0', kind: 'osm' } })
    expect(began.headers.location).toBe(`/api/v1/runs/${began.json.job_id}`)
    await house.finished(began.json.job_id)

    await active('2.0.0', { ...PLAN, radius: 120 })
    expect(await state('1.0.0')).toBe('retired')
    const whole = await house.call('GET', service)
    expect(whole.json).toMatchObject({
      active: '2.0.0',
      versions: [
        { semver: '1.0.0', state: 'retired' },
        { semver: '2.0.0', state: 'active' },
      ],
    })
    const later = await run({ inputs: PLACE })
    expect(later.json.semver).toBe('2.0.0')
    expect(later.json.job_id).not.toBe(began.json.job_id)
    const old = await run({ inputs: PLACE, semver: '1.0.0' })
    expect(old.json).toMatchObject({ semver: '1.0.0', job_id: began.json.job_id })
    expect(old.headers['idempotent-replay']).toBe('true')
    expect((await step('1.0.0', 'activate')).json.state).toBe('active')
    expect(await state('2.0.0')).toBe('retired')
    await house.finished(later.json.job_id)
  })

  test('leaves an entry in the audit log for each change and none for what changes nothing', async () => {
    await active('1.0.0')
    await step('1.0.0', 'publish')
    await step('1.0.0', 'activate')
    await draft('1.0.0')
    await active('1.1.0')
    const all = await entries()
    expect(all.map((one: { event_type: string }) => one.event_type).reverse()).toEqual([
      'service.created',
      'service.drafted',
      'service.published',
      'service.activated',
      'service.drafted',
      'service.published',
      'service.activated',
    ])
    const { sha256 } = (await house.call('GET', `${service}/versions/1.1.0`)).json
    expect(JSON.stringify(all[0])).toContain(sha256)
    expect(JSON.stringify(all[0])).toContain('1.0.0')
    const verified = await house.call('POST', '/api/audit/verify-all', { limit: 100 })
    expect(verified.status).toBe(200)
  })

  test('names and numbers are given once', async () => {
    const taken = await house.call('POST', ROOT, { name: `Planta ${count}` })
    expect(taken.json).toMatchObject({ status: 409, code: 'VERSION_CONFLICT' })
    await draft('1.0.0')
    expect((await draft('1.0.0', { radius: 1 })).json.code).toBe('VERSION_CONFLICT')
    const list = await house.call('GET', `${ROOT}?limit=1`)
    expect(list.json.count).toBe(1)
    const names = new Set<string>()
    for (let next = ''; next !== null; ) {
      const page = await house.call('GET', `${ROOT}?limit=1&cursor=${encodeURIComponent(next)}`)
      for (const one of page.json.services) names.add(one.name)
      next = page.json.next
    }
    expect(names.size).toBe(count)
  })

  test('a key makes the second request the first one, also when another version became active', async () => {
    await active('1.0.0')
    const headers = { 'Idempotency-Key': 'run-1' }
    const first = await run({ inputs: PLACE }, headers)
    await active('2.0.0', { ...PLAN, radius: 100 })
    const second = await run({ inputs: PLACE }, headers)
    expect(second).toMatchObject({ status: 202, json: { job_id: first.json.job_id } })
    expect(second.headers['idempotent-replay']).toBe('true')
    const other = await run({ inputs: { ...PLACE, labels: true } }, headers)
    expect(other.json.code).toBe('IDEMPOTENCY_KEY_REUSED')
    await house.finished(first.json.job_id)
  })
})

describe('a version that somebody else has changed', () => {
  const at = (semver: string, what = '') => `${service}/versions/${semver}${what}`
  const send = (method: string, place: string, tag: string, body?: object) =>
    house.call(method, place, body, { headers: { 'If-Match': tag } })
  const other = { kind: 'osm', params: { ...PLAN, radius: 90 } }

  test('is neither overwritten, published nor activated', async () => {
    const first = (await draft('1.0.0')).headers.etag!
    expect((await house.call('GET', at('1.0.0'))).headers.etag).toBe(first)
    const changed = await send('PUT', at('1.0.0'), first, other)
    expect(changed).toMatchObject({ status: 200, json: { params: other.params } })
    const second = changed.headers.etag!
    expect(second).not.toBe(first)

    const refused = { status: 412, json: { code: 'PRECONDITION_FAILED' } }
    expect(await send('PUT', at('1.0.0'), first, { kind: 'osm', params: PLAN })).toMatchObject(
      refused,
    )
    expect(await send('POST', at('1.0.0', '/publish'), first)).toMatchObject(refused)
    expect(await send('PUT', at('1.0.0'), `W/${second}`, other)).toMatchObject(refused)
    expect((await send('PUT', at('1.0.0'), 'no tag', other)).status).toBe(422)
    // The control: without the header the last one wins.
    expect((await house.call('GET', at('1.0.0'))).json).toMatchObject(other)
    expect((await house.call('PUT', at('1.0.0'), { kind: 'osm', params: PLAN })).status).toBe(200)
    const third = (await house.call('GET', at('1.0.0'))).headers.etag!
    expect(third).toBe(first)

    const published = await send('POST', at('1.0.0', '/publish'), third)
    expect(published).toMatchObject({ status: 200, json: { state: 'published' } })
    expect(published.headers.etag).not.toBe(third)
    expect(await send('POST', at('1.0.0', '/activate'), third)).toMatchObject(refused)
    expect((await send('POST', at('1.0.0', '/activate'), '*')).json.state).toBe('active')
    // Seen as it is, and refused for what it is: that is no precondition.
    const now = (await house.call('GET', at('1.0.0'))).headers.etag!
    expect(await send('PUT', at('1.0.0'), now, other)).toMatchObject({
      ...{ status: 409, json: { code: 'VERSION_CONFLICT' } },
    })
    const known = { headers: { 'If-None-Match': now } }
    expect((await house.call('GET', at('1.0.0'), undefined, known)).status).toBe(304)
  })

  test('of two who saw the same draft at once one wins', async () => {
    for (let round = 0; round < 10; round++) {
      const tag = (await draft(`1.0.${round}`)).headers.etag!
      const answers = await Promise.all(
        [60, 70, 80].map((radius) =>
          send('PUT', at(`1.0.${round}`), tag, { kind: 'osm', params: { ...PLAN, radius } }),
        ),
      )
      expect(answers.map((one) => one.status).sort()).toEqual([200, 412, 412])
      const won = answers.find((one) => one.status === 200)!
      expect((await house.call('GET', at(`1.0.${round}`))).headers.etag).toBe(won.headers.etag)
    }
  })
})

test('what stands in the way is said in both languages', async () => {
  await draft('1.0.0')
  await draft('2.0.0')
  await step('2.0.0', 'publish')
  const put = { kind: 'osm', params: PLAN }
  const cases: [string, string, object | undefined, string, string][] = [
    ['POST', ROOT, { name: `Planta ${count}` }, 'Já existe um serviço', 'of this name already'],
    [
      ...(['POST', `${service}/versions`] as const),
      { semver: '1.0.0', ...put },
      'já tem a versão 1.0.0',
      'has a version 1.0.0 already',
    ],
    ['PUT', `${service}/versions/2.0.0`, put, '2.0.0 foi publicada', '2.0.0 was published'],
    ['POST', `${service}/versions/1.0.0/activate`, undefined, 'é um rascunho', 'is a draft'],
    ['POST', `${service}/runs`, { inputs: PLACE }, 'Nenhuma versão', 'No version of this service'],
  ]
  for (const [method, place, body, portuguese, english] of cases) {
    for (const [language, text] of [
      ['pt-BR', portuguese],
      ['en', english],
    ] as const) {
      const headers = { 'Accept-Language': language }
      const { json } = await house.call(method, place, body, { headers })
      expect(json).toMatchObject({ status: 409, code: 'VERSION_CONFLICT' })
      expect(json.detail).toContain(text)
    }
  }
})

describe('a published version', () => {
  test('never changes: not through the door, not in the file', async () => {
    await draft('1.0.0')
    await step('1.0.0', 'publish')
    const put = await house.call('PUT', `${service}/versions/1.0.0`, { kind: 'osm', params: {} })
    expect(put.json).toMatchObject({ status: 409, code: 'VERSION_CONFLICT' })
    expect((await house.call('GET', `${service}/versions/1.0.0`)).json.params).toEqual(PLAN)
    for (const [column, value] of Object.entries({ manifest: '{}', sha256: Buffer.alloc(32) })) {
      expect(() =>
        alter(`UPDATE service_versions SET ${column} = ? WHERE state = 'published'`, value),
      ).toThrow('frozen')
    }
    await step('1.0.0', 'activate')
  })

  test('of two activated at once one is active', async () => {
    for (const semver of ['1.0.0', '2.0.0', '3.0.0']) {
      await draft(semver)
      await step(semver, 'publish')
    }
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        ['1.0.0', '2.0.0', '3.0.0'].map((semver) => step(semver, 'activate')),
      )
      expect(answers.map((one) => one.status)).toEqual([200, 200, 200])
      const { versions, active } = (await house.call('GET', service)).json
      const states = versions.map((one: { state: string }) => one.state).sort()
      expect(states).toEqual(['active', 'retired', 'retired'])
      expect(versions.find((one: { state: string }) => one.state === 'active').semver).toBe(active)
    }
  })

  test('that no longer fits its hash is neither shown nor run', async () => {
    const form_schema = { type: 'object', properties: { latitude: {}, longitude: {} } }
    await active('1.0.0', PLAN, { form_schema })
    const id = service.split('/').at(-1)
    // The trigger guards the manifest; what it does not guard is named in the manifest by its hash.
    alter(
      'UPDATE service_versions SET form_schema = ? WHERE service_id = ?',
      '{"type":"object","properties":{"latitude":{},"longitude":{},"labels":{}}}',
      id,
    )
    const refused = { status: 500, json: { code: 'RESULT_CORRUPT' } }
    expect(await run({ inputs: PLACE })).toMatchObject(refused)
    expect(await house.call('GET', `${service}/versions/1.0.0`)).toMatchObject(refused)
    expect(await step('1.0.0', 'activate')).toMatchObject(refused)
    // Its line is still there, and a new version takes its place.
    expect((await house.call('GET', service)).json.versions).toHaveLength(1)
    await active('1.0.1')
  })
})

describe('a run', () => {
  test('gives byte for byte what the same job gives, and is a job of its own', async () => {
    await active('1.0.0')
    const began = await run({ inputs: PLACE, project_id: 'P1', priority: 2 })
    const body = { kind: 'osm', ...PLAN, ...PLACE }
    const asked = await house.call('POST', '/api/v1/jobs/prepare', body)
    expect(asked.json.job_id).not.toBe(began.json.job_id)
    const { json: job } = await house.finished(asked.json.job_id)
    await house.finished(began.json.job_id)
    const { json: made } = await house.call('GET', `/api/v1/runs/${began.json.job_id}`)
    expect(made).toMatchObject({
      status: 'completed',
      service_name: `Planta ${count}`,
      semver: '1.0.0',
      project_id: 'P1',
    })
    expect(job.result.features.length).toBeGreaterThan(10)
    expect(made.result_sha256).toBe(job.result_sha256)
    expect(made.result).toEqual(job.result)

    const one = `/api/v1/runs/${began.json.job_id}/logs`
    const logs = await house.call('GET', one)
    expect(logs).toMatchObject({ status: 200, json: { job_id: began.json.job_id } })
    const last = logs.json.lines.at(-1)?.n ?? 0
    expect((await house.call('GET', `${one}?after=${last}`)).json.lines).toEqual([])
    // A job that is no run is none.
    for (const end of ['', '/logs']) {
      const none = await house.call('GET', `/api/v1/runs/${asked.json.job_id}${end}`)
      expect(none.json).toMatchObject({ status: 404, code: 'JOB_NOT_FOUND' })
    }
  })

  test('sets what is left open and nothing else', async () => {
    await active('1.0.0', { ...PLAN, crs: null })
    for (const inputs of [
      { ...PLACE, radius: 500 },
      { ...PLACE, crs: 31984 },
      { ...PLACE, max_error: 1 },
      { ...PLACE, geojson: LINE },
      { ...PLACE, kind: 'mesh' },
      { latitude },
      {},
      { latitude: 91, longitude },
    ]) {
      expect((await run({ inputs })).json, JSON.stringify(inputs)).toMatchObject({
        status: 422,
        code: 'PARAMS_INVALID',
      })
    }
    const began = await run({ inputs: { ...PLACE, radius: null, labels: true } })
    expect(began.status).toBe(202)
    await house.finished(began.json.job_id)
  })

  test('may set only what the form names, when there is one', async () => {
    const form_schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { latitude: { type: 'number' }, longitude: { $ref: '#/properties/latitude' } },
    }
    const made = await draft('1.0.0', PLAN, { form_schema })
    expect(made.json).toMatchObject({ form_schema, open: ['latitude', 'longitude'] })
    await step('1.0.0', 'publish')
    const semver = '1.0.0'
    expect((await run({ semver, inputs: { ...PLACE, labels: true } })).json.code).toBe(
      'PARAMS_INVALID',
    )
    const began = await run({ semver, inputs: PLACE })
    expect(began.status).toBe(202)
    await house.finished(began.json.job_id)
  })

  test('is what the form says of each input; without the form it would be begun', async () => {
    const form_schema = {
      type: 'object',
      required: ['latitude', 'longitude', 'themes'],
      properties: {
        latitude: { $ref: '#/$defs/degrees', maximum: -20 },
        longitude: { $ref: '#/$defs/degrees' },
        themes: {
          type: 'array',
          items: { enum: ['streets', 'buildings'] },
          minItems: 1,
          uniqueItems: true,
        },
        labels: { const: true },
      },
      dependentRequired: { labels: ['themes'] },
      $defs: { degrees: { type: 'number', minimum: -180 } },
      'x-order': ['longitude', 'latitude'],
    }
    const { themes, ...params } = PLAN
    expect((await draft('1.0.0', params, { form_schema })).status).toBe(201)
    await step('1.0.0', 'publish')
    expect((await draft('2.0.0', params)).status).toBe(201)
    await step('2.0.0', 'publish')
    const right = { ...PLACE, themes }
    for (const [inputs, field] of [
      [{ ...right, latitude: -19 }, 'inputs.latitude'],
      [{ ...right, themes: [] }, 'inputs.themes'],
      [{ ...right, themes: ['streets', 'rails'] }, 'inputs.themes.1'],
      [{ ...right, themes: ['streets', 'streets'] }, 'inputs.themes'],
      [{ ...right, labels: false }, 'inputs.labels'],
      [PLACE, 'inputs'],
    ] as [object, string][]) {
      const refused = await run({ semver: '1.0.0', inputs }, { 'Accept-Language': 'en' })
      expect(refused.json).toMatchObject({ status: 422, code: 'PARAMS_INVALID' })
      expect(refused.json.detail).toContain(`${field}: The form says`)
    }
    const long = { ...right, themes: new Array(1_700).fill('buildings') }
    const { json } = await run({ semver: '2.0.0', inputs: long }, { 'Accept-Language': 'en' })
    expect(json).toMatchObject({ status: 422, code: 'PARAMS_INVALID' })
    expect(json.detail).toContain('inputs.themes: Too big')
    const begun = await run({ semver: '1.0.0', inputs: { ...right, labels: true } })
    expect(begun.status).toBe(202)
    const free = await run({ semver: '2.0.0', inputs: { ...right, labels: false } })
    expect(free.status).toBe(202)
    for (const { json } of [begun, free]) await house.finished(json.job_id)
  })

  test('brings the document that a form asks for, whatever the form says about its inside', async () => {
    const form_schema = {
      type: 'object',
      required: ['geojson'],
      properties: { geojson: { type: 'object', required: ['features'] } },
    }
    const version = { semver: '1.0.0', kind: 'geojson', params: {}, form_schema }
    expect((await house.call('POST', `${service}/versions`, version)).status).toBe(201)
    await step('1.0.0', 'publish')
    expect((await run({ semver: '1.0.0', inputs: {} })).json.code).toBe('PARAMS_INVALID')
    const geojson = { type: 'Feature', properties: {}, geometry: LINE }
    const begun = await run({ semver: '1.0.0', inputs: { geojson } })
    expect(begun.status).toBe(202)
    await house.finished(begun.json.job_id)
  })

  test('takes a document, a large one too, and its files are found by their own ids', async () => {
    const cleaning = { kind: 'geojson', params: { snap_tolerance: 0.01, remove_duplicates: true } }
    await house.call('POST', `${service}/versions`, { semver: '1.0.0', ...cleaning })
    await step('1.0.0', 'publish')
    await step('1.0.0', 'activate')
    expect((await run({ inputs: {} })).json.code).toBe('PARAMS_INVALID')
    expect((await run({ inputs: { geojson: '{"a"' } })).json.code).toBe('GEOJSON_INVALID')
    for (const name of ['Rua', 'R'.repeat(400_000)]) {
      const geojson = { type: 'Feature', properties: { name }, geometry: LINE }
      const began = await run({ inputs: { geojson } })
      expect(began.status).toBe(202)
      const { json: made } = await house.finished(began.json.job_id)
      const body = { kind: 'geojson', ...cleaning.params, geojson }
      const asked = await house.call('POST', '/api/v1/jobs/prepare', body)
      const { json: job } = await house.finished(asked.json.job_id)
      expect(made).toMatchObject({ status: 'completed', result_sha256: job.result_sha256 })

      const { json } = await house.call('GET', `/api/v1/jobs/${made.job_id}/artifacts`)
      const drawing = json.artifacts.find((one: { name: string }) => one.name === 'drawing.dxf')
      const place = `/api/v1/artifacts/${drawing.artifact_id}`
      const file = await house.call('GET', place)
      expect(file.headers.etag).toBe(`"${drawing.sha256}"`)
      expect(file.text).toBe((await house.call('GET', drawing.href)).text)
      const headers = { Range: 'bytes=0-9' }
      const part = await house.call('GET', place, undefined, { headers })
      expect(part).toMatchObject({ status: 206, text: file.text.slice(0, 10) })
      const known = { 'If-None-Match': file.headers.etag! }
      expect((await house.call('GET', place, undefined, { headers: known })).status).toBe(304)
    }
    for (const id of ['x', '.', 'x.dxf', '.dxf', 'a.b.c', '%F0%9F%98%80', 'x'.repeat(500)]) {
      const none = await house.call('GET', `/api/v1/artifacts/${id}`)
      expect([400, 404], id).toContain(none.status)
    }
  })

  test('counts as a new job, and only once; the audit log says which version made it', async () => {
    const limited = await startDaemon(sample.flags, {
      rates: { create: [{ count: 1, seconds: 60 }] },
    })
    try {
      const made = await limited.call('POST', ROOT, { name: 'Planta' })
      const place = `${ROOT}/${made.json.service_id}`
      const version = { semver: '1.0.0', kind: 'osm', params: PLAN }
      await limited.call('POST', `${place}/versions`, version)
      await limited.call('POST', `${place}/versions/1.0.0/publish`)
      const ask = (inputs: object) =>
        limited.call('POST', `${place}/runs`, { semver: '1.0.0', inputs })
      const first = await ask(PLACE)
      expect(first.status).toBe(202)
      expect((await ask(PLACE)).json.job_id).toBe(first.json.job_id)
      expect((await ask({ ...PLACE, labels: true })).json.code).toBe('RATE_LIMITED')
      const log = await limited.call('GET', `/api/audit?event_type=job.created`)
      expect(log.text).toContain('service_version')
      await limited.finished(first.json.job_id)
    } finally {
      await limited.stop()
    }
  })

  test('stays one when its job is tried again', async () => {
    await active('1.0.0', { ...PLAN, crs: null }, {})
    // Far from the library: the job fails.
    const began = await run({ inputs: { latitude: 10, longitude: 10 } })
    expect((await house.finished(began.json.job_id)).json.status).toBe('failed')
    const again = await house.call('POST', `/api/v1/jobs/${began.json.job_id}/retry`)
    expect(again.status).toBe(200)
    const shown = await house.call('GET', `/api/v1/runs/${again.json.job_id}`)
    expect(shown.json).toMatchObject({ semver: '1.0.0', retry_of: began.json.job_id })
    await house.finished(again.json.job_id)
  })
})

/** Definitions of which each refers twice to the next: a few lines, 2^levels nodes. */
const doubling = (levels: number): Record<string, object> =>
  Object.fromEntries(
    Array.from({ length: levels + 1 }, (_, n) => {
      const next = { $ref: `#/$defs/d${n + 1}` }
      return [`d${n}`, n === levels ? { type: 'boolean' } : { allOf: [next, next] }]
    }),
  )

describe('refused', () => {
  test('manifests that name what no kind has: code, paths, addresses, other kinds', async () => {
    const nested = JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)
    const form = (more: object) => ({ form_schema: { type: 'object', ...more } })
    const place = { latitude: {}, longitude: {} }
    const many = (count: number, one: object): object[] => new Array(count).fill(one)
    const names = { enum: Array.from({ length: 300 }, (_, n) => n) }
    const refs = { items: { $ref: '#/$defs/names' } }
    const bodies: object[] = [
      {},
      { kind: 'shell' },
      { kind: '__proto__' },
      { kind: 'constructor' },
      { params: null },
      { params: [] },
      { params: { command: 'rm -rf /' } },
      { params: { layerTemplate: '/etc/passwd' } },
      { params: { project_id: 'P' } },
      { params: { geojson: LINE } },
      { params: { max_error: 1 } },
      { params: { radius: 0 } },
      { params: { radius: 9_999 } },
      { params: { latitude: null } },
      { params: { crs: 'file:///etc/passwd' } },
      { params: { crs: 1.5 } },
      { params: { themes: ['no such theme'] } },
      { kind: 'geojson', params: { themes: ['streets'] } },
      { kind: 'geojson', params: { bbox: [1, 1, 0, 0] } },
      { kind: 'contours', params: { contour_interval: 0 } },
      { semver: '1' },
      { semver: '01.0.0' },
      { semver: '1.0.0+build' },
      { semver: '../1.0.0' },
      { semver: 7 },
      { url: 'http://x' },
      { form_schema: [] },
      { form_schema: 'x' },
      form({}),
      form({ properties: { ...place, radius: {} } }),
      form({ properties: { ...place, command: {} } }),
      form({ properties: { latitude: {} } }),
      form({ properties: place, $ref: 'https://x/schema' }),
      form({ properties: { ...place, labels: { $ref: 'file:///x' } } }),
      form({ properties: place, $id: 'https://x' }),
      form({ properties: place, $schema: 'http://json-schema.org/draft-07/schema#' }),
      form({ properties: place, description: 'x'.repeat(20_000) }),
      form({ properties: { ...place, labels: nested } }),
      form({ properties: place, description: '\ud800' }),
      // No JSON Schema, or one that nobody could ever finish with.
      form({ properties: { ...place, latitude: { type: 'degrees' } } }),
      form({ properties: { ...place, latitude: 7 } }),
      form({ properties: place, required: 'latitude' }),
      form({ properties: { ...place, crs: { pattern: '^(a+)+$' } } }),
      form({ properties: place, patternProperties: { '(a+)+$': {} } }),
      form({ properties: { ...place, labels: { $ref: '#' } } }),
      form({ properties: { ...place, labels: { $ref: '#/properties/labels' } } }),
      form({ properties: { ...place, labels: { $ref: '#/$defs/none' } } }),
      form({ properties: { ...place, labels: { $ref: '#/%zz' } } }),
      form({ properties: { ...place, labels: { $ref: '#anchor' } } }),
      form({ properties: { ...place, labels: { $dynamicRef: '#x' } } }),
      form({ properties: place, $async: true }),
      form({ properties: place, allOf: [{ $recursiveRef: '#' }] }),
      form({ properties: place, allOf: [{ $async: true }] }),
      form({ properties: { ...place, labels: { $ref: '#/$defs/d0' } }, $defs: doubling(30) }),
      form({ properties: { ...place, labels: { allOf: many(100, refs) } }, $defs: { names } }),
      form({ properties: { ...place, labels: { allOf: many(10, { uniqueItems: true }) } } }),
    ]
    const usual = { semver: '1.0.0', kind: 'osm', params: PLAN }
    for (const [n, body] of bodies.entries()) {
      const sent = n === 0 ? body : { ...usual, ...body }
      const answer = await house.call('POST', `${service}/versions`, sent)
      expect(answer.json, JSON.stringify(body).slice(0, 200)).toMatchObject({
        status: 422,
        code: 'PARAMS_INVALID',
      })
    }
    const proto = '{"semver":"1.0.0","kind":"osm","params":{"__proto__":{"radius":1}}}'
    const tricked = await house.call('POST', `${service}/versions`, proto)
    expect(tricked.json).toMatchObject({ status: 422, code: 'PARAMS_INVALID' })
  })

  test('bodies of any shape at every door, none with a 5xx', async () => {
    await active('1.0.0')
    const doors = [
      ['POST', ROOT],
      ['POST', `${service}/versions`],
      ['PUT', `${service}/versions/1.0.0`],
      ['POST', `${service}/runs`],
    ] as const
    const bodies = [
      ...['', '{', '[]', 'null', '7', '"x"', '{"name":7}', '{"name":" "}', '{"name":"\\u0000"}'],
      ...['{"name":"\\ud800"}', '{"inputs":[]}', '{"inputs":"x"}', '{"inputs":{"a":1}}'],
      ...['{"inputs":{},"semver":[]}', '{"inputs":{"latitude":1e999}}', '{"inputs":{"crs":{}}}'],
      ...['{"__proto__":{"inputs":{}}}', '{"inputs":{"__proto__":{"latitude":1}}}'],
      ...['{"inputs":{"geojson":7}}', '{"inputs":{},"priority":99}', '{"inputs":{},"x":1}'],
      `{"inputs":${'['.repeat(80)}${']'.repeat(80)}}`,
    ]
    for (const [method, place] of doors) {
      for (const body of bodies) {
        const { status } = await house.call(method, place, body)
        expect([400, 409, 422], `${method} ${place} ${body.slice(0, 60)}`).toContain(status)
      }
    }
    const steps = ['publish', 'activate'].flatMap((what) =>
      ['9.9.9', 'x', '%00', '%F0%9F%98%80', 'a'.repeat(300), "1.0.0'--"].map((semver) => [
        'POST',
        `${service}/versions/${semver}/${what}`,
      ]),
    )
    const nowhere = [
      ...steps,
      ['GET', `${ROOT}/none`],
      ['GET', `${service}/versions/none`],
      ['GET', '/api/v1/runs/none'],
      ['GET', '/api/v1/runs/none/logs?after=1'],
      ['GET', '/api/v1/runs/none/logs?after=x'],
      ['GET', `${ROOT}?limit=0`],
    ]
    for (const [method, place] of nowhere) {
      const { status } = await house.call(method!, place!)
      expect([400, 404, 422], `${method} ${place}`).toContain(status)
    }
    expect((await house.call('DELETE', service)).status).toBe(405)
  })

  test('who has not the role: viewers read, operators run, maintainers publish', async () => {
    await active('1.0.0')
    const tokenOf = async (role: string) => {
      const made = await house.call('POST', '/api/v1/auth/clients', { name: role, role })
      return made.json.token as string
    }
    const asked: [string, string, object | undefined, string][] = [
      ['GET', ROOT, undefined, 'viewer'],
      ['GET', service, undefined, 'viewer'],
      ['GET', `${service}/versions/1.0.0`, undefined, 'viewer'],
      ['POST', `${service}/runs`, { inputs: PLACE }, 'operator'],
      ['POST', ROOT, { name: 'Outra' }, 'maintainer'],
      ['POST', `${service}/versions`, { semver: '3.0.0', kind: 'osm', params: {} }, 'maintainer'],
      ['PUT', `${service}/versions/3.0.0`, { kind: 'osm', params: PLAN }, 'maintainer'],
      ['POST', `${service}/versions/3.0.0/publish`, {}, 'maintainer'],
      ['POST', `${service}/versions/3.0.0/activate`, {}, 'maintainer'],
    ]
    const roles = ['viewer', 'operator', 'maintainer']
    const tokens = await Promise.all(roles.map(tokenOf))
    for (const [method, place, body, needed] of asked) {
      for (const [n, role] of roles.entries()) {
        const { status } = await house.call(method, place, body, { token: tokens[n]! })
        const may = n >= roles.indexOf(needed)
        if (may) expect(status, `${role} ${method} ${place}`).toBeLessThan(300)
        else expect(status, `${role} ${method} ${place}`).toBe(403)
      }
      expect((await house.call(method, place, body, { token: null })).status).toBe(401)
    }
    count++
  })
})
