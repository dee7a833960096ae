// Compute in threads. The only file that knows Piscina; a bundle finds the thread's entry beside itself.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { AppError } from '../base/errors.ts'
import type { Compute, RunOptions } from './compute.ts'
import { stopReason } from './context.ts'
import { CANCEL_FLAG, type FromThread, openError, outOfMemory } from './envelope.ts'
import type { ToThread } from './serve.ts'

export interface PoolOptions {
  /** Most threads at once. */
  threads: number
  /** How long cancelled work may take to notice before its thread is killed. */
  graceMs?: number
  /** Runs that may wait for a thread; more is QUEUE_FULL. Jobs wait in the database, so this stays small. */
  waiting?: number
  /** Runs after which the threads are replaced by fresh ones, against slow leaks. */
  runsBeforeRenewal?: number
  /** Heap limit of one thread in MiB. Buffers are not counted in it. */
  heapMegabytes?: number
  /** Thread entry; only tests hand in another one. */
  workerFile?: string
}

/** Beside a bundle the entry is `worker-task.cjs` (build.config.ts), in a checkout `worker.ts`. */
function ownWorkerFile(): string {
  const bundled = path.join(import.meta.dirname, 'worker-task.cjs')
  return existsSync(bundled) ? bundled : path.join(import.meta.dirname, 'worker.ts')
}

/** Threads are started when the first run comes, so that an idle program stays small. */
export function createPool(options: PoolOptions): Compute {
  const {
    threads,
    graceMs = 3_000,
    waiting = 64,
    runsBeforeRenewal = 200,
    heapMegabytes = 512,
    workerFile = ownWorkerFile(),
  } = options
  let piscina: Piscina | null = null
  let runs = 0
  // Counted here: Piscina does not count runs that can be aborted against its own limit.
  let inFlight = 0
  let closed = false
  const retiring = new Set<Promise<void>>()

  const retire = (old: Piscina): void => {
    const ending = old.close().catch(() => old.destroy())
    retiring.add(ending)
    void ending.finally(() => retiring.delete(ending))
  }

  const threadsForNextRun = (): Piscina => {
    if (piscina !== null && runs >= runsBeforeRenewal * threads) {
      retire(piscina)
      piscina = null
      runs = 0
    }
    runs++
    piscina ??= new Piscina({
      filename: workerFile,
      name: 'runTask',
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: 60_000,
      closeTimeout: 600_000,
      // geotiff's dependency `web-worker` reads properties of workerData and dies when it is undefined.
      workerData: {},
      resourceLimits: {
        maxOldGenerationSizeMb: heapMegabytes,
        maxYoungGenerationSizeMb: 64,
        stackSizeMb: 4,
      },
    })
    return piscina
  }

  return {
    async run(name, input, runOptions = {}) {
      if (closed) throw new AppError('SHUTDOWN')
      if (runOptions.signal?.aborted) throw stopReason(runOptions.signal)
      if (inFlight >= threads + waiting) {
        throw new AppError(
          'QUEUE_FULL',
          'Too much is being computed at once; try again in a few seconds.',
        )
      }
      inFlight++
      try {
        return (await runInThread(threadsForNextRun(), name, input, runOptions, graceMs)) as never
      } finally {
        inFlight--
      }
    },
    load: () => ({ threads, inFlight, most: threads + waiting, closed }),
    async close() {
      closed = true
      await Promise.all([piscina?.destroy(), ...retiring])
    },
  }
}

async function runInThread(
  piscina: Piscina,
  name: string,
  input: unknown,
  { signal, onProgress, transfer = [] }: RunOptions,
  graceMs: number,
): Promise<unknown> {
  const flags = new Int32Array(new SharedArrayBuffer(4))
  const { port1, port2 } = new MessageChannel()
  const killer = new AbortController()
  let graceTimer: NodeJS.Timeout | undefined
  const cancel = (): void => {
    Atomics.store(flags, CANCEL_FLAG, 1)
    graceTimer = setTimeout(() => killer.abort(), graceMs)
  }
  signal?.addEventListener('abort', cancel, { once: true })
  const answer = receive(port1, onProgress)
  const message: ToThread = { name, input, port: port2, flags }
  try {
    const thread = piscina.run(message, {
      transferList: [port2, ...transfer],
      signal: killer.signal,
    })
    // A thread that dies rejects `thread`; one that lives answers on the port before `thread` resolves.
    return await Promise.race([answer, thread.then(() => answer)])
  } catch (error) {
    throw signal?.aborted ? stopReason(signal) : threadError(error)
  } finally {
    signal?.removeEventListener('abort', cancel)
    clearTimeout(graceTimer)
    port1.close()
  }
}

/** Passes progress on until the value or the error comes. */
function receive(port: MessagePort, onProgress: RunOptions['onProgress']): Promise<unknown> {
  return new Promise((resolve, reject) => {
    port.on('message', (message: FromThread) => {
      if (message.kind === 'progress') onProgress?.(message.step, message.fraction)
      else if (message.kind === 'value') resolve(message.value)
      else reject(openError(message.error, message.trace))
    })
    port.on('messageerror', reject)
  })
}

/** What Piscina itself rejects with, in our words. */
function threadError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const text = error instanceof Error ? error.message : ''
  if (/Terminating worker thread|pool is closed|being terminated/.test(text)) {
    return new AppError('SHUTDOWN', undefined, { cause: error })
  }
  return outOfMemory(error) ?? new AppError('INTERNAL', undefined, { cause: error })
}
