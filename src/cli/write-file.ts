// Files that appear whole or not at all: written beside their place under another name, then renamed.
import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'

export interface FileToWrite {
  file: string
  bytes: Uint8Array
}

/**
 * Writes all files, then puts them in place one after another. When anything fails or the signal aborts before the first is
 * in place, none of them is. FILE_UNREADABLE names what could not be written.
 */
export async function writeFiles(
  files: readonly FileToWrite[],
  signal: AbortSignal,
): Promise<void> {
  const pending: { temporary: string; file: string }[] = []
  try {
    for (const { file, bytes } of files) {
      const target = path.resolve(file)
      const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`
      pending.push({ temporary, file: target })
      await mkdir(path.dirname(target), { recursive: true })
      await writeWhole(temporary, bytes, signal)
    }
    signal.throwIfAborted()
    for (const { temporary, file } of pending) await rename(temporary, file)
  } catch (error) {
    for (const { temporary } of pending) await rm(temporary, { force: true }).catch(() => {})
    if (signal.aborted) throw signal.reason
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new AppError(
      'FILE_UNREADABLE',
      `The output cannot be written (${reason}); check the folder given with -o and the free space.`,
      { cause: error },
    )
  }
}

/** Largest piece of one write: Node's own `writeFile` hands a large file to the system in hundreds of small ones. */
const PIECE_BYTES = 64 * 2 ** 20

async function writeWhole(file: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    for (let at = 0; at < bytes.length; ) {
      signal.throwIfAborted()
      const piece = Math.min(PIECE_BYTES, bytes.length - at)
      at += (await handle.write(bytes, at, piece)).bytesWritten
    }
  } finally {
    await handle.close()
  }
}
