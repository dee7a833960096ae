// Bytes named by their SHA-256: up to 64 KiB inside the database, larger ones as files blobs/aa/<sha256>.
// What is handed out was checked against its name; what does not match goes to quarantine and is never served.
import { createHash, webcrypto } from 'node:crypto'
import { createReadStream, renameSync, statSync, unlinkSync } from 'node:fs'
import { opendir, readFile, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { makeFolderDurably, writeFileDurablyAsync } from './folders.ts'
import type { Connection } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

/** The most that is kept inside the database, in bytes. */
const INLINE_LIMIT = 65_536
/** Above this, hashing is handed to Node's own threads instead of holding up the event loop. */
const HASH_HERE_LIMIT = 262_144
/** A checked file is trusted this long while its size and times stay the same. */
const TRUST_MS = 600_000

/** Bytes that are safely on disk, waiting for the transaction that names them. */
export interface PreparedBlob {
  /** Hex. */
  sha256: string
  size: number
  /** The bytes when they belong into the database, else null. */
  inline: Uint8Array | null
}

interface OpenedBlob {
  sha256: string
  size: number
  stream(start?: number, end?: number): Readable
  bytes(): Promise<Uint8Array>
}

export interface Blobs {
  /** Makes the bytes durable; `sha256` (hex) when it is known. Held against collection until `link` or `abandon`. */
  prepare(bytes: Uint8Array, sha256?: string): Promise<PreparedBlob>
  /** Names the bytes in the open transaction; answers the name as rows keep it, 32 bytes. */
  link(blob: PreparedBlob): Buffer
  abandon(blob: PreparedBlob): void
  /** Checks the bytes and hands them out. Throws RESULT_CORRUPT when they are damaged or gone, STORE_UNAVAILABLE when they cannot be read. */
  open(sha256: string): Promise<OpenedBlob>
  /** Reads some blobs, chosen by chance, and answers how many were damaged; those are put aside. Throws what the disk says. */
  sample(most: number): Promise<number>
  /** Removes blobs that no row names any more; answers how many. */
  collect(): number
  /** Removes files that no row names and that are older than a day; answers how many. */
  collectFiles(now: number): Promise<number>
}

/** `onFull` hears of every file that found no room. */
export function createBlobs(
  connection: Connection,
  transactions: Transactions,
  folders: { blobs: string; quarantine: string },
  clock: { now(): number; monotonic(): number },
  onFull: () => void,
): Blobs {
  const insert = connection.prepare(
    `INSERT INTO blobs (sha256, size, bytes, created_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes WHERE bytes IS NOT excluded.bytes`,
  )
  const find = connection.prepare('SELECT size, bytes FROM blobs WHERE sha256 = ?')
  const unused = connection.prepare(
    `SELECT sha256, bytes IS NULL AS isFile FROM blobs AS b
     WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE input_sha256 = b.sha256)
       AND sha256 NOT IN (SELECT result_sha256 FROM jobs WHERE result_sha256 IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = b.sha256)`,
  )
  const some = connection.prepare('SELECT sha256 FROM blobs ORDER BY random() LIMIT ?').pluck()
  const remove = connection.prepare('DELETE FROM blobs WHERE sha256 = ?')
  /** How many prepared blobs of this name wait for their transaction. */
  const pinned = new Map<string, number>()
  /** Files that were read through and found right: their stamp and when. */
  const trusted = new Map<string, { stamp: string; at: number }>()
  let temporaryCount = 0

  const fileOf = (sha256: string) => path.join(folders.blobs, sha256.slice(0, 2), sha256)

  function stampOf(file: string): string | null {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false })
    return found === undefined
      ? null
      : `${found.ino}.${found.size}.${found.mtimeNs}.${found.ctimeNs}`
  }

  function isTrusted(sha256: string): boolean {
    const entry = trusted.get(sha256)
    if (entry === undefined || clock.monotonic() - entry.at > TRUST_MS) return false
    return entry.stamp === stampOf(fileOf(sha256))
  }

  function trust(sha256: string): void {
    const stamp = stampOf(fileOf(sha256))
    if (stamp === null) return
    if (trusted.size > 4096) trusted.clear()
    trusted.set(sha256, { stamp, at: clock.monotonic() })
  }

  function pin(sha256: string, by: number): void {
    const count = (pinned.get(sha256) ?? 0) + by
    if (count > 0) pinned.set(sha256, count)
    else pinned.delete(sha256)
  }

  function corrupt(sha256: string): never {
    trusted.delete(sha256)
    const file = fileOf(sha256)
    try {
      renameSync(file, path.join(folders.quarantine, `${sha256}.${Math.trunc(clock.now())}`))
    } catch {
      // Gone already, or held open by somebody: it is not served either way.
    }
    throw new AppError(
      'RESULT_CORRUPT',
      'The stored bytes do not match their SHA-256 any more; they were put aside. Run the job again.',
    )
  }

  async function hashFile(file: string): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk)
    return hash.digest('hex')
  }

  async function checkFile(sha256: string, size: number): Promise<void> {
    const file = fileOf(sha256)
    if (isTrusted(sha256)) return
    let matches = false
    try {
      matches = (await stat(file)).size === size && (await hashFile(file)) === sha256
    } catch (error) {
      // Only a file that is not there is gone: one that cannot be read just now may be whole.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw diskError(error)
    }
    if (!matches) corrupt(sha256)
    trust(sha256)
  }

  const blobs: Blobs = {
    async prepare(bytes, known) {
      const sha256 = known ?? (await digest(bytes))
      pin(sha256, 1)
      if (bytes.length <= INLINE_LIMIT) return { sha256, size: bytes.length, inline: bytes }
      try {
        const file = fileOf(sha256)
        if (!isTrusted(sha256)) {
          makeFolderDurably(path.dirname(file))
          temporaryCount++
          await writeFileDurablyAsync(file, `${file}.${process.pid}.${temporaryCount}.tmp`, bytes)
        }
      } catch (error) {
        pin(sha256, -1)
        if (isFull(error)) onFull()
        throw diskError(error)
      }
      return { sha256, size: bytes.length, inline: null }
    },

    link(blob) {
      const name = Buffer.from(blob.sha256, 'hex')
      insert.run(name, blob.size, blob.inline, clock.now())
      transactions.afterCommit(() => pin(blob.sha256, -1))
      return name
    },

    abandon: (blob) => pin(blob.sha256, -1),

    async open(sha256) {
      const row = find.get(Buffer.from(sha256, 'hex')) as
        | { size: number; bytes: Buffer | null }
        | undefined
      if (row === undefined) corrupt(sha256)
      const { size, bytes } = row
      if (bytes !== null) {
        if (sha256Hex(bytes) !== sha256) corrupt(sha256)
        return {
          sha256,
          size,
          stream: (start = 0, end = size) => Readable.from([bytes.subarray(start, end)]),
          bytes: async () => bytes,
        }
      }
      await checkFile(sha256, size)
      const file = fileOf(sha256)
      return {
        sha256,
        size,
        // createReadStream counts its end inclusively.
        stream: (start = 0, end = size) =>
          end > start
            ? createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 18 })
            : Readable.from([]),
        bytes: () => readFile(file),
      }
    },

    async sample(most) {
      let damaged = 0
      for (const name of some.all(most) as Buffer[]) {
        const sha256 = name.toString('hex')
        // What was trusted a moment ago may have rotted since: a look is a look.
        trusted.delete(sha256)
        try {
          await blobs.open(sha256)
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'RESULT_CORRUPT') throw error
          // Collected between the choice and the look: nothing is wrong.
          if (find.get(name) !== undefined) damaged++
        }
      }
      return damaged
    },

    collect() {
      return transactions.transaction(() => {
        let count = 0
        for (const row of unused.all() as { sha256: Buffer; isFile: number }[]) {
          const sha256 = row.sha256.toString('hex')
          if (pinned.has(sha256)) continue
          remove.run(row.sha256)
          count++
          if (row.isFile === 0) continue
          transactions.afterCommit(() => {
            trusted.delete(sha256)
            if (pinned.has(sha256)) return
            try {
              unlinkSync(fileOf(sha256))
            } catch {
              // Somebody reads it (Windows) or it is gone: collectFiles comes by again.
            }
          })
        }
        return count
      })
    },

    async collectFiles(now) {
      let count = 0
      for await (const entry of await opendir(folders.blobs, { recursive: true })) {
        if (!entry.isFile()) continue
        const file = path.join(entry.parentPath, entry.name)
        const isName = /^[0-9a-f]{64}$/.test(entry.name)
        if (isName && find.get(Buffer.from(entry.name, 'hex')) !== undefined) continue
        if (pinned.has(entry.name) || now - (await stat(file)).mtimeMs < 86_400_000) continue
        await unlink(file)
        count++
      }
      return count
    },
  }
  return blobs
}

/** SHA-256 as hex; large input is hashed by Node's own threads. */
export async function digest(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= HASH_HERE_LIMIT) return sha256Hex(bytes)
  const hash = await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Buffer.from(hash).toString('hex')
}

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')

function diskError(error: unknown): unknown {
  if (isFull(error)) {
    return new AppError(
      'DISK_LOW',
      'The disk is full; nothing was stored. Free some space and try again.',
      {
        cause: error,
      },
    )
  }
  return new AppError(
    'STORE_UNAVAILABLE',
    'The data folder cannot be written; check its rights and the disk.',
    {
      cause: error,
    },
  )
}
