// Waiting between tries, so that many clients of one troubled server do not come back all at once.
import { setTimeout as delay } from 'node:timers/promises'

export interface Backoff {
  /** Upper bound of the first wait, milliseconds; doubles with each further one. */
  baseMs: number
  /** No wait is longer, unless the server itself asked for it. */
  capMs: number
}

/**
 * Full jitter: anything between 0 and min(cap, base · 2^(attempt − 1)), attempt counting from 1.
 * Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. `random` gives 0 ≤ r < 1.
 */
export function fullJitterMs(
  attempt: number,
  { baseMs, capMs }: Backoff,
  random: () => number = Math.random,
): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1)))
}

/** Waits; rejects at once with the signal's reason when it aborts. */
export async function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** Seconds or HTTP date of a `Retry-After` header in milliseconds from `now`; null when absent or not understood. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null || header.trim() === '') return null
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
