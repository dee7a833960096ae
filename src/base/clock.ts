// The clock as an object, so that a test can hold it still.

export interface Clock {
  /** Milliseconds since 1970 UTC; may jump when the user sets the computer's clock. */
  now(): number
  /** Milliseconds since some fixed point; never jumps. For durations, limits and leases. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
