// Looks at the process's memory once a second: array buffers escape every heap limit, so somebody has to. Too much: no
// new jobs start. Far too much: the youngest job is ended, so that the others and the program live.
import { AppError } from '../base/errors.ts'
import type { Policy } from './policy.ts'
import type { Running } from './running.ts'

/** Answers whether new jobs may start. `residentBytes` is what the operating system counts for the process. */
export function watchMemory(
  policy: Policy,
  residentBytes: number,
  running: Iterable<Running>,
): boolean {
  if (residentBytes > policy.memoryEndBytes) endYoungest(running)
  return residentBytes <= policy.memoryPauseBytes
}

/** The last one started tipped the scales, and the least work is lost with it. One a second, so that its end can show. */
function endYoungest(running: Iterable<Running>): void {
  let youngest: Running | null = null
  for (const one of running) {
    // The memory of one that is already stopping is on its way back.
    if (one.controller.signal.aborted) return
    if (youngest === null || one.startedAt > youngest.startedAt) youngest = one
  }
  youngest?.controller.abort(
    new AppError(
      'MEMORY_LIMIT',
      'The job needs more memory than there is. Ask for a smaller area.',
    ),
  )
}
