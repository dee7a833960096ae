// WebSockets and event streams under pressure: caps, silence, stuck readers, tickets, and a client that is cut off again and again.
import http from 'node:http'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Overrides } from '../../src/daemon.ts'
import { createInlineCompute } from '../../src/workers/inline.ts'
import { cutOff, later, newJob } from '../support/cut-off.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { openSocket, type Socket } from '../support/web-socket.ts'

let house: TestDaemon | null = null
afterEach(async () => {
  await house?.stop()
  house = null
})
async function start(overrides: Overrides = {}): Promise<TestDaemon> {
  house = await startDaemon({}, overrides)
  return house
}

/** What an upgrade is answered with, as it comes from the wire. */
const refusal = (port: number, query: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (piece) => {
      text += piece
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(
      `GET /api/v1/ws${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-SisRua-Token: ${TOKEN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
  })

/** Resolves when the other end is gone for good: it resets the connection when it is written to. This end never closes. */
const cutOffAfter = (port: number, request: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const late = setTimeout(() => reject(new Error(`still open after ${text}`)), 4_000)
    let text = ''
    let writing: NodeJS.Timeout | undefined
    socket.on('data', (piece) => {
      text += piece
    })
    socket.on('end', () => {
      writing = setInterval(() => socket.write('x'), 100)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(writing)
      clearTimeout(late)
      resolve(text.slice(0, 12))
    })
    socket.write(request)
  })

describe('a client that never closes', () => {
  test.each([
    ['an upgrade without a token', 'X-None: 1', 'HTTP/1.1 401'],
    ['an upgrade with a number that is none', `X-SisRua-Token: ${TOKEN}`, 'HTTP/1.1 422'],
  ])('holds no connection after %s was refused', async (_, header, status) => {
    const { port } = await start()
    const upgrade = `GET /api/v1/ws?after=x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${header}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    expect(await cutOffAfter(port, upgrade)).toBe(status)
  })
})

describe('how many', () => {
  test('a hundred connections, the next is refused, and there is room again when one leaves', async () => {
    const { port } = await start()
    const sockets = await Promise.all(Array.from({ length: 100 }, () => openSocket(port)))
    await expect(openSocket(port)).rejects.toThrow('429')
    sockets[0]!.ws.close()
    await sockets[0]!.closed
    const again = await openSocket(port)
    await again.until((message) => message.type === 'hello')
    for (const { ws } of [...sockets, again]) ws.terminate()
  })

  test('twenty for a session, while the owner and other sessions still come in', async () => {
    const { port, call } = await start()
    const session = async () => (await call('POST', '/api/v1/auth/session', {})).json.session_token
    const headers = { 'X-SisRua-Token': await session() }
    const sockets: Socket[] = []
    for (let i = 0; i < 20; i++) sockets.push(await openSocket(port, ['sisrua.v1'], headers))
    await expect(openSocket(port, ['sisrua.v1'], headers)).rejects.toThrow('429')
    sockets.push(await openSocket(port))
    sockets.push(await openSocket(port, ['sisrua.v1'], { 'X-SisRua-Token': await session() }))
    for (const { ws } of sockets) ws.terminate()
  })
})

describe('who says nothing', () => {
  test('two unanswered pings end the connection; one that only listens and answers them stays', async () => {
    const { port } = await start({ sockets: { pingMs: 250, silenceMs: 1_500 } })
    const dead = await openSocket(
      port,
      ['sisrua.v1'],
      { 'X-SisRua-Token': TOKEN },
      { autoPong: false },
    )
    const listener = await openSocket(port)
    expect(await dead.closed).toBe(1006)
    await later(2_500)
    expect(listener.ws.readyState).toBe(listener.ws.OPEN)
    listener.ws.terminate()
  })

  test('no frame at all for the limit closes with 1001', async () => {
    const { port } = await start({ sockets: { pingMs: 50, silenceMs: 40 } })
    const silent = await openSocket(
      port,
      ['sisrua.v1'],
      { 'X-SisRua-Token': TOKEN },
      { autoPong: false },
    )
    expect(await silent.closed).toBe(1001)
  })
})

describe('what a client sends', () => {
  test('64 KiB is read, one byte more closes with 1009; the 31st message in a minute closes with 1008', async () => {
    const { port } = await start()
    const socket = await openSocket(port)
    socket.ws.send('x'.repeat(64 * 1024))
    await socket.until((message) => message.code === 'REQUEST_INVALID')
    socket.ws.send('x'.repeat(64 * 1024 + 1))
    expect(await socket.closed).toBe(1009)
    const many = await openSocket(port)
    for (let i = 0; i < 30; i++) many.ws.send('{"type":"ping"}')
    await many.until(() => many.messages.filter(({ type }) => type === 'pong').length === 30)
    expect(many.ws.readyState).toBe(many.ws.OPEN)
    many.ws.send('{"type":"ping"}')
    expect(await many.closed).toBe(1008)
  })

  test('who goes on talking after it was closed is not listened to, and is cut off', async () => {
    const { port, call } = await start()
    const talker = net.connect(port, '127.0.0.1')
    talker.on('error', () => {})
    const gone = new Promise<true>((resolve) => talker.on('close', () => resolve(true)))
    talker.write(
      `GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-SisRua-Token: ${TOKEN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    // Nothing of what it is answered is read but thrown away, the close frame too. The mask is of zeros.
    talker.resume()
    const one = Buffer.concat([
      Buffer.from([0x81, 0x8f, 0, 0, 0, 0]),
      Buffer.from('{"type":"ping"}'),
    ])
    const block = Buffer.concat(Array<Buffer>(2_000).fill(one))
    const talk = (): void => {
      while (!talker.destroyed && talker.write(block));
      if (!talker.destroyed) talker.once('drain', talk)
    }
    talk()
    const closed = await Promise.race([gone, later(15_000).then(() => false)])
    expect(closed).toBe(true)
    expect((await call('GET', '/api/v1/health')).status).toBe(200)
  })

  test('a number that was never given, or is pruned, is answered with resync', async () => {
    const { port } = await start()
    const socket = await openSocket(port)
    socket.ws.send('{"type":"subscribe","after":1000000000}')
    expect(await socket.until(({ type }) => type === 'resync')).toMatchObject({ seq: 0 })
    socket.ws.terminate()
  })

  test.each([
    '?after=',
    '?after',
    '?after=abc',
    '?after=-1',
    '?after=+1',
    '?after=1e3',
    '?after=1.5',
    '?after=0x1',
    '?after=%201',
    '?after=NaN',
    '?after=9007199254740992',
    `?after=${'9'.repeat(400)}`,
    '?after=1&after=2',
    '?after=1&x=2&after=1',
    '?after[]=1&after=1,2',
  ])(
    '%s is refused before the upgrade, for it would be taken for “nothing was missed”',
    async (query) => {
      const { port } = await start()
      await expect(openSocket(port, undefined, undefined, { query })).rejects.toThrow('422')
      const answer = await refusal(port, query)
      expect(answer).toMatch(/^HTTP\/1\.1 422 /)
      expect(answer).toContain('"code":"PARAMS_INVALID"')
      expect(answer).toContain('`after`')
    },
  )

  test.each(['?after=0', '?after=00', '?x=1&after=%30', '?after=9007199254740991'])(
    'control: %s is taken, and without it nothing is replayed',
    async (query) => {
      const { port, call } = await start()
      const geojson = { type: 'Point', coordinates: [-41.3, -21.7] }
      await call('POST', '/api/v1/jobs/prepare', { kind: 'geojson', geojson })
      const socket = await openSocket(port, undefined, undefined, { query })
      const known = query.includes('9') ? 'resync' : 'subscribed'
      await socket.until(({ type }) => type === known)
      expect(socket.messages.some(({ type }) => type === 'job.created')).toBe(known !== 'resync')
      const silent = await openSocket(port, undefined, undefined, { query: '?afterwards=0' })
      silent.ws.send('{"type":"ping"}')
      await silent.until(({ type }) => type === 'pong')
      expect(silent.messages.some(({ type }) => type === 'job.created')).toBe(false)
      for (const { ws } of [socket, silent]) ws.terminate()
    },
  )

  test('a ticket is good once, for ten seconds, for a socket, on this boot', async () => {
    let time = 1_000
    const clock = { now: () => Date.now(), monotonic: () => time }
    const daemon = await start({ clock })
    const ticket = async () =>
      (await daemon.call('POST', '/api/v1/ws/ticket')).json.ticket as string
    const enter = (one: string) => openSocket(daemon.port, ['sisrua.v1', `ticket.${one}`], {})
    const used = await ticket()
    ;(await enter(used)).ws.terminate()
    await expect(enter(used)).rejects.toThrow('401')
    const late = await ticket()
    time += 10_000
    await expect(enter(late)).rejects.toThrow('401')
    const fresh = await ticket()
    time += 9_999
    ;(await enter(fresh)).ws.terminate()
    const asToken = await ticket()
    const check = await daemon.call('GET', '/api/v1/auth/check', undefined, { token: asToken })
    expect(check.status).toBe(401)
    const { session_token } = (await daemon.call('POST', '/api/v1/auth/session', {})).json
    await expect(enter(session_token)).rejects.toThrow('401')
    const elsewhere = await ticket()
    await daemon.stop()
    const next = await start()
    await expect(openSocket(next.port, ['sisrua.v1', `ticket.${elsewhere}`], {})).rejects.toThrow(
      '401',
    )
  })
})

describe('a client that is cut off fifty times', () => {
  test('hears every stored event once, in order, when it asks from where it was', async () => {
    const { stored, missing, heard } = await cutOff(await start(), 50, true)
    expect(stored).toBeGreaterThan(20)
    expect(missing).toBe(0)
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b))
  })

  test('control: without asking it misses some', async () => {
    expect((await cutOff(await start(), 50, false)).missing).toBeGreaterThan(0)
  })
})

describe('event streams', () => {
  /** Opens a stream and leaves it open. */
  const stream = (port: number, id: string) =>
    new Promise<{ status: number; text(): string; ended: Promise<void>; close(): void }>(
      (resolve, reject) => {
        const headers = { 'X-SisRua-Token': TOKEN }
        const request = http.get(
          { host: '127.0.0.1', port, path: `/api/v1/jobs/${id}/events`, headers, agent: false },
          (response) => {
            let text = ''
            response.on('data', (chunk) => {
              text += chunk
            })
            response.on('error', () => {})
            const ended = new Promise<void>((done) => response.on('close', () => done()))
            const close = () => request.destroy()
            resolve({ status: response.statusCode!, text: () => text, ended, close })
          },
        )
        request.on('error', reject)
      },
    )

  test('live until the job ends; the 51st is refused until one is closed', async () => {
    const real = createInlineCompute()
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const compute = {
      ...real,
      run: (async (...all: Parameters<typeof real.run>) => {
        await gate
        return real.run(...all)
      }) as typeof real.run,
    }
    const daemon = await start({ compute })
    const id = await newJob(daemon)
    const streams = await Promise.all(Array.from({ length: 50 }, () => stream(daemon.port, id)))
    expect(streams.every(({ status }) => status === 200)).toBe(true)
    expect((await stream(daemon.port, id)).status).toBe(429)
    streams[0]!.close()
    let late = await stream(daemon.port, id)
    for (let i = 0; i < 100 && late.status === 429; i++) {
      await later(50)
      late = await stream(daemon.port, id)
    }
    expect(late.status).toBe(200)
    expect(late.text()).not.toContain('job.completed')
    go()
    await late.ended
    expect(late.text()).toContain('event: job.created')
    expect(late.text()).toContain('event: job.completed')
    await Promise.all(streams.slice(1).map(({ ended }) => ended))
  })
})
