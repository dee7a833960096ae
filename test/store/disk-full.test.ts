// A database that may not grow any more answers SQLITE_FULL, as on a full disk: what was acknowledged is there, what was
// refused is not, the reserve is given back, and there is a way out.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

it('refuses with DISK_LOW, keeps all that was acknowledged, and goes on when there is room', async () => {
  const store = openStore({ dataFolder, clock: createStillClock() })
  const file = path.join(dataFolder, 'sisrua.db')
  expect(existsSync(store.folders.reserve)).toBe(true)
  store.limitGrowth(40)
  const acknowledged: string[] = []
  let refusals = 0
  for (let i = 0; i < 400; i++) {
    const key = `note.${i}`
    try {
      await store.group(() => store.meta.set(key, 'x'.repeat(900)))
      acknowledged.push(key)
    } catch (error) {
      expect(error).toMatchObject({ code: 'DISK_LOW' })
      refusals++
    }
  }
  expect(acknowledged.length).toBeGreaterThan(50)
  expect(refusals).toBeGreaterThan(100)
  // The room of the reserve is back, and it is not taken again at once.
  expect(existsSync(store.folders.reserve)).toBe(false)
  const seen = (): string[] => {
    const other = new Database(file, { readonly: true })
    const keys = other.prepare("SELECT key FROM meta WHERE key LIKE 'note.%'").pluck().all()
    other.close()
    return keys as string[]
  }
  expect(seen().sort()).toEqual([...acknowledged].sort())
  expect(store.check()).toBe('ok')
  store.limitGrowth(1000)
  await store.group(() => store.meta.set('after', 'kept'))
  expect(store.meta.get('after')).toBe('kept')
  await store.close()
  expect(seen().sort()).toEqual([...acknowledged].sort())
})
