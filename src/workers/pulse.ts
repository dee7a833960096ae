// What a run and its owner share while it works: the wish to stop, how often the work looked up, and how long it may not.
// Shared memory, because a thread that computes reads no messages.

/** 1 = stop at the next report. */
export const CANCEL_FLAG = 0
/** Counts each time the work looks up; 0 while it still waits for a thread. */
const LOOKS = 1
/** Longest time a native call that has begun may take, milliseconds; 0 outside of one. */
const NATIVE_MS = 2

/** One run's shared memory. */
export type Pulse = Int32Array

export function createPulse(): Pulse {
  return new Int32Array(new SharedArrayBuffer(12))
}

/** In the thread: the work looked up. */
export function beat(pulse: Pulse): void {
  Atomics.add(pulse, LOOKS, 1)
}

/** In the thread: runs a call that cannot look up, and says beforehand how long it may take (milliseconds). */
export function duringNative<T>(pulse: Pulse, boundMs: number, call: () => T): T {
  beat(pulse)
  Atomics.store(pulse, NATIVE_MS, Math.ceil(boundMs))
  try {
    return call()
  } finally {
    Atomics.store(pulse, NATIVE_MS, 0)
    beat(pulse)
  }
}

/** How often the work looked up; 0 before it began. */
export const looksOf = (pulse: Pulse): number => Atomics.load(pulse, LOOKS)

/** The bound of the native call that it is in, milliseconds; 0 outside of one. */
export const nativeBoundMs = (pulse: Pulse): number => Atomics.load(pulse, NATIVE_MS)
