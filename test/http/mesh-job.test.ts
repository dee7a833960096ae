// A terrain mesh over HTTP: breaklines go in as GeoJSON, faces come out as DXF and LandXML.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SAMPLE } from '../../scripts/sample/town.ts'
import { createProjector } from '../../src/kernel/geo/projector.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createSample } from '../support/sample.ts'

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

const { latitude, longitude } = SAMPLE
const WALL = [
  [longitude - 0.0005, latitude, 900],
  [longitude + 0.0005, latitude + 0.0002, 910],
]
const body = { kind: 'mesh', latitude, longitude, radius: 200, max_error: 0.5 }
const wall = { type: 'LineString', coordinates: WALL }

async function surface(request: Record<string, unknown>) {
  const { json } = await house.call('POST', '/api/v1/jobs/prepare', request)
  const { json: job } = await house.finished(json.job_id)
  expect(job).toMatchObject({ status: 'completed', kind: 'mesh', pipeline: 'mesh@1' })
  const list = await house.call('GET', `/api/v1/jobs/${json.job_id}/artifacts`)
  const artifact = (name: string) =>
    house.call('GET', `/api/v1/jobs/${json.job_id}/artifacts/${name}`)
  return {
    list,
    xml: (await artifact('surface.xml')).text,
    dxf: (await artifact('drawing.dxf')).text,
  }
}

test('a mesh job keeps its breaklines as vertices with their own heights', async () => {
  const { list, xml, dxf } = await surface({ ...body, geojson: wall })
  expect(JSON.stringify(list.json)).toContain('surface.xml')
  expect(dxf.split('\n3DFACE\n').length).toBeGreaterThan(100)
  const projector = createProjector(Number(/epsgCode="(\d+)"/.exec(xml)![1]))
  for (const [lon, lat, z] of WALL) {
    const [east, north] = projector.forward(Float64Array.of(lon!, lat!))
    expect(xml).toContain(`>${point(north!)} ${point(east!)} ${z}</P>`)
  }
})

test('without them there is no point at that height, and it is another job', async () => {
  const { xml } = await surface(body)
  expect(xml).not.toMatch(/ 900<\/P>/)
})

test('the largest error is the one asked for; an absurd one is refused', async () => {
  const faces = (xml: string) => xml.split('<F>').length
  const coarse = await surface({ ...body, max_error: 20 })
  const fine = await surface({ ...body, max_error: 0.1 })
  expect(faces(fine.xml)).toBeGreaterThan(faces(coarse.xml))
  const refused = await house.call('POST', '/api/v1/jobs/prepare', { ...body, max_error: 0 })
  expect(refused.status).toBe(422)
})

/** As the writer does: at most three decimals, none that are zero. */
const point = (meters: number): string => String(Number(meters.toFixed(3)))
