// The one door to CPU work. `pool.ts` runs it in threads, `inline.ts` here; callers cannot tell which.
import type { Pulse } from './pulse.ts'
import type { Tasks } from './tasks.ts'

export interface RunOptions {
  /** Stops the work: in a thread by the shared flag and then by termination, inline at the next report. */
  signal?: AbortSignal
  /** Called in the main thread with each progress report. */
  onProgress?: (step: string, fraction: number) => void
  /** Lets the caller see whether the work moves; made by createPulse, for this run only. */
  pulse?: Pulse
  /** Buffers to move instead of copying. */
  transfer?: ArrayBuffer[]
}

/** Runs a task of tasks.ts somewhere. Rejects with an AppError. */
export interface Compute {
  run<K extends keyof Tasks>(
    name: K,
    input: Parameters<Tasks[K]>[0],
    options?: RunOptions,
  ): Promise<Awaited<ReturnType<Tasks[K]>>>
  close(): Promise<void>
  /** Ends the threads once they are idle; the next run starts new ones. What an idle thread holds is not collected otherwise. */
  renew?(): void
  /** How busy the threads are; absent where there are none. */
  load?(): ComputeLoad
}

export interface ComputeLoad {
  threads: number
  /** Runs that were asked for and are not finished. */
  inFlight: number
  /** Most of them; more is refused. */
  most: number
  /** Threads that did not end when they were terminated; each was replaced. */
  writtenOff: number
  /** Threads that were terminated and are not gone yet. */
  ending: number
  closed: boolean
}
