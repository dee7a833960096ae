import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'

const home = mkdtempSync(path.join(os.tmpdir(), 'sisrua-completion-'))
afterAll(() => rmSync(home, { recursive: true }))

const script = async (shell: string): Promise<string> =>
  (await runProgram(['completion', shell], home)).stdout

describe('completion scripts', () => {
  test.skipIf(process.platform === 'win32')(
    'bash completes commands, subcommands and flags',
    async () => {
      const complete = (text: string, words: string[]): string[] =>
        execFileSync(
          'bash',
          [
            '-c',
            `${text}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sisrua; printf '%s\\n' "\${COMPREPLY[@]}"`,
            'bash',
            ...words,
          ],
          { encoding: 'utf8' },
        )
          .trim()
          .split('\n')
      const bash = await script('bash')
      expect(complete(bash, ['sisrua', 'prep'])).toEqual(['prepare'])
      expect(complete(bash, ['sisrua', 'prepare', '']).sort()).toContain('osm')
      expect(complete(bash, ['sisrua', 'prepare', 'osm', '--rad'])).toEqual(['--radius'])
      expect(complete(bash, ['sisrua', '--lang', 'en', 'crs', 'tr'])).toEqual(['transform'])
    },
  )

  test('the other shells get the same words', async () => {
    for (const shell of ['zsh', 'fish', 'powershell']) {
      const text = await script(shell)
      for (const word of ['prepare', 'geojson', 'contour-interval', 'completion'])
        expect(text).toContain(word)
    }
  })

  test('an unknown shell is a usage error', async () => {
    const { code, stdout } = await runProgram(['completion', 'tcsh'], home)
    expect([code, stdout]).toEqual([2, ''])
  })
})

test('in a checkout `licenses` says where the texts are', async () => {
  const { code, stderr } = await runProgram(['licenses'], home)
  expect([code, /THIRD-PARTY-NOTICES/.test(stderr)]).toEqual([3, true])
})
