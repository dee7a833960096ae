// New folders are durable in their parents: after a power cut a file in a folder nobody knows is gone, however well it
// was flushed. What is synced is watched through the descriptors that are opened. Found by experiment A2.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'

const synced: string[] = []
/** Which of the next syncs fails; 0 = none. */
let fails = 0
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const opened = new Map<number, string>()
  return {
    ...fs,
    openSync(file: string, ...rest: [string, number?]) {
      const handle = fs.openSync(file, ...rest)
      opened.set(handle, file)
      return handle
    },
    fsyncSync(handle: number) {
      if (fails > 0 && fails-- === 1) throw new Error('the disk stumbled')
      fs.fsyncSync(handle)
      synced.push(opened.get(handle) ?? '?')
    },
  }
})

const { makeFolderDurably, writeFileDurably } = await import('../../src/store/folders.ts')
const root = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
afterEach(() => {
  synced.length = 0
})

it.skipIf(process.platform === 'win32')(
  'syncs every folder that got a new name, and no other',
  () => {
    makeFolderDurably(path.join(root, 'a', 'b'))
    expect(synced).toEqual([path.join(root, 'a'), root])
    synced.length = 0
    makeFolderDurably(path.join(root, 'a', 'b'))
    expect(synced).toEqual([])
  },
)

it.skipIf(process.platform === 'win32')(
  'makes up for a sync that failed when the folder is asked for again',
  () => {
    fails = 2
    const folder = path.join(root, 'c', 'd')
    expect(() => makeFolderDurably(folder)).toThrow('stumbled')
    synced.length = 0
    makeFolderDurably(folder)
    expect(synced).toEqual([path.join(root, 'c'), root])
  },
)

it.skipIf(process.platform === 'win32')(
  'a file written into a new folder brings the folder along',
  () => {
    writeFileDurably(path.join(root, 'keys', 'one.key'), Buffer.from('1'))
    expect(synced).toEqual([root, path.join(root, 'keys', 'one.key.tmp'), path.join(root, 'keys')])
    rmSync(root, { recursive: true, force: true })
  },
)
