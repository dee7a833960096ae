// Judges from Debian: programs of others that read what we wrote. Nothing is installed here; .ci/run does that.
import { execFileSync } from 'node:child_process'
import { describe } from 'vitest'

/** Runs a Python script under Debian's python3 with `input` on stdin; answers stdout. */
export function python(script: string, input = '', args: string[] = []): string {
  return execFileSync('/usr/bin/python3', ['-c', script, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 300_000,
  })
}

function available(check: string[]): boolean {
  try {
    execFileSync(check[0]!, check.slice(1), { stdio: 'ignore', timeout: 60_000 })
    return true
  } catch {
    return false
  }
}

/**
 * `describe` for tests that need a Debian program. Absent: a failure with CI=true, else skipped with the reason in the name.
 * `probe` is a command line that succeeds when the judge is there.
 */
export function describeWithJudge(
  judge: string,
  probe: string[],
  name: string,
  body: () => void,
): void {
  if (available(probe)) describe(name, body)
  else if (process.env.CI === 'true') {
    describe(name, () => {
      throw new Error(`CI needs ${judge}; .ci/run installs it`)
    })
  } else describe.skip(`${name} (skipped: ${judge} is not installed)`, body)
}
