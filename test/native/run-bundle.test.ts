import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compiledName, runBundle, runScript, scriptOf } from '../../native/run-bundle.ts'

const BUNDLE = `"use strict";
const path = require('node:path')
exports.add = (a, b) => a + b
exports.place = [__filename, __dirname, path.basename(module.filename)]
// 00
`

let folder: string
let file: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua bundle João '))
  file = path.join(folder, 'main.cjs')
  fs.writeFileSync(file, BUNDLE)
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

interface Exports {
  add(a: number, b: number): number
  place: string[]
}

/** Compiled code of the bundle, `add` in it. */
function compiled(): Buffer {
  const script = scriptOf(file, null)
  ;(runScript(script, file) as Exports).add(1, 2)
  return script.createCachedData()
}

describe('running a bundle', () => {
  test('is a CommonJS module of that place', () => {
    const { add, place } = runBundle(file) as Exports
    expect(add(1, 2)).toBe(3)
    expect(place).toEqual([file, folder, 'main.cjs'])
  })

  test('takes the compiled code beside it', () => {
    const code = compiled()
    const script = scriptOf(file, code)
    expect(script.cachedDataRejected).toBe(false)
    expect((runScript(script, file) as Exports).add(1, 2)).toBe(3)
    fs.writeFileSync(compiledName(file), code)
    expect((runBundle(file) as Exports).add(1, 2)).toBe(3)
  })

  test('does without compiled code of another V8, of other settings and of another text', () => {
    const code = compiled()
    // The header: magic number, hash of the version, length of the text, hash of the settings.
    for (const at of [0, 4, 8, 12]) {
      // Another text as long: V8 remembers what it has compiled in this process.
      fs.writeFileSync(file, BUNDLE.replace('// 00', `// ${10 + at}`))
      const other = Buffer.from(code)
      other[at]! ^= 1
      expect(scriptOf(file, other).cachedDataRejected).toBe(true)
      fs.writeFileSync(compiledName(file), other)
      expect((runBundle(file) as Exports).add(1, 2)).toBe(3)
    }
    fs.writeFileSync(compiledName(file), code)
    fs.writeFileSync(file, BUNDLE.replace('a + b', 'a + b + 1000'))
    expect((runBundle(file) as Exports).add(1, 2)).toBe(1003)
  })

  test('does without compiled code that is cut off or empty', () => {
    const code = compiled()
    for (const length of [0, 10, 40]) {
      fs.writeFileSync(compiledName(file), code.subarray(0, length))
      expect((runBundle(file) as Exports).add(1, 2)).toBe(3)
    }
  })
})
