// Power cuts of a database and its log, thousands in a minute: SQLite alone writes, the last transaction or the last checkpoint comes to
// the disk sector by sector or not, the program's look at the log follows, SQLite goes on. The log begins anew again and again, so that
// torn frames lie in what its earlier rounds left.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { storeFolders } from '../../../src/store/folders.ts'
import { mendLog } from '../../../src/store/mend-log.ts'
import { type Chance, createChance } from './experiment.ts'

const SECTOR = 512
const HEADER = 32
const FRAME = 24 + 4096
const SURVIVAL = [0, 0.1, 0.5, 0.9, 1] as const

export interface Torn {
  /** Transactions that are durable. */
  commits: number
  /** Cuts after which the log was said to be damaged or mended, though only torn. */
  alarms: number
  /** Cuts after which a durable transaction was gone, or the database broken. */
  lost: number
  /** With `spoilt`: cuts before which a durable transaction was, and after how many that was said. */
  spoilt: number
  told: number
}

/**
 * Works in the folder `top`. `spoilt`: the control, a bit is wrong as well, or a block of the disk gone, in a transaction with others
 * behind it, wherever there is one.
 */
export function tearLogs(top: string, cuts: number, seed: number, spoilt = false): Torn {
  const chance = createChance(seed)
  const torn: Torn = { commits: 0, alarms: 0, lost: 0, spoilt: 0, told: 0 }
  let folder = `${top}/0`
  let isSpoilt = false
  for (let cut = 0; cut <= cuts; cut++) {
    const folders = storeFolders(folder)
    mkdirSync(folders.quarantine, { recursive: true })
    const isTold = cut > 0 && mendLog(folders, 1).state !== 'sound'
    if (isSpoilt) {
      torn.spoilt++
      if (isTold) torn.told++
      // What a thread moved of the work behind the damage no longer fits the rest: the program would look further.
      for (const suffix of ['', '-wal']) rmSync(folders.database + suffix, { force: true })
      torn.commits = 0
    } else if (isTold) torn.alarms++

    const database = new Database(folders.database)
    const found = open(database)
    const isKept = found === torn.commits || found === torn.commits + 1
    if (!isKept || database.pragma('quick_check', { simple: true }) !== 'ok') torn.lost++
    torn.commits = found
    for (let steps = chance.below(7); steps > 0; steps--) {
      commit(database, ++torn.commits, chance)
      const mode = ['RESTART', 'PASSIVE', 'TRUNCATE'][chance.below(12)]
      if (mode !== undefined) database.pragma(`wal_checkpoint(${mode})`)
    }

    const files = () => [folders.database, `${folders.database}-wal`].map(bytesOf)
    const before = files()
    const isMoved = chance.below(4) === 0
    if (isMoved) database.pragma('wal_checkpoint(PASSIVE)')
    else commit(database, torn.commits + 1, chance)
    const [file, log] = files().map((after, i) => tear(before[i]!, after, i === 1, chance))
    database.close()
    rmSync(folder, { recursive: true })
    folder = `${top}/${cut + 1}`
    mkdirSync(folder)
    isSpoilt = spoilt && spoil(log!, before[1]!.length, chance)
    writeFileSync(`${folder}/sisrua.db`, file!)
    if (log!.length > 0) writeFileSync(`${folder}/sisrua.db-wal`, log!)
  }
  rmSync(folder, { recursive: true })
  return torn
}

const bytesOf = (file: string): Buffer => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0))

/** Answers how many transactions it holds. */
function open(database: Database.Database): number {
  database.pragma('journal_mode = WAL')
  database.pragma('wal_autocheckpoint = 0')
  database.exec(`CREATE TABLE IF NOT EXISTS texts (n INTEGER PRIMARY KEY, text TEXT);
    CREATE TABLE IF NOT EXISTS counts (one INTEGER PRIMARY KEY, count INTEGER)`)
  return (database.prepare('SELECT max(count) FROM counts').pluck().get() as number | null) ?? 0
}

function commit(database: Database.Database, count: number, chance: Chance): void {
  const put = database.prepare('INSERT OR REPLACE INTO texts VALUES (?, ?)')
  database.transaction(() => {
    for (let rows = chance.below(8); rows > 0; rows--)
      put.run(chance.below(60), String(rows).repeat(chance.below(3900)))
    database.prepare('INSERT OR REPLACE INTO counts VALUES (1, ?)').run(count)
  })()
}

/** Each sector that was written survives or not. `isLog`: its header is on the disk before the frames are, SQLite sees to that. */
function tear(before: Buffer, after: Buffer, isLog: boolean, chance: Chance): Buffer {
  const survival = SURVIVAL[chance.below(SURVIVAL.length)]!
  const torn = Buffer.alloc(Math.max(before.length, after.length))
  before.copy(torn)
  let length = before.length
  const keep = (from: number, to: number): void => {
    after.copy(torn, from, from, to)
    length = Math.max(length, to)
  }
  for (let at = 0; at < after.length; at += SECTOR) {
    const end = Math.min(after.length, at + SECTOR)
    const isSame = end <= before.length && before.compare(after, at, end, at, end) === 0
    if (!isSame && chance.next() < survival) keep(at, end)
  }
  if (isLog && after.length >= HEADER) keep(0, HEADER)
  return torn.subarray(0, length)
}

/** Spoils a page in a transaction that has others behind it within these bytes; false when there is none. */
function spoil(log: Buffer, durable: number, chance: Chance): boolean {
  const frames: number[] = []
  let ends = 0
  const endsBefore: number[] = []
  for (let at = HEADER; at + FRAME <= durable; at += FRAME) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break
    frames.push(at)
    endsBefore.push(ends)
    if (log.readUInt32BE(at + 4) !== 0) ends++
  }
  // A block may take the end of one of them.
  const early = frames.filter((_, n) => endsBefore[n]! + 4 <= ends)
  if (early.length === 0) return false
  const at = early[chance.below(early.length)]!
  const place = at + 24 + chance.below(4096)
  const block = place - (place % 4096)
  if (chance.below(2) === 0 && block > 0) log.fill(0, block, block + 4096)
  else log[place]! ^= 1 << chance.below(8)
  return true
}
