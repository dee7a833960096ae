// Through the door of a real daemon: registering, events, the log, replay, the panel, the command line, hooks from outside, kill -9.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/base/exit-codes.ts'
import { call, TOKEN as PROGRAM_TOKEN, startProgram } from '../experiments/support/program.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { until } from '../support/job-house.ts'
import { PROGRAM, runProgram } from '../support/program.ts'
import { openSocket } from '../support/web-socket.ts'
import { OK, type Receiver, startReceiver } from '../support/webhook-receiver.ts'

const SECRETS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map(
  (key) => `whsec_${key.toString('base64')}`,
)

describe('webhooks of a daemon', () => {
  let house: TestDaemon
  let target: Receiver
  let folder: string
  let endpoint: { id: string; secret: string }
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sisrua-hooks-'))
    const configFile = path.join(folder, 'config.json')
    const settings = { inboundHooks: { crm: SECRETS }, webhookTargets: ['10.0.0.9:5678'] }
    writeFileSync(configFile, JSON.stringify(settings))
    house = await startDaemon({ configFile })
    target = await startReceiver()
    const reply = await house.call('POST', '/api/v1/webhooks/register', {
      url: target.url,
      events: ['job.*', 'project_loaded'],
    })
    endpoint = reply.json
  })
  afterAll(async () => {
    await house.stop()
    await target.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const post = (place: string, body?: unknown) => house.call('POST', place, body)

  test('an event arrives signed; the log and the list show it; replay sends it again', async () => {
    const before = target.received.length
    await post('/api/v1/events/emit', { event_type: 'project_loaded', payload: { id: 7 } })
    await until(() => target.received.length > before)
    const one = target.received[before]!
    const body = new Webhook(endpoint.secret).verify(
      one.body,
      one.headers as Record<string, string>,
    ) as { id: string }
    expect(body).toMatchObject({ event: 'project_loaded', data: { id: 7 } })
    const place = `/api/v1/webhooks/endpoints/${endpoint.id}/deliveries?state=delivered`
    let log = (await house.call('GET', place)).json
    for (let n = 0; n < 200 && log.count === 0; n++) log = (await house.call('GET', place)).json
    expect(log.deliveries[0].attempts[0]).toMatchObject({
      status: 200,
      error: null,
      response: 'thanks',
    })
    const list = (await house.call('GET', '/api/v1/webhooks/endpoints')).text
    expect(list).toContain(endpoint.id)
    expect(list).not.toContain('whsec_')
    const again = await post(`/api/v1/webhooks/messages/${body.id}/replay`)
    expect(again.json).toEqual({ status: 'ok', deliveries: 1 })
    await until(() => target.received.length > before + 1)
    expect(target.received[before + 1]!.headers['webhook-id']).toBe(body.id)
  })

  test('a job tells that it started and how it ended', async () => {
    const before = target.received.length
    const socket = await openSocket(house.port)
    const request = { kind: 'osm', latitude: -21.7, longitude: -41.3, radius: 77 }
    const job = await post('/api/v1/jobs/prepare', request)
    const { job_id } = job.json
    await house.finished(job_id)
    await until(() => target.received.length >= before + 2)
    const events = target.received.slice(before).map((one) => JSON.parse(one.body))
    // No server is set: the job starts and fails. The version is the number that sockets know the change by.
    const started = await socket.until((one) => one.type === 'job.started' && one.job_id === job_id)
    const failed = await socket.until((one) => one.type === 'job.failed' && one.job_id === job_id)
    expect(failed.seq).toBeGreaterThan(started.seq)
    expect(events.map(({ event, data }) => [event, data.job_id, data.version])).toEqual([
      ['job_started', job_id, started.seq],
      ['job_failed', job_id, failed.seq],
    ])
    socket.ws.close()
  })

  test('who looks at the panel hears that an endpoint was disabled, in their language; health says it later', async () => {
    const gone = await startReceiver(() => ({ status: 410 }))
    try {
      const url = `${gone.url}?key=of-the-receiver`
      const made = await post('/api/v1/webhooks/register', { url, events: ['gone_told'] })
      const headers = (language: string) => ({
        'X-SisRua-Token': TOKEN,
        'Accept-Language': language,
      })
      const sockets = await Promise.all(
        ['pt-BR', 'en'].map((one) => openSocket(house.port, ['sisrua.v1'], headers(one))),
      )
      await post('/api/v1/events/emit', { event_type: 'gone_told', payload: {} })
      const heard = await Promise.all(
        sockets.map((socket) => socket.until((one) => one.type === 'webhook.disabled')),
      )
      const host = `127.0.0.1:${gone.port}`
      for (const one of heard) {
        expect(one).toMatchObject({ seq: null, webhook_id: made.json.id, host, reason: 'gone' })
        expect(one.at).toBeGreaterThan(1_700_000_000)
        expect(JSON.stringify(one)).not.toContain('of-the-receiver')
      }
      expect(heard[0].message).toContain(`O webhook ${host} respondeu`)
      expect(heard[1].message).toContain(`The webhook ${host} answered`)
      const health = (await house.call('GET', '/api/v1/health/detailed')).text
      expect(health).toContain('1 switched off')
      for (const socket of sockets) socket.ws.close()
      await house.call('DELETE', `/api/v1/webhooks/endpoints/${made.json.id}`)
    } finally {
      await gone.close()
    }
  })

  test('test, rotate, recover, enable, remove; unknown ids are 404; own names and large payloads refused', async () => {
    const url = `${target.url}-other`
    const made = (await post('/api/v1/webhooks/register', { url })).json
    const at = `/api/v1/webhooks/endpoints/${made.id}`
    const before = target.received.length
    expect((await post(`${at}/test`)).json.message_id).toMatch(/^msg_/)
    await until(() => target.received.slice(before).some((one) => one.path.endsWith('-other')))
    const { secret } = (await post(`${at}/rotate`)).json
    expect(secret).toMatch(/^whsec_/)
    expect(secret).not.toBe(made.secret)
    expect((await post(`${at}/recover`, { since: 0 })).json.status).toBe('ok')
    expect((await post(`${at}/enable`)).json).toEqual({ status: 'ok' })
    expect((await house.call('DELETE', at)).json).toEqual({ status: 'ok' })
    expect((await house.call('DELETE', at)).status).toBe(404)
    expect((await post('/api/v1/webhooks/messages/msg_none/replay')).status).toBe(404)
    for (const event_type of ['job_completed', 'audit.x', 'storage', 'job.started']) {
      const refused = await post('/api/v1/events/emit', { event_type, payload: {} })
      expect(refused.status, event_type).toBe(403)
    }
    const payload = { text: 'x'.repeat(21_000) }
    expect((await post('/api/v1/events/emit', { event_type: 'a', payload })).status).toBe(413)
    expect((await post('/api/v1/events/emit', { event_type: 'A-b', payload: {} })).status).toBe(422)
  })

  test('targets: the settings file opens the local network, a session does not open this machine', async () => {
    const register = (url: string, token: string) =>
      house.call('POST', '/api/v1/webhooks/register', { url }, { token })
    expect((await register('http://10.0.0.9:5678/x', TOKEN)).status).toBe(200)
    expect((await register('http://10.0.0.9:5679/x', TOKEN)).status).toBe(422)
    expect((await register(`http://localhost:${house.port}/`, TOKEN)).status).toBe(422)
    const session = (await post('/api/v1/auth/session')).json.session_token
    expect((await register('http://localhost:8080/', session)).status).toBe(403)
  })

  test('a signed message from outside starts a job, once; anything else is 401 without a reason', async () => {
    const send = (source: string, id: string, body: string, secret: string, offset = 0) => {
      const at = new Date(Date.now() + offset)
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      }
      return house.call('POST', `/hooks/in/${source}`, body, { token: null, headers })
    }
    const body = JSON.stringify({
      data: { kind: 'osm', latitude: -21.7, longitude: -41.3, radius: 50 },
    })
    const first = await send('crm', 'm-1', body, SECRETS[0]!)
    expect(first.status).toBe(200)
    expect((await house.call('GET', `/api/v1/jobs/${first.json.job_id}`)).status).toBe(200)
    expect((await send('crm', 'm-2', body, SECRETS[1]!)).status).toBe(200)
    const stranger = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
    const refusals = [
      await send('crm', 'm-1', body, SECRETS[0]!),
      await send('crm', 'm-3', body, stranger),
      await send('crm', 'm-4', body, SECRETS[0]!, -301_000),
      await send('other', 'm-5', body, SECRETS[0]!),
      await house.call('POST', '/hooks/in/crm', body, { token: null }),
    ]
    expect(refusals.map((one) => one.status)).toEqual([401, 401, 401, 401, 401])
    expect(new Set(refusals.map((one) => one.json.detail)).size).toBe(1)
    // Not JSON: looked at only after the signature, and the id stays free for a corrected message.
    expect((await send('crm', 'm-6', '{"data":', SECRETS[0]!)).status).toBe(400)
    expect((await send('crm', 'm-6', body, SECRETS[0]!)).status).toBe(200)
  })

  test('the command line lists, tests and replays', async () => {
    const env = { SISRUA_AUTH_TOKEN: TOKEN }
    const url = `http://127.0.0.1:${house.port}`
    const cli = (...words: string[]) =>
      runProgram(['webhook', ...words, '--url', url], folder, { env })
    const list = await cli('list')
    expect([list.code, list.stderr]).toEqual([0, ''])
    expect(list.stdout).toContain(`${endpoint.id}\tenabled\t${target.url}\tjob.*,project_loaded`)
    const tested = await cli('test', endpoint.id)
    expect(tested.stdout).toMatch(/^msg_[0-9a-f]{32}\n$/)
    expect((await cli('replay', tested.stdout.trim())).stdout).toBe('1\n')
    expect((await cli('replay', 'msg_none')).code).not.toBe(0)
  })

  test('the command line recovers what a disabled endpoint did not get, since a time', async () => {
    const state = { status: 410 }
    const away = await startReceiver(() => state)
    try {
      const registration = { url: away.url, events: ['recover_told'], body_version: 2 }
      const { id } = (await post('/api/v1/webhooks/register', registration)).json
      const tell = (n: number) =>
        post('/api/v1/events/emit', { event_type: 'recover_told', payload: { n } })
      const list = async () =>
        (await house.call('GET', '/api/v1/webhooks/endpoints')).json.webhooks.find(
          (one: { id: string }) => one.id === id,
        )
      await tell(1)
      while ((await list()).state !== 'disabled') await new Promise((r) => setTimeout(r, 20))
      await tell(2)
      expect(await list()).toMatchObject({ waiting: 0, given_up: 2, body_version: 2 })
      state.status = 200
      const daemon = ['--url', `http://127.0.0.1:${house.port}`]
      const cli = (words: string[], lang = 'en') =>
        runProgram(['webhook', 'recover', ...words, ...daemon], folder, {
          env: { SISRUA_AUTH_TOKEN: TOKEN, SISRUA_LANG: lang },
        })
      const told = await cli([id, '--since', '1h'])
      expect([told.code, told.stdout]).toEqual([0, '2\n'])
      expect(told.stderr).toBe('2 messages are on their way; the webhook is enabled.\n')
      await until(() => away.received.length === 3)
      const bodies = away.received.slice(1).map((one) => JSON.parse(one.body))
      expect(bodies.map(({ data }) => data.n)).toEqual([1, 2])
      expect(Object.keys(bodies[0])).toEqual(['type', 'timestamp', 'n', 'data'])
      expect(await list()).toMatchObject({ state: 'enabled', given_up: 0 })
      const json = await cli([id, '--since', '2026-11-20T10:00:00Z', '--json'], 'pt-BR')
      expect(JSON.parse(json.stdout)).toEqual({ status: 'ok', deliveries: 0 })
      expect(json.stderr).toContain('0 mensagens voltaram à fila')
      expect((await cli(['nobody', '--since', '7d'])).code).toBe(EXIT.notFound)
      expect((await cli([id])).code).toBe(EXIT.usage)
      const help = (await cli(['--help'], 'pt-BR')).stdout
      expect(help).toMatch(/^Exemplo: sisrua webhook recover .*\n[\s\S]*ativa o webhook e envia/)
    } finally {
      await away.close()
    }
  })
})

test('without a source in the settings there is no way in from outside', async () => {
  const house = await startDaemon()
  try {
    const reply = await house.call('POST', '/hooks/in/crm', {}, { token: null })
    expect(reply.status).toBe(404)
  } finally {
    await house.stop()
  }
})

test('killed in the middle of a delivery, the next run delivers the message under the same id', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-kill-'))
  const dataFolder = path.join(folder, 'data')
  mkdirSync(dataFolder)
  const target = await startReceiver((_message, count) => (count === 0 ? 'silent' : OK))
  const start = () => startProgram({ main: PROGRAM, dataFolder })
  let program = await start()
  try {
    const say = (place: string, body: unknown) =>
      call(program.port, 'POST', place, JSON.stringify(body), { 'X-SisRua-Token': PROGRAM_TOKEN })
    await say('/api/v1/webhooks/register', { url: target.url })
    const told = await say('/api/v1/events/emit', { event_type: 'project_loaded', payload: {} })
    expect(told.status).toBe(200)
    await until(() => target.received.length === 1)
    await program.kill()
    program = await start()
    await until(() => target.received.length === 2, 10_000)
    const ids = target.received.map((one) => one.headers['webhook-id'])
    expect(ids[1]).toBe(ids[0])
  } finally {
    await program.kill()
    await target.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the webhook of the settings is registered once: a later start neither enables it nor changes what was chosen', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-static-'))
  const dataFolder = path.join(folder, 'data')
  const target = await startReceiver(() => ({ status: 410 }))
  const start = () => startProgram({ main: PROGRAM, dataFolder, env: { WEBHOOK_URL: target.url } })
  let program = await start()
  try {
    const ask = async (method: string, place: string, body?: object) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      return JSON.parse((await call(program.port, method, `/api/v1${place}`, text)).text)
    }
    const one = async () => (await ask('GET', '/webhooks/endpoints')).webhooks[0]
    expect(await one()).toMatchObject({ url: target.url, state: 'enabled', body_version: 1 })
    await ask('POST', '/webhooks/register', { url: target.url, body_version: 2 })
    await ask('POST', '/events/emit', { event_type: 'project_loaded', payload: {} })
    while ((await one()).state !== 'disabled') await new Promise((r) => setTimeout(r, 20))
    await program.kill()
    program = await start()
    expect(await one()).toMatchObject({ state: 'disabled', body_version: 2 })
    const changes = await ask('GET', '/audit?entity_type=webhook')
    expect(JSON.stringify(changes).match(/"webhook\.updated"/g)).toHaveLength(1)
  } finally {
    await program.kill()
    await target.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
