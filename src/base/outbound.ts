// The only way out of this program: each request has a time limit, a size limit, a host from a fixed list, and can be aborted.
import { AppError } from './errors.ts'

export interface OutboundRequest {
  url: string
  method?: 'GET' | 'POST' | 'DELETE'
  headers?: Record<string, string>
  body?: string
  /** Longest wait for the whole answer, milliseconds. */
  timeoutMs: number
  /** Longest silence between two pieces of the answer, milliseconds; default 30 s. */
  idleMs?: number
  /** Most bytes of the answer, after decompression. */
  maxBytes: number
  signal?: AbortSignal
}

export interface OutboundAnswer {
  status: number
  /** Value of a response header, or null. */
  header(name: string): string | null
  bytes: Uint8Array
}

export interface Outbound {
  /** Rejects with UPSTREAM_UNAVAILABLE, `data.reason` one of the reasons below, or with the reason of the caller's signal. */
  request(request: OutboundRequest): Promise<OutboundAnswer>
}

/** Why there is no answer; stable words for texts and tests. */
export type OutboundReason =
  | 'not_allowed'
  | 'timeout'
  | 'silent'
  | 'too_large'
  | 'redirect'
  | 'network'

export interface OutboundOptions {
  /** `User-Agent` of every request. */
  userAgent: string
  /** Whether this address is one the settings name. */
  allow(url: URL): boolean
}

const MOST_REDIRECTS = 3
const WORDS: Record<OutboundReason, string> = {
  not_allowed: 'is not among the servers of the settings',
  timeout: 'did not finish its answer in time',
  silent: 'stopped sending in the middle of its answer',
  too_large: 'sent more than may be taken',
  redirect: 'pointed to another server, which is not followed',
  network: 'could not be reached; check the connection',
}

export function createOutbound({ userAgent, allow }: OutboundOptions): Outbound {
  return {
    async request(request) {
      const url = new URL(request.url)
      if (!allow(url)) throw failure(url, 'not_allowed')
      // An own controller tells which limit struck; the caller's signal is passed on.
      const controller = new AbortController()
      const stop = (reason: unknown): void => controller.abort(reason)
      const passOn = (): void => stop(request.signal?.reason)
      request.signal?.throwIfAborted()
      request.signal?.addEventListener('abort', passOn, { once: true })
      const timer = setTimeout(() => stop(failure(url, 'timeout')), request.timeoutMs)
      // Counted from the first byte on: a server may think for as long as the whole answer may take.
      let silence: NodeJS.Timeout | undefined
      const onPiece = (): void => {
        silence ??= setTimeout(() => stop(failure(url, 'silent')), request.idleMs ?? 30_000)
        silence.refresh()
      }
      try {
        const response = await follow(url, request, userAgent, controller.signal)
        const bytes = await readBody(url, response, request.maxBytes, controller.signal, onPiece)
        return { status: response.status, header: (name) => response.headers.get(name), bytes }
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason
        if (controller.signal.reason instanceof AppError) throw controller.signal.reason
        throw error instanceof AppError ? error : failure(url, 'network', error)
      } finally {
        clearTimeout(timer)
        clearTimeout(silence)
        request.signal?.removeEventListener('abort', passOn)
        stop(undefined)
      }
    },
  }
}

/** Follows redirects that stay on the same host; method and body are kept, as 307 and 308 ask. */
async function follow(
  first: URL,
  { method = 'GET', headers = {}, body }: OutboundRequest,
  userAgent: string,
  signal: AbortSignal,
): Promise<Response> {
  let url = first
  for (let hop = 0; ; hop++) {
    const response = await fetch(url, {
      method,
      headers: { ...headers, 'User-Agent': userAgent },
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body }),
    })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) return response
    await response.body?.cancel()
    const next = URL.canParse(location, url) ? new URL(location, url) : null
    if (next === null || next.host !== first.host || hop === MOST_REDIRECTS) {
      throw failure(first, 'redirect')
    }
    url = next
  }
}

async function readBody(
  url: URL,
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
  onPiece: () => void,
): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0)
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    onPiece()
    size += piece.length
    if (size > maxBytes) throw failure(url, 'too_large')
    pieces.push(piece)
  }
  signal.throwIfAborted()
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}

function failure(url: URL, reason: OutboundReason, cause?: unknown): AppError {
  return new AppError('UPSTREAM_UNAVAILABLE', `The server ${url.hostname} ${WORDS[reason]}.`, {
    data: { server: url.hostname, reason, status: null },
    cause,
  })
}
