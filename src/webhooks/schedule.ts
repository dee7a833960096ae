// When a message is tried again: the ten steps of Standard Webhooks' example, each a little off so that many do not come at once.

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Wait before attempt 1, 2, 3 …; after the last one the message is given up. */
export const DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]
const JITTER = 0.2
const LONGEST_RETRY_AFTER_MS = 24 * HOUR
/** What is this late was not late through its receiver: the program was not running, or the computer slept. */
export const OVERDUE_MS = MINUTE
const SPREAD_MS = MINUTE

/**
 * Milliseconds until the next attempt after `attempts` of them failed, or null when that was the last.
 * `askedMs` is what the receiver wished for (Retry-After); it can lengthen the wait up to a day, never shorten it.
 * `chance` gives 0 ≤ r < 1.
 */
export function nextDelayMs(
  attempts: number,
  askedMs: number | null,
  chance: () => number,
  delays: readonly number[] = DELAYS_MS,
): number | null {
  const delay = delays[attempts]
  if (delay === undefined) return null
  const jittered = delay * (1 - JITTER + 2 * JITTER * chance())
  return Math.round(Math.max(jittered, Math.min(askedMs ?? 0, LONGEST_RETRY_AFTER_MS)))
}

/** When to try what became due while nobody was there: within the next minute, at this share (0…1) of it. */
export function spreadAt(now: number, share: number): number {
  return now + Math.floor(share * SPREAD_MS)
}
