import { execFileSync } from 'node:child_process'
import { cachedDataVersionTag } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { RUNTIME_FLAGS } from '../../build.config.ts'
import { ONE_RUN_FLAGS, tunedForOneRun } from '../../src/cli/one-run.ts'

const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
/** What `--v8-options` says of a flag. */
const entryOf = (name: string): string => {
  const begin = known.indexOf(`\n  --${name} (`)
  return begin < 0 ? '' : known.slice(begin, known.indexOf('\n  --', begin + 1))
}

describe('settings of the JIT', () => {
  it('are ones that the pinned runtime knows, and are set back to what it has', () => {
    for (const [name, tuned, usual] of ONE_RUN_FLAGS) {
      const value = typeof usual === 'string' ? `--${name}${usual}` : `--${name}`
      expect(entryOf(name)).toContain(`default: ${value}\n`.trimEnd())
      expect(tuned).not.toBe(usual)
    }
    for (const flag of RUNTIME_FLAGS) {
      const name = flag.replace('--no-', '')
      expect(entryOf(name)).toContain(`default: --${name}`)
    }
  })

  it('hand on what the work answers and throws', async () => {
    await expect(tunedForOneRun(async () => 7)).resolves.toBe(7)
    const failed = tunedForOneRun(async () => {
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
  })

  it('hold for the work only, so that compiled code is taken from the cache before and after', async () => {
    const before = cachedDataVersionTag()
    await tunedForOneRun(async () => expect(cachedDataVersionTag()).not.toBe(before))
    expect(cachedDataVersionTag()).toBe(before)
  })
})
