// Long readings of the log beside the running program, a check of many entries or an export: each in a thread of its own over a
// connection that only reads, so that no request and no commit waits for it.
import { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { AppError, type PlainError } from '../base/errors.ts'
import { endWithin, threadFile } from '../store/thread.ts'
import type { AuditKey } from './key.ts'
import type { SecondNotes } from './log-reader.ts'
import type { EntriesReport } from './verify.ts'

interface LogPlace {
  dataFolder: string
  nativeBinding: string | undefined
}

interface CheckTask {
  /** Newest entries to check; null = all. */
  limit: number | null
  /** Keys of the HMAC column that are here. */
  keys: readonly AuditKey[]
}

/** What the thread is given. `archive`: the export bundle as a ZIP archive, up to the newest checkpoint. */
export type ReadingTask = LogPlace & ({ check: CheckTask } | { archive: SecondNotes })

/** What the thread says. An archive comes in pieces, each when one was asked for. */
export type ReadingAnswer =
  | { report: EntriesReport }
  | { piece: Uint8Array }
  | { done: true }
  | { refused: PlainError }

/** Both throw QUEUE_FULL when enough is under way, SHUTDOWN, CANCELLED after `signal`, and what is wrong with the database. */
export interface ReadingsAside {
  check(task: CheckTask, signal?: AbortSignal): Promise<EntriesReport>
  /** Bytes of the archive; the thread is never far ahead of who reads them, and is given up with a reader that takes none for long. Destroying it ends the thread. */
  archive(second: SecondNotes, signal?: AbortSignal): Promise<Readable>
  /** Threads that are there. */
  running(): number
  /** Ends what is under way. False: a thread has not ended in time. */
  stop(limitMs: number): Promise<boolean>
}

/** Threads at once. Each computes, and this is somebody's drawing computer. */
const MOST_AT_ONCE = 2
/** Seconds after which it is worth asking again. */
const AGAIN_S = 5
/** How long an archive waits for its reader, who keeps others from theirs. */
const PATIENCE_MS = 60_000

export function createReadingsAside(place: LogPlace, patienceMs = PATIENCE_MS): ReadingsAside {
  const threads = new Set<Worker>()
  let stopped = false

  /** `hear` is told each answer, `end` once, when the thread is gone: why it ended without having done its work, or null. */
  function start(
    task: { check: CheckTask } | { archive: SecondNotes },
    signal: AbortSignal | undefined,
    hear: (answer: ReadingAnswer) => void,
    end: (cause: Error | null) => void,
  ): Worker {
    if (stopped) throw new AppError('SHUTDOWN')
    if (signal?.aborted) throw new AppError('CANCELLED')
    if (threads.size >= MOST_AT_ONCE) {
      throw new AppError(
        'QUEUE_FULL',
        'As many checks or exports of the audit log as may be are under way. Ask again when one has ended.',
        { data: { retryAfterSeconds: AGAIN_S } },
      )
    }
    const thread = new Worker(threadFile('reading-thread', import.meta.dirname), {
      name: 'audit reading',
      workerData: { ...place, ...task } satisfies ReadingTask,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
    })
    threads.add(thread)
    const abort = (): void => void thread.terminate()
    signal?.addEventListener('abort', abort, { once: true })
    let cause: Error | null = new AppError('SHUTDOWN')
    thread.on('message', (answer: ReadingAnswer) => {
      if ('refused' in answer) cause = openRefused(answer.refused)
      else if (!('piece' in answer)) cause = null
      hear(answer)
    })
    thread.once('error', (error) => {
      cause = error
    })
    thread.once('exit', () => {
      threads.delete(thread)
      signal?.removeEventListener('abort', abort)
      end(signal?.aborted && cause !== null ? new AppError('CANCELLED') : cause)
    })
    return thread
  }

  return {
    check: (check, signal) =>
      new Promise((resolve, reject) => {
        let report: EntriesReport | null = null
        start(
          { check },
          signal,
          (answer) => {
            if ('report' in answer) report = answer.report
          },
          (cause) => (report === null ? reject(cause) : resolve(report)),
        )
      }),
    archive: (second, signal) =>
      new Promise((resolve, reject) => {
        let patience: NodeJS.Timeout | undefined
        const pieces = new Readable({
          read() {
            clearTimeout(patience)
            thread.postMessage(null)
          },
          destroy(error, done) {
            clearTimeout(patience)
            void thread.terminate().then(() => done(error))
          },
        })
        const giveUp = (): void => void pieces.destroy(new AppError('CANCELLED'))
        let begun = false
        const thread = start(
          { archive: second },
          signal,
          (answer) => {
            if (!('piece' in answer)) return
            clearTimeout(patience)
            patience = setTimeout(giveUp, patienceMs)
            patience.unref()
            pieces.push(answer.piece)
            if (begun) return
            begun = true
            resolve(pieces)
          },
          (cause) => {
            if (cause === null) pieces.push(null)
            else if (begun) pieces.destroy(cause)
            else reject(cause)
          },
        )
      }),
    running: () => threads.size,
    stop(limitMs) {
      stopped = true
      return endWithin(threads, limitMs)
    },
  }
}

const openRefused = ({ code, message, data }: PlainError): AppError =>
  new AppError(code, message, { data })
