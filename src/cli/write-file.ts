// Files that appear whole or not at all: written beside their place under another name, then renamed.
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'

export interface FileToWrite {
  file: string
  /** All of it, or what was written in pieces before. */
  bytes: Uint8Array | PiecedFile
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
      if (bytes instanceof PiecedFile) {
        pending.push({ temporary: bytes.close(), file: target })
        continue
      }
      const temporary = temporaryName(target)
      pending.push({ temporary, file: target })
      makeFolder(path.dirname(target))
      await writeWhole(temporary, bytes, signal)
    }
    signal.throwIfAborted()
    for (const { temporary, file } of pending) await rename(temporary, file)
  } catch (error) {
    for (const { temporary } of pending) await rm(temporary, { force: true }).catch(() => {})
    if (signal.aborted) throw signal.reason
    throw notWritable(error)
  }
}

const temporaryName = (target: string): string => `${target}.${randomBytes(4).toString('hex')}.tmp`

function notWritable(cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason'
  return new AppError(
    'FILE_UNREADABLE',
    `The output cannot be written (${reason}); check the folder given with -o and the free space.`,
    { cause },
  )
}

/** A file that is written while it is made, under its other name; `writeFiles` puts it in place, `discard` removes it. */
export class PiecedFile {
  private readonly temporary: string
  private handle: number | null = null
  private begun = false

  /** Nothing is opened before the first piece. */
  constructor(file: string) {
    this.temporary = temporaryName(path.resolve(file))
  }

  /** Writes one piece before it returns. FILE_UNREADABLE when that fails. */
  readonly append = (piece: Uint8Array): void => {
    try {
      if (this.handle === null) {
        makeFolder(path.dirname(this.temporary))
        this.handle = openSync(this.temporary, 'wx')
        this.begun = true
      }
      for (let at = 0; at < piece.length; ) at += writeSync(this.handle, piece, at)
    } catch (error) {
      throw notWritable(error)
    }
  }

  /** Where the pieces are. */
  close(): string {
    if (this.handle !== null) closeSync(this.handle)
    this.handle = null
    return this.temporary
  }

  /** Nothing is left of it. Does nothing once it is in place. */
  discard(): void {
    const temporary = this.close()
    // What was never made may lie where nothing can be: removing it would be a second failure that hides the first.
    if (this.begun) rmSync(temporary, { force: true })
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
