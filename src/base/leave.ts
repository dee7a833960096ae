// Ends the process for good where it would not end by itself: Node's own exit waits for every thread, and a thread inside a
// native call ends only with that call, which may be never.
import { existsSync } from 'node:fs'

const SHELL = '/bin/sh'

/**
 * Leaves at once with this exit code; nothing after it runs. Call when everything is stored and closed. On Windows the
 * code is 1: there Node can end itself so only as another program would.
 */
export function leaveNow(code: number): void {
  // The image of the process is replaced by one that does nothing but leave; the threads go with the old one.
  if (process.platform !== 'win32' && existsSync(SHELL)) {
    process.removeAllListeners('warning')
    process.execve?.(SHELL, ['sh', '-c', `exit ${code}`], {})
  }
  process.kill(process.pid, 'SIGKILL')
}
