// A circuit breaker: after several failures in a row a server is left alone for a while, then one try decides.

export interface Breaker {
  /** Milliseconds until the server may be asked again; 0 = now. */
  restMs(now: number): number
  succeeded(): void
  failed(now: number): void
}

export interface BreakerOptions {
  failures: number
  restMs: number
}

/** `now` is monotonic time in milliseconds. */
export function createBreaker({ failures, restMs }: BreakerOptions): Breaker {
  let inARow = 0
  let closedUntil = 0
  return {
    restMs: (now) => Math.max(0, closedUntil - now),
    succeeded() {
      inARow = 0
      closedUntil = 0
    },
    failed(now) {
      inARow++
      if (inARow >= failures) closedUntil = now + restMs
    },
  }
}
