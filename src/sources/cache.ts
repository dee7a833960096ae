// Answers of outside servers kept on disk: bounded, expiring, and safe to lose. One file per key, written aside and renamed,
// so a crash leaves either the whole entry or none; gzip's own checksum finds damage.
import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Clock } from '../base/clock.ts'
import { sha256Hex } from '../base/hash.ts'
import { makeFolder } from '../base/make-folder.ts'

export interface CacheEntry {
  bytes: Uint8Array
  /** Who gave the answer. */
  source: string
  /** Milliseconds since 1970 UTC. */
  storedAt: number
  /** Younger than the time to live; an older one is only for when the source fails. */
  fresh: boolean
}

export interface Cache {
  /** Null when there is none, or it is damaged. */
  get(key: string): Promise<CacheEntry | null>
  /** Never rejects: a full or read-only disk means no cache, not a failed job. */
  put(key: string, bytes: Uint8Array, source: string): Promise<void>
  /** Looks at the folder, and makes it when it is not there. */
  state(): Promise<CacheState>
}

export interface CacheState {
  writable: boolean
  entries: number
  bytes: number
  maxBytes: number
}

export interface CacheOptions {
  folder: string
  /** Most bytes on disk; the least recently used go first. 0 = no cache. */
  maxBytes: number
  clock: Clock
  timeToLiveMs?: number
}

interface Header {
  at: number
  size: number
  source: string
}

/** Part of every key and folder name; a change of the file's shape starts anew. */
const LAYOUT = 'v1'
const WEEK_MS = 7 * 24 * 3_600_000
/** Leftovers of a crash are removed once they are this old. */
const ORPHAN_MS = 3_600_000
const zip = promisify(gzip)
const unzip = promisify(gunzip)

export function createCache(options: CacheOptions): Cache {
  const { clock, maxBytes, timeToLiveMs = WEEK_MS } = options
  const folder = path.join(options.folder, LAYOUT)
  const fileOf = (key: string): string => path.join(folder, `${sha256Hex(key)}.gz`)
  let cleaned: Promise<void> | null = null

  return {
    async get(key) {
      if (maxBytes === 0) return null
      const file = fileOf(key)
      try {
        const { header, body } = split(await readFile(file))
        const bytes = await unzip(body, { maxOutputLength: Math.max(1, header.size) })
        if (bytes.length !== header.size) throw new Error('wrong size')
        // The file's time is its last use; the header keeps when it was stored.
        const now = new Date(clock.now())
        await utimes(file, now, now).catch(() => {})
        const fresh = clock.now() - header.at < timeToLiveMs && header.at <= clock.now()
        return { bytes, source: header.source, storedAt: header.at, fresh }
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOENT')
          await rm(file, { force: true }).catch(() => {})
        return null
      }
    },

    async put(key, bytes, source) {
      if (maxBytes === 0) return
      try {
        makeFolder(folder, 0o700)
        const header: Header = { at: clock.now(), size: bytes.length, source }
        const body = await zip(bytes, { level: 1 })
        const content = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body])
        if (content.length <= maxBytes) await writeWhole(fileOf(key), content)
        cleaned ??= removeOrphans(folder, clock.now())
        await cleaned
        await evict(folder, maxBytes)
      } catch {
        // Nothing to do: the answer is used, only not kept.
      }
    },

    async state() {
      const entries = await listEntries(folder).catch(() => [])
      const bytes = entries.reduce((sum, { size }) => sum + size, 0)
      return { writable: await isWritable(folder), entries: entries.length, bytes, maxBytes }
    },
  }
}

function split(content: Buffer): { header: Header; body: Buffer } {
  const end = content.indexOf(0x0a)
  return {
    header: JSON.parse(content.toString('utf8', 0, end)) as Header,
    body: content.subarray(end + 1),
  }
}

async function writeWhole(file: string, content: Uint8Array): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(temporary, content, { flag: 'wx' })
    const handle = await open(temporary, 'r+')
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function removeOrphans(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.tmp')) continue
    const file = path.join(folder, name)
    const status = await stat(file).catch(() => null)
    if (status !== null && now - status.mtimeMs > ORPHAN_MS) await rm(file, { force: true })
  }
}

/** By a file that is written and removed: rights alone do not tell of a full or read-only disk. */
async function isWritable(folder: string): Promise<boolean> {
  const probe = path.join(folder, `probe.${randomBytes(6).toString('hex')}.tmp`)
  try {
    makeFolder(folder, 0o700)
    await writeFile(probe, 'x', { flag: 'wx' })
    await rm(probe, { force: true })
    return true
  } catch {
    return false
  }
}

async function listEntries(folder: string) {
  const entries: { file: string; size: number; usedAt: number }[] = []
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.gz')) continue
    const file = path.join(folder, name)
    const status = await stat(file).catch(() => null)
    if (status !== null) entries.push({ file, size: status.size, usedAt: status.mtimeMs })
  }
  return entries
}

/** Removes the least recently used entries until the rest fits. */
async function evict(folder: string, maxBytes: number): Promise<void> {
  const entries = await listEntries(folder)
  let total = entries.reduce((sum, { size }) => sum + size, 0)
  entries.sort((a, b) => a.usedAt - b.usedAt)
  for (const { file, size } of entries) {
    if (total <= maxBytes) return
    await rm(file, { force: true })
    total -= size
  }
}
