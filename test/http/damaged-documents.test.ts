// Damaged documents over the wire: a result or a code, never a 5xx, and the daemon goes on.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createDice, GEOJSON, KML, mutate } from '../support/damaged-documents.ts'

const SEED = 20_261_121
const COUNT = 120

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startDaemon()
})
afterAll(() => daemon.stop())

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test(`${COUNT} damaged KML through the converter (seed ${SEED})`, async () => {
  const dice = createDice(SEED)
  const statuses = new Map<number, number>()
  for (let i = 0; i < COUNT; i++) {
    const content = decode(mutate(KML[i % KML.length]!, dice))
    const { status, text } = await daemon.call('POST', '/api/v1/gis/convert/kml', { content })
    expect(status, text).toBeLessThan(500)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  expect(statuses.get(200)).toBeGreaterThan(10)
  expect(statuses.get(400)).toBeGreaterThan(10)
}, 60_000)

test(`${COUNT} damaged GeoJSON as jobs (seed ${SEED})`, async () => {
  const dice = createDice(SEED)
  const outcomes = new Map<string, number>()
  for (let i = 0; i < COUNT; i++) {
    const geojson = decode(mutate(GEOJSON[i % GEOJSON.length]!, dice))
    const accepted = await daemon.call('POST', '/api/v1/jobs/prepare', {
      kind: 'geojson',
      geojson,
      road_edges: i % 2 === 0,
      join_lines: i % 3 === 0,
    })
    expect(accepted.status, accepted.text).toBeLessThan(500)
    if (accepted.status >= 400) continue
    const { json } = await daemon.finished(accepted.json.job_id)
    const outcome = json.status === 'completed' ? 'completed' : String(json.error_code)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  expect([...outcomes.keys()]).not.toContain('INTERNAL')
  expect(outcomes.get('completed')).toBeGreaterThan(5)
  expect(outcomes.get('GEOJSON_INVALID')).toBeGreaterThan(5)
  expect((await daemon.call('GET', '/api/v1/health')).status).toBe(200)
}, 120_000)
