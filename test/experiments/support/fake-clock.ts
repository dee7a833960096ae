// The computer's clock of a program, set while it runs: libfaketime (Debian's package faketime) answers for the wall clock only.
// What counts on by itself (monotonic time, timers) stays, and so do the times of files.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface FakeClock {
  /** Environment of the program. */
  env: Record<string, string>
  /** From now on the program's clock is so many milliseconds (whole seconds) before or behind the real one. */
  set(byMs: number): void
}

/** Throws when the library is not installed. */
export function createFakeClock(folder: string): FakeClock {
  const library = readdirSync('/usr/lib')
    .map((name) => path.join('/usr/lib', name, 'faketime/libfaketimeMT.so.1'))
    .find((file) => existsSync(file))
  if (library === undefined) throw new Error('libfaketime is missing: apt-get install faketime')
  const file = path.join(folder, 'clock')
  const set = (byMs: number): void => {
    // Whole at every moment: it is read at every look at the clock.
    writeFileSync(`${file}.new`, `${byMs < 0 ? '-' : '+'}${Math.abs(Math.round(byMs / 1000))}\n`)
    renameSync(`${file}.new`, file)
  }
  set(0)
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
    set,
  }
}

/** Removes what the library leaves behind of a program that was killed. */
export function removeTraces(pid: number | undefined): void {
  for (const name of ['faketime_shm_', 'sem.faketime_sem_'])
    rmSync(`/dev/shm/${name}${pid}`, { force: true })
}
