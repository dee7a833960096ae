// A local Overpass server that counts requests and misbehaves as asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the server does with one request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, query: string) => void

export interface SeenRequest {
  query: string
  userAgent: string | undefined
  /** How many other requests were being answered when this one came. */
  others: number
}

export interface OverpassServer {
  /** Interpreter address. */
  url: string
  seen: SeenRequest[]
  /** Behaviours used up one request at a time; the last one stays. */
  script(...behaviours: Behaviour[]): void
  close(): Promise<void>
}

export const ANSWER = JSON.stringify({
  version: 0.6,
  osm3s: { timestamp_osm_base: '2026-01-01T00:00:00Z' },
  elements: [{ type: 'node', id: 1, lat: -21.76, lon: -41.32, tags: { remark: 'not an error' } }],
})

const json = { 'Content-Type': 'application/json' }
const html =
  '<?xml version="1.0"?><html><body><p>The server is probably too busy.</p></body></html>'

/** What real servers have been seen to do. */
export const behave = {
  well:
    (body = ANSWER): Behaviour =>
    (_request, response) => {
      response.writeHead(200, json).end(body)
    },
  status:
    (status: number, headers: Record<string, string> = {}): Behaviour =>
    (_request, response) => {
      response.writeHead(status, { 'Content-Type': 'text/html', ...headers }).end(html)
    },
  html: (): Behaviour => (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)
  },
  remark: (): Behaviour => (_request, response) => {
    const remark = 'runtime error: Query timed out in "query" at line 3 after 25 seconds.'
    response.writeHead(200, json).end(JSON.stringify({ version: 0.6, elements: [], remark }))
  },
  /** Ends in the middle, without saying how long the answer would have been. */
  cutOff: (): Behaviour => (_request, response) => {
    response.writeHead(200, json).end(ANSWER.slice(0, -20))
  },
  /** Promises more bytes than it sends, then hangs up. */
  hangUp: (): Behaviour => (_request, response) => {
    response.writeHead(200, { ...json, 'Content-Length': String(ANSWER.length) })
    response.write(ANSWER.slice(0, 40), () => response.destroy())
  },
  /** One byte at a time. */
  drip:
    (everyMs: number): Behaviour =>
    (_request, response) => {
      response.writeHead(200, json)
      let at = 0
      const timer = setInterval(() => response.write(ANSWER[at++ % ANSWER.length]), everyMs)
      response.on('close', () => clearInterval(timer))
    },
  /** Begins to answer and then says nothing more. */
  silence: (): Behaviour => (_request, response) => {
    response.writeHead(200, json).write('{')
  },
  never: (): Behaviour => () => {},
  endless: (): Behaviour => (_request, response) => {
    response.writeHead(200, json)
    const block = ' '.repeat(65_536)
    const more = (): void => {
      while (!response.destroyed && response.write(block));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  },
  redirect:
    (location: string): Behaviour =>
    (_request, response) => {
      response.writeHead(302, { Location: location }).end()
    },
  slowly:
    (milliseconds: number): Behaviour =>
    (_request, response) => {
      setTimeout(() => response.writeHead(200, json).end(ANSWER), milliseconds)
    },
}

export async function startOverpassServer(...behaviours: Behaviour[]): Promise<OverpassServer> {
  let script = behaviours.length > 0 ? behaviours : [behave.well()]
  const seen: SeenRequest[] = []
  let open = 0
  const server = createServer((request, response) => {
    const others = open++
    response.on('close', () => open--)
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      const query = new URLSearchParams(body).get('data') ?? ''
      seen.push({ query, userAgent: request.headers['user-agent'], others })
      const behaviour = script.length > 1 ? script.shift()! : script[0]!
      behaviour(request, response, query)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/interpreter`,
    seen,
    script(...next) {
      script = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
