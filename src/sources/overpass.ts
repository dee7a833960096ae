// Overpass over HTTP, politely: servers in the user's order, one request at a time, never two servers for one question at once.
// A failure is told in plain words and never kept.

import { type Breaker, createBreaker } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Outbound } from '../base/outbound.ts'
import { type Backoff, fullJitterMs, retryAfterMs, wait } from '../base/retry.ts'
import { inspectBody, type OverpassReason, reasonOfStatus } from './overpass-answer.ts'

export interface OverpassOptions {
  /** Interpreter addresses in order of preference; empty = offline. */
  endpoints: readonly string[]
  outbound: Outbound
  clock: Clock
  /** Longest wait for one answer. */
  timeoutMs: number
  /** Most bytes of one answer. */
  maxBytes?: number
  /** Shortest rest after 429, whatever `Retry-After` says; the public servers ask for 30 s. */
  rateLimitFloorMs?: number
  /** Longest rest after 429 that is waited out within the request; a longer one fails at once. */
  patienceMs?: number
  /** Wait before the one second try on a server that was overloaded or not reachable. */
  backoff?: Backoff
  random?: () => number
}

export interface OverpassAnswer {
  bytes: Uint8Array
  /** Host that answered. */
  server: string
}

export interface Overpass {
  /** Rejects with OVERPASS_UNAVAILABLE, data {server, status, reason, retryAfterSeconds}, or the signal's reason. */
  ask(query: string, signal?: AbortSignal): Promise<OverpassAnswer>
  servers(): ServerState[]
}

/** What is known of a server without asking it. */
export interface ServerState {
  server: string
  /** `failing`: it failed too often and is left alone for a while; `resting`: it asked to be left alone. */
  state: 'ready' | 'resting' | 'failing'
}

interface Server {
  endpoint: string
  host: string
  breaker: Breaker
  /** Monotonic time until which the server asked to be left alone (429). */
  restUntil: number
}

/** Why one server gave no answer. */
interface Refusal {
  server: string
  status: number | null
  reason: OverpassReason
  /** What it said itself. */
  words: string | null
}

const refusal = (
  server: string,
  status: number | null,
  reason: OverpassReason,
  words: string | null = null,
): Refusal => ({ server, status, reason, words })

const TRY_AGAIN: readonly OverpassReason[] = ['overloaded', 'network']
const BREAKER = { failures: 5, restMs: 60_000 }

export function createOverpass(options: OverpassOptions): Overpass {
  const { clock, patienceMs = 60_000, backoff = { baseMs: 2_000, capMs: 8_000 } } = options
  const servers: Server[] = options.endpoints.map((endpoint) => ({
    endpoint,
    host: new URL(endpoint).host,
    breaker: createBreaker(BREAKER),
    restUntil: 0,
  }))
  let line: Promise<unknown> = Promise.resolve()

  /** Waits out the rest a server asked for. Going on to the next server instead is what the operators ask clients not to do. */
  async function respectRest(server: Server, signal?: AbortSignal): Promise<void> {
    const restMs = server.restUntil - clock.monotonic()
    if (restMs <= 0) return
    if (restMs > patienceMs) throw unavailable(refusal(server.host, 429, 'rate_limited'), restMs)
    await wait(restMs, signal)
  }

  /** One server, asked again at most once. */
  async function askServer(
    server: Server,
    query: string,
    signal?: AbortSignal,
  ): Promise<OverpassAnswer | Refusal> {
    for (let attempt = 1; ; attempt++) {
      await respectRest(server, signal)
      if (server.breaker.restMs(clock.monotonic()) > 0 && attempt === 1) {
        return refusal(server.host, null, 'resting')
      }
      signal?.throwIfAborted()
      const outcome = await askOnce(options, server, query, signal)
      if ('bytes' in outcome) {
        server.breaker.succeeded()
        return outcome
      }
      // A refused query or too many questions say nothing about the server's health.
      if (outcome.reason === 'query_refused') throw unavailable(outcome, 0)
      if (outcome.reason === 'rate_limited') {
        if (attempt === 2) throw unavailable(outcome, server.restUntil - clock.monotonic())
        continue
      }
      server.breaker.failed(clock.monotonic())
      if (attempt === 2 || !TRY_AGAIN.includes(outcome.reason)) return outcome
      await wait(fullJitterMs(attempt, backoff, options.random), signal)
    }
  }

  async function askInOrder(query: string, signal?: AbortSignal): Promise<OverpassAnswer> {
    let last = refusal('', null, 'no_server')
    for (const server of servers) {
      const outcome = await askServer(server, query, signal)
      if ('bytes' in outcome) return outcome
      // A server that was only left alone says less than one that was asked.
      if (outcome.reason !== 'resting' || last.reason === 'no_server') last = outcome
    }
    throw unavailable(last, 0)
  }

  return {
    ask(query, signal) {
      const turn = line.then(() => {
        signal?.throwIfAborted()
        return askInOrder(query, signal)
      })
      line = turn.catch(() => {})
      return turn
    },
    servers() {
      const now = clock.monotonic()
      return servers.map(({ host, breaker, restUntil }) => ({
        server: host,
        state: breaker.restMs(now) > 0 ? 'failing' : restUntil > now ? 'resting' : 'ready',
      }))
    },
  }
}

async function askOnce(
  {
    outbound,
    clock,
    timeoutMs,
    maxBytes = 536_870_912,
    rateLimitFloorMs = 30_000,
  }: OverpassOptions,
  server: Server,
  query: string,
  signal: AbortSignal | undefined,
): Promise<OverpassAnswer | Refusal> {
  try {
    const answer = await outbound.request({
      url: server.endpoint,
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
      body: `data=${encodeURIComponent(query)}`,
      timeoutMs,
      maxBytes,
      ...(signal === undefined ? {} : { signal }),
    })
    const reason = reasonOfStatus(answer.status)
    if (reason === 'rate_limited') {
      const asked = retryAfterMs(answer.header('retry-after'), clock.now()) ?? 0
      server.restUntil = clock.monotonic() + Math.max(rateLimitFloorMs, asked)
    }
    if (reason !== null) return refusal(server.host, answer.status, reason)
    const trouble = inspectBody(answer.bytes)
    if (trouble !== null) return refusal(server.host, 200, trouble.reason, trouble.words)
    return { bytes: answer.bytes, server: server.host }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'UPSTREAM_UNAVAILABLE') throw error
    return refusal(server.host, null, error.data.reason as OverpassReason)
  }
}

const WHAT: Record<OverpassReason, string> = {
  rate_limited: 'says that too many requests came from here (429)',
  user_agent_refused: 'refuses the name this program gave itself (406); set SISRUA_USER_AGENT',
  query_refused: 'did not understand the query (400)',
  overloaded: 'is overloaded',
  server_error: 'answered with an error',
  not_json: 'sent a page instead of map data; it is probably under maintenance',
  remark: 'gave up in the middle of the query',
  cut_off: 'sent an incomplete answer',
  timeout: 'did not finish its answer in time',
  silent: 'stopped sending in the middle of its answer',
  too_large: 'sent more than one job may take; ask for a smaller radius',
  redirect: 'pointed to another server, which is not followed',
  network: 'could not be reached; check the internet connection',
  not_allowed: 'is not among the servers of the settings',
  resting: 'failed several times and is left alone for a minute',
  no_server: 'No Overpass server is set (SISRUA_OVERPASS_URLS)',
}

function unavailable({ server, status, reason, words }: Refusal, restMs: number): AppError {
  const what = reason === 'no_server' ? WHAT[reason] : `${server} ${WHAT[reason]}`
  const said = words === null ? '' : ` It said: ${words}.`
  const retryAfterSeconds = restMs > 0 ? Math.ceil(restMs / 1000) : null
  const next =
    retryAfterSeconds === null
      ? 'Try again in a few minutes, choose another server, or use a saved extract.'
      : `Try again in ${retryAfterSeconds} s, or use a saved extract.`
  return new AppError('OVERPASS_UNAVAILABLE', `${what}.${said} ${next}`, {
    data: { server, status, reason, retryAfterSeconds },
  })
}
