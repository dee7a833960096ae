// Entry of the thread that moves the write-ahead log into the database file: sleeps until it is called, looks how much there is to
// move, moves it without keeping anybody waiting. An error ends it; who writes then does without (checkpoints.ts).
import { workerData } from 'node:worker_threads'
import { CALLED, type CheckpointTask, ENDS, FINISH, HELD } from './checkpoints.ts'
import { applyPragmas, connect, LOG_PAGES } from './sqlite.ts'

/** Pages to move that are worth a turn: a page that is written often is moved once a turn. */
const WORTH_PAGES = (LOG_PAGES * 3) / 4
/** SQLite makes the database file durable in the pass that leaves nothing over: that is to happen here. A few passes get there. */
const MOST_PASSES = 8

const { database, nativeBinding, shared } = workerData as CheckpointTask
const connection = connect(database, { nativeBinding, fileMustExist: true })
// Neither waits for anybody: a reader, or the program that writes meanwhile, only leaves something over.
const look = connection.prepare('PRAGMA wal_checkpoint(NOOP)')
const pass = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)')

function pagesLeft(): number {
  const { log, checkpointed } = look.get() as { log: number; checkpointed: number }
  return log - checkpointed
}

/** Moves all that there is, then what was written meanwhile, until next to nothing is left; answers whether it moved anything. */
function moveLog(): boolean {
  if (pagesLeft() < WORTH_PAGES) return false
  for (let passes = 0; passes < MOST_PASSES; passes++) {
    pass.get()
    if (pagesLeft() === 0) break
  }
  // What came while the file was made durable.
  pass.get()
  return true
}

try {
  applyPragmas(connection, false)
  for (;;) {
    Atomics.wait(shared, CALLED, 0)
    Atomics.store(shared, CALLED, 0)
    if (Atomics.load(shared, ENDS) === 1) break
    if (Atomics.compareExchange(shared, HELD, 0, 1) !== 0) continue
    let moved = false
    try {
      moved = moveLog()
    } finally {
      Atomics.store(shared, HELD, 0)
      Atomics.notify(shared, HELD)
    }
    if (moved) Atomics.store(shared, FINISH, 1)
  }
} finally {
  connection.close()
}
