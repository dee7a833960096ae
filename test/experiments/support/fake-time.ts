// Another date for a whole process: Debian's libfaketime, loaded before the program. Clocks that never jump go on as they are.
import { existsSync, readdirSync } from 'node:fs'

const ROOT = '/usr/lib'

function find(): string | null {
  if (!existsSync(ROOT)) return null
  for (const name of readdirSync(ROOT)) {
    const file = `${ROOT}/${name}/faketime/libfaketimeMT.so.1`
    if (existsSync(file)) return file
  }
  return null
}

/** Null where the package `faketime` is not installed. */
export const FAKETIME_LIBRARY: string | null = find()

/** Environment of a process whose date is so many seconds ahead of ours. */
export function aheadBy(seconds: number): Record<string, string> {
  if (FAKETIME_LIBRARY === null) throw new Error('libfaketime is missing: apt-get install faketime')
  if (seconds === 0) return {}
  return {
    LD_PRELOAD: FAKETIME_LIBRARY,
    FAKETIME: `+${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
}
