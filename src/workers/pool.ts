// Compute in threads. The only file that knows Piscina; a bundle finds the thread's entry beside itself.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { AppError } from '../base/errors.ts'
import type { Compute, RunOptions } from './compute.ts'
import { stopReason } from './context.ts'
import { type FromThread, openError, outOfMemory } from './envelope.ts'
import { CANCEL_FLAG, createPulse } from './pulse.ts'
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
  /** A thread that lives this long after it was terminated is written off. */
  writeOffMs?: number
  /** Hears of each thread that is written off, and how many that makes. */
  onWrittenOff?: (count: number) => void
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
    writeOffMs = 5_000,
    onWrittenOff = () => {},
    workerFile = ownWorkerFile(),
  } = options
  let piscina: Piscina | null = null
  let runs = 0
  // Counted here: Piscina does not count runs that can be aborted against its own limit.
  let inFlight = 0
  let closed = false
  let writtenOff = 0
  const retiring = new Set<Promise<void>>()
  /** Terminated, and not gone yet. */
  const ending = new Set<unknown>()

  const retire = (old: Piscina): void => {
    const ending = old.close().catch(() => old.destroy())
    retiring.add(ending)
    void ending.finally(() => retiring.delete(ending))
  }

  /**
   * `kill` makes Piscina terminate one thread and start another. A thread inside a native call ends only with that call,
   * so who is still there after a while is counted: nobody can take its core and its memory back.
   */
  const watchEnd = (piscina: Piscina, kill: () => void): void => {
    const before = piscina.threads
    kill()
    const after = new Set(piscina.threads)
    for (const thread of before) {
      if (after.has(thread)) continue
      const timer = setTimeout(() => onWrittenOff(++writtenOff), writeOffMs)
      timer.unref()
      ending.add(thread)
      thread.once('exit', () => {
        clearTimeout(timer)
        ending.delete(thread)
      })
    }
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
        const piscina = threadsForNextRun()
        const kill = (killer: AbortController): void => watchEnd(piscina, () => killer.abort())
        const settings = { ...runOptions, graceMs, kill }
        return (await runInThread(piscina, name, input, settings)) as never
      } finally {
        inFlight--
      }
    },
    renew() {
      if (piscina !== null) retire(piscina)
      piscina = null
      runs = 0
    },
    load: () => ({
      threads,
      inFlight,
      most: threads + waiting,
      writtenOff,
      ending: ending.size,
      closed,
    }),
    async close() {
      closed = true
      await Promise.all([piscina?.destroy(), ...retiring])
    },
  }
}

interface RunSettings extends RunOptions {
  graceMs: number
  /** Terminates the thread of the run. */
  kill(killer: AbortController): void
}

async function runInThread(
  piscina: Piscina,
  name: string,
  input: unknown,
  { signal, onProgress, transfer = [], pulse = createPulse(), graceMs, kill }: RunSettings,
): Promise<unknown> {
  const { port1, port2 } = new MessageChannel()
  const killer = new AbortController()
  let graceTimer: NodeJS.Timeout | undefined
  const cancel = (): void => {
    Atomics.store(pulse, CANCEL_FLAG, 1)
    // Memory only comes back with the thread that holds it: that one is not asked, and never used again (experiment C4).
    if (stopReason(signal).code === 'MEMORY_LIMIT') kill(killer)
    else graceTimer = setTimeout(() => kill(killer), graceMs)
  }
  signal?.addEventListener('abort', cancel, { once: true })
  const answer = receive(port1, onProgress)
  const message: ToThread = { name, input, port: port2, pulse }
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
