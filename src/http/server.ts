// The listening server: raw node:http on 127.0.0.1, the gate before everything else, then Hono or the WebSocket hub.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { rememberAdmission } from './context.ts'
import type { Admission, Guard } from './guard.ts'
import { instantAnswer } from './instant.ts'
import { toProblem } from './problem.ts'
import type { Hub } from './progress.ts'

export interface Server {
  /** Starts to listen; answers the port. */
  listen(port: number): Promise<number>
  /** 0 before listening. */
  port(): number
  /** Takes no more connections, closes WebSockets (1001), lets running requests end within the limit. */
  close(limitMs: number): Promise<void>
}

export interface ServerDeps {
  guard: Guard
  fetch: (request: Request, env: never) => Response | Promise<Response>
  hub: Hub
  log: Log
  /** Hears the code of every refusal. */
  onRefusal: (code: string) => void
}

/** Sent with every answer; a page may add its own Content-Security-Policy. */
const HEADERS: Record<string, string> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
}
const HEADER_ENTRIES = Object.entries(HEADERS)
/** Names and values in turn, as `writeHead` takes them without looking at each: a third of the cost of a small answer. */
const INSTANT_HEADERS = [...HEADER_ENTRIES.flat(), 'Content-Type', 'application/json']

function rateHeaders({ rate }: Admission): [string, string][] {
  if (rate === null) return []
  const { limit, remaining } = rate
  return [
    ['RateLimit-Policy', `${limit.count};w=${limit.seconds}`],
    ['RateLimit', `limit=${limit.count}, remaining=${remaining}, reset=${limit.seconds}`],
  ]
}

/** Until the last answer on a connection has been read. */
const FAREWELL_MS = 1_000

/** The last that is said on a connection. Were it the client's turn to close it, one that never does would hold its place for ever. */
function dismiss(socket: Duplex, answer: string): void {
  socket.end(answer)
  setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
}

export function createServer(deps: ServerDeps): Server {
  const { guard, hub, log, onRefusal } = deps
  const listener = getRequestListener(deps.fetch as never, { overrideGlobalObjects: false })
  const server = http.createServer({
    maxHeaderSize: 8 * 1024,
    headersTimeout: 5_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 5_000,
    requireHostHeader: true,
    insecureHTTPParser: false,
    noDelay: true,
  })
  server.maxConnections = 256
  server.maxRequestsPerSocket = 1_000

  /** Gate and instant answers; true when the routes must answer. */
  const answer = (request: http.IncomingMessage, response: http.ServerResponse): boolean => {
    try {
      const admission = guard.admit(request)
      const instant = request.method === 'GET' ? instantAnswer(admission) : null
      if (instant !== null) {
        const length = String(Buffer.byteLength(instant))
        response.writeHead(200, [
          ...INSTANT_HEADERS,
          ...['Content-Length', length, 'X-Request-ID', admission.requestId],
          ...rateHeaders(admission).flat(),
        ])
        response.end(instant)
        return false
      }
      for (const [name, value] of HEADER_ENTRIES) response.setHeader(name, value)
      response.setHeader('X-Request-ID', admission.requestId)
      for (const [name, value] of rateHeaders(admission)) response.setHeader(name, value)
      rememberAdmission(request, admission)
      return true
    } catch (error) {
      refuse(request, response, error)
      return false
    }
  }

  function refuse(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    error: unknown,
  ): void {
    if (!(error instanceof AppError)) log.error('The gate failed.', { error })
    const { requestId, language } = guard.describe(request)
    const instance = (request.url ?? '').split('?')[0]!.slice(0, 200)
    const body = toProblem(error, { language, instance, requestId })
    onRefusal(body.code)
    const text = JSON.stringify(body)
    for (const [name, value] of HEADER_ENTRIES) response.setHeader(name, value)
    if (error instanceof AppError) {
      const { allow, retryAfter } = error.data
      if (typeof allow === 'string') response.setHeader('Allow', allow)
      if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(retryAfter))
    }
    // What is left of a refused body is not read: the connection ends instead.
    const hasBody =
      request.headers['content-length'] !== undefined ||
      request.headers['transfer-encoding'] !== undefined
    if (hasBody) response.setHeader('Connection', 'close')
    response.setHeader('X-Request-ID', requestId)
    response.setHeader('Content-Language', language)
    response.writeHead(body.status, {
      'Content-Type': 'application/problem+json',
      'Content-Length': Buffer.byteLength(text),
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }

  server.on('request', (request, response) => {
    if (answer(request, response)) void listener(request, response)
  })
  server.on('checkContinue', (request, response) => {
    if (!answer(request, response)) return
    response.writeContinue()
    void listener(request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    try {
      const admission = guard.admit(request)
      if (admission.path !== '/api/v1/ws' || admission.principal === null)
        throw new AppError('NOT_FOUND')
      hub.accept(request, socket, head, admission.principal, admission.language)
    } catch (error) {
      refuseUpgrade(request, socket, error)
    }
  })
  server.on('connect', (_request, socket) => socket.destroy())
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
    const status =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request'
    dismiss(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })

  function refuseUpgrade(request: http.IncomingMessage, socket: Duplex, error: unknown): void {
    const { requestId, language } = guard.describe(request)
    const instance = (request.url ?? '').split('?')[0]!.slice(0, 200)
    const body = toProblem(error, { language, instance, requestId })
    onRefusal(body.code)
    const text = JSON.stringify(body)
    dismiss(
      socket,
      `HTTP/1.1 ${body.status} ${http.STATUS_CODES[body.status]}\r\nConnection: close\r\n` +
        `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    )
  }

  // Kept: a server that closes has no address any more, but still answers what had been asked.
  let port = 0
  return {
    port: () => port,
    listen: (wanted) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port: wanted, host: '127.0.0.1', exclusive: true }, () => {
          server.off('error', reject)
          port = (server.address() as AddressInfo).port
          resolve(port)
        })
      }),
    async close(limitMs) {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      hub.close()
      server.closeIdleConnections()
      const force = setTimeout(() => server.closeAllConnections(), limitMs)
      await closed
      clearTimeout(force)
    },
  }
}
