// Compute in the calling thread: for tests, and for command line work too small to start a thread for.
import { AppError, toPlain } from '../base/errors.ts'
import type { Compute } from './compute.ts'
import { createTaskContext, stopReason } from './context.ts'
import { outOfMemory } from './envelope.ts'
import { tasks } from './tasks.ts'

/** Same tasks, same errors and same bytes as the pool; a cancelled signal stops the work at its next report. */
export function createInlineCompute(): Compute {
  return {
    async run(name, input, { signal, onProgress = () => {} } = {}) {
      const assertNotStopped = (): void => {
        if (signal?.aborted) throw stopReason(signal)
      }
      assertNotStopped()
      try {
        return (await tasks[name](
          input as never,
          createTaskContext(assertNotStopped, onProgress),
        )) as never
      } catch (error) {
        if (error instanceof AppError) throw error
        const { code, message, data } = toPlain(outOfMemory(error) ?? error)
        throw new AppError(code, message, { data, cause: error })
      }
    },
    async close() {},
  }
}
