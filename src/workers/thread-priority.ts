// Threads that compute stand back behind the one that answers: on a machine with few cores a click in the drawing program
// must not wait for a job. Linux only, where a thread is scheduled like a process and has a nice value of its own.
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

/**
 * Lowers the calling thread, for its life; with nothing else to do it is as fast as before. On other systems the number
 * would name another process or the whole of this one, so nothing happens there. Answers whether it was lowered.
 */
export function standBack(platform: string = process.platform): boolean {
  if (platform !== 'linux') return false
  try {
    const thread = Number(/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1])
    if (!Number.isSafeInteger(thread) || thread === process.pid) return false
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL)
    return true
  } catch {
    // No /proc, or a sandbox forbids it: the work is done all the same.
    return false
  }
}
