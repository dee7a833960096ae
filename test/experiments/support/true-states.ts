// Every state that a database really was in, found out from outside of the program: SQLite alone reads the file as it was before,
// with ever longer beginnings of the write-ahead log, one commit more each time. What is served must be one of them.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { JOB_COLUMNS } from '../../../src/store/job-row.ts'

const LOG_HEADER_BYTES = 32
const FRAME_BYTES = 24 + 4096

/** Job → its row as text. */
export type State = ReadonlyMap<string, string>

export interface TrueStates {
  /** After each commit, oldest first. */
  states: State[]
  /** Job → every text that its row ever had. */
  everyRow: ReadonlyMap<string, ReadonlySet<string>>
}

/** What was handed out for each job: its row as text, `told` when it was said to be damaged, nothing when there was none. */
export type Served = ReadonlyMap<string, string>
export const TOLD = 'told'

/** The same text for a row of the store and for one read by SQLite. */
export const rowText = (row: object): string => JSON.stringify(row)

/** `database` without its log, and `log` with all commits since; `scratch` is a file to work with. Throws when they do not fit. */
export function trueStates(database: string, log: string, scratch: string): TrueStates {
  writeFileSync(scratch, readFileSync(database))
  const bytes = readFileSync(log)
  const everyRow = new Map<string, Set<string>>()
  const states = [LOG_HEADER_BYTES, ...commitsIn(bytes)].map((end) => {
    rmSync(`${scratch}-shm`, { force: true })
    writeFileSync(`${scratch}-wal`, bytes.subarray(0, end))
    const state = stateOf(scratch)
    for (const [id, text] of state) everyRow.set(id, (everyRow.get(id) ?? new Set()).add(text))
    return state
  })
  return { states, everyRow }
}

/** Where each commit ends. A log that goes on after them, or began anew, would not hold all of them. */
function commitsIn(log: Buffer): number[] {
  const ends: number[] = []
  for (let at = LOG_HEADER_BYTES; at + FRAME_BYTES <= log.length; at += FRAME_BYTES) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) throw new Error('the log began anew')
    if (log.readUInt32BE(at + 4) !== 0) ends.push(at + FRAME_BYTES)
  }
  if (ends.length === 0) throw new Error('the log holds no commit')
  return ends
}

function stateOf(database: string): State {
  const db = new Database(database, { readonly: true })
  try {
    const rows = db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs ORDER BY n`).all() as { id: string }[]
    return new Map(rows.map((row) => [row.id, rowText(row)]))
  } finally {
    db.close()
  }
}

/** Which true state was served as a whole: the newest, an older one, or none. What was told to be damaged fits any. */
export function whichState(served: Served, { states }: TrueStates): 'newest' | 'older' | 'none' {
  const fits = (state: State): boolean => {
    for (const [id, text] of served) {
      if (text !== TOLD && state.get(id) !== text) return false
    }
    for (const id of state.keys()) if (!served.has(id)) return false
    return true
  }
  const at = states.findLastIndex(fits)
  return at === -1 ? 'none' : at === states.length - 1 ? 'newest' : 'older'
}
