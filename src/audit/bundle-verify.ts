// Checks an export bundle offline, from nothing but its bytes, the keys one believes and the anchors one kept. The Python
// verifier in the bundle does the same, written on its own; a test holds their answers together.
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  BUNDLE_FILES,
  DATA_PATTERN,
  ENTRY_PATTERN,
  MANIFEST_PATTERN,
  STRING_PATTERN,
} from './bundle-format.ts'
import { BytesByLine } from './bundle-lines.ts'
import { claimOf, Trust } from './bundle-trust.ts'
import { chainDigest, GENESIS } from './chain.ts'
import { type Digest, hexOf } from './digest.ts'
import { handoverText } from './handover.ts'
import { Frontier } from './merkle.ts'

type BundleCode = 0 | 2 | 3 | 4

export interface BundleVerdict {
  /** 0 good, 2 tampered, 3 rolled back or truncated, 4 cannot decide. */
  code: BundleCode
  /** `seq` of the first entry found wrong; null when none can be named. */
  firstBad: number | null
  /** English: what was found. */
  reason: string
  /** Entries read. */
  size: number
  /** Entries that a believed key signed for. */
  signedSize: number
}

export interface BundleBeliefs {
  /** Verifier keys from elsewhere; none: the first key of the bundle is believed. */
  vkeys?: readonly string[]
  /** Signed notes kept elsewhere. */
  anchors?: readonly string[]
}

interface KeyEntry {
  seq: number
  event: string
  vkey: string
}

const line = (pattern: string): RegExp => new RegExp(`^${pattern}$`)
const ENTRY = line(ENTRY_PATTERN)
const DATA = line(DATA_PATTERN)
const TEXT = line(STRING_PATTERN)
const MANIFEST = line(MANIFEST_PATTERN)

/** A JSON string of bytes-as-characters as UTF-8 text. */
const unquote = (quoted: string): string =>
  Buffer.from(JSON.parse(quoted) as string, 'latin1').toString('utf8')

/** Never throws: what cannot be read is code 4. */
export function verifyBundle(folder: string, beliefs: BundleBeliefs = {}): BundleVerdict {
  try {
    return new Verification(folder, beliefs).run()
  } catch {
    return {
      code: 4,
      firstBad: null,
      reason: 'The bundle cannot be read; a file is missing or damaged.',
      size: 0,
      signedSize: 0,
    }
  }
}

class Verification {
  readonly #folder: string
  readonly #beliefs: BundleBeliefs
  readonly #trust = new Trust()
  readonly #roots = new Map<number, Digest>()
  readonly #keyEntries: KeyEntry[] = []
  readonly #handovers = new Map<number, Record<string, unknown>>()
  readonly #erased: string[] = []
  #commits = Buffer.alloc(32 * 4096)
  /** 0 no data, 1 data expected, 2 data seen. */
  #data = new Uint8Array(4096)
  #size = 0
  #claimed = 0
  #log = ''
  #firstName = ''
  #tampered: string | null = null
  #firstBad: number | null = null
  #cut: string | null = null
  #good: number[] = []
  #bad: number[] = []
  #rotationsSigned = new Set<string>()

  constructor(folder: string, beliefs: BundleBeliefs) {
    this.#folder = folder
    this.#beliefs = beliefs
  }

  run(): BundleVerdict {
    const manifest = MANIFEST.exec(this.#read('manifest').latin1Slice())
    if (manifest === null) throw new Error('manifest')
    this.#log = manifest[2]!
    this.#claimed = Number(manifest[3])
    const notes = this.#texts('checkpoints')
    const anchors = this.#texts('anchors')
    const keys = this.#texts('keys')
    const leaves = this.#read('leaves')
    const data = new BytesByLine(this.#file('data'))
    const given = this.#beliefs.anchors ?? []
    for (const note of [...notes, ...anchors, ...given]) {
      const claim = claimOf(note)
      if (claim !== null) this.#roots.set(claim.size, '')
    }
    const chain = this.#readEntries(leaves)
    if (chain === null) return this.#verdict(false)
    if (this.#size < this.#claimed) this.#cutHere('entries are missing at the end')
    else if (this.#size > this.#claimed) this.#blame(this.#claimed, 'more entries than stated')
    else {
      if (chain !== manifest[1]) this.#blame(null, 'the chain ends elsewhere than stated')
      if (leaves.length !== 32 * this.#size) this.#blame(null, 'leaves are left over')
    }
    this.#readData(data)
    this.#checkErasures()
    this.#followKeys(keys)
    for (const note of notes) this.#checkNote(note, true)
    for (const note of anchors) this.#checkNote(note, false)
    const undecided = given.filter((note) => !this.#checkNote(note, false, true)).length > 0
    this.#concludeRoots()
    return this.#verdict(undecided)
  }

  #file(name: keyof typeof BUNDLE_FILES): string {
    return path.join(this.#folder, BUNDLE_FILES[name])
  }

  #read(name: keyof typeof BUNDLE_FILES): Buffer {
    return readFileSync(this.#file(name))
  }

  #blame(seq: number | null, what: string): void {
    if (this.#tampered === null || (seq !== null && (this.#firstBad ?? Infinity) > seq)) {
      this.#tampered = what
    }
    if (seq !== null && (this.#firstBad === null || seq < this.#firstBad)) this.#firstBad = seq
  }

  #cutHere(what: string): void {
    this.#cut ??= what
  }

  /** Lines that are JSON strings. */
  #texts(name: keyof typeof BUNDLE_FILES): string[] {
    const found: string[] = []
    const text = this.#read(name).latin1Slice()
    const lines = text.split('\n')
    if (lines.pop() !== '') this.#blame(null, `${BUNDLE_FILES[name]} ends in the middle of a line`)
    for (const one of lines) {
      if (TEXT.test(one)) found.push(unquote(one))
      else this.#blame(null, `a line of ${BUNDLE_FILES[name]} is malformed`)
    }
    return found
  }

  /** Hex of the last chain link; null when a line cannot be an entry, after which nothing can be counted. */
  #readEntries(leaves: Buffer): string | null {
    const frontier = new Frontier()
    const quotedLog = JSON.stringify(this.#log)
    const reader = new BytesByLine(this.#file('entries'))
    let chain = GENESIS
    if (this.#roots.has(0)) this.#roots.set(0, frontier.root())
    for (let found = reader.next(); found !== null; found = reader.next()) {
      const { bytes, start, end } = found
      const seq = this.#size
      const entry = ENTRY.exec(bytes.latin1Slice(start, end))
      if (entry === null || entry[6] !== String(seq) || entry[5] !== quotedLog) {
        this.#blame(seq, 'an entry is malformed or out of order')
        return null
      }
      bytes[start - 1] = 0
      const leaf = hash('sha256', bytes.subarray(start - 1, end), 'binary')
      if (leaves.subarray(32 * seq, 32 * seq + 32).latin1Slice() !== leaf) {
        this.#blame(seq, 'an entry was changed')
      }
      chain = chainDigest(chain, leaf)
      frontier.append(leaf)
      this.#noteEntry(seq, entry)
      this.#size++
      if (this.#roots.has(this.#size)) this.#roots.set(this.#size, frontier.root())
    }
    if (reader.torn) this.#cutHere('entries.ndjson ends in the middle of a line')
    return hexOf(chain)
  }

  #noteEntry(seq: number, entry: RegExpExecArray): void {
    if (seq === this.#data.length) {
      const data = new Uint8Array(seq * 2)
      data.set(this.#data)
      this.#data = data
      this.#commits = Buffer.concat([this.#commits, Buffer.alloc(this.#commits.length)])
    }
    const commit = entry[1]!
    if (commit !== 'null') {
      this.#data[seq] = 1
      this.#commits.write(commit.slice(1, -1), 32 * seq, 'hex')
    }
    const [entityId, entityType, event] = [entry[2]!, entry[3]!, entry[4]!]
    if (entityId === 'null') return
    if (entityType === '"audit.key"') {
      this.#keyEntries.push({ seq, event: event.slice(1, -1), vkey: unquote(entityId) })
    } else if (entityType === '"audit.entry"' && event === '"data.erased"') {
      this.#erased.push(unquote(entityId))
    }
  }

  #readData(reader: BytesByLine): void {
    let previous = -1
    const wanted = new Set(this.#keyEntries.map(({ seq }) => seq))
    for (let found = reader.next(); found !== null; found = reader.next()) {
      const parts = DATA.exec(found.bytes.latin1Slice(found.start, found.end))
      if (parts === null) {
        this.#blame(null, 'a line of data.ndjson is malformed')
        continue
      }
      const seq = Number(parts[3])
      if (seq >= this.#size) {
        if (this.#size >= this.#claimed) this.#blame(null, 'data without an entry')
        continue
      }
      const data = Buffer.from(JSON.parse(parts[1]!) as string, 'latin1')
      const salt = Buffer.from(parts[2]!, 'hex')
      const commit = hash('sha256', Buffer.concat([Uint8Array.of(3), salt, data]), 'binary')
      const isKept = this.#commits.latin1Slice(32 * seq, 32 * seq + 32) === commit
      if (seq <= previous || this.#data[seq] === 0 || !isKept) {
        this.#blame(seq, 'data was changed')
        continue
      }
      previous = seq
      this.#data[seq] = 2
      if (wanted.has(seq)) this.#handovers.set(seq, JSON.parse(data.toString('utf8')))
    }
    if (reader.torn) this.#blame(null, 'data.ndjson ends in the middle of a line')
  }

  /** Data may only be missing where an entry says that it was erased. */
  #checkErasures(): void {
    for (const list of this.#erased) {
      for (const part of list.split(',')) {
        const range = /^([1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?$/.exec(part)
        if (range === null) continue
        const last = Math.min(Number(range[2] ?? range[1]), this.#size)
        for (let id = Number(range[1]); id <= last; id++) {
          if (this.#data[id - 1] === 1) this.#data[id - 1] = 2
        }
      }
    }
    const missing = this.#data.subarray(0, this.#size).indexOf(1)
    if (missing >= 0) this.#blame(missing, 'data was removed without an entry that says so')
  }

  #followKeys(keys: string[]): void {
    const believed = this.#beliefs.vkeys ?? []
    this.#firstName = (keys[0] ?? '').split('+')[0]!
    for (const vkey of believed.length > 0 ? believed : keys.slice(0, 1)) this.#trust.add(vkey)
    for (const { seq, vkey } of this.#keyEntries) {
      const { handover, reason } = this.#handovers.get(seq) ?? {}
      if (reason === 'rolled_back') this.#cutHere('the log itself tells of a rollback')
      if (typeof handover !== 'string') continue
      const name = handover.split('\n')[0]!
      if (!this.#trust.has(name)) continue
      if (this.#trust.open(handover, name) === handoverText(name, vkey, seq)) this.#trust.add(vkey)
      else this.#blame(seq, 'the older key did not vouch for this one')
    }
  }

  /** The name that signs trees of this size. */
  #signerOf(size: number): string {
    let name = this.#firstName
    for (const { seq, event, vkey } of this.#keyEntries) {
      if (size > (event === 'key.rotated' ? seq + 1 : seq)) name = vkey.split('+')[0]!
    }
    return name
  }

  /** False when it cannot be decided: another log, an unknown key, or (for a note from elsewhere) a bad signature. */
  #checkNote(note: string, isCheckpoint: boolean, isGiven = false): boolean {
    const claim = claimOf(note)
    const prefix = `sisrua.local/audit/${this.#log}/e`
    if (claim === null || !claim.origin.startsWith(prefix)) {
      if (!isGiven) this.#blame(null, 'a note is not a checkpoint of this log')
      return false
    }
    if (!this.#trust.has(claim.origin)) return false
    if (this.#trust.open(note, claim.origin) === null) {
      if (!isGiven) this.#blame(null, 'a note is not signed by its key')
      return false
    }
    const { size, root, origin } = claim
    if (size > this.#size) {
      this.#cutHere(`a signed note speaks of ${size} entries`)
      return true
    }
    if (isCheckpoint && this.#signerOf(size) !== origin) {
      this.#blame(null, 'a checkpoint is signed by the key of another epoch')
    }
    if (this.#roots.get(size) === root) {
      if (isCheckpoint) {
        this.#good.push(size)
        this.#rotationsSigned.add(`${size} ${origin}`)
      }
    } else if (this.#isSettled(origin)) this.#cutHere('a signed note from before a rollback')
    else this.#bad.push(size)
    return true
  }

  /** Whether the log says that what this epoch signed was rolled back. */
  #isSettled(origin: string): boolean {
    const epoch = (name: string): number => Number(name.slice(name.lastIndexOf('/e') + 2))
    return this.#keyEntries.some(
      ({ seq, vkey }) =>
        this.#handovers.get(seq)?.reason === 'rolled_back' &&
        epoch(vkey.split('+')[0]!) > epoch(origin),
    )
  }

  #concludeRoots(): void {
    const signed = Math.max(0, ...this.#good)
    if (this.#bad.length > 0) {
      const least = Math.min(...this.#bad)
      const from = Math.max(0, ...this.#good.filter((size) => size < least))
      this.#blame(this.#firstBad === null ? from : null, 'the entries do not lead to a signed root')
    } else if (this.#good.length > 0 && this.#size > signed) {
      this.#blame(signed, 'entries at the end are not signed')
    }
    for (const { seq, event } of this.#keyEntries) {
      const name = this.#signerOf(seq + 1)
      if (event !== 'key.rotated' || !this.#trust.has(name)) continue
      if (!this.#rotationsSigned.has(`${seq + 1} ${name}`)) {
        this.#blame(seq, 'an epoch ended without a checkpoint of its key')
      }
    }
  }

  #verdict(undecided: boolean): BundleVerdict {
    const signedSize = Math.max(0, ...this.#good)
    const answer = (code: BundleCode, reason: string): BundleVerdict => ({
      code,
      firstBad: code === 2 ? this.#firstBad : null,
      reason,
      size: this.#size,
      signedSize,
    })
    if (this.#tampered !== null) return answer(2, this.#tampered)
    if (this.#cut !== null) return answer(3, this.#cut)
    if (this.#good.length === 0) return answer(4, 'no checkpoint is signed by a believed key')
    if (undecided) return answer(4, 'a note from elsewhere cannot be checked')
    return answer(0, 'every entry is signed for and none was changed')
  }
}
