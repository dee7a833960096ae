// Entry of the thread that reads the log once, for a check or an export, over a connection of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { AppError, toPlain } from '../base/errors.ts'
import { readProblem } from '../store/inspect.ts'
import { bundleFiles } from './bundle.ts'
import { type LogReader, openLogReader } from './log-reader.ts'
import type { ReadingAnswer, ReadingTask } from './readings-aside.ts'
import { createLogCheck } from './verify.ts'
import { zipStream } from './zip.ts'

/** Bytes of a piece of an archive. */
const PIECE = 256 * 1024

const task = workerData as ReadingTask
const port = parentPort!
/** Pieces that were asked for; one more is made meanwhile. */
let wanted = 1
let wake = (): void => {}

const tell = (answer: ReadingAnswer, moved: ArrayBuffer[] = []): void =>
  port.postMessage(answer, moved)

async function sendPiece(parts: readonly Uint8Array[]): Promise<void> {
  while (wanted === 0) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  wanted--
  // A copy of its own, so that it can be moved.
  const piece = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    piece.set(part, at)
    at += part.length
  }
  tell({ piece }, [piece.buffer])
}

async function sendArchive(log: LogReader): Promise<void> {
  port.on('message', () => {
    wanted++
    wake()
  })
  let parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of zipStream(bundleFiles(log))) {
    parts.push(part)
    bytes += part.length
    if (bytes < PIECE) continue
    await sendPiece(parts)
    parts = []
    bytes = 0
  }
  await sendPiece(parts)
  tell({ done: true })
}

async function read(): Promise<void> {
  const { dataFolder, nativeBinding } = task
  const second = 'archive' in task ? task.archive : undefined
  const log = openLogReader(dataFolder, { nativeBinding, second })
  try {
    if ('archive' in task) return await sendArchive(log)
    const { limit, keys } = task.check
    tell({ report: await createLogCheck({ ...log.audit, list: log.list }, keys).newest(limit) })
  } finally {
    log.close()
  }
}

/** A function: a bundle is CommonJS, where nothing can be awaited outside of one. */
async function run(): Promise<void> {
  try {
    await read()
  } catch (error) {
    const problem = readProblem(error)
    if (!(problem instanceof AppError)) throw error
    tell({ refused: toPlain(problem) })
  } finally {
    port.close()
  }
}

void run()
