// Opens an elevation file for random access: plain files through a handle, `.hgt.zip` and `.hgt.gz` unpacked whole, within limits.
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { DemReader } from '../kernel/formats/dem-file.ts'
import { demUnreadable } from '../kernel/formats/dem-file.ts'
import { readZip, ZipProblem } from './zip.ts'

/** An unpacked tile: 3601² posts are 26 MB; anything far above is no tile. */
const MAX_UNPACKED_BYTES = 64 << 20
const unzip = promisify(gunzip)

/** A reader that must be closed; `name` is what the tile is called inside (`S23W045.hgt` for `S23W045.hgt.zip`). */
export interface OpenDemReader extends DemReader {
  name: string
  close(): Promise<void>
}

/** Whether a file name is one of an elevation file. */
export function isDemName(name: string): boolean {
  return /\.(tiff?|hgt|hgt\.zip|hgt\.gz)$/i.test(name)
}

/** Opens `path`, called `name` in messages. DEM_UNREADABLE when it cannot be opened or unpacked; `signal` stops between reads. */
export async function openDemReader(
  path: string,
  name: string,
  signal: AbortSignal,
): Promise<OpenDemReader> {
  signal.throwIfAborted()
  const plain = name.replace(/\.(zip|gz)$/i, '')
  if (/\.zip$/i.test(name)) return memoryReader(plain, await unpackZip(path, name))
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw demUnreadable(name, `it cannot be opened (${cause.code ?? 'unknown error'})`)
  })
  try {
    const { size } = await handle.stat()
    if (!/\.gz$/i.test(name)) return handleReader(handle, size, name, signal)
    if (size > MAX_UNPACKED_BYTES) throw demUnreadable(name, 'it is too large for a packed tile')
    const packed = await handle.readFile()
    const bytes = await unzip(packed, { maxOutputLength: MAX_UNPACKED_BYTES }).catch(() => {
      throw demUnreadable(name, 'it is damaged or unpacks to more than a tile')
    })
    await handle.close()
    return memoryReader(plain, bytes)
  } catch (error) {
    await handle.close()
    throw error
  }
}

function handleReader(
  handle: FileHandle,
  size: number,
  name: string,
  signal: AbortSignal,
): OpenDemReader {
  return {
    name,
    size,
    async read(offset, target) {
      for (let done = 0; done < target.length; ) {
        signal.throwIfAborted()
        const { bytesRead } = await handle.read(target, done, target.length - done, offset + done)
        if (bytesRead === 0) throw demUnreadable(name, 'it is cut short')
        done += bytesRead
      }
    },
    close: () => handle.close(),
  }
}

function memoryReader(name: string, bytes: Uint8Array): OpenDemReader {
  return {
    name,
    size: bytes.length,
    async read(offset, target) {
      if (!(offset >= 0 && offset + target.length <= bytes.length)) {
        throw demUnreadable(name, 'it is cut short')
      }
      target.set(bytes.subarray(offset, offset + target.length))
    },
    close: async () => {},
  }
}

/** The one `.hgt` inside a zip file. */
async function unpackZip(path: string, name: string): Promise<Uint8Array> {
  const limits = { maxEntries: 100, maxBytes: MAX_UNPACKED_BYTES, maxFiles: 1 }
  const files = await readZip(path, (inside) => /\.hgt$/i.test(inside), limits).catch((error) => {
    throw demUnreadable(name, error instanceof ZipProblem ? error.message : 'it is damaged')
  })
  const [tile] = files.values()
  if (tile === undefined) throw demUnreadable(name, 'it holds no .hgt tile')
  return tile
}
