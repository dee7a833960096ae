// A project of 100,000 features over HTTP: stored, read back whole and in order, under a new version; one more changes only that one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { way } from '../support/cad-feature.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

const COUNT = 100_000
const PLACE = '/api/v1/projects/town'
let house: TestDaemon
beforeAll(async () => {
  house = await startDaemon()
  await house.call('POST', '/api/v1/projects', { project_id: 'town', project_name: 'Town' })
})
afterAll(() => house.stop())

const given = Array.from({ length: COUNT }, (_, n) => way(n))
const stored = (n: number) => ({ ...way(n), feature_id: `osm:way/${n}` })
const features = () => house.call('GET', `${PLACE}/features`)

test('100,000 features are one version, read back each as it was given', async () => {
  const put = await house.call('PUT', `${PLACE}/features`, { version: 1, features: given })
  expect(put).toMatchObject({ status: 200, json: { version: 2, feature_count: COUNT } })
  const read = await features()
  expect([read.status, read.headers.etag, read.json.version]).toEqual([200, '"2"', 2])
  expect(read.json.features).toHaveLength(COUNT)
  // One comparison: 100,000 of them take the test runner half a minute.
  expect(read.text.includes(JSON.stringify(given.map((_, n) => stored(n))))).toBe(true)
  expect((await house.call('GET', PLACE)).json).toMatchObject({ version: 2, feature_count: COUNT })
})

test('an outdated version changes nothing; the right one changes one of them and no other', async () => {
  const change = { set: [{ ...stored(70_000), layer: 'EDIFICACOES' }] }
  const late = await house.call('PATCH', `${PLACE}/features`, { version: 1, ...change })
  expect(late).toMatchObject({ status: 409, json: { code: 'VERSION_CONFLICT' } })
  expect((await features()).headers.etag).toBe('"2"')
  const changed = await house.call('PATCH', `${PLACE}/features`, { version: 2, ...change })
  expect(changed).toMatchObject({ status: 200, json: { version: 3, feature_count: COUNT } })
  const { json, text } = await features()
  expect([json.version, json.features.length]).toEqual([3, COUNT])
  const expected = given.map((_, n) => (n === 70_000 ? change.set[0] : stored(n)))
  expect(text.includes(JSON.stringify(expected))).toBe(true)
  const { json: history } = await house.call('GET', `${PLACE}/history`)
  expect(history.versions.map((one: { feature_count: number }) => one.feature_count)).toEqual([
    0,
    COUNT,
    COUNT,
  ])
})
