// What a delivery is bound by: Retry-After up to a day, 5 s to connect and 15 s in all, bytes as they come, no proxy whatever the
// environment says; how long its log is kept; and checkpoints of the audit log as messages.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openNote, parseCheckpoint } from '../../src/audit/note.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type PostReason, postVetted, type VettedPost } from '../../src/base/vetted-post.ts'
import { call, startProgram } from '../experiments/support/program.ts'
import { startDaemon } from '../support/daemon.ts'
import { createStillClock, OWNER, until } from '../support/job-house.ts'
import { PROGRAM } from '../support/program.ts'
import { OK } from '../support/webhook-receiver.ts'
import { createScene } from '../support/webhook-scene.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const { receiver, house } = createScene()

test.each([
  ['seconds, ten days', () => '864000', DAY_MS],
  ['a date in ten days', (now: number) => new Date(now + 10 * DAY_MS).toUTCString(), DAY_MS],
  ['seconds, 23 hours', () => '82800', 23 * HOUR_MS],
  ['a date in 23 hours', (now: number) => new Date(now + 23 * HOUR_MS).toUTCString(), 23 * HOUR_MS],
  ['no number', () => 'soon', 5_000],
  ['more than any number', () => `${'9'.repeat(400)}`, 5_000],
])('Retry-After is kept up to a day, for all messages: %s', async (_name, header, waitMs) => {
  const clock = createStillClock()
  const target = await receiver((count) =>
    count === 0 ? { status: 429, headers: { 'Retry-After': header(clock.now()) } } : OK,
  )
  const { register, emit, dispatcher } = house({ clock })
  await register(target.url)
  await emit('project_loaded', { n: 1 })
  const from = clock.now()
  await dispatcher.step()
  await emit('project_loaded', { n: 2 })
  expect(dispatcher.nextAt()! - from).toBe(waitMs)
  clock.advance(waitMs - 1)
  await dispatcher.step()
  expect(target.received).toHaveLength(1)
  clock.advance(1)
  await dispatcher.step()
  expect(target.received).toHaveLength(3)
})

/** An endpoint that asked for ten hours of peace, with a second message for it. */
async function paused() {
  const clock = createStillClock()
  const target = await receiver((count) =>
    count === 0 ? { status: 503, headers: { 'Retry-After': '36000' } } : OK,
  )
  const made = house({ clock })
  const { id } = await made.register(target.url)
  await made.emit('project_loaded', { n: 1 })
  await made.dispatcher.step()
  await made.emit('project_loaded', { n: 2 })
  await made.dispatcher.stop()
  return { ...made, clock, target, id, next: made.openDispatcher() }
}

test('Retry-After is kept over a restart', async () => {
  const { clock, target, next, webhooks } = await paused()
  expect(webhooks.list()[0]!.pausedUntil).toBe(clock.now() + 10 * HOUR_MS)
  clock.advance(10 * HOUR_MS - 1)
  await next.step()
  expect(target.received).toHaveLength(1)
  clock.advance(1)
  await next.step()
  expect(target.received).toHaveLength(3)
  // And is over then.
  expect([next.nextAt(), webhooks.list()[0]!.pausedUntil]).toEqual([null, null])
})

test('Retry-After is not prolonged by a clock that is set back', async () => {
  const { clock, target, next } = await paused()
  clock.set(clock.now() - 9 * DAY_MS)
  await next.step()
  expect(next.nextAt()! - clock.now()).toBe(10 * HOUR_MS)
  clock.advance(10 * HOUR_MS)
  await next.step()
  expect(target.received).toHaveLength(3)
})

test('Retry-After is set back once, also when the program ends in the middle of it', async () => {
  const { clock, target, store, id, openDispatcher } = await paused()
  store.transaction(() => {
    for (let n = 0; n < 400; n++) store.outbox.addFor([id], `msg_${n}`, 'x', '{}', clock.now())
  })
  clock.set(clock.now() - 9 * DAY_MS)
  for (let ends = 0; ends < 3; ends++) {
    const killed = openDispatcher()
    killed.start()
    await killed.stop(0)
    clock.advance(HOUR_MS)
  }
  const next = openDispatcher()
  await next.step()
  expect(next.nextAt()! - clock.now()).toBe(7 * HOUR_MS)
  expect(target.received).toHaveLength(1)
})

test('Retry-After ends when somebody enables the endpoint', async () => {
  const { webhooks, target, next, id } = await paused()
  await webhooks.enable(id, OWNER)
  await next.step()
  // The message that was refused keeps its own wait.
  expect(target.received.map(({ body }) => JSON.parse(body).data.n)).toEqual([1, 2])
})

test('the log of deliveries is kept for 30 days, attempts and all', async () => {
  const clock = createStillClock()
  const target = await receiver((count) => (count === 0 ? { status: 500 } : OK))
  const { register, emit, dispatcher, webhooks, store } = house({ clock })
  const { id } = await register(target.url)
  await emit('project_loaded', { n: 1 })
  await dispatcher.step()
  clock.advance(10_000)
  await dispatcher.step()
  const log = () => webhooks.deliveries(id, { state: null, limit: 10 })
  const prune = () => store.transaction(() => store.retention.prune(clock.now()))
  const kept = log()
  expect(kept.map(({ attempts }) => attempts.map(({ status }) => status))).toEqual([[500, 200]])
  // The message is as old as its first attempt, 10 s older than the second.
  clock.advance(30 * DAY_MS - 10_000)
  prune()
  expect(log()).toEqual(kept)
  clock.advance(1)
  prune()
  expect([log(), store.deliveries.load().attempts]).toEqual([[], 1])
  clock.advance(10_000)
  prune()
  expect(store.deliveries.load().attempts).toBe(0)
})

/** Why the post came to nothing, and after how many milliseconds. */
async function reasonOf(request: Partial<VettedPost>, resolve?: Parameters<typeof postVetted>[1]) {
  const began = performance.now()
  const whole = {
    headers: {},
    body: Buffer.from('{}'),
    connectMs: 300,
    timeoutMs: 2_000,
    maxBytes: 65_536,
    allow: () => true,
    ...request,
  } as VettedPost
  const error = await postVetted(whole, resolve).catch((e) => e)
  const { reason } = error.data as { reason: PostReason }
  return { reason, ms: performance.now() - began }
}

describe('the limit to connect', () => {
  test('counts until there is somebody to talk to: a name without an answer, a handshake without an end', async () => {
    const deaf = net.createServer()
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const { port } = deaf.address() as AddressInfo
    const name = await reasonOf(
      { url: new URL(`http://nobody.example:${port}/`) },
      () => new Promise(() => {}),
    )
    const handshake = await reasonOf({ url: new URL(`https://127.0.0.1:${port}/`) })
    // Control: connected at once, the same silence is the other limit's.
    const silent = await reasonOf({ url: new URL(`http://127.0.0.1:${port}/`), timeoutMs: 900 })
    deaf.close()
    expect([name.reason, handshake.reason, silent.reason]).toEqual([
      'connect',
      'connect',
      'timeout',
    ])
    for (const { ms } of [name, handshake]) expect(ms).toBeGreaterThanOrEqual(299)
    expect(silent.ms).toBeGreaterThanOrEqual(899)
  })

  test('is 5 s for a delivery, of 15 s in all', async () => {
    const deaf = net.createServer()
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const asked: VettedPost[] = []
    const { register, emit, dispatcher, webhooks } = house({
      clock: systemClock,
      post: (request) => {
        asked.push(request)
        return postVetted(request)
      },
    })
    const { port } = deaf.address() as AddressInfo
    const { id } = await register(`https://127.0.0.1:${port}/`)
    await emit('project_loaded')
    await dispatcher.step()
    deaf.close()
    expect(asked.map(({ connectMs, timeoutMs }) => [connectMs, timeoutMs])).toEqual([
      [5_000, 15_000],
    ])
    const [attempt] = webhooks.deliveries(id, { state: 'waiting', limit: 1 })[0]!.attempts
    expect(attempt!.error).toBe('connect')
    expect(attempt!.durationMs).toBeGreaterThanOrEqual(4_999)
    expect(attempt!.durationMs).toBeLessThan(15_000)
  })
})

test('a compressed answer is not asked for, and stays as it came', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, 'x'))
  const target = await receiver(() => ({
    status: 200,
    headers: { 'Content-Encoding': 'gzip' },
    text: bomb.toString('latin1'),
  }))
  const asSent = Buffer.from(bomb.toString('latin1'), 'utf8')
  const answer = await postVetted({
    url: new URL(target.url),
    headers: {},
    body: Buffer.from('{}'),
    connectMs: 1_000,
    timeoutMs: 5_000,
    maxBytes: 65_536,
    allow: () => true,
  })
  expect(answer.header('content-encoding')).toBe('gzip')
  expect(asSent.equals(answer.bytes)).toBe(true)
  const { register, emit, dispatcher, webhooks } = house()
  const { id } = await register(target.url)
  await emit('project_loaded', { text: 'x'.repeat(10_000) })
  await dispatcher.step()
  const { headers, body } = target.received.at(-1)!
  expect([headers['accept-encoding'], headers['content-encoding']]).toEqual([undefined, undefined])
  expect(JSON.parse(body).data.text).toHaveLength(10_000)
  expect(webhooks.deliveries(id, { state: 'delivered', limit: 1 })[0]!.response).not.toMatch(/x{9}/)
})

test('the program tells its webhooks without a proxy, whatever the environment says; control: Node would use it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-proxy-'))
  const target = await receiver()
  const through: string[] = []
  const proxy = http.createServer((request, response) => {
    through.push(`${request.method} ${request.url}`)
    response.end('proxied')
  })
  proxy.on('connect', (request, socket) => {
    through.push(`CONNECT ${request.url}`)
    socket.destroy()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
  const env = {
    ...Object.fromEntries(names.map((name) => [name, address])),
    NODE_USE_ENV_PROXY: '1',
  }
  const program = await startProgram({ main: PROGRAM, dataFolder: path.join(folder, 'data'), env })
  try {
    const say = (place: string, body: object) =>
      call(program.port, 'POST', place, JSON.stringify(body))
    await say('/api/v1/webhooks/register', { url: target.url, events: ['project_loaded'] })
    await say('/api/v1/events/emit', { event_type: 'project_loaded', payload: {} })
    await until(() => target.received.length === 1, 10_000)
    expect(through).toEqual([])
    const script = `require('node:http').get(${JSON.stringify(target.url)}, (r) => r.pipe(process.stdout))`
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env })
    expect([stdout, through]).toEqual(['proxied', [`GET ${target.url}`]])
  } finally {
    await program.kill()
    proxy.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a signed checkpoint of the audit log is told, and is one that the log knows again', async () => {
  const target = await receiver()
  const daemon = await startDaemon()
  try {
    const filter = { url: target.url, events: ['audit.checkpoint'] }
    await daemon.call('POST', '/api/v1/webhooks/register', filter)
    const given = (await daemon.call('GET', '/api/v1/audit/checkpoint')).text
    await until(() => target.received.length > 0)
    const told = target.received.map((one) => JSON.parse(one.body)).at(-1)
    const { size, reason, note, vkey } = told.data
    expect(told).toMatchObject({ event: 'audit.checkpoint', type: 'audit.checkpoint' })
    expect([note, reason]).toEqual([given, 'request'])
    const key = (await daemon.call('GET', '/api/v1/audit/key')).json
    expect(vkey).toBe(key.vkey)
    expect(parseCheckpoint(openNote(note, [vkey])).size).toBe(size)
    expect(() => openNote(note.replace(`\n${size}\n`, `\n${size + 1}\n`), [vkey])).toThrow()
    const known = await daemon.call('POST', '/api/audit/checkpoint', { note })
    expect(known.json).toMatchObject({ known_ok: true, state: 'ok' })
    // Nothing was written since: nothing new is signed, and nothing told.
    const before = target.received.length
    await daemon.call('GET', '/api/v1/audit/checkpoint')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(target.received).toHaveLength(before)
  } finally {
    await daemon.stop()
  }
})
