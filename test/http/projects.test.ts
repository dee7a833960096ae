// Features of projects over HTTP: stored, changed, merged with a second import, with real sockets, threads and SQLite.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { way } from '../support/cad-feature.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

let house: TestDaemon
beforeAll(async () => {
  house = await startDaemon()
})
afterAll(() => house.stop())

let place: string
let count = 0
beforeEach(async () => {
  const project_id = `P${++count}`
  place = `/api/v1/projects/${project_id}`
  const made = await house.call('POST', '/api/v1/projects', { project_id, project_name: 'Rua A' })
  expect(made.status).toBe(201)
})

const reimport = (body: object, headers: Record<string, string> = {}) =>
  house.call('POST', `${place}/reimport`, body, { headers })
const features = async () => (await house.call('GET', `${place}/features`)).json.features

/** Streets of a town of one block; `name` of the first changes its content. */
const geojson = (name: string, ways: number[]) => ({
  type: 'FeatureCollection',
  features: ways.map((n) => ({
    type: 'Feature',
    properties: { id: n, highway: 'residential', name: n === 1 ? name : `Rua ${n}` },
    geometry: {
      type: 'LineString',
      coordinates: [
        [-41.32, -21.76 + n / 1000],
        [-41.31, -21.76 + n / 1000],
      ],
    },
  })),
})

describe('features of a project', () => {
  test('are replaced and read back under the version’s ETag', async () => {
    const put = await house.call('PUT', `${place}/features`, {
      version: 1,
      features: [way(1), way(2)],
    })
    expect(put).toMatchObject({ status: 200, json: { version: 2, feature_count: 2 } })
    const read = await house.call('GET', `${place}/features`)
    expect(read.headers.etag).toBe('"2"')
    expect(read.json).toEqual({
      project_id: place.split('/').at(-1),
      version: 2,
      crs_out: null,
      features: [
        { ...way(1), feature_id: 'osm:way/1' },
        { ...way(2), feature_id: 'osm:way/2' },
      ],
    })
    const again = await house.call('GET', `${place}/features`, undefined, {
      headers: { 'If-None-Match': '"2"' },
    })
    expect(again.status).toBe(304)
  })

  test('need the version that was seen, and lose against a newer one', async () => {
    const body = { features: [way(1)] }
    expect((await house.call('PUT', `${place}/features`, body)).json.code).toBe('PARAMS_INVALID')
    const late = await house.call('PUT', `${place}/features`, body, {
      headers: { 'If-Match': '"7"' },
    })
    expect(late).toMatchObject({ status: 412, json: { code: 'PRECONDITION_FAILED' } })
    const old = await house.call('PUT', `${place}/features`, { ...body, version: 7 })
    expect(old).toMatchObject({
      status: 409,
      json: { code: 'VERSION_CONFLICT', detail: 'Version mismatch. Expected 7, but found 1.' },
    })
    const odd = await house.call('PUT', `${place}/features`, body, {
      headers: { 'If-Match': 'seven' },
    })
    expect(odd).toMatchObject({ status: 422, json: { code: 'PARAMS_INVALID' } })
    const first = await house.call('PUT', `${place}/features`, body, {
      headers: { 'If-Match': '"1"' },
    })
    expect(first.status).toBe(200)
    const gone = await house.call('DELETE', place, undefined, { headers: { 'If-Match': '"1"' } })
    expect(gone.status).toBe(412)
  })

  test('are set and taken away one by one', async () => {
    await house.call('PUT', `${place}/features`, { version: 1, features: [way(1), way(2)] })
    const patch = {
      version: 2,
      set: [{ ...way(1, 'X'), feature_id: 'osm:way/1' }],
      remove: ['osm:way/2'],
    }
    expect(await house.call('PATCH', `${place}/features`, patch)).toMatchObject({
      status: 200,
      json: { version: 3, feature_count: 1 },
      headers: { etag: '"3"' },
    })
    expect(await features()).toMatchObject([{ layer: 'X' }])
    const unknown = await house.call('PATCH', `${place}/features`, { version: 3, remove: ['no'] })
    expect(unknown).toMatchObject({ status: 422, json: { code: 'PARAMS_INVALID' } })
  })

  test('are not patched when one of them is named twice', async () => {
    await house.call('PUT', `${place}/features`, { version: 1, features: [way(1), way(2)] })
    const named = (n: number, layer: string) => ({ ...way(n, layer), feature_id: `osm:way/${n}` })
    for (const patch of [
      { set: [named(1, 'X'), named(1, 'Y')] },
      { set: [named(1, 'X')], remove: ['osm:way/1'] },
    ]) {
      const answer = await house.call('PATCH', `${place}/features`, { version: 2, ...patch })
      expect(answer).toMatchObject({ status: 422, json: { code: 'PARAMS_INVALID' } })
      expect(answer.json.reason).toContain('named twice')
    }
    const patch = { version: 2, set: [named(1, 'X')], remove: ['osm:way/2', 'osm:way/2'] }
    expect((await house.call('PATCH', `${place}/features`, patch)).json.version).toBe(3)
    expect(await features()).toMatchObject([{ layer: 'X' }])
  })

  test('that a patch stores can be handed back as a whole, and deeper ones are refused', async () => {
    const nested = (levels: number) => ({
      ...way(1),
      x: JSON.parse('['.repeat(levels) + ']'.repeat(levels)),
    })
    const patch = (version: number, levels: number) =>
      house.call('PATCH', `${place}/features`, { version, set: [nested(levels)] })
    expect(await patch(1, 38)).toMatchObject({ status: 422, json: { code: 'PARAMS_INVALID' } })
    expect((await patch(1, 37)).status).toBe(200)
    const whole = (await house.call('GET', `${place}/features`)).text
    expect((await house.call('PUT', `${place}/features`, whole)).status).toBe(200)
  })

  test('name a system of coordinates or none', async () => {
    const put = (version: number, crs_out: unknown) =>
      house.call('PUT', `${place}/features`, { version, crs_out, features: [way(1)] })
    const before = (await house.call('GET', place)).json
    for (const crs of ['banana', '', 'EPSG:31984 ', 5]) {
      expect(await put(1, crs)).toMatchObject({ status: 422, json: { code: 'PARAMS_INVALID' } })
    }
    expect((await house.call('GET', place)).json).toEqual(before)
    expect((await put(1, null)).status).toBe(200)
    expect((await put(2, 'EPSG:31984')).json.crs_out).toBe('EPSG:31984')
  })
})

describe('a re-import', () => {
  test('of a finished job is a preview first, then one version; an edit is kept', async () => {
    const run = async (name: string, ways: number[]) => {
      const body = { kind: 'geojson', geojson: geojson(name, ways) }
      const { json } = await house.call('POST', '/api/v1/jobs/prepare', body)
      expect((await house.finished(json.job_id)).json.status).toBe('completed')
      return json.job_id as string
    }
    const first = await run('Rua 1', [1, 2, 3, 4])
    const preview = await reimport({ job_id: first })
    expect(preview).toMatchObject({ status: 200, json: { applied: false, counts: { added: 4 } } })
    expect(await features()).toEqual([])
    const applied = await reimport({ job_id: first, dry_run: false }, { 'If-Match': '"1"' })
    expect(applied.json).toMatchObject({
      applied: true,
      counts: { added: 4 },
      project: { version: 2, crs_out: 'EPSG:31984' },
    })
    const [, second] = await features()
    await house.call('PATCH', `${place}/features`, {
      version: 2,
      set: [{ ...second, name: 'minha' }],
      remove: [],
    })
    const next = await run('Rua Nova', [1, 2, 4, 5])
    const changed = await reimport({ job_id: next, dry_run: false, version: 3 })
    expect(changed.json.counts).toEqual({
      added: 1,
      changed: 1,
      removed: 1,
      untouched: 1,
      edited: 1,
    })
    expect((await features()).map(({ name }: { name: string }) => name).sort()).toEqual([
      'Rua 4',
      'Rua 5',
      'Rua Nova',
      'minha',
    ])
    const stale = await reimport({ job_id: next, version: 3 })
    expect(stale).toMatchObject({ status: 409, json: { code: 'VERSION_CONFLICT' } })
  })

  test('of features in the body does the same, large bodies included', async () => {
    const many = Array.from({ length: 4000 }, (_, n) => way(n))
    expect(await reimport({ features: many })).toMatchObject({
      json: { applied: false, counts: { added: 4000 } },
    })
    expect(await reimport({ dry_run: false, version: 1, features: many })).toMatchObject({
      json: { applied: true, project: { feature_count: 4000 } },
    })
    expect(await reimport({ dry_run: false, version: 1, features: many })).toMatchObject({
      status: 409,
    })
  })

  test.each([
    [{ job_id: 'nobody' }, 404, 'JOB_NOT_FOUND'],
    [{ job_id: 'x', dryrun: false }, 422, 'PARAMS_INVALID'],
    [{ features: 5 }, 400, 'REQUEST_INVALID'],
    [{ features: [], dry_run: 'no' }, 422, 'PARAMS_INVALID'],
    [{}, 400, 'REQUEST_INVALID'],
  ])('of %j is refused', async (body, status, code) => {
    expect(await reimport(body)).toMatchObject({ status, json: { code } })
  })

  test('of no project is told so', async () => {
    const answer = await house.call('POST', '/api/v1/projects/none/reimport', { features: [] })
    expect(answer).toMatchObject({ status: 404, json: { code: 'PROJECT_NOT_FOUND' } })
  })
})
