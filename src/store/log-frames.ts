// The write-ahead log as bytes (https://www.sqlite.org/fileformat.html#the_write_ahead_log). SQLite stops reading it at the first
// frame whose checksum is wrong and takes the rest for the remains of a power cut; one flipped bit would drop, without a word,
// whatever was acknowledged after it. A single wrong bit can be found from the checksum and put right; more of them can be told.
import { PAGE_BYTES } from './header.ts'

const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
/** The last bit says in which byte order the checksums read: that of the machine that wrote the log. */
const MAGIC = 0x377f0682
const FORMAT = 3_007_000
/** Counts how often the log began anew; a lost one is looked for among the small ones. */
const MOST_ROUNDS = 1024

/** Offsets in the log's header. */
const AT = { magic: 0, format: 4, pageSize: 8, round: 12, salts: 16, sums: 24 } as const
/** Offsets in a frame: the page number, the size of the database after a commit (else 0), salts, checksums, the page. */
const IN = { sizeAfter: 4, salts: 8, sums: 16, page: 24 } as const

/** `damaged`: what comes after a wrong frame was committed once, and cannot be read. */
export type LogState = 'sound' | 'mended' | 'damaged'

interface LogFound {
  state: LogState
  /** Bytes up to the first frame that is wrong for good. */
  readable: number
  /** Bytes up to the end of what was committed, where more follows: what a power cut left of a transaction, or an earlier round. */
  tornAt: number | null
}

interface Sums {
  first: number
  second: number
}

/** Looks the log through and puts single wrong bits right in `log` itself. */
export function mendFrames(log: Buffer): LogFound {
  const frames = Math.floor((log.length - LOG_HEADER_BYTES) / FRAME_BYTES)
  if (frames < 1) {
    const tornAt = log.length > LOG_HEADER_BYTES ? LOG_HEADER_BYTES : null
    return { state: 'sound', readable: 0, tornAt }
  }
  let state: LogState = 'sound'
  if (!isHeaderSound(log)) {
    if (!mendHeader(log)) {
      return { state: hasCommits(log, frames) ? 'damaged' : 'sound', readable: 0, tornAt: null }
    }
    state = 'mended'
  }
  let sums = sumsAt(log, AT.sums)
  let committed = LOG_HEADER_BYTES
  // A power cut may take the first frames of a transaction and leave others, or parts of them.
  const torn = (): number | null => (committed < log.length ? committed : null)
  for (let n = 0; n < frames; n++) {
    const at = LOG_HEADER_BYTES + n * FRAME_BYTES
    const after = frameSums(log, at, sums)
    if (!hasSalts(log, at) || !isSame(after, sumsAt(log, at + IN.sums))) {
      if (!correctFrame(log, at, after)) {
        const found = hasLaterWork(log, n, frames) ? 'damaged' : state
        return { state: found, readable: at, tornAt: torn() }
      }
      state = 'mended'
    }
    sums = sumsAt(log, at + IN.sums)
    if (log.readUInt32BE(at + IN.sizeAfter) !== 0) committed = at + FRAME_BYTES
  }
  return { state, readable: log.length, tornAt: torn() }
}

/** The page of this number as the last commit in the log left it, which is what SQLite reads; null when the log does not hold it. */
export function pageInLog(log: Buffer, page: number): Buffer | null {
  const frames = Math.floor((log.length - LOG_HEADER_BYTES) / FRAME_BYTES)
  if (frames < 1 || !isHeaderSound(log)) return null
  let written: number | null = null
  let committed: number | null = null
  let sums = sumsAt(log, AT.sums)
  for (let n = 0; n < frames; n++) {
    const at = LOG_HEADER_BYTES + n * FRAME_BYTES
    sums = frameSums(log, at, sums)
    if (!hasSalts(log, at) || !isSame(sums, sumsAt(log, at + IN.sums))) break
    if (log.readUInt32BE(at) === page) written = at
    if (log.readUInt32BE(at + IN.sizeAfter) !== 0) committed = written
  }
  return committed === null ? null : log.subarray(committed + IN.page, committed + FRAME_BYTES)
}

const isLittle = (log: Buffer): boolean => log.readUInt32BE(AT.magic) === MAGIC
const isSame = (a: Sums, b: Sums): boolean => a.first === b.first && a.second === b.second
const sumsAt = (log: Buffer, at: number): Sums => ({
  first: log.readInt32BE(at),
  second: log.readInt32BE(at + 4),
})

function writeSums(log: Buffer, at: number, { first, second }: Sums): void {
  log.writeInt32BE(first, at)
  log.writeInt32BE(second, at + 4)
}

/** SQLite's checksum goes on from `seed` over a whole number of pairs of words. */
function checksum(view: DataView, from: number, to: number, little: boolean, seed: Sums): Sums {
  let { first, second } = seed
  for (let at = from; at < to; at += 8) {
    first = (first + view.getInt32(at, little) + second) | 0
    second = (second + view.getInt32(at + 4, little) + first) | 0
  }
  return { first, second }
}

const viewOf = (log: Buffer): DataView => new DataView(log.buffer, log.byteOffset, log.length)

const headerSums = (log: Buffer): Sums =>
  checksum(viewOf(log), 0, AT.sums, isLittle(log), { first: 0, second: 0 })

/** Over the first half of the frame's header and the page. */
function frameSums(log: Buffer, at: number, seed: Sums): Sums {
  const view = viewOf(log)
  const little = isLittle(log)
  const head = checksum(view, at, at + IN.salts, little, seed)
  return checksum(view, at + IN.page, at + FRAME_BYTES, little, head)
}

function isHeaderSound(log: Buffer): boolean {
  return (
    (log.readUInt32BE(AT.magic) & ~1) === (MAGIC & ~1) &&
    log.readUInt32BE(AT.format) === FORMAT &&
    log.readUInt32BE(AT.pageSize) === PAGE_BYTES &&
    isSame(headerSums(log), sumsAt(log, AT.sums))
  )
}

/** Everything in it is known, or stands in the first frame too, whose checksum tells whether the guess is right. */
function mendHeader(log: Buffer): boolean {
  const right = Buffer.from(log.subarray(0, LOG_HEADER_BYTES + FRAME_BYTES))
  right.writeUInt32BE(FORMAT, AT.format)
  right.writeUInt32BE(PAGE_BYTES, AT.pageSize)
  right.copy(right, AT.salts, LOG_HEADER_BYTES + IN.salts, LOG_HEADER_BYTES + IN.sums)
  const told = right.readUInt32BE(AT.round)
  const rounds = [told]
  for (let bit = 0; bit < 32; bit++) rounds.push((told ^ (1 << bit)) >>> 0)
  for (let round = 0; round < MOST_ROUNDS; round++) rounds.push(round)
  for (const magic of [MAGIC, MAGIC | 1]) {
    right.writeUInt32BE(magic, AT.magic)
    for (const round of rounds) {
      right.writeUInt32BE(round, AT.round)
      const sums = headerSums(right)
      const expected = sumsAt(right, LOG_HEADER_BYTES + IN.sums)
      if (!isSame(frameSums(right, LOG_HEADER_BYTES, sums), expected)) continue
      writeSums(right, AT.sums, sums)
      right.copy(log, 0, 0, LOG_HEADER_BYTES)
      return true
    }
  }
  return false
}

const hasSalts = (log: Buffer, at: number): boolean =>
  log.compare(log, AT.salts, AT.sums, at + IN.salts, at + IN.sums) === 0

/** Puts one wrong bit of a frame right, wherever it is; false when that is not what is wrong. */
function correctFrame(log: Buffer, at: number, computed: Sums): boolean {
  const stored = sumsAt(log, at + IN.sums)
  if (!hasSalts(log, at)) {
    if (!isSame(computed, stored)) return false
    log.copy(log, at + IN.salts, AT.salts, AT.sums)
    return true
  }
  // The next frame's checksum goes on from this one's: it knows which of the two is the wrong one.
  const next = at + FRAME_BYTES
  if (next + FRAME_BYTES <= log.length) {
    if (isSame(frameSums(log, next, computed), sumsAt(log, next + IN.sums))) {
      writeSums(log, at + IN.sums, computed)
      return true
    }
  }
  return correctWord(log, at, {
    first: (stored.first - computed.first) | 0,
    second: (stored.second - computed.second) | 0,
  })
}

/**
 * The checksum is linear: a word that is off by d shifts it by d times factors that depend only on the place. `gap` is what the
 * two sums are short of. One pair of words further from the end, (a, b) has become (a + b, a + 2b). The factors of a word's top
 * eight bits come round again within a page: where more than one bit would do, none is touched.
 */
function correctWord(log: Buffer, at: number, gap: Sums): boolean {
  const view = viewOf(log)
  const little = isLittle(log)
  const pages = Array.from({ length: PAGE_BYTES / 8 }, (_, n) => at + FRAME_BYTES - 8 * (n + 1))
  const found: { place: number; mask: number }[] = []
  let [a, b, c, d] = [1, 1, 0, 1]
  for (const pair of [...pages, at]) {
    for (const [place, first, second] of [
      [pair, a, b],
      [pair + 4, c, d],
    ] as const) {
      const word = view.getInt32(place, little)
      for (let bit = 0; bit < 32; bit++) {
        const mask = 1 << bit
        const change = (word & mask) === 0 ? mask : -mask
        if (Math.imul(first, change) !== gap.first || Math.imul(second, change) !== gap.second) {
          continue
        }
        found.push({ place, mask })
      }
    }
    ;[a, b] = [(a + b) | 0, (a + 2 * b) | 0]
    ;[c, d] = [(c + d) | 0, (c + 2 * d) | 0]
  }
  const [only, ...others] = found
  if (only === undefined || others.length > 0) return false
  view.setInt32(only.place, view.getInt32(only.place, little) ^ only.mask, little)
  return true
}

/** A frame of the log before it last began anew, which was in the database by then: the first salt counts how often it did. */
function isOfEarlierRound(log: Buffer, at: number): boolean {
  const before = (log.readUInt32BE(AT.salts) - log.readUInt32BE(at + IN.salts)) >>> 0
  return before > 0 && before < MOST_ROUNDS
}

/** Whether any frame ends a transaction. */
function hasCommits(log: Buffer, frames: number): boolean {
  for (let n = 0; n < frames; n++) {
    if (log.readUInt32BE(LOG_HEADER_BYTES + n * FRAME_BYTES + IN.sizeAfter) !== 0) return true
  }
  return false
}

/**
 * A power cut leaves at most one transaction half written, since the next one begins only when it is on the disk. Whatever stands
 * behind the end of another one was acknowledged. Where a frame of it did not come to the disk, one of an earlier round may stand.
 */
function hasLaterWork(log: Buffer, from: number, frames: number): boolean {
  let ended = false
  for (let n = from; n < frames; n++) {
    const at = LOG_HEADER_BYTES + n * FRAME_BYTES
    // Where the header is spoilt, too, those behind it tell.
    if (n > from ? !hasSalts(log, at) : isOfEarlierRound(log, at)) continue
    if (ended) return true
    ended = log.readUInt32BE(at + IN.sizeAfter) !== 0
  }
  return false
}
