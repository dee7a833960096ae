// Folders where users want them, also where none can be made: Node's own recursive mkdir never ends on /proc.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { makeFolder } from '../../src/base/make-folder.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { runProgram } from '../support/program.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-folder-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('a folder', () => {
  it('is made with all that is missing above it, and told by the topmost new one', () => {
    const deep = path.join(home, 'a', 'b', 'ç')
    expect(makeFolder(deep, 0o700)).toBe(path.join(home, 'a'))
    expect(makeFolder(deep)).toBeUndefined()
    if (process.platform !== 'win32') expect(statSync(deep).mode & 0o777).toBe(0o700)
    expect(makeFolder(path.join(deep, 'x', '..', 'y'))).toBe(path.join(deep, 'y'))
  })

  it.each(['file', 'file/x', 'file/x/y', 'link', 'link/x'])('is refused at %s', (name) => {
    writeFileSync(path.join(home, 'file'), '')
    symlinkSync(path.join(home, 'nowhere'), path.join(home, 'link'))
    expect(() => makeFolder(path.join(home, name))).toThrow(/^(EEXIST|ENOTDIR|ENOENT)/)
  })

  it.each(['', 'x', 'x/y'])(
    'with a file in the way says that this is there: file/%s',
    async (below) => {
      const file = path.join(home, 'file')
      writeFileSync(file, '')
      const folder = path.join(file, below)
      // On Windows the system says ENOENT of what is below a file, as of a disk that went away.
      expect(() => makeFolder(folder)).toThrow(
        expect.objectContaining({ code: 'EEXIST', syscall: 'mkdir', path: file }),
      )
      const ended = await runProgram(['serve', '--port', '0', '--data-dir', folder], home)
      expect([ended.code, ended.stderr]).toEqual([74, expect.stringContaining('(EEXIST)')])
      const { stdout } = await runProgram(['doctor', '--data-dir', folder], home)
      expect(stdout).toContain(`${folder} cannot be written (EEXIST); set --data-dir`)
    },
  )

  it('reached through a link is there', () => {
    mkdirSync(path.join(home, 'real'))
    symlinkSync(path.join(home, 'real'), path.join(home, 'link'))
    expect(makeFolder(path.join(home, 'link'))).toBeUndefined()
    expect(makeFolder(path.join(home, 'link', 'new'))).toBe(path.join(home, 'link', 'new'))
    expect(statSync(path.join(home, 'real', 'new')).isDirectory()).toBe(true)
  })
})

describe.skipIf(process.platform !== 'linux')('in /proc, where nothing can be made', () => {
  // In another process: the call that never ends would hold this one up for ever, too.
  const inChild = (code: string) =>
    spawnSync(process.execPath, ['-e', code], { timeout: 3_000, encoding: 'utf8' })

  it('it is refused at once', () => {
    const module = path.resolve(import.meta.dirname, '../../src/base/make-folder.ts')
    const code = `import(${JSON.stringify(module)}).then(({ makeFolder }) => makeFolder('/proc/x/y'))
      .catch((error) => console.log(error.code, error.syscall))`
    expect(inChild(code).stdout).toBe('ENOENT mkdir\n')
  })

  it('control: the recursive mkdir has to be killed', () => {
    const { signal } = inChild("require('fs').mkdirSync('/proc/x', { recursive: true })")
    expect(signal).toBe('SIGTERM')
  })

  test.each<[string, string[], number, RegExp]>([
    ['audit export -o', ['audit', 'export', '-o', '/proc/x'], 5, /cannot be written \(ENOENT\)/],
    ['serve --data-dir', ['serve', '--port', '0', '--data-dir', '/proc/x'], 74, /data folder/],
    ['doctor --data-dir', ['doctor', '--data-dir', '/proc/x'], 1, /^$/],
  ])('%s ends and says why', async (_, args, code, sentence) => {
    const data = path.join(home, 'data')
    const house = createAuditHouse({ dataFolder: data })
    house.add(3)
    house.ledger.checkpoint('request')
    await house.close()
    const own = args.includes('--data-dir') ? [] : ['--data-dir', data]
    const ended = await runProgram([...args, ...own], home)
    expect([ended.code, ended.stderr.trim()]).toEqual([code, expect.stringMatching(sentence)])
  })
})
