// Rate limits per principal: exact sliding windows in memory, on the monotonic clock.
import type { Clock } from '../base/clock.ts'
import type { Bucket } from './access.ts'

interface Rate {
  count: number
  seconds: number
}

export interface Verdict {
  ok: boolean
  /** Whole seconds until one more is allowed; 0 when allowed. */
  retryAfterSeconds: number
  /** Left in the window after this one. */
  remaining: number
  limit: Rate
}

export interface Rates {
  /** Counts one, unless it is refused. Null when the bucket has no limit. */
  take(principal: string, bucket: Bucket): Verdict | null
  /** Forgets a principal (a session that ended). */
  forget(principal: string): void
}

/** Several rates of a bucket must all allow it. */
export type RateTable = Partial<Record<Bucket, Rate[]>>

/** What no setting changes; creating and reading have their own settings. */
export const RATES: RateTable = {
  write: [
    { count: 60, seconds: 60 },
    { count: 1_000, seconds: 3_600 },
  ],
  session: [{ count: 30, seconds: 60 }],
  heavy: [{ count: 6, seconds: 60 }],
  failed: [{ count: 20, seconds: 60 }],
}

/** A ring of the last `count` times: one more is allowed when the oldest of them has left the window. */
interface Window {
  rate: Rate
  times: Float64Array
  next: number
}

export function createRates(clock: Clock, table: RateTable): Rates {
  const windows = new Map<string, Map<Bucket, Window[]>>()
  const windowsOf = (principal: string, bucket: Bucket, rates: Rate[]): Window[] => {
    let own = windows.get(principal)
    if (own === undefined) {
      own = new Map()
      windows.set(principal, own)
    }
    let list = own.get(bucket)
    if (list === undefined) {
      list = rates.map((rate) => ({
        rate,
        times: new Float64Array(rate.count).fill(Number.NEGATIVE_INFINITY),
        next: 0,
      }))
      own.set(bucket, list)
    }
    return list
  }
  return {
    forget: (principal) => void windows.delete(principal),
    take(principal, bucket) {
      const rates = table[bucket]
      if (rates === undefined || rates.length === 0) return null
      const now = clock.monotonic()
      const list = windowsOf(principal, bucket, rates)
      let wait = 0
      let tightest = list[0]!
      for (const window of list) {
        const left = window.times[window.next]! + window.rate.seconds * 1000 - now
        if (left > wait) {
          wait = left
          tightest = window
        }
      }
      if (wait > 0) {
        return {
          ok: false,
          retryAfterSeconds: Math.ceil(wait / 1000),
          remaining: 0,
          limit: tightest.rate,
        }
      }
      for (const window of list) {
        window.times[window.next] = now
        window.next = (window.next + 1) % window.times.length
      }
      return {
        ok: true,
        retryAfterSeconds: 0,
        remaining: countFree(tightest, now),
        limit: tightest.rate,
      }
    },
  }
}

function countFree(window: Window, now: number): number {
  const horizon = now - window.rate.seconds * 1000
  let free = 0
  for (const time of window.times) if (time <= horizon) free++
  return free
}
