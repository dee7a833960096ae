// The disk cache: expiry, bounds, damage, crashes.
import {
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCache } from '../../src/sources/cache.ts'

const DAY = 24 * 3_600_000
let folder: string
let now: number
const clock = { now: () => now, monotonic: () => now }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const open = (maxBytes = 1_000_000) => createCache({ folder, maxBytes, clock })
const files = (): string[] => readdirSync(path.join(folder, 'v1'))

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-cache-'))
  now = Date.UTC(2026, 0, 1)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Bytes that do not compress. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

describe('the cache', () => {
  test('gives back what was put, also to another process', async () => {
    await open().put('q', bytes('answer'), 'server.example')
    const entry = await open().get('q')
    expect(Buffer.from(entry!.bytes).toString()).toBe('answer')
    expect(entry).toMatchObject({ source: 'server.example', fresh: true, storedAt: now })
    expect(await open().get('other')).toBeNull()
  })

  test('an entry is fresh for seven days, then only for when the source fails', async () => {
    const cache = open()
    await cache.put('q', bytes('x'), 's')
    now += 7 * DAY - 1
    expect((await cache.get('q'))!.fresh).toBe(true)
    now += 1
    expect((await cache.get('q'))!.fresh).toBe(false)
  })

  test('the least recently used go when it is full', async () => {
    const cache = open(2_500)
    for (const [i, key] of ['a', 'b'].entries()) {
      await cache.put(key, noise(1_000, i), 's')
      now += 1_000
      await cache.get(key)
    }
    now += 1_000
    await cache.get('a')
    const times = files().map((name) => path.join(folder, 'v1', name))
    expect(times.length).toBe(2)
    now += 60_000
    await cache.put('c', noise(1_000, 7), 's')
    expect(await cache.get('b')).toBeNull()
    expect(await cache.get('a')).not.toBeNull()
    expect(await cache.get('c')).not.toBeNull()
    const total = files().reduce(
      (sum, name) => sum + statSync(path.join(folder, 'v1', name)).size,
      0,
    )
    expect(total).toBeLessThanOrEqual(2_500)
  })

  test('what alone would be too large is not kept', async () => {
    const cache = open(500)
    await cache.put('q', noise(1_000, 1), 's')
    expect(files()).toEqual([])
  })

  test.each([
    ['cut short', (file: string) => truncateSync(file, statSync(file).size - 4)],
    ['emptied', (file: string) => truncateSync(file, 0)],
    ['overwritten', (file: string) => writeFileSync(file, 'not an entry')],
  ])('a file %s is no entry and is removed', async (_, damage) => {
    const cache = open()
    await cache.put('q', noise(500, 3), 's')
    damage(path.join(folder, 'v1', files()[0]!))
    expect(await cache.get('q')).toBeNull()
    expect(files()).toEqual([])
  })

  test('what a crash left half-written is removed later, and never read', async () => {
    const cache = open()
    await cache.put('q', bytes('x'), 's')
    const orphan = path.join(folder, 'v1', 'dead.gz.abc.tmp')
    writeFileSync(orphan, 'half')
    utimesSync(orphan, new Date(now - 2 * 3_600_000), new Date(now - 2 * 3_600_000))
    await open().put('r', bytes('y'), 's')
    expect(files().filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('a folder that cannot be written costs nothing but the cache', async () => {
    writeFileSync(path.join(folder, 'v1'), 'in the way')
    const cache = open()
    await cache.put('q', bytes('x'), 's')
    expect(await cache.get('q')).toBeNull()
  })

  test('a size of 0 switches it off', async () => {
    const cache = open(0)
    await cache.put('q', bytes('x'), 's')
    expect(readdirSync(folder)).toEqual([])
  })
})
