// What the threads of this room and of audit/ share: where their entry lies, and how one is waited for.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Worker } from 'node:worker_threads'

/** Entry of a thread in the caller's folder, this room's by default: beside a bundle `name.cjs` (build.config.ts), in a checkout `name.ts`. */
export function threadFile(name: string, folder = import.meta.dirname): string {
  const bundled = path.join(folder, `${name}.cjs`)
  return existsSync(bundled) ? bundled : path.join(folder, `${name}.ts`)
}

/** Whether the thread is gone within so many milliseconds; then it is terminated, which waits for a call into SQLite. */
export function endsWithin(thread: Worker, milliseconds: number): Promise<boolean> {
  // Nothing else may keep the program alive.
  thread.ref()
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      void thread.terminate()
      thread.unref()
      resolve(false)
    }, milliseconds)
    thread.once('exit', () => {
      clearTimeout(late)
      resolve(true)
    })
  })
}

/** Ends these threads; whether all are gone within so many milliseconds. */
export async function endWithin(threads: Iterable<Worker>, milliseconds: number): Promise<boolean> {
  const ends = Array.from(threads, (thread) => {
    const ending = endsWithin(thread, milliseconds)
    void thread.terminate()
    return ending
  })
  return (await Promise.all(ends)).every(Boolean)
}
