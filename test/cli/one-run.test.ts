import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { RUNTIME_FLAGS } from '../../build.config.ts'
import { ONE_RUN_FLAGS } from '../../src/cli/one-run.ts'

it('uses settings that the pinned runtime knows, and has otherwise', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  for (const flag of [...RUNTIME_FLAGS, ...ONE_RUN_FLAGS]) {
    const [name, value] = flag.replace(/^--(no-)?/, '').split('=') as [string, string?]
    const begin = known.indexOf(`\n  --${name} (`)
    expect(begin, flag).toBeGreaterThan(-1)
    const otherwise = value === undefined ? `default: --${name}` : `default: --${name}=`
    expect(known.slice(begin, begin + 400)).toContain(otherwise)
    expect(known.slice(begin, begin + 400)).not.toContain(`default: ${flag}\n`)
  }
})
