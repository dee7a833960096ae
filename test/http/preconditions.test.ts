// Conditional requests on a project: every form of a tag that RFC 9110 knows, against a project at version 2.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

const PLACE = '/api/v1/projects/P'
let house: TestDaemon
beforeEach(async () => {
  house = await startDaemon()
  await house.call('POST', '/api/v1/projects', { project_id: 'P', project_name: 'one' })
  await house.call('PUT', PLACE, { version: 1, project_name: 'two' })
})
afterEach(() => house.stop())

const put = (header: string | null, body: object = { project_name: 'three' }) =>
  house.call('PUT', PLACE, body, { headers: header === null ? {} : { 'If-Match': header } })

test('a new project is told with the tag that the first change may name, also when the id was used before', async () => {
  const made = () =>
    house.call('POST', '/api/v1/projects', { project_id: 'N', project_name: 'one' })
  const first = await made()
  expect([first.status, first.headers.etag]).toEqual([201, `"${first.json.version}"`])
  const headers = { 'If-Match': first.headers.etag! }
  const change = { project_name: 'two' }
  const put = await house.call('PUT', '/api/v1/projects/N', change, { headers })
  expect([put.status, put.headers.etag]).toEqual([200, '"2"'])
  await house.call('DELETE', '/api/v1/projects/N')
  const again = await made()
  expect([again.status, again.headers.etag]).toEqual([201, `"${again.json.version}"`])
  expect(again.json.version).toBeGreaterThan(2)
  const read = await house.call('GET', '/api/v1/projects/N')
  expect(read.headers.etag).toBe(again.headers.etag)
})

describe('If-Match', () => {
  test.each([
    ['"2"', 200],
    ['*', 200],
    ['"1", "2"', 200],
    ['W/"2" , "2"', 200],
    ['"a,b","2"', 200],
    // Empty places in a list are passed over (RFC 9110, 5.6.1).
    [',"2"', 200],
    [' , "1",, "2" ,', 200],
    [',', 422],
    ['"1"', 412],
    ['W/"2"', 412],
    ['"1", "3"', 412],
    ['"02"', 412],
    ['2', 422],
    ['"2', 422],
    ['"2" "3"', 422],
    ['', 422],
  ])('%s is answered with %i, and nothing changes unless that is 200', async (header, status) => {
    expect((await put(header)).status).toBe(status)
    const project = (await house.call('GET', PLACE)).json
    expect(project.version).toBe(status === 200 ? 3 : 2)
    expect(project.project_name).toBe(status === 200 ? 'three' : 'two')
  })

  test('and the field `version` have both to be right; one of them has to be there', async () => {
    expect((await put('"2"', { version: 1, project_name: 'x' })).status).toBe(409)
    expect((await put('*', { version: 1, project_name: 'x' })).status).toBe(409)
    expect((await put('"1"', { version: 2, project_name: 'x' })).status).toBe(412)
    expect((await put(null)).json.code).toBe('PARAMS_INVALID')
    expect((await put('"2"', { version: 2, project_name: 'x' })).status).toBe(200)
  })

  test('of two who saw the same version one wins, whichever way they say it', async () => {
    const answers = await Promise.all([put('"2"'), put('"2"'), put('"1", "2"')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    expect((await house.call('GET', PLACE)).json.version).toBe(3)
  })

  test('on a project that is not there is 404', async () => {
    const headers = { 'If-Match': '*' }
    const body = { project_name: 'x' }
    expect((await house.call('PUT', '/api/v1/projects/Q', body, { headers })).status).toBe(404)
  })
})

test.each([
  ['*', 412],
  ['"2"', 412],
  ['"1", W/"2"', 412],
  ['"1"', 200],
])(
  'If-None-Match: %s on a change is answered with %i (RFC 9110, 13.1.2)',
  async (header, status) => {
    const headers = { 'If-None-Match': header }
    const change = { version: 2, project_name: 'three' }
    expect((await house.call('PUT', PLACE, change, { headers })).status).toBe(status)
    expect((await house.call('GET', PLACE)).json.version).toBe(status === 200 ? 3 : 2)
  },
)

test.each([
  ['"2"', 304],
  ['W/"2"', 304],
  ['"1", W/"2"', 304],
  ['*', 304],
  ['"1"', 200],
  ['2', 200],
])('If-None-Match: %s is answered with %i', async (header, status) => {
  const headers = { 'If-None-Match': header }
  for (const place of [PLACE, `${PLACE}/features`]) {
    const answer = await house.call('GET', place, undefined, { headers })
    expect(answer.status).toBe(status)
    expect(answer.headers.etag).toBe('"2"')
  }
})
