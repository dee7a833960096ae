// Stored bytes: small ones in the database, large ones as files, none served that does not match its name.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../src/base/hash.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

let dataFolder: string
let store: Store
const clock = createStillClock(Date.now())
const LARGE = Buffer.alloc(200_000, 'large ')
const fileOf = (sha256: string) => path.join(dataFolder, 'blobs', sha256.slice(0, 2), sha256)

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  store = openStore({ dataFolder, clock })
})
afterEach(async () => {
  await store.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

async function put(bytes: Uint8Array): Promise<string> {
  const blob = await store.blobs.prepare(bytes)
  store.transaction(() => store.blobs.link(blob))
  return blob.sha256
}

async function text(sha256: string, start?: number, end?: number): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of (await store.blobs.open(sha256)).stream(start, end)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('bytes', () => {
  it.each([
    ['small', Buffer.from('a few bytes')],
    ['large', LARGE],
  ])('%s come back whole and in ranges', async (_name, bytes) => {
    const sha256 = await put(bytes)
    expect(sha256).toBe(sha256Hex(bytes))
    expect(await text(sha256)).toBe(bytes.toString())
    expect(await text(sha256, 2, 7)).toBe(bytes.toString().slice(2, 7))
    expect(await text(sha256, 3, 3)).toBe('')
    expect(Buffer.from(await (await store.blobs.open(sha256)).bytes()).equals(bytes)).toBe(true)
  })

  it.runIf(process.platform === 'linux')(
    'that find no room are refused, and the free room is looked at again (needs /dev/full)',
    async () => {
      const looked = vi.spyOn(store.disk, 'refresh')
      const sha256 = sha256Hex(LARGE)
      const file = fileOf(sha256)
      mkdirSync(path.dirname(file), { recursive: true })
      // The file that the bytes are first written to, on a device without room.
      const temporary = `${file}.${process.pid}.1.tmp`
      symlinkSync('/dev/full', temporary)
      await expect(store.blobs.prepare(LARGE)).rejects.toMatchObject({ code: 'DISK_LOW' })
      expect(looked).toHaveBeenCalledTimes(1)
      expect(existsSync(file)).toBe(false)
      // Nor does what was written of it keep the room that there was.
      expect(readdirSync(path.dirname(file))).toEqual([])
      expect(await put(LARGE)).toBe(sha256)
      expect(looked).toHaveBeenCalledTimes(1)
    },
  )

  it('that were changed on disk are never served, but put aside, and healed by storing them again', async () => {
    const sha256 = await put(LARGE)
    await store.blobs.open(sha256)
    const damaged = readFileSync(fileOf(sha256))
    damaged[100_000]! ^= 1
    writeFileSync(fileOf(sha256), damaged)
    await expect(store.blobs.open(sha256)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' })
    const aside = readdirSync(path.join(dataFolder, 'quarantine'))
    expect(aside).toHaveLength(1)
    expect(readFileSync(path.join(dataFolder, 'quarantine', aside[0]!)).equals(damaged)).toBe(true)
    await expect(store.blobs.open(sha256)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' })
    await put(LARGE)
    expect(await text(sha256)).toBe(LARGE.toString())
  })

  it('that cannot be read just now are not taken for damaged', async () => {
    const sha256 = await put(LARGE)
    const file = fileOf(sha256)
    renameSync(file, `${file}.away`)
    symlinkSync(file, file)
    await expect(store.blobs.open(sha256)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(readdirSync(path.join(dataFolder, 'quarantine'))).toEqual([])
    rmSync(file)
    renameSync(`${file}.away`, file)
    expect(await text(sha256)).toBe(LARGE.toString())
  })

  it.each([[1], [65_536], [65_537], [262_145]])('of %i are named right', async (size) => {
    const bytes = Buffer.alloc(size, 'x')
    expect(await put(bytes)).toBe(sha256Hex(bytes))
  })
})

describe('collection', () => {
  it('removes what no row names, but not what is about to be named', async () => {
    const linked = await put(LARGE)
    const waiting = await store.blobs.prepare(Buffer.alloc(100_000, 'w'))
    expect(store.blobs.collect()).toBe(1)
    await expect(store.blobs.open(linked)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' })
    store.transaction(() => store.blobs.link(waiting))
    expect((await store.blobs.open(waiting.sha256)).size).toBe(100_000)
  })

  it('removes files left behind by a crash after a day', async () => {
    const left = await store.blobs.prepare(LARGE)
    store.blobs.abandon(left)
    expect(await store.blobs.collectFiles(clock.now())).toBe(0)
    const yesterday = new Date(clock.now() - 86_400_001)
    utimesSync(fileOf(left.sha256), yesterday, yesterday)
    expect(await store.blobs.collectFiles(clock.now())).toBe(1)
  })
})
