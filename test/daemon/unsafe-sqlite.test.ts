// A SQLite that can lose committed pages: the program that was built with it touches nothing.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildProgram } from '../experiments/support/altered-build.ts'
import { NotStarted, startProgram } from '../experiments/support/program.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-unsafe-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** Takes the SQLite that we carry for one of the unsafe ones. */
const DISTRUSTFUL = {
  file: 'src/store/sqlite.ts',
  find: 'return minor > 51 ||',
  replace: 'return minor > 99 ||',
}

/** Files and folders of the data folder. */
const left = (): string[] =>
  readdirSync(path.join(home, 'data'), { recursive: true, encoding: 'utf8' })

describe('a program with an unsafe SQLite', () => {
  it('says so, leaves with 78 and takes neither lock nor database', async () => {
    const main = await buildProgram('distrustful', [DISTRUSTFUL])
    const started = startProgram({ main, dataFolder: path.join(home, 'data') })
    const refusal = await started.then(
      () => null,
      (error: unknown) => error as NotStarted,
    )
    expect(refusal).toBeInstanceOf(NotStarted)
    expect(refusal!.exitCode).toBe(78)
    expect(refusal!.said).toMatch(/can lose committed data/)
    expect(left().filter((name) => /sisrua[.]db|instance[.]lock/.test(name))).toEqual([])
  }, 60_000)

  it('is told from a safe one by nothing else', async () => {
    const main = await buildProgram('whole')
    const program = await startProgram({ main, dataFolder: path.join(home, 'data') })
    expect(program.ready).toMatchObject({ storage: 'new' })
    expect(left()).toEqual(expect.arrayContaining(['sisrua.db', 'instance.lock']))
    await program.kill()
  }, 60_000)
})
