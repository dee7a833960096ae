// The settings of the writing connection, each read back from SQLite: set right whatever they were, and refused when one does not take.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { applyPragmas, type Connection, connect } from '../../src/store/sqlite.ts'

/** Name, a value that would be wrong, the one that SQLite must answer (reliability design 8.2; README for the autocheckpoint). */
const SETTINGS: [string, string | number, string | number][] = [
  ['journal_mode', 'DELETE', 'wal'],
  ['synchronous', 'NORMAL', 2],
  ['foreign_keys', 'OFF', 1],
  ['busy_timeout', 1, 5000],
  ['trusted_schema', 'ON', 0],
  ['cell_size_check', 'OFF', 1],
  ['mmap_size', 1_048_576, 0],
  ['journal_size_limit', -1, 67_108_864],
  ['wal_autocheckpoint', 10, 4000],
  ['cache_size', 100, -16_000],
  ['temp_store', 'FILE', 2],
]

let folder: string
let connection: Connection
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  connection = connect(path.join(folder, 'sisrua.db'))
})
afterEach(() => {
  connection.close()
  rmSync(folder, { recursive: true, force: true })
})
const read = (name: string): unknown => connection.pragma(name, { simple: true })

it.each(SETTINGS)('%s is not left at %s: SQLite says %s', (name, wrong, right) => {
  connection.pragma(`${name} = ${wrong}`)
  expect(read(name)).not.toBe(right)
  applyPragmas(connection, false)
  expect(read(name)).toBe(right)
})

it.each(SETTINGS)('%s that stays at %s refuses the start', (name, wrong) => {
  // A library that takes the word and does nothing, as SQLite does with what it was compiled without.
  const deaf = new Proxy(connection, {
    get: (target, key) =>
      key !== 'pragma'
        ? Reflect.get(target, key)
        : (text: string, options?: object) =>
            target.pragma(text.startsWith(`${name} = `) ? `${name} = ${wrong}` : text, options),
  })
  expect(() => applyPragmas(deaf, false)).toThrow(
    expect.objectContaining({
      code: 'STORE_UNSAFE',
      data: expect.objectContaining({ pragma: name }),
    }),
  )
})

it('a database in memory has all but the two that are about files', () => {
  const memory = connect(':memory:')
  for (const [name, wrong] of SETTINGS.slice(1)) memory.pragma(`${name} = ${wrong}`)
  applyPragmas(memory, true)
  for (const [name, , right] of SETTINGS) {
    if (name === 'journal_mode' || name === 'mmap_size') continue
    expect([name, memory.pragma(name, { simple: true })]).toEqual([name, right])
  }
  memory.close()
})
