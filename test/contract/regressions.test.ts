// Facts of the original's other tests (contract.md 1.4), its defects that must not come back, and the projection vectors.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { behave, type OverpassServer, startOverpassServer } from '../support/overpass-server.ts'

const PLACE = { latitude: -21.7634, longitude: -41.3235 }
const node = (id: number, lat: number, lon: number, tags?: Record<string, string>) => ({
  type: 'node',
  id,
  lat,
  lon,
  ...(tags ? { tags } : {}),
})
const MAP = JSON.stringify({
  version: 0.6,
  osm3s: { timestamp_osm_base: '2026-01-01T00:00:00Z' },
  elements: [
    {
      type: 'way',
      id: 10,
      nodes: [1, 2],
      geometry: [
        { lat: -21.7634, lon: -41.3245 },
        { lat: -21.7634, lon: -41.3225 },
      ],
      tags: { highway: 'residential', name: 'Rua do Teste' },
    },
    node(3, -21.7633, -41.3236, { highway: 'street_lamp' }),
    node(4, -21.7635, -41.3234, { power: 'pole' }),
    node(5, -21.7636, -41.3233, { amenity: 'bench' }),
  ],
})

let overpass: OverpassServer
let house: TestDaemon
beforeAll(async () => {
  overpass = await startOverpassServer(behave.well(MAP))
  house = await startDaemon({ overpassUrls: [overpass.url] })
})
afterAll(async () => {
  await house.stop()
  await overpass.close()
})

const geojsonJob = async (geojson: unknown) => {
  const created = await house.call('POST', '/api/v1/jobs/prepare', {
    kind: 'geojson',
    latitude: null,
    longitude: null,
    radius: null,
    geojson,
  })
  expect(created.status).toBe(200)
  return (await house.finished(created.json.job_id)).json
}

describe('GeoJSON jobs', () => {
  const line = {
    type: 'Feature',
    properties: { layer: 'V_TEST' },
    geometry: {
      type: 'LineString',
      coordinates: [
        [-41.32, -21.76],
        [-41.321, -21.761],
      ],
    },
  }
  const collection = { type: 'FeatureCollection', features: [line] }

  test('layer and coordinates of a line', async () => {
    const job = await geojsonJob(JSON.stringify(collection))
    expect(job.status).toBe('completed')
    expect(job.result.crs_out).toMatch(/^EPSG:/)
    expect(job.result.features[0]).toMatchObject({ layer: 'V_TEST', coords_xy: expect.any(Array) })
  })

  test('object, string, string in a string and in another: the same drawing', async () => {
    const once = JSON.stringify({ ...collection, name: 'wrapped' })
    const results = []
    for (const sent of [
      JSON.parse(once),
      once,
      JSON.stringify(once),
      JSON.stringify(JSON.stringify(once)),
    ]) {
      const job = await geojsonJob(sent)
      expect(job.error).toBeNull()
      results.push(job.result)
    }
    for (const result of results) expect(result).toEqual(results[0])
  })

  test('a body larger than the main thread parses takes the worker and gives the same kind of answer', async () => {
    const coordinates = Array.from({ length: 20_000 }, (_, i) => [
      -41.32 + i * 1e-6,
      -21.76 + (i % 2) * 1e-5,
    ])
    const big = { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } }
    expect(JSON.stringify(big).length).toBeGreaterThan(256 * 1024)
    const job = await geojsonJob(JSON.stringify(big))
    expect(job.status).toBe('completed')
    expect(job.result.features).toHaveLength(1)
  })

  test('a point keeps its block, rotation and scale', async () => {
    const point = {
      type: 'Feature',
      properties: {
        layer: 'POSTES',
        name: 'P1',
        block_name: 'POSTE',
        block_filepath: 'POSTE_GENERICO.dxf',
        rotation: 45.0,
        scale: 1.5,
      },
      geometry: { type: 'Point', coordinates: [-41.32, -21.76] },
    }
    const job = await geojsonJob({ type: 'FeatureCollection', features: [point, line] })
    expect(job.result.features).toHaveLength(2)
    const { insertion_point_xy, ...rest } = job.result.features.find(
      (f: { feature_type: string }) => f.feature_type === 'Point',
    )
    expect(rest).toMatchObject(point.properties)
    expect(insertion_point_xy).toHaveLength(2)
  })

  test('unusable GeoJSON: a failed job, or 400 where the answer is awaited', async () => {
    const reply = await house.call('POST', '/api/v1/prepare/geojson', {
      geojson: '{"type":"Nothing"}',
    })
    expect(reply.status).toBe(400)
    expect((await house.call('POST', '/api/v1/prepare/geojson', {})).status).toBe(400)
    const ok = await house.call('POST', '/api/v1/prepare/geojson', { geojson: collection })
    expect(ok.json.features).toHaveLength(1)
  })
})

describe('OSM jobs', () => {
  test('poles, lamps and benches become blocks with files that exist; the street keeps its name', async () => {
    const created = await house.call('POST', '/api/v1/jobs/prepare', {
      kind: 'osm',
      ...PLACE,
      radius: 500,
      geojson: null,
    })
    const job = (await house.finished(created.json.job_id)).json
    expect(job).toMatchObject({ status: 'completed', error: null, progress: 1 })
    expect(job.result.crs_out).toBe('EPSG:31984')
    const { features } = job.result
    const blocks = features
      .filter((f: { feature_type: string }) => f.feature_type === 'Point')
      .map((f: { block_name: string }) => f.block_name)
    expect(blocks.filter((name: string) => name === 'BANCO')).toHaveLength(1)
    expect(blocks.filter((name: string) => /POSTE/.test(name))).toHaveLength(2)
    const { existsSync } = await import('node:fs')
    for (const f of features)
      if (f.block_filepath !== null) expect(existsSync(f.block_filepath)).toBe(true)
    expect(features.find((f: { highway: string }) => f.highway === 'residential')).toMatchObject({
      name: 'Rua do Teste',
    })
  })

  test('result, artifacts, Range, ETag, HEAD', async () => {
    const created = await house.call('POST', '/api/v1/jobs/prepare', {
      kind: 'osm',
      ...PLACE,
      radius: 500,
    })
    const id = created.json.job_id
    const whole = await house.finished(id)
    const head = await house.call('HEAD', `/api/v1/jobs/${id}`)
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(whole.text)))
    expect(
      (
        await house.call('GET', `/api/v1/jobs/${id}`, undefined, {
          headers: { 'If-None-Match': whole.headers.etag! },
        })
      ).status,
    ).toBe(304)
    const list = await house.call('GET', `/api/v1/jobs/${id}/artifacts`)
    const { href, bytes, sha256 } = list.json.artifacts.find(
      (a: { name: string }) => a.name === 'drawing.dxf',
    )
    const file = await house.call('GET', href)
    expect(Buffer.byteLength(file.text)).toBe(bytes)
    expect(file.headers.etag).toBe(`"${sha256}"`)
    expect(file.headers['content-disposition']).toBe('attachment; filename="drawing.dxf"')
    const part = await house.call('GET', href, undefined, { headers: { Range: 'bytes=10-19' } })
    expect([part.status, part.text, part.headers['content-range']]).toEqual([
      206,
      Buffer.from(file.text).subarray(10, 20).toString(),
      `bytes 10-19/${bytes}`,
    ])
    expect(
      (await house.call('GET', href, undefined, { headers: { Range: `bytes=${bytes}-` } })).status,
    ).toBe(416)
    expect((await house.call('HEAD', href)).text).toBe('')
    expect((await house.call('GET', `/api/v1/jobs/${id}/artifacts/..%5cx`)).status).toBe(400)
    expect((await house.call('GET', `/api/v1/jobs/${id}/artifacts/other.dxf`)).status).toBe(404)
    const result = await house.call('GET', `/api/v1/jobs/${id}/result`)
    expect(result.json).toEqual(whole.json.result)
  })

  test('no place: a failed job, not an HTTP error', async () => {
    const created = await house.call('POST', '/api/v1/jobs/prepare', {
      kind: 'osm',
      latitude: null,
      longitude: null,
      radius: null,
      geojson: null,
    })
    expect(created.status).toBe(200)
    const job = (await house.finished(created.json.job_id)).json
    expect(job).toMatchObject({ status: 'failed', error_code: 'COORDINATES_MISSING' })
    expect(job.error).toMatch(/obrigatórios/)
  })

  test.each([
    { radius: 0 },
    { radius: -1 },
    { radius: 5001 },
    { latitude: 91 },
    { longitude: -181 },
    { kind: 'ibge' },
    { radius: 'big' },
    { themes: ['no-such-theme'] },
  ])('%j is 422 with a reason', async (wrong) => {
    const reply = await house.call('POST', '/api/v1/jobs/prepare', {
      kind: 'osm',
      ...PLACE,
      radius: 500,
      ...wrong,
    })
    expect(reply.status).toBe(422)
    expect(reply.json.detail.length).toBeGreaterThan(10)
  })

  test('a cancelled job is failed with CANCELLED and frees its key at once', async () => {
    overpass.script((_request, response) => void setTimeout(() => response.end(MAP), 3_000))
    const body = { kind: 'osm', ...PLACE, radius: 777 }
    const first = await house.call('POST', '/api/v1/jobs/prepare', body)
    expect((await house.call('DELETE', `/api/v1/jobs/${first.json.job_id}`)).json).toEqual({
      status: 'ok',
    })
    const job = (await house.finished(first.json.job_id)).json
    expect(job).toMatchObject({ status: 'failed', error: 'CANCELLED' })
    overpass.script(behave.well(MAP))
    const second = await house.call('POST', '/api/v1/jobs/prepare', body)
    expect(second.json.job_id).not.toBe(first.json.job_id)
    expect((await house.call('DELETE', `/api/v1/jobs/${first.json.job_id}`)).status).toBe(200)
  })

  test('the map server down: 503 in plain words where the answer is awaited', async () => {
    overpass.script(behave.status(504))
    const reply = await house.call('POST', '/api/v1/prepare/osm', {
      latitude: -10,
      longitude: -50,
      radius: 100,
    })
    expect(reply.status).toBe(503)
    expect(reply.json.detail).toMatch(/OpenStreetMap/)
    overpass.script(behave.well(MAP))
  }, 120_000)
})

describe('places through the API', () => {
  test.each([
    [-21.7634, -41.3235, 31984, 259722.4937, 7591553.8885],
    [-22.15018, -42.92185, 31983, 714315.6692, 7549084.2128],
    [-23.5505, -46.6333, 31983, 333287.9151, 7394588.3186],
    [-9.9747, -67.81, 31979, 630437.6056, 8897150.1113],
    [-8.05, -34.88, 31985, 292814.8853, 9109698.436],
    [-3.8549, -32.4289, 31985, 563407.3587, 9573890.0293],
    [2.8235, -60.6758, 31980, 758384.4042, 10312342.3811],
    [0.0349, -51.0694, 31982, 492277.5171, 10003857.5015],
  ])('%d, %d is EPSG:%d %d %d', async (lat, lon, epsg, easting, northing) => {
    const reply = await house.call('POST', '/api/v1/prepare/geojson', {
      geojson: { type: 'Point', coordinates: [lon, lat] },
    })
    expect(reply.json.crs_out).toBe(`EPSG:${epsg}`)
    const [x, y] = reply.json.features[0].insertion_point_xy
    expect(Math.abs(x - easting)).toBeLessThan(2e-4)
    expect(Math.abs(y - northing)).toBeLessThan(2e-4)
  })

  test('geocode reads coordinates and says plainly that names need a service', async () => {
    const reply = await house.call(
      'GET',
      `/api/v1/tools/geocode?query=${encodeURIComponent('-21,7634 -41,3235')}`,
    )
    expect(reply.json).toMatchObject({ latitude: -21.7634, longitude: -41.3235 })
    expect((await house.call('GET', '/api/v1/tools/geocode?query=Campos')).status).toBe(503)
    expect((await house.call('GET', '/api/v1/tools/geocode?query=')).status).toBe(422)
  })

  test('KML becomes GeoJSON; a DOCTYPE and what is no KML are refused', async () => {
    const kml =
      '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>A</name><Point><coordinates>-41.3,-21.7,5</coordinates></Point></Placemark></kml>'
    const reply = await house.call('POST', '/api/v1/gis/convert/kml', { content: kml })
    expect(reply.json.features[0]).toMatchObject({
      properties: { name: 'A' },
      geometry: { type: 'Point', coordinates: [-41.3, -21.7, 5] },
    })
    const bomb = kml.replace('?>', '?><!DOCTYPE k [<!ENTITY a "b">]>')
    for (const content of [bomb, '<html></html>', '<kml><Placemark>', 'x']) {
      expect((await house.call('POST', '/api/v1/gis/convert/kml', { content })).status).toBe(400)
    }
  })
})

describe('projects, audit, webhooks', () => {
  test('create, change, conflict in the original’s words, remove', async () => {
    const created = await house.call('POST', '/api/v1/projects', {
      project_name: 'Obra',
      crs_out: 'EPSG:31984',
    })
    expect(created.status).toBe(201)
    const path = `/api/v1/projects/${created.json.project_id}`
    const changed = await house.call('PUT', path, { version: 1, project_name: 'Obra 2' })
    expect(changed.json).toMatchObject({
      project_name: 'Obra 2',
      crs_out: 'EPSG:31984',
      version: 2,
    })
    const conflict = await house.call('PUT', path, { version: 1, project_name: 'Obra 3' })
    expect([conflict.status, conflict.json.detail]).toEqual([
      409,
      expect.stringMatching(/^Version mismatch\. Expected \d+, but found \d+\.$/),
    ])
    expect((await house.call('GET', `${path}/history`)).json.versions).toHaveLength(2)
    expect((await house.call('DELETE', path)).status).toBe(204)
    expect((await house.call('GET', path)).status).toBe(404)
  })

  test.each(['/api/audit', '/api/v1/audit'])(
    '%s: append, read, verify, stats before the id',
    async (prefix) => {
      const created = await house.call('POST', prefix, {
        event_type: 'UPDATE',
        entity_type: 'Project',
        entity_id: 'p',
        user_id: 'ana',
        data: { feature_count: 2 },
      })
      expect(created.status).toBe(201)
      const id = created.json.audit_id
      expect((await house.call('GET', `${prefix}/${id}`)).json).toMatchObject({
        audit_id: id,
        data: { feature_count: 2 },
      })
      expect((await house.call('GET', `${prefix}/${id}/verify`)).json).toMatchObject({
        audit_id: id,
        valid: true,
      })
      expect((await house.call('GET', `${prefix}/stats`)).json.total_logs).toBeGreaterThan(0)
      expect((await house.call('POST', `${prefix}/verify-all`)).json).toMatchObject({
        invalid: 0,
        integrity: 1,
        chain_ok: true,
      })
      expect((await house.call('GET', `${prefix}?entity_type=Project&limit=1`)).json.count).toBe(1)
      expect((await house.call('GET', `${prefix}/999999`)).status).toBe(404)
      expect((await house.call('POST', prefix, { event_type: 'UPDATE' })).status).toBe(422)
      for (const path of [prefix, `${prefix}/stats`, `${prefix}/1`]) {
        expect((await house.call('GET', path, undefined, { token: null })).status).toBe(401)
      }
    },
  )

  test('webhook targets that can never be', async () => {
    for (const url of [
      'ftp://x/',
      'nonsense',
      'http://u:p@example.com/',
      'http://169.254.169.254/',
      `http://127.0.0.1:${house.port}/x`,
    ]) {
      expect((await house.call('POST', '/api/v1/webhooks/register', { url })).status, url).toBe(422)
    }
    const first = await house.call('POST', '/api/v1/webhooks/register', {
      url: 'http://localhost:8080/again',
      events: ['project_saved'],
    })
    expect(first.json.secret).toMatch(/^whsec_/)
    const again = await house.call('POST', '/api/v1/webhooks/register', {
      url: 'http://localhost:8080/again',
    })
    expect(again.json).toEqual({ status: 'ok', id: first.json.id, secret: null })
    expect(
      (
        await house.call('POST', '/api/v1/events/emit', {
          event_type: 'job_completed',
          payload: {},
        })
      ).status,
    ).toBe(403)
  })
})
