// One attempt to tell one endpoint one message: the body, the signed request, and what its answer means.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { redactText } from '../base/redact.ts'
import { retryAfterMs } from '../base/retry.ts'
import type { VettedAnswer, VettedPost } from '../base/vetted-post.ts'
import type { DueRow } from '../store/deliveries.ts'
import { dottedName } from '../store/outbox.ts'
import type { EndpointRow } from '../store/webhooks.ts'
import { signedHeaders } from './signature.ts'
import type { Targets } from './targets.ts'

export interface Outcome {
  /** `gone`: the endpoint asked never to be called again (410). */
  kind: 'delivered' | 'failed' | 'gone'
  status: number | null
  /** A stable word; null when delivered. */
  error: string | null
  /** First KiB of the answer, redacted; null when there was none. */
  response: string | null
  /** The endpoint is busy and wishes this pause, milliseconds; null when it did not say so. */
  pauseMs: number | null
  durationMs: number
}

export type Post = (request: VettedPost) => Promise<VettedAnswer>

const CONNECT_MS = 5_000
const TIMEOUT_MS = 15_000
const MAX_BYTES = 65_536
const KEPT_CHARACTERS = 1_024
const BUSY = new Set([429, 502, 503, 504])
/** When a busy endpoint does not say for how long. */
const BUSY_PAUSE_MS = 5_000

/**
 * Version 1: the original's three fields (`event`, `timestamp` in seconds, `data`), and beside them what Standard Webhooks asks for.
 * Version 2: the standard's fields alone, the time as ISO 8601. Both with the number of the message at its endpoint; the version of
 * the object that a message is about stands in `data`.
 */
export function messageBody(due: DueRow, version: EndpointRow['bodyVersion']): Uint8Array {
  const type = dottedName(due.event)
  const { messageId: id, event, createdAt, n } = due
  const head = JSON.stringify(
    version === 2
      ? { type, timestamp: new Date(createdAt).toISOString(), n }
      : { id, type, event, timestamp: createdAt / 1000, n },
  )
  return Buffer.from(`${head.slice(0, -1)},"data":${due.payload}}`)
}

/** The newest first. */
function secretsOf(endpoint: EndpointRow, now: number): string[] {
  const { secret, previousSecret, previousSecretUntil } = endpoint
  const overlapping = previousSecret !== null && (previousSecretUntil ?? 0) > now
  return overlapping ? [secret, previousSecret] : [secret]
}

export interface DeliverOptions {
  clock: Clock
  targets: Targets
  post: Post
  userAgent: string
  /** Longest wait for the whole answer, milliseconds; 15 s. */
  timeoutMs?: number
}

/** Rejects only with the reason of the signal; everything else is an outcome. */
export async function deliver(
  due: DueRow,
  endpoint: EndpointRow,
  { clock, targets, post, userAgent, timeoutMs = TIMEOUT_MS }: DeliverOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const started = clock.monotonic()
  const took = (): number => Math.round(clock.monotonic() - started)
  const url = new URL(endpoint.url)
  const body = messageBody(due, endpoint.bodyVersion)
  const now = clock.now()
  try {
    const answer = await post({
      url,
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': userAgent,
        ...signedHeaders(
          secretsOf(endpoint, now),
          due.messageId,
          Math.floor(now / 1000),
          body,
          endpoint.signingSeed,
        ),
      },
      body,
      connectMs: Math.min(CONNECT_MS, timeoutMs),
      timeoutMs,
      maxBytes: MAX_BYTES,
      signal,
      allow: (address) => targets.mayConnect(url, address, endpoint.allowInsecure === 1),
    })
    return { ...judge(answer, clock.now()), durationMs: took() }
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof AppError ? String(error.data.reason ?? error.code) : 'network'
    return {
      kind: 'failed',
      status: null,
      error: reason,
      response: null,
      pauseMs: null,
      durationMs: took(),
    }
  }
}

/** Only 2xx is delivered; a redirect is a failure like any other, since it is not followed. */
function judge(answer: VettedAnswer, now: number): Omit<Outcome, 'durationMs'> {
  const { status } = answer
  const response = beginningOf(answer.bytes)
  const word = { status, response }
  if (status >= 200 && status < 300)
    return { ...word, kind: 'delivered', error: null, pauseMs: null }
  if (status === 410) return { ...word, kind: 'gone', error: 'gone', pauseMs: null }
  const error = status >= 300 && status < 400 ? 'redirect' : 'status'
  const pauseMs = BUSY.has(status)
    ? (retryAfterMs(answer.header('retry-after'), now) ?? BUSY_PAUSE_MS)
    : null
  return { ...word, kind: 'failed', error, pauseMs }
}

function beginningOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, KEPT_CHARACTERS))
  return redactText(text.replaceAll('\0', ' ')).slice(0, KEPT_CHARACTERS)
}
