import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSource } from '../../src/kernel/formats/byte-source.ts'
import { openPieces } from '../../src/sources/extract-pieces.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua pieces '))
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

describe('an extract that is read in pieces', () => {
  test('is the file, and nothing behind its end', () => {
    const file = path.join(folder, 'town.json')
    fs.writeFileSync(file, '{"elements":[]}')
    const pieces = openPieces(file)!
    expect(Buffer.from(readSource(pieces)).toString()).toBe('{"elements":[]}')
    const into = new Uint8Array(4)
    expect(pieces.read(into, 13)).toBe(2)
    expect(pieces.read(into, 15)).toBe(0)
    pieces.close()
  })

  test('is left to others when it is compressed, empty or no file', () => {
    const named = path.join(folder, 'town.json.gz')
    const empty = path.join(folder, 'empty.json')
    fs.writeFileSync(named, 'x')
    fs.writeFileSync(empty, '')
    for (const file of [named, empty, folder]) expect(openPieces(file)).toBeNull()
  })

  test.skipIf(process.platform === 'win32')(
    'does not wait for the writer of a named pipe, who would lose what he wrote (skipped on Windows)',
    () => {
      const pipe = path.join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      const source = path.resolve(import.meta.dirname, '../../src/sources/extract-pieces.ts')
      // In a process of its own: one that waits cannot be ended from inside.
      const code = `const { openPieces } = await import(process.argv[1]); console.log(openPieces(process.argv[2]))`
      const words = ['--input-type=module', '-e', code, source, pipe]
      const { stdout } = spawnSync(process.execPath, words, { timeout: 20_000, encoding: 'utf8' })
      expect(stdout).toBe('null\n')
    },
  )

  test('fails by name when it cannot be read any more', () => {
    const file = path.join(folder, 'town.json')
    fs.writeFileSync(file, '{"elements":[]}')
    const pieces = openPieces(file)!
    pieces.close()
    expect(() => pieces.read(new Uint8Array(4), 0)).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE' }),
    )
  })
})
