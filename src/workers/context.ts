// What every task is handed besides its input: Node's decoders, and `report`, which tells progress and stops cancelled work.
import { inflateSync, zstdDecompressSync } from 'node:zlib'
import { AppError } from '../base/errors.ts'
import type { Codecs } from '../kernel/pipelines/pipeline.ts'
import type { TaskContext } from './task.ts'

/** At most ten progress messages a second leave a task; a new step always does. */
const PROGRESS_INTERVAL_MS = 100
/** What is set aside before anything is known to be inflated. */
const MAX_CHUNK_BYTES = 1 << 20

/** Decoders of Node for the kernel. A stream that holds more than `expected` bytes, or is damaged, is FILE_UNREADABLE. */
export const nodeCodecs: Codecs = {
  inflate(bytes, expected) {
    try {
      // Output in one piece where it is small: zlib's own 16 KiB pieces cost a third of the time.
      const chunkSize = Math.min(Math.max(64, expected + 64), MAX_CHUNK_BYTES)
      return inflateSync(bytes, { maxOutputLength: Math.max(1, expected), chunkSize })
    } catch (cause) {
      throw new AppError(
        'FILE_UNREADABLE',
        'Compressed data is damaged or larger than the file declares; get the file again.',
        { cause },
      )
    }
  },
  zstd(bytes, expected) {
    try {
      return zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, expected) })
    } catch (cause) {
      throw new AppError(
        'FILE_UNREADABLE',
        'Compressed data is damaged or larger than the file declares; get the file again.',
        { cause },
      )
    }
  },
}

/** Throws whatever says that the work was cancelled; returns otherwise. */
export type StopCheck = () => void

/**
 * A context whose `report` first asks `assertNotStopped`, then passes progress on, thinned.
 * `fraction` is clamped to 0…1; NaN counts as 0.
 */
export function createTaskContext(
  assertNotStopped: StopCheck,
  onProgress: (step: string, fraction: number) => void,
): TaskContext {
  let lastStep = ''
  let lastTime = Number.NEGATIVE_INFINITY
  return {
    codecs: nodeCodecs,
    report(step, fraction) {
      assertNotStopped()
      const now = performance.now()
      if (step === lastStep && now - lastTime < PROGRESS_INTERVAL_MS) return
      lastStep = step
      lastTime = now
      onProgress(step, Math.min(1, Math.max(0, fraction || 0)))
    },
  }
}

/** Why work was stopped: the signal's own AppError (a time limit, a shutdown), else CANCELLED. */
export function stopReason(signal: AbortSignal | undefined): AppError {
  return signal?.reason instanceof AppError ? signal.reason : new AppError('CANCELLED')
}
