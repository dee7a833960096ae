// Posts to an address a user gave: every address the name stands for is looked at first, only those are connected to,
// and nothing else happens - no proxy, no redirect, no decompression, a short answer.
import { lookup as systemLookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { AppError } from './errors.ts'

export interface VettedPost {
  url: URL
  headers: Record<string, string>
  body: Uint8Array
  /** Longest wait for name and connection, milliseconds. */
  connectMs: number
  /** Longest wait for the whole answer, milliseconds. */
  timeoutMs: number
  /** The answer is cut off here; its status counts all the same. */
  maxBytes: number
  signal?: AbortSignal
  /** Whether this address may be connected to; asked for each one the name stands for and again for the connected one. */
  allow(address: string): boolean
}

export interface VettedAnswer {
  status: number
  /** Value of a response header, or null. */
  header(name: string): string | null
  bytes: Uint8Array
}

/** Why there is no answer; stable words for the log of deliveries. */
export type PostReason = 'not_allowed' | 'name' | 'connect' | 'timeout' | 'cut_off' | 'network'

export type Resolve = (name: string) => Promise<{ address: string; family: number }[]>

const MOST_HINTS = 32

const resolveAll: Resolve = (name) => systemLookup(name, { all: true, verbatim: true })

/** Rejects with UPSTREAM_UNAVAILABLE and `data.reason`, or with the reason of the caller's signal. */
export async function postVetted(
  request: VettedPost,
  resolve: Resolve = resolveAll,
): Promise<VettedAnswer> {
  const { url, signal } = request
  const controller = new AbortController()
  const passOn = (): void => controller.abort(signal?.reason)
  signal?.throwIfAborted()
  signal?.addEventListener('abort', passOn, { once: true })
  const limit = (reason: PostReason, milliseconds: number): NodeJS.Timeout =>
    setTimeout(() => controller.abort(failure(url, reason)), milliseconds)
  const whole = limit('timeout', request.timeoutMs)
  const connecting = limit('connect', request.connectMs)
  try {
    const vetted = await vet(request, resolve, controller.signal)
    return await send(request, vetted, controller.signal, () => clearTimeout(connecting))
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason
    throw error instanceof AppError ? error : failure(url, 'network', error)
  } finally {
    clearTimeout(whole)
    clearTimeout(connecting)
    signal?.removeEventListener('abort', passOn)
    controller.abort()
  }
}

/** The host as it is connected to: no brackets, no trailing dot. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

/** Every address of the host. A literal one never reaches a resolver, so it is looked at here like the others. */
async function vet(
  { url, allow }: VettedPost,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<{ address: string; family: number }[]> {
  const host = hostOf(url)
  const family = isIP(host)
  const found = family > 0 ? [{ address: host, family }] : await untilAborted(resolve(host), signal)
  if (found.length === 0) throw failure(url, 'name')
  // One bad address among good ones is enough: a name must not be able to choose later.
  if (!found.every(({ address }) => allow(address))) throw failure(url, 'not_allowed')
  return found

  async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return Promise.race([work, aborted]).catch((cause) => {
      throw signal.aborted ? signal.reason : failure(url, 'name', cause)
    })
  }
}

function send(
  { url, headers, body, maxBytes, allow }: VettedPost,
  vetted: { address: string; family: number }[],
  signal: AbortSignal,
  onConnected: () => void,
): Promise<VettedAnswer> {
  const secure = url.protocol === 'https:'
  // The connector asks us instead of the system, so that it can only reach what was looked at.
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all) callback(null, vetted)
    else callback(null, vetted[0]!.address, vetted[0]!.family)
  }
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request({
      method: 'POST',
      protocol: url.protocol,
      host: hostOf(url),
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, 'Content-Length': String(body.length), Connection: 'close' },
      agent: false,
      lookup,
      signal,
    })
    request.on('error', reject)
    // A request whose connection was taken away tells nobody that it was given up.
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    request.on('socket', (socket: Socket) => {
      socket.once('connect', () => {
        if (socket.remoteAddress === undefined || !allow(socket.remoteAddress)) {
          request.destroy(failure(url, 'not_allowed'))
        }
      })
      socket.once(secure ? 'secureConnect' : 'connect', onConnected)
    })
    // Nobody asked for another protocol; without a listener, there would be neither an answer nor an error.
    request.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve(answerOf(response, Buffer.alloc(0)))
    })
    // Answers before the answer (1xx) end only when the other side likes to; each costs us a turn.
    let hints = 0
    request.on('information', () => {
      if (++hints > MOST_HINTS) request.destroy(failure(url, 'network'))
    })
    request.on('response', (response) => {
      const answer = (bytes: Uint8Array): VettedAnswer => answerOf(response, bytes)
      const pieces: Buffer[] = []
      let size = 0
      response.on('data', (piece: Buffer) => {
        pieces.push(piece)
        size += piece.length
        if (size < maxBytes) return
        resolve(answer(Buffer.concat(pieces).subarray(0, maxBytes)))
        request.destroy()
      })
      response.on('end', () => resolve(answer(Buffer.concat(pieces))))
      response.on('error', (cause) => reject(failure(url, 'cut_off', cause)))
    })
    request.end(body)
  })
}

function answerOf(response: http.IncomingMessage, bytes: Uint8Array): VettedAnswer {
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name.toLowerCase()]
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
    },
    bytes,
  }
}

function failure(url: URL, reason: PostReason, cause?: unknown): AppError {
  return new AppError(
    'UPSTREAM_UNAVAILABLE',
    `The webhook at ${url.hostname} could not be told (${reason}).`,
    { data: { server: url.hostname, reason }, cause },
  )
}
