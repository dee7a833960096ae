// A file's hash does not depend on the pieces it is read in.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { sha256Hex } from '../../src/base/hash.ts'
import { hashFile } from '../../src/store/hash-file.ts'

it.each([0, 1, 9, 10, 11, 30, 1000])('of %i bytes read ten at a time', (length) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const bytes = Buffer.from(Array.from({ length }, (_, i) => i % 251))
  const file = path.join(folder, 'file')
  writeFileSync(file, bytes)
  expect([hashFile(file, 10), hashFile(file)]).toEqual([sha256Hex(bytes), sha256Hex(bytes)])
  rmSync(folder, { recursive: true })
})
