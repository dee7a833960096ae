// A saved extract that is read while it is decoded, for a command that draws one place and ends.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { AppError } from '../base/errors.ts'
import type { ByteSource } from '../kernel/formats/byte-source.ts'

export interface ExtractPieces extends ByteSource {
  close(): void
}

/** Opens a plain file; null for what is compressed, or says no size, such as a pipe. Reading throws FILE_UNREADABLE. */
export function openPieces(file: string): ExtractPieces | null {
  if (/\.gz$/i.test(file)) return null
  // Asked before it is opened: whoever opens a named pipe waits for its writer, and who closes it again loses what was written.
  const status = statSync(file)
  if (!status.isFile() || status.size === 0) return null
  const handle = openSync(file, 'r')
  return {
    size: status.size,
    read(into, position) {
      try {
        return readSync(handle, into, 0, into.length, position)
      } catch (cause) {
        const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason'
        throw new AppError('FILE_UNREADABLE', `${file} cannot be read to its end (${reason}).`, {
          cause,
        })
      }
    },
    close: () => closeSync(handle),
  }
}
