// The gate: looks at every raw request, upgrade and 100-continue before any framework does, and denies by default.
// Order and reasons are the reliability design's section 3; a refusal is an AppError, an admission says who and where.
import type { IncomingMessage } from 'node:http'
import { AppError } from '../base/errors.ts'
import type { Ids } from '../base/ids.ts'
import { chooseLanguage, type Language } from '../base/texts.ts'
import { ACCESS, type Access, createMatcher, mayAct, type Principal } from './access.ts'
import { tooLarge } from './body.ts'
import type { Rates, Verdict } from './rates.ts'
import type { Sessions } from './sessions.ts'

export interface Admission {
  principal: Principal | null
  access: Access
  /** Path without the query. */
  path: string
  requestId: string
  /** For texts to the user. */
  language: Language
  /** What the rate limit said; null when the route has none. */
  rate: Verdict | null
}

export interface Guard {
  /** Throws an AppError when the request is refused; its `data` may hold `retryAfter` and `allow`. */
  admit(request: IncomingMessage): Admission
  /** What an answer needs to know of any request, refused ones included. */
  describe(request: IncomingMessage): { requestId: string; language: Language }
}

export interface GuardDeps {
  /** The port we listen on; 0 before that. */
  port(): number
  sessions: Sessions
  rates: Rates
  ids: Ids
  /** When a request does not ask for one. */
  language: Language
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const MAX_TARGET = 2_048
/** Slash, backslash, dot and NUL must be written plainly or not at all: what one layer decodes, another may not. */
const HIDDEN = /%(2f|5c|2e|00)/i
const BAD_PERCENT = /%(?![0-9a-f]{2})/i
const REQUEST_ID = /^[A-Za-z0-9-]{8,64}$/

export function createGuard(deps: GuardDeps): Guard {
  const { sessions, rates, ids } = deps
  const match = createMatcher()

  const describe = (request: IncomingMessage): { requestId: string; language: Language } => {
    const given = request.headers['x-request-id'] ?? request.headers['x-trace-id']
    return {
      // The client's own number is echoed when it is harmless.
      requestId: typeof given === 'string' && REQUEST_ID.test(given) ? given : ids.uuid(),
      language: chooseLanguage(request.headers['accept-language'], deps.language),
    }
  }

  function admit(request: IncomingMessage): Admission {
    const method = request.method ?? ''
    if (!METHODS.has(method))
      throw new AppError('METHOD_NOT_ALLOWED', `Method ${method.slice(0, 16)} is not used here.`)
    const path = checkTarget(request.url ?? '')
    checkHost(request, deps.port())
    checkOrigin(request, deps.port())
    if (method === 'OPTIONS') {
      throw new AppError(
        'ORIGIN_REFUSED',
        'No other site may call this server, so there is nothing to ask in advance.',
      )
    }
    checkMediaType(request)
    const { key, access, allowed } = match(method, path)
    if (access !== null && access.role === 'public') {
      checkLength(request, access)
      return { principal: null, access, path, rate: null, ...describe(request) }
    }
    const principal = path === '/api/v1/ws' ? upgradePrincipal(request) : authenticate(request)
    if (key === null || access === null) {
      if (allowed.length === 0) throw new AppError('NOT_FOUND')
      throw new AppError('METHOD_NOT_ALLOWED', `This address accepts ${allowed.join(', ')}.`, {
        data: { allow: allowed.join(', ') },
      })
    }
    if (!mayAct(principal.role, access.role)) {
      throw new AppError(
        'FORBIDDEN',
        `This needs the role ${access.role}; the token has ${principal.role}. Use the owner token.`,
      )
    }
    checkLength(request, access)
    const rate = access.bucket === 'create' ? null : rates.take(principal.id, access.bucket)
    if (rate !== null && !rate.ok) throw tooManyRequests(rate)
    return { principal, access, path, rate, ...describe(request) }
  }

  function authenticate(request: IncomingMessage): Principal {
    if (!sessions.configured) throw new AppError('AUTH_NOT_CONFIGURED')
    const token = request.headers['x-sisrua-token']
    if (token === undefined || token === '') throw new AppError('AUTH_REQUIRED')
    const principal =
      typeof token === 'string' &&
      token.length <= 128 &&
      countHeader(request, 'x-sisrua-token') === 1
        ? sessions.recognise(token)
        : null
    if (principal === null) throw wrongToken()
    return principal
  }

  /** A WebSocket comes with the token in the header (native clients) or a one-time ticket as subprotocol (browsers). */
  function upgradePrincipal(request: IncomingMessage): Principal {
    if (request.headers['x-sisrua-token'] !== undefined) return authenticate(request)
    if (!sessions.configured) throw new AppError('AUTH_NOT_CONFIGURED')
    const offered = (request.headers['sec-websocket-protocol'] ?? '')
      .split(',')
      .map((one) => one.trim())
    const ticket = offered.find((one) => one.startsWith('ticket.'))
    if (ticket === undefined) throw new AppError('AUTH_REQUIRED')
    const principal = sessions.redeem(ticket.slice('ticket.'.length, 256))
    if (principal === null) throw wrongToken()
    return principal
  }

  /** Who guesses is slowed down; who holds a good token is never kept out by somebody else's guesses. */
  function wrongToken(): AppError {
    const verdict = rates.take('strangers', 'failed')
    return verdict === null || verdict.ok ? new AppError('AUTH_INVALID') : tooManyRequests(verdict)
  }

  return { admit, describe }
}

export function tooManyRequests(rate: Verdict): AppError {
  return new AppError('RATE_LIMITED', undefined, {
    data: {
      retryAfter: rate.retryAfterSeconds,
      limit: rate.limit.count,
      seconds: rate.limit.seconds,
    },
  })
}

/** Paths of our own without a parameter: known to be plain, and asked for most. */
const KNOWN_PATHS = new Set(Object.keys(ACCESS).map((key) => key.slice(key.indexOf('/'))))

/** The path, when the request-target is a plain one: absolute form, dots, doubled or encoded slashes are refused. */
function checkTarget(target: string): string {
  if (KNOWN_PATHS.has(target)) return target
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const plain =
    target.length <= MAX_TARGET &&
    /^\/[\x21-\x7e]*$/.test(target) &&
    !target.includes('\\') &&
    !target.includes('#') &&
    !path.includes('//') &&
    !path.includes(';') &&
    !/(^|\/)\.{1,2}(\/|$)/.test(path) &&
    !HIDDEN.test(path) &&
    !/%00/.test(target) &&
    !BAD_PERCENT.test(target)
  if (!plain) {
    throw new AppError(
      'REQUEST_INVALID',
      'The request address is not a plain path. Use the paths listed at /docs.',
    )
  }
  return path
}

function countHeader(request: IncomingMessage, name: string): number {
  let count = 0
  const { rawHeaders } = request
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i]!
    if (given.length === name.length && given.toLowerCase() === name) count++
  }
  return count
}

/** Exactly one Host, and it is ours: a name that was rebound to 127.0.0.1 still says its own name here. */
function checkHost(request: IncomingMessage, port: number): void {
  if (countHeader(request, 'host') !== 1) {
    throw new AppError('REQUEST_INVALID', 'The request must carry exactly one Host header.')
  }
  const { host } = request.headers
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    throw new AppError(
      'HOST_REFUSED',
      `This server answers only to 127.0.0.1:${port} and localhost:${port}.`,
    )
  }
}

/** Native clients send no Origin; a page may only be our own. */
function checkOrigin(request: IncomingMessage, port: number): void {
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  const own =
    origin === undefined ||
    origin === `http://127.0.0.1:${port}` ||
    origin === `http://localhost:${port}`
  const topLevel = site === 'none' && (request.method === 'GET' || request.method === 'HEAD')
  const sameSite = site === undefined || site === 'same-origin' || topLevel
  if (
    !own ||
    !sameSite ||
    countHeader(request, 'origin') > 1 ||
    countHeader(request, 'sec-fetch-site') > 1
  ) {
    throw new AppError(
      'ORIGIN_REFUSED',
      'A page of another origin called this server. Only its own pages may.',
    )
  }
}

/** A body is JSON and not compressed: a form of a foreign page cannot send that, and there are no decompression bombs. */
function checkMediaType(request: IncomingMessage): void {
  const { headers } = request
  const length = headers['content-length']
  const hasBody =
    headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
  if (!hasBody) return
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  const encoding = headers['content-encoding']
  if (type !== 'application/json' || (encoding !== undefined && encoding !== 'identity')) {
    throw new AppError(
      'MEDIA_TYPE_REFUSED',
      'Send the body as application/json, without Content-Encoding.',
    )
  }
}

function checkLength(request: IncomingMessage, access: Access): void {
  const length = Number(request.headers['content-length'] ?? 0)
  const most = access.bodyBytes === 0 ? 64 * 1024 : access.bodyBytes
  if (!(length <= most)) throw tooLarge(most)
}
