// Tells a disk that failed or is full from every other mistake, whether SQLite or the file system says it.
import { AppError } from './errors.ts'

/**
 * Codes of Node's file calls and of SQLite that speak of the disk, not of the bytes on it. A short read is about the
 * bytes: the file ends before them.
 */
const CODES =
  /^(EIO|ENOSPC|EDQUOT|EROFS|ENXIO|ENODEV|SQLITE_(IOERR(?!_SHORT_READ|_CORRUPTFS|_DATA)|FULL|CANTOPEN|READONLY|PROTOCOL|BUSY|LOCKED|NOMEM|PERM)(_\w+)?)$/

/** Whether a call on the data folder failed, so that nothing can be said about what is stored there. */
export function isDiskTrouble(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown }
  // Nothing can be made there although the parent is: /proc and its like, or a disk that went away.
  if (code === 'ENOENT' && syscall === 'mkdir') return true
  return typeof code === 'string' && CODES.test(code)
}

/** What to say about an error that came while the program was starting; an AppError stays as it is. */
export function startProblem(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (!isDiskTrouble(error)) return refusedFile(error) ?? new AppError('INTERNAL')
  return new AppError(
    'STORE_UNAVAILABLE',
    'The data folder could not be read or written; nothing in it was changed. Check the disk and its room, then start again.',
    { cause: error },
  )
}

/** For a file or folder that the system refused: no right to it, or something else where the folder should be. */
function refusedFile(error: unknown): AppError | null {
  const { code, syscall, path } = (error ?? {}) as Record<string, unknown>
  if (![code, syscall, path].every((part) => typeof part === 'string')) return null
  return new AppError(
    'STORE_UNAVAILABLE',
    `The data folder could not be used (${code}). See that it is a folder in which you may read and write, or name another, then start again.`,
    { cause: error },
  )
}
