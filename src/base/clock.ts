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

/** Two readings of the time, milliseconds since 1970 UTC, that disagree once somebody set the computer's clock. */
interface Terms {
  /** Whether a time is over is asked of this one: nothing ends early. */
  earliest(): number
  /** A time that begins now is counted from this one. */
  latest(): number
}

/**
 * For what is kept so long that the wall clock must tell its end after a restart, yet must not end early while the program runs and
 * somebody sets that clock: it is compared with a clock that was right at the start and only counts on.
 */
export function createTerms(clock: Clock): Terms {
  const began = clock.now() - clock.monotonic()
  const steady = (): number => Math.round(began + clock.monotonic())
  return {
    earliest: () => Math.min(clock.now(), steady()),
    latest: () => Math.max(clock.now(), steady()),
  }
}
