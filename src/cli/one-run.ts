// Settings of the JIT for a process that makes one drawing and ends.
import { setFlagsFromString } from 'node:v8'

/**
 * A third of a drawing's time goes into optimising code that then runs for a moment. Less is merged into one function, and first rounds of
 * loops are not peeled off: each function is optimised sooner and a little less well. V8 reads both at every compilation, so
 * they may change at any time; nothing else of the engine hangs on them. Not for a server, whose code runs for days.
 */
export const ONE_RUN_FLAGS = [
  '--max-inlined-bytecode-size-cumulative=200',
  '--no-turbo-loop-peeling',
]

/** Sets them for all code that is optimised from now on. */
export function tuneForOneRun(): void {
  for (const flag of ONE_RUN_FLAGS) setFlagsFromString(flag)
}
