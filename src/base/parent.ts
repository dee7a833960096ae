// Notices that the program that started us is gone: its end of our standard input closes, or its process number is free.
import type { Readable } from 'node:stream'

/** Calls `onGone` once when standard input ends. The stream must be read, or its end never shows. */
export function watchInput(input: Readable, onGone: () => void): () => void {
  input.once('end', onGone)
  input.once('close', onGone)
  input.resume()
  return () => {
    input.off('end', onGone)
    input.off('close', onGone)
    input.pause()
  }
}

/** Looks every second whether the process still exists: on a busy machine the stop needs most of the 2.5 s that both may take. */
export function watchProcess(pid: number, onGone: () => void, everyMs = 1_000): () => void {
  const timer = setInterval(() => {
    try {
      process.kill(pid, 0)
    } catch (error) {
      // EPERM: it exists and belongs to somebody else.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') onGone()
    }
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
