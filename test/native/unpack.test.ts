import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { candidateRoots, type Manifest, unpackInto } from '../../native/unpack.ts'

const run = promisify(execFile)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const contents: Record<string, Uint8Array> = {
  'main.cjs': Buffer.from('module.exports = 1\n'),
  'addon.node': Buffer.alloc(3_000_000, 7),
}
const manifest: Manifest = {
  version: '9.9.9',
  files: Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, sha256(bytes)])),
}
const read = (name: string) => contents[name]!

let root: string
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua unpack João Ávila '))
})
afterEach(() => {
  fs.chmodSync(root, 0o700)
  fs.rmSync(root, { recursive: true, force: true })
})

describe('unpacking the runtime files', () => {
  test('writes every file once and leaves no temporary file', () => {
    const folder = unpackInto(root, manifest, read)
    const before = fs.statSync(path.join(folder, 'addon.node')).mtimeMs
    expect(unpackInto(root, manifest, read)).toBe(folder)
    expect(fs.statSync(path.join(folder, 'addon.node')).mtimeMs).toBe(before)
    expect(fs.readdirSync(folder).sort()).toEqual(['addon.node', 'main.cjs'])
  })

  test('repairs a corrupted and a cut-off file', () => {
    const folder = unpackInto(root, manifest, read)
    fs.writeFileSync(path.join(folder, 'main.cjs'), 'evil()')
    fs.truncateSync(path.join(folder, 'addon.node'), 1000)
    unpackInto(root, manifest, read)
    for (const name of Object.keys(contents)) {
      expect(sha256(fs.readFileSync(path.join(folder, name)))).toBe(manifest.files[name])
    }
  })

  test('refuses an executable whose own copy is damaged', () => {
    expect(() => unpackInto(root, manifest, () => Buffer.from('x'))).toThrow(/damaged: main\.cjs/)
  })

  test.skipIf(process.platform === 'win32')('refuses a folder that others can write', () => {
    const folder = unpackInto(root, manifest, read)
    fs.chmodSync(folder, 0o777)
    expect(() => unpackInto(root, manifest, read)).toThrow(/somebody else/)
  })

  test('24 processes that start at once all end with the right files', async () => {
    const script = `
      import { unpackInto } from ${JSON.stringify(path.resolve('native/unpack.ts'))}
      const contents = { 'main.cjs': Buffer.from('module.exports = 1\\n'), 'addon.node': Buffer.alloc(3000000, 7) }
      console.log(unpackInto(process.argv[1], ${JSON.stringify(manifest)}, (name) => contents[name]))`
    const starts = Array.from({ length: 24 }, () =>
      run(process.execPath, ['--input-type=module', '-e', script, root]),
    )
    const folders = new Set((await Promise.all(starts)).map(({ stdout }) => stdout.trim()))
    expect(folders.size).toBe(1)
    const folder = [...folders][0]!
    expect(fs.readdirSync(folder).sort()).toEqual(['addon.node', 'main.cjs'])
    expect(sha256(fs.readFileSync(path.join(folder, 'addon.node')))).toBe(
      manifest.files['addon.node'],
    )
  })

  test('an asked-for folder is the only candidate', () => {
    expect(candidateRoots({ SISRUA_RUNTIME_DIR: '/somewhere' })).toEqual(['/somewhere'])
    expect(candidateRoots({ XDG_CACHE_HOME: '/cache' }).length).toBe(2)
  })
})
