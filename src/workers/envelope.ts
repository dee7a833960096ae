// What crosses between a thread and its owner: an error thrown across a thread keeps its message but loses code and data,
// so every answer travels in an envelope, on a port of its own, in order with the progress reports.
import { AppError, type PlainError, toPlain } from '../base/errors.ts'

/** Messages from the thread to its owner. */
export type FromThread =
  | { kind: 'progress'; step: string; fraction: number }
  | { kind: 'value'; value: unknown }
  | { kind: 'error'; error: PlainError; trace: string | null }

/** What failed, in a form that survives the thread; `trace` is for the log only. */
export function sealError(error: unknown): FromThread {
  const cause = error instanceof AppError && error.cause !== undefined ? error.cause : error
  return {
    kind: 'error',
    error: toPlain(outOfMemory(error) ?? error),
    trace: cause instanceof Error ? (cause.stack ?? cause.message) : null,
  }
}

/** The AppError again, with the thread's stack as its cause. */
export function openError(plain: PlainError, trace: string | null): AppError {
  return new AppError(plain.code, plain.message, {
    data: plain.data,
    cause: trace === null ? undefined : new Error(trace),
  })
}

/** MEMORY_LIMIT for what V8 raises when a buffer cannot be had, or a thread outgrew its heap; null for anything else. */
export function outOfMemory(error: unknown): AppError | null {
  const code = (error as { code?: unknown } | null)?.code
  const refused =
    error instanceof RangeError &&
    /allocation failed|invalid (typed )?array (buffer )?length/i.test(error.message)
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY' && !refused) return null
  return new AppError(
    'MEMORY_LIMIT',
    'The area needs more memory than one job may take; ask for a smaller radius or fewer themes.',
    { cause: error },
  )
}
