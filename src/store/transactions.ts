// The one way to write: a synchronous IMMEDIATE transaction, alone or grouped with others into one commit,
// with work to be done once it is durable. A promise inside is refused.
import { AppError } from '../base/errors.ts'
import { type Connection, sqliteCode } from './sqlite.ts'

export interface Transactions {
  /** Runs `write` in its own transaction (in a savepoint when one is open) and answers what it answered. */
  transaction<T>(write: () => T): T
  /**
   * Runs `write` together with whatever else waits, in one transaction, and resolves after the commit. When one of them
   * throws, all are rolled back and run again, each in its savepoint; so `write` must not keep state outside the store.
   */
  group<T>(write: () => T): Promise<T>
  /** Calls `listener` after the commit of the open transaction; never when it is rolled back. */
  afterCommit(listener: () => void): void
  /** A setting of the writing connection, read back. */
  setting(name: string): string | number
  /** Whether a transaction is open. */
  isOpen(): boolean
  /** Called whenever something was rolled back: whoever keeps a copy of stored state drops it. */
  onRollback(listener: () => void): void
  /** The same for a copy that can take single steps back. */
  follow(follower: Follower): void
  /** Called at the end of every grouped transaction, inside it: may add writes to the same commit. */
  beforeGroupCommit(listener: () => void): void
  /** Called at the end of every transaction that was begun, grouped or alone, inside it: may add writes to the same commit. */
  beforeCommit(listener: () => void): void
  /** Resolves when nothing waits for a commit. */
  drained(): Promise<void>
}

/** A copy of stored state in memory that goes back with the transaction. */
export interface Follower {
  /** Writes what it still holds back; the transaction is about to be committed. */
  flush(): void
  /** Where it stands, nothing held back. */
  mark(): number
  /** Back to where it stood at `mark`. */
  undo(mark: number): void
  /** What was done until now stays: a transaction begins, or has been committed. */
  settle(): void
}

export interface TroubleListeners {
  /** The disk failed under the database; the connection is not used for writing after that. */
  onFailure: (error: AppError) => void
  /** A write did not fit on the disk and was rolled back. */
  onFull: () => void
}

interface Waiting {
  write: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

/** As many writes as one commit may take; more than that only makes the first one wait longer. */
const GROUP_LIMIT = 512

export function createTransactions(
  connection: Connection,
  { onFailure, onFull }: TroubleListeners,
): Transactions {
  const begin = connection.prepare('BEGIN IMMEDIATE')
  const commit = connection.prepare('COMMIT')
  const rollback = connection.prepare('ROLLBACK')
  const savepoint = connection.prepare('SAVEPOINT step')
  const release = connection.prepare('RELEASE step')
  const rollbackTo = connection.prepare('ROLLBACK TO step')
  const rollbackListeners: (() => void)[] = []
  const followers: Follower[] = []
  const groupListeners: (() => void)[] = []
  const commitListeners: (() => void)[] = []
  let committed: (() => void)[] = []
  /** A transaction of ours is open: asking SQLite costs more than most of what is asked for. */
  let isOpen = false
  let failure: AppError | null = null
  let waiting: Waiting[] = []
  let scheduled = false
  let onDrained: (() => void)[] = []

  /** SQLite's own errors in our words; after an I/O error the kernel may have dropped dirty pages, so we stop writing. */
  function translate(error: unknown): unknown {
    const code = sqliteCode(error)
    if (code === null) return error
    if (code === 'SQLITE_FULL') {
      onFull()
      return new AppError(
        'DISK_LOW',
        'The disk is full; nothing was stored. Free some space and try again.',
        {
          cause: error,
        },
      )
    }
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
      return new AppError(
        'STORE_UNAVAILABLE',
        'The database is in use by another program; try again.',
        {
          cause: error,
        },
      )
    }
    if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') {
      const first = failure === null
      failure ??= new AppError(
        'STORE_UNAVAILABLE',
        'The disk failed while the database was written; nothing was acknowledged. Restart the program.',
        { cause: error, data: { code } },
      )
      if (first) onFailure(failure)
      return failure
    }
    return error
  }

  function refuseWhenBroken(): void {
    if (failure !== null) throw failure
  }

  function runAlone<T>(write: () => T): T {
    refuseWhenBroken()
    try {
      begin.run()
    } catch (error) {
      throw translate(error)
    }
    for (const follower of followers) follower.settle()
    isOpen = true
    let value: T
    try {
      value = write()
      if (value instanceof Promise) throw new TypeError('a transaction cannot wait for a promise')
      for (const listener of commitListeners) listener()
      for (const follower of followers) follower.flush()
      commit.run()
      isOpen = false
    } catch (error) {
      isOpen = false
      if (connection.inTransaction) rollback.run()
      committed = []
      for (const follower of followers) follower.undo(0)
      for (const listener of rollbackListeners) listener()
      throw translate(error)
    }
    for (const follower of followers) follower.settle()
    const listeners = committed
    committed = []
    for (const listener of listeners) listener()
    return value
  }

  function runInside<T>(write: () => T): T {
    const mark = committed.length
    const marks = followers.map((follower) => follower.mark())
    savepoint.run()
    try {
      const value = write()
      if (value instanceof Promise) throw new TypeError('a transaction cannot wait for a promise')
      release.run()
      return value
    } catch (error) {
      // A full disk or a failed write has already ended the whole transaction.
      if (connection.inTransaction) {
        rollbackTo.run()
        release.run()
      }
      committed.length = mark
      followers.forEach((follower, i) => {
        follower.undo(marks[i]!)
      })
      for (const listener of rollbackListeners) listener()
      throw error
    }
  }

  function endGroup(): void {
    for (const listener of groupListeners) listener()
  }

  function flush(): void {
    const group = waiting.length > GROUP_LIMIT ? waiting.splice(0, GROUP_LIMIT) : waiting
    if (group === waiting) waiting = []
    scheduled = waiting.length > 0
    if (scheduled) setImmediate(flush)
    const values: unknown[] = new Array(group.length)
    try {
      runAlone(() => {
        for (let i = 0; i < group.length; i++) values[i] = group[i]!.write()
        endGroup()
      })
      for (let i = 0; i < group.length; i++) group[i]!.resolve(values[i] as never)
    } catch (error) {
      if (group.length === 1 || failure !== null) for (const one of group) one.reject(error)
      else flushOneByOne(group)
    }
    if (waiting.length === 0) {
      for (const listener of onDrained) listener()
      onDrained = []
    }
  }

  /** Somebody in the group failed: the same writes again in one commit, so that only the culprit hears of it. */
  function flushOneByOne(group: Waiting[]): void {
    const settle: (() => void)[] = []
    try {
      runAlone(() => {
        for (const one of group) {
          try {
            const value = runInside(one.write)
            settle.push(() => one.resolve(value as never))
          } catch (error) {
            if (!connection.inTransaction) throw error
            settle.push(() => one.reject(translate(error)))
          }
        }
        endGroup()
      })
      for (const listener of settle) listener()
    } catch (error) {
      for (const one of group) one.reject(error)
    }
  }

  return {
    transaction: (write) => (connection.inTransaction ? runInside(write) : runAlone(write)),
    group(write) {
      if (failure !== null) return Promise.reject(failure)
      return new Promise((resolve, reject) => {
        waiting.push({ write, resolve: resolve as (value: never) => void, reject })
        if (!scheduled) {
          scheduled = true
          setImmediate(flush)
        }
      })
    },
    afterCommit(listener) {
      if (isOpen) committed.push(listener)
      else listener()
    },
    setting: (name) => connection.pragma(name, { simple: true }) as string | number,
    isOpen: () => isOpen,
    onRollback: (listener) => void rollbackListeners.push(listener),
    follow: (follower) => void followers.push(follower),
    beforeGroupCommit: (listener) => void groupListeners.push(listener),
    beforeCommit: (listener) => void commitListeners.push(listener),
    drained: () =>
      waiting.length === 0 && !scheduled
        ? Promise.resolve()
        : new Promise((resolve) => onDrained.push(resolve)),
  }
}
