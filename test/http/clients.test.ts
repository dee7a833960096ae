// Tokens for other programs: what they may do, how they end, and that nobody but an administrator makes them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { createStillClock } from '../support/job-house.ts'

const PATH = '/api/v1/auth/clients'
let house: TestDaemon
let clock: ReturnType<typeof createStillClock>
beforeEach(async () => {
  clock = createStillClock()
  house = await startDaemon({}, { clock })
})
afterEach(() => house.stop())

const make = (role: string, more: object = {}) =>
  house.call('POST', PATH, { name: 'AutoCAD 2', role, ...more })
const check = (token: string) => house.call('GET', '/api/v1/auth/check', undefined, { token })

describe('a client', () => {
  test('is let in with its role and no further, and its token is told once', async () => {
    const made = await make('viewer')
    expect(made).toMatchObject({
      status: 201,
      json: { name: 'AutoCAD 2', role: 'viewer', expires_at: null },
    })
    const { token, client_id } = made.json
    expect(token).toMatch(/^cli_[\w-]{43}$/)
    expect((await check(token)).status).toBe(200)
    const projects = { project_name: 'x' }
    expect((await house.call('POST', '/api/v1/projects', projects, { token })).json.code).toBe(
      'FORBIDDEN',
    )
    expect((await house.call('POST', PATH, { name: 'x', role: 'viewer' }, { token })).status).toBe(
      403,
    )
    const list = await house.call('GET', PATH)
    expect(list.json).toMatchObject({ count: 1, clients: [{ client_id, role: 'viewer' }] })
    expect(list.text).not.toContain(token)
  })

  test('of role operator writes, under its own name in the audit log', async () => {
    const { token, client_id } = (await make('operator')).json
    const made = await house.call(
      'POST',
      '/api/v1/projects',
      { project_id: 'C1', project_name: 'x' },
      { token },
    )
    expect(made.status).toBe(201)
    const history = await house.call('GET', '/api/v1/projects/C1/history')
    expect(history.json.versions[0].by).toBe(client_id)
    expect((await house.call('POST', '/api/v1/management/shutdown', {}, { token })).status).toBe(
      403,
    )
  })

  test('is kept out once it is revoked, with the sessions it had opened; both are in the audit log', async () => {
    const { token, client_id } = (await make('operator')).json
    const session = await house.call('POST', '/api/v1/auth/session', {}, { token })
    const opened = session.json.session_token as string
    const further = await house.call('POST', '/api/v1/auth/session', {}, { token: opened })
    const second = further.json.session_token as string
    expect((await check(opened)).status).toBe(200)
    expect((await check(second)).status).toBe(200)
    expect((await house.call('DELETE', `${PATH}/${client_id}`)).status).toBe(204)
    expect((await check(token)).status).toBe(401)
    expect((await check(opened)).status).toBe(401)
    expect((await check(second)).status).toBe(401)
    expect((await house.call('DELETE', `${PATH}/${client_id}`)).status).toBe(404)
    const log = await house.call('GET', `/api/audit?entity_id=${client_id}`)
    expect(log.text).toContain('client.created')
    expect(log.text).toContain('client.revoked')
    expect(log.text).not.toContain(token)
  })

  test('with an end is let in until then, whatever the computer’s clock says', async () => {
    const made = await make('viewer', { expires_in: 60 })
    const operator = (await make('operator', { expires_in: 60 })).json.token
    const session = await house.call('POST', '/api/v1/auth/session', {}, { token: operator })
    expect(made.json.expires_at - made.json.created_at).toBe(60)
    clock.advance(59_999)
    clock.set(clock.now() - 86_400_000)
    expect((await check(made.json.token)).status).toBe(200)
    clock.advance(1)
    expect((await check(session.json.session_token)).status).toBe(401)
    expect((await check(made.json.token)).status).toBe(401)
    expect((await house.call('GET', PATH)).json.count).toBe(0)
  })

  test('ends with whoever made it, and all that it made with it: nobody outlives an end through another token', async () => {
    const mother = (await make('admin', { expires_in: 60 })).json
    const make2 = (token: string) =>
      house.call('POST', PATH, { name: 'further', role: 'admin' }, { token })
    const daughter = (await make2(mother.token)).json.token
    const granddaughter = (await make2(daughter)).json.token
    const opened = await house.call('POST', '/api/v1/auth/session', {}, { token: granddaughter })
    const session = opened.json.session_token as string
    const stranger = (await make('viewer')).json.token
    for (const token of [daughter, granddaughter, session]) {
      expect((await check(token)).status).toBe(200)
    }
    clock.advance(60_000)
    for (const token of [session, granddaughter, daughter, mother.token]) {
      expect((await check(token)).status).toBe(401)
    }
    expect((await check(stranger)).status).toBe(200)
    expect((await house.call('GET', PATH)).json.count).toBe(1)
  })

  test('does not stop the program, whatever its role; the owner stops only the run that is meant', async () => {
    const { token } = (await make('admin')).json
    const stop = (body: unknown, options = {}) =>
      house.call('POST', '/api/v1/management/shutdown', body, options)
    expect((await stop({}, { token })).status).toBe(403)
    expect((await stop({ boot_id: 'of yesterday' })).status).toBe(400)
    expect((await check(token)).status).toBe(200)
    expect((await stop({ boot_id: house.daemon.ready.boot_id })).status).toBe(200)
    expect(await house.daemon.stopped).toBe(0)
  })

  test.each([
    { name: 'x', role: 'owner' },
    { name: 'a\u0000b', role: 'viewer' },
    { name: '\ud800', role: 'viewer' },
    { name: 'x', role: 'public' },
    { name: '', role: 'viewer' },
    { role: 'viewer' },
    { name: 'x', role: 'viewer', expires_in: 0 },
    { name: 'x', role: 'viewer', expires: 5 },
  ])('is not made from %j', async (body) => {
    expect(await house.call('POST', PATH, body)).toMatchObject({
      status: 422,
      json: { code: 'PARAMS_INVALID' },
    })
  })

  test('number one hundred and one has to wait', async () => {
    for (let n = 0; n < 100; n++) expect((await make('viewer')).status).toBe(201)
    expect(await make('viewer')).toMatchObject({ status: 503, json: { code: 'QUEUE_FULL' } })
  })
})
