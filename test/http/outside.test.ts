// Geocoder and assistant against local servers: off unless configured, polite, sending the user's words and nothing else, and plain
// when the other side fails.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

interface Asked {
  method: string
  url: URL
  headers: http.IncomingHttpHeaders
  body: string
  at: number
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A server that remembers what it was asked and answers as told. */
async function fake(answer: (response: http.ServerResponse, asked: Asked) => void) {
  const asked: Asked[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const one = {
        method: request.method!,
        url: new URL(request.url!, 'http://fake'),
        headers: request.headers,
        body,
        at: performance.now(),
      }
      asked.push(one)
      answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function start(flags: Parameters<typeof startDaemon>[0]): Promise<TestDaemon> {
  const house = await startDaemon(flags)
  closing.push(() => house.stop())
  return house
}

const json = (response: http.ServerResponse, body: unknown): void =>
  void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
const geocode = (house: TestDaemon, query: string) =>
  house.call('GET', `/api/v1/tools/geocode?query=${encodeURIComponent(query)}`)
const CAMPOS = [{ lat: '-21.7545', lon: '-41.3244', display_name: 'Campos dos Goytacazes' }]

describe('geocoder', () => {
  test('a name is asked once a second at most, once per name, with only the name', async () => {
    const server = await fake((response) => json(response, CAMPOS))
    const house = await start({ geocoderUrl: `${server.url}/search` })
    const first = await geocode(house, 'Campos dos Goytacazes')
    expect(first.status).toBe(200)
    expect(first.json).toMatchObject({ latitude: -21.7545, longitude: -41.3244 })
    expect((await geocode(house, ' campos dos  Goytacazes')).json).toEqual(first.json)
    expect(server.asked).toHaveLength(1)
    await Promise.all([geocode(house, 'Rua do Ouvidor'), geocode(house, 'Praia do Farol')])
    expect(server.asked).toHaveLength(3)
    for (let i = 1; i < 3; i++) {
      expect(server.asked[i]!.at - server.asked[i - 1]!.at).toBeGreaterThan(950)
    }
    const { url, headers, body, method } = server.asked[0]!
    expect([method, body, url.pathname]).toEqual(['GET', '', '/search'])
    expect(Object.fromEntries(url.searchParams)).toEqual({
      q: 'Campos dos Goytacazes',
      format: 'jsonv2',
      limit: '1',
      'accept-language': 'pt-BR',
    })
    expect(headers['x-sisrua-token']).toBeUndefined()
    expect(headers['user-agent']).toMatch(/sisrua/i)
  })

  test('coordinates never leave the machine', async () => {
    const server = await fake((response) => json(response, CAMPOS))
    const house = await start({ geocoderUrl: server.url })
    expect((await geocode(house, '-21.7634, -41.3235')).json.source).toBe('coordinates')
    expect(server.asked).toEqual([])
  })

  test.each<[string, (response: http.ServerResponse) => void, number]>([
    ['nothing found', (response) => json(response, []), 404],
    ['an error', (response) => void response.writeHead(500).end(), 503],
    ['a page', (response) => void response.writeHead(200).end('<html>'), 503],
    ['places that are none', (response) => json(response, [{ lat: 'x', lon: '999' }]), 503],
    [
      'another site',
      (response) => void response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end(),
      503,
    ],
    ['a hang-up', (response) => void response.destroy(), 503],
  ])('%s is told plainly', async (_name, answer, status) => {
    const server = await fake(answer)
    const reply = await geocode(await start({ geocoderUrl: server.url }), 'Lugar nenhum')
    expect(reply.status).toBe(status)
    expect(reply.json.detail).toBeTypeOf('string')
    expect(reply.text).not.toContain('    at ')
  })

  test('off by default: says so and what to do', async () => {
    const reply = await geocode(await start({}), 'Campos')
    expect(reply.status).toBe(503)
  })
})

describe('assistant', () => {
  const chat = (house: TestDaemon, body: object, headers = {}) =>
    house.call('POST', '/api/v1/ai/chat', body, { headers })

  test('sends the words of the user and nothing of the job, and gives the answer back', async () => {
    const server = await fake((response) =>
      json(response, { choices: [{ message: { content: 'Olá!' } }] }),
    )
    const house = await start({ assistantUrl: `${server.url}/v1`, assistantKey: 'key-of-the-user' })
    const reply = await chat(house, {
      message: 'O que é SIRGAS?',
      context: { secret: 'client project', path: '/home/me' },
      job_id: 'job-42',
    })
    expect(reply.json).toEqual({ response: 'Olá!' })
    const { url, body, headers } = server.asked[0]!
    expect(url.pathname).toBe('/v1/chat/completions')
    expect(headers.authorization).toBe('Bearer key-of-the-user')
    const { messages } = JSON.parse(body)
    expect(messages.at(-1)).toEqual({ role: 'user', content: 'O que é SIRGAS?' })
    for (const word of ['client project', '/home/me', 'job-42', 'test-token-123']) {
      expect(body + JSON.stringify(headers)).not.toContain(word)
    }
  })

  test.each<[string, (response: http.ServerResponse) => void]>([
    ['an error', (response) => void response.writeHead(429).end()],
    ['no content', (response) => json(response, { choices: [] })],
    ['a page', (response) => void response.writeHead(200).end('<html>')],
    ['a hang-up', (response) => void response.destroy()],
  ])('%s of the service is a plain sentence with status 200', async (_name, answer) => {
    const server = await fake(answer)
    const reply = await chat(await start({ assistantUrl: server.url }), { message: 'Oi' })
    expect(reply.status).toBe(200)
    expect(reply.json.response).toMatch(/\S{3,}/)
    expect(reply.text).not.toContain('127.0.0.1')
  })

  test('off by default, in both languages', async () => {
    const house = await start({})
    expect((await chat(house, { message: 'Oi' })).json.response).toMatch(/desligado/)
    const english = await chat(house, { message: 'Hi' }, { 'Accept-Language': 'en' })
    expect(english.json.response).toMatch(/off/)
  })
})
