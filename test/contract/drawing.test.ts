// Heights, contours and whole drawings through HTTP, on a small sample town whose terrain is a formula: the oracle of heights.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planTown } from '../../scripts/sample/plan.ts'
import { createRandom } from '../../scripts/sample/random.ts'
import { terrainHeight } from '../../scripts/sample/terrain.ts'
import { SAMPLE } from '../../scripts/sample/town.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createSample } from '../support/sample.ts'

const RADIUS = 400
const { latitude, longitude } = SAMPLE
const sample = createSample(RADIUS)
const { riverEast } = planTown(RADIUS, createRandom(SAMPLE.seed))
let house: TestDaemon
beforeAll(async () => {
  house = await startDaemon(sample.flags)
})
afterAll(async () => {
  await house.stop()
  sample.remove()
})

/** What the terrain's formula says at a place. */
function trueHeight(lat: number, lon: number): number {
  const north = (lat - latitude) * 111_320
  const east = (lon - longitude) * 111_320 * Math.cos((latitude * Math.PI) / 180)
  return terrainHeight(east, north, riverEast)
}
/** The formula's curvature between cells of 30 m. */
const BETWEEN_CELLS_METERS = 0.15

const JOB = { kind: 'osm', latitude, longitude, radius: 250 }
// biome-ignore lint/suspicious/noExplicitAny: features of any shape
type Feature = any
const isContour = ({ layer }: Feature): boolean => layer.includes('CURVAS')

async function draw(body: object): Promise<{ id: string; result: Feature }> {
  const id = (await house.call('POST', '/api/v1/jobs/prepare', body)).json.job_id
  const { json } = await house.finished(id)
  expect(json.status, json.error).toBe('completed')
  return { id, result: json.result }
}

describe('heights', () => {
  test('a point says its height, its file and its datum', async () => {
    for (const [lat, lon] of [
      [latitude, longitude],
      [-21.7612, -41.3251],
    ] as const) {
      const { status, json } = await house.call('POST', '/api/v1/tools/elevation/query', {
        latitude: lat,
        longitude: lon,
      })
      expect(status).toBe(200)
      expect(json).toMatchObject({ latitude: lat, longitude: lon, source: 'terrain.tif' })
      expect(json.vertical_datum).toContain('EGM96')
      expect(Math.abs(json.elevation - trueHeight(lat, lon))).toBeLessThan(BETWEEN_CELLS_METERS)
    }
  })

  test('between the posts are found as asked, bilinear by default, alike for a point and a line', async () => {
    const [lat, lon] = [-21.7612, -41.3251]
    const found: Record<string, number> = {}
    for (const method of ['nearest', 'bilinear', 'bicubic', undefined]) {
      const ask = { latitude: lat, longitude: lon, path: [[lat, lon]], method }
      const point = await house.call('POST', '/api/v1/tools/elevation/query', ask)
      const line = await house.call('POST', '/api/v1/tools/elevation/profile', ask)
      expect([point.json.method, line.json.method]).toEqual(Array(2).fill(method ?? 'bilinear'))
      expect(line.json.elevations).toEqual([point.json.elevation])
      found[method ?? 'default'] = point.json.elevation
    }
    expect(found.default).toBe(found.bilinear)
    expect(new Set(Object.values(found)).size).toBe(3)
    const ask = { latitude: lat, longitude: lon, method: 'cubist' }
    expect((await house.call('POST', '/api/v1/tools/elevation/query', ask)).status).toBe(422)
  })

  test('outside every tile is 503, never 0', async () => {
    const point = { latitude: -10, longitude: -60 }
    const reply = await house.call('POST', '/api/v1/tools/elevation/query', point)
    expect([reply.status, reply.json.code]).toEqual([503, 'DEM_NOT_COVERED'])
  })

  test('a line: one height per place, null outside, distances and climb', async () => {
    const path = [
      [latitude, longitude],
      [latitude + 0.002, longitude + 0.001],
      [latitude + 0.5, longitude],
    ]
    const { status, json } = await house.call('POST', '/api/v1/tools/elevation/profile', { path })
    expect(status).toBe(200)
    expect(json.elevations).toHaveLength(3)
    expect(json.elevations[2]).toBeNull()
    const [from, to] = path.slice(0, 2).map(([lat, lon]) => trueHeight(lat!, lon!)) as [
      number,
      number,
    ]
    expect(Math.abs(json.elevations[0] - from)).toBeLessThan(BETWEEN_CELLS_METERS)
    expect(Math.abs(json.elevations[1] - to)).toBeLessThan(BETWEEN_CELLS_METERS)
    // 221.5 m north and 103.4 m east on GRS 80.
    expect(json.chainage_m[1]).toBeCloseTo(Math.hypot(221.48, 103.44), 0)
    expect(json.climb_m - json.descent_m).toBeCloseTo(json.elevations[1] - json.elevations[0], 6)
  })

  test('contours of a box lie on their height, within the box', async () => {
    const box = {
      min_lat: latitude - 0.004,
      max_lat: latitude + 0.004,
      min_lon: longitude - 0.004,
      max_lon: longitude + 0.004,
    }
    const asked = { ...box, interval: 2 }
    const { status, json } = await house.call('POST', '/api/v1/tools/elevation/contours', asked)
    expect(status).toBe(200)
    expect(json.count).toBe(json.contours.length)
    expect(json.count).toBeGreaterThan(5)
    for (const { elevation, geometry } of json.contours) {
      expect(elevation % 2).toBe(0)
      for (const [lat, lon] of geometry) {
        expect(Math.abs(trueHeight(lat, lon) - elevation)).toBeLessThan(0.5)
        expect(lat).toBeGreaterThan(box.min_lat - 1e-6)
        expect(lon).toBeLessThan(box.max_lon + 1e-6)
      }
    }
  })
})

describe('jobs', () => {
  test('osm with terrain: streets with heights, contours, and files in three formats', async () => {
    const { id, result } = await draw({ ...JOB, contour_interval: 5 })
    expect(result.crs_out).toBe('EPSG:31984')
    const contours = result.features.filter(isContour)
    expect(contours.length).toBeGreaterThan(0)
    expect(new Set(contours.map((f: Feature) => f.elevation % 5))).toEqual(new Set([0]))
    const streets = result.features.filter((f: Feature) => f.highway !== null && f.coords_xy)
    expect(streets.length).toBeGreaterThan(5)
    for (const street of streets) {
      expect(street.elevations).toHaveLength(street.coords_xy.length)
    }
    // Nothing outside the circle; the centre is that of contract.md 8.
    for (const { coords_xy } of result.features) {
      for (const [x, y] of coords_xy ?? []) {
        expect(Math.hypot(x - 259_722.4937, y - 7_591_553.8885)).toBeLessThan(250.5)
      }
    }
    const { artifacts } = (await house.call('GET', `/api/v1/jobs/${id}/artifacts`)).json
    const names = artifacts.map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['drawing.dxf', 'features.geojson']))
    const dxf = await house.call('GET', `/api/v1/jobs/${id}/artifacts/drawing.dxf`)
    expect(dxf.text).toMatch(/\r?\nEOF\r?\n$/)
    const geojson = await house.call('GET', `/api/v1/jobs/${id}/artifacts/features.geojson`)
    expect(geojson.json.type).toBe('FeatureCollection')
  })

  test('contour_interval 0: the same drawing without contours', async () => {
    const { result } = await draw({ ...JOB, contour_interval: 0 })
    expect(result.features.filter(isContour)).toEqual([])
    const street = result.features.find((f: Feature) => f.highway !== null && f.coords_xy)
    expect(street.elevations).toHaveLength(street.coords_xy.length)
    const refused = await house.call('POST', '/api/v1/jobs/prepare', {
      ...JOB,
      contour_interval: 0.01,
    })
    expect(refused.status).toBe(422)
  })

  test('a contours job', async () => {
    const { result } = await draw({
      kind: 'contours',
      latitude,
      longitude,
      radius: 300,
      contour_interval: 1,
    })
    expect(result.features.length).toBeGreaterThan(5)
    const lines = result.features.filter((f: Feature) => f.coords_xy !== null)
    expect(lines.every(isContour)).toBe(true)
    expect(lines.every((f: Feature) => Number.isInteger(f.elevation))).toBe(true)
  })

  test('a GeoJSON without a box is put on the terrain where it lies; its own heights stay', async () => {
    const line = (...z: number[]) => ({
      type: 'LineString',
      coordinates: [0, 0.0005].map((east) => [longitude + east, latitude, ...z]),
    })
    const { result } = await draw({
      kind: 'geojson',
      geojson: { type: 'GeometryCollection', geometries: [line(), line(7)] },
    })
    const [onGround, own] = result.features.map((f: Feature) => f.elevation)
    const mean = (trueHeight(latitude, longitude) + trueHeight(latitude, longitude + 0.0005)) / 2
    expect(Math.abs(onGround - mean)).toBeLessThan(BETWEEN_CELLS_METERS)
    expect(own).toBe(7)
    // A box of the request's own is taken at its word.
    const bbox = [longitude + 1, latitude, longitude + 1.1, latitude + 0.1]
    const elsewhere = await draw({ kind: 'geojson', geojson: line(), bbox })
    expect(elsewhere.result.features[0].elevation).toBeNull()
  })

  test('prepare/osm and prepare/geojson answer at once what a job answers', async () => {
    const osm = await house.call('POST', '/api/v1/prepare/osm', {
      latitude,
      longitude,
      radius: 250,
    })
    expect(osm.status).toBe(200)
    const { result } = await draw({ ...JOB, force: true })
    expect(osm.json.features).toEqual(result.features)
    const geojson = { type: 'Point', coordinates: [longitude, latitude] }
    const direct = await house.call('POST', '/api/v1/prepare/geojson', { geojson })
    expect(direct.status).toBe(200)
    const job = await draw({ kind: 'geojson', geojson })
    expect(direct.json.features).toEqual(job.result.features)
    expect(direct.json.crs_out).toBe('EPSG:31984')
  })
})
