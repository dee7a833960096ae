// Who moves the write-ahead log into the database file: a thread of its own while the program writes, because thousands of pages
// take the disk some twenty milliseconds. A log is written over from its beginning only when nothing of it is left to move, and
// a busy program always has just added something: so the program itself moves the last few pages, between two transactions, when
// the thread says that it is through. SQLite's own checkpoint at LOG_PAGES stays for when there is no thread, or it is slow.
import { Worker } from 'node:worker_threads'
import { type Connection, LOG_PAGES } from './sqlite.ts'
import { endsWithin, threadFile } from './thread.ts'

/** Places in the numbers that both sides see. */
export const CALLED = 0
export const HELD = 1
export const ENDS = 2
export const FINISH = 3
const PLACES = 4

/** What the thread is given. */
export interface CheckpointTask {
  database: string
  nativeBinding: string | undefined
  shared: Int32Array
}

export interface Checkpoints {
  /**
   * Call in every transaction: starts the thread when the log has become long, and has it look now and then. Never
   * throws. True: the thread is through, so call `finish` after this commit.
   */
  wake(): boolean
  /** Moves the last pages. Call between two transactions; never throws. */
  finish(): void
  /** Runs `work` while the thread keeps off the database; also when the thread does not come out of the disk for seconds. */
  alone<T>(work: () => T): T
  /** Ends the thread; it is started again when the log has become long again. Call when the log is empty. */
  dismiss(): void
  /** Ends the thread for good and answers when it is gone, or does not end within a second. */
  stop(): Promise<void>
}

export interface CheckpointOptions {
  /** The one that writes. */
  connection: Connection
  database: string
  nativeBinding?: string | undefined
  /** Length of the write-ahead log's file. */
  logBytes(): number
  /** Thread entry; only tests hand in another one. */
  entry?: string
}

/** A program that writes little never has a thread: SQLite's own checkpoints are short then, and there are few. */
const START_BYTES = (LOG_PAGES / 4) * 4096
const CALL_EVERY_MS = 10
/** After a thread has failed, for instance on a full disk, SQLite's own checkpoint does it all for a while. */
const REST_MS = 60_000
const PATIENCE_MS = 5_000
const STOP_MS = 1_000

export function createCheckpoints(options: CheckpointOptions): Checkpoints {
  const { connection, database, nativeBinding, logBytes } = options
  const { entry = threadFile('checkpoint-thread') } = options
  const pass = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const shared = new Int32Array(new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT))
  let thread: Worker | null = null
  let stopped = false
  let calledAt = Number.NEGATIVE_INFINITY
  let restsUntil = Number.NEGATIVE_INFINITY

  function start(): void {
    const task: CheckpointTask = { database, nativeBinding, shared }
    const started = new Worker(entry, {
      name: 'checkpoints',
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    })
    started.unref()
    // What it stumbled over, the program meets as well when it moves the log itself.
    started.on('error', () => {
      restsUntil = performance.now() + REST_MS
    })
    started.once('exit', () => {
      thread = null
      Atomics.store(shared, ENDS, 0)
      release()
    })
    thread = started
  }

  /** The system may have no thread to give, or not tell the log's length: no reason for a commit to fail. */
  function startWhenLong(now: number): void {
    try {
      if (logBytes() >= START_BYTES) start()
    } catch {
      restsUntil = now + REST_MS
    }
  }

  function call(): void {
    Atomics.store(shared, CALLED, 1)
    Atomics.notify(shared, CALLED)
  }

  function release(): void {
    Atomics.store(shared, HELD, 0)
    Atomics.notify(shared, HELD)
  }

  function dismiss(): void {
    if (thread === null) return
    Atomics.store(shared, ENDS, 1)
    call()
  }

  return {
    wake() {
      const now = performance.now()
      if (now - calledAt >= CALL_EVERY_MS) {
        calledAt = now
        if (thread !== null) call()
        else if (!stopped && now >= restsUntil) startWhenLong(now)
      }
      return Atomics.load(shared, FINISH) === 1
    },
    finish() {
      Atomics.store(shared, FINISH, 0)
      try {
        pass.get()
      } catch {
        // Nothing is lost by a log that stays: as with SQLite's own checkpoints, the commit before this one counts.
      }
    },
    alone(work) {
      if (thread === null) return work()
      const until = performance.now() + PATIENCE_MS
      while (Atomics.compareExchange(shared, HELD, 0, 1) !== 0) {
        const left = until - performance.now()
        if (left <= 0) return work()
        Atomics.wait(shared, HELD, 1, left)
      }
      try {
        return work()
      } finally {
        release()
      }
    },
    dismiss,
    async stop() {
      stopped = true
      const ending = thread
      if (ending === null) return
      const isGone = endsWithin(ending, STOP_MS)
      dismiss()
      await isGone
    },
  }
}
