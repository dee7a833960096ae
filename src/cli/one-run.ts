// Settings of the JIT for a process that makes one drawing and ends.
import { setFlagsFromString } from 'node:v8'

/** Name, what a drawing runs with, what V8 has otherwise. */
export const ONE_RUN_FLAGS = [
  ['max-inlined-bytecode-size-cumulative', '=200', '=920'],
  ['turbo-loop-peeling', false, true],
] as const

/**
 * Runs `work` with less optimisation: a third of a drawing's time would go into optimising code that then runs for a moment. Less is merged
 * into one function, and first rounds of loops are not peeled off. V8 reads both at every compilation, so they may change at
 * any time. They are set back, because V8 takes compiled code from its cache only under the settings it was kept under.
 * Not for a server, whose code runs for days.
 */
export async function tunedForOneRun<T>(work: () => Promise<T>): Promise<T> {
  for (const [name, tuned] of ONE_RUN_FLAGS) set(name, tuned)
  try {
    return await work()
  } finally {
    for (const [name, , usual] of ONE_RUN_FLAGS) set(name, usual)
  }
}

function set(name: string, value: string | boolean): void {
  setFlagsFromString(
    typeof value === 'string' ? `--${name}${value}` : `--${value ? '' : 'no-'}${name}`,
  )
}
