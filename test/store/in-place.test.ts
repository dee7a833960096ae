// Files taken away under a running program: nothing is acknowledged any more, and what was is not lost with them.
import { copyFileSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppError } from '../../src/base/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

const onPosix = process.platform !== 'win32'
let dataFolder: string
let failures: AppError[]
const open = () =>
  openStore({
    dataFolder,
    clock: createStillClock(),
    freeBytes: () => 100e6,
    onFailure: (error) => failures.push(error),
  })
const database = () => path.join(dataFolder, 'sisrua.db')

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  failures = []
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

describe.skipIf(!onPosix)(`files${onPosix ? '' : ' (Windows keeps open ones)'}`, () => {
  it.each<[string, () => void]>([
    ['the database deleted', () => unlinkSync(database())],
    [
      'the database replaced by an older copy',
      () => {
        renameSync(database(), `${database()}.moved`)
        copyFileSync(`${database()}.moved`, database())
      },
    ],
    ['the log deleted', () => unlinkSync(`${database()}-wal`)],
  ])('%s: the next write is refused, the program is told once', async (_name, take) => {
    const store = open()
    store.transaction(() => store.meta.set('note', 'acknowledged'))
    take()
    // The files are looked at every 20 ms.
    await new Promise((resolve) => setTimeout(resolve, 40))
    const write = () => store.transaction(() => store.meta.set('note', 'lost'))
    for (const attempt of [write, write]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
    }
    await expect(store.group(() => store.meta.set('note', 'lost'))).rejects.toThrow('was deleted')
    expect(failures).toHaveLength(1)
    expect(store.meta.get('note')).toBe('acknowledged')
    await store.close()
  })

  it('what was acknowledged before the database was deleted is there at the next start', async () => {
    const store = open()
    store.transaction(() => store.meta.set('note', 'acknowledged'))
    unlinkSync(database())
    await store.close()
    const again = open()
    expect(again.recovery).toMatchObject({ storage: 'restored', backup: { reason: 'rescue' } })
    expect(again.meta.get('note')).toBe('acknowledged')
    await again.close()
  })

  it('left alone are left alone: emptying the log and writing the file anew keep them in place', async () => {
    const store = open()
    store.transaction(() => store.meta.set('note', '1'))
    store.walCheckpoint()
    store.transaction(() => store.meta.set('note', '2'))
    store.scrub()
    store.transaction(() => store.meta.set('note', '3'))
    expect(failures).toEqual([])
    await store.close()
    expect(open().meta.get('note')).toBe('3')
  })
})
