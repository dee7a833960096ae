// Reads the entries and the data of a bundle: order, form, leaves, chain, tree, commitments, and which entries speak of keys and
// of erasure.
import { hash } from 'node:crypto'
import type { Findings } from './bundle-findings.ts'
import { DATA_PATTERN, ENTRY_PATTERN } from './bundle-format.ts'
import { BytesByLine } from './bundle-lines.ts'
import { chainDigest, GENESIS } from './chain.ts'
import { type Digest, hexOf } from './digest.ts'
import { Frontier } from './merkle.ts'

/** An entry that brings a key into force. */
export interface KeyEntry {
  seq: number
  event: string
  vkey: string
}

const ENTRY = new RegExp(`^${ENTRY_PATTERN}$`)
const DATA = new RegExp(`^${DATA_PATTERN}$`)

/** A JSON string of bytes-as-characters as UTF-8 text. */
export const unquote = (quoted: string): string =>
  Buffer.from(JSON.parse(quoted) as string, 'latin1').toString('utf8')

export class BundleEntries {
  readonly keyEntries: KeyEntry[] = []
  /** Parsed data of the entries about keys, by `seq`. */
  readonly keyData = new Map<number, Record<string, unknown>>()
  size = 0
  readonly #findings: Findings
  readonly #erased: string[] = []
  #commits = Buffer.alloc(32 * 4096)
  /** 0 no data, 1 data expected, 2 data seen or erased. */
  #data = new Uint8Array(4096)

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /**
   * Fills in the roots of the sizes that `roots` asks for. Hex of the last chain link; null when a line cannot be an entry,
   * after which nothing can be counted.
   */
  read(file: string, log: string, leaves: Buffer, roots: Map<number, Digest>): string | null {
    const tree = new Frontier()
    const quotedLog = JSON.stringify(log)
    const reader = new BytesByLine(file)
    let chain = GENESIS
    if (roots.has(0)) roots.set(0, tree.root())
    for (let found = reader.next(); found !== null; found = reader.next()) {
      const { bytes, start, end } = found
      const seq = this.size
      const entry = ENTRY.exec(bytes.latin1Slice(start, end))
      if (entry === null || entry[6] !== String(seq) || entry[5] !== quotedLog) {
        this.#findings.blame(seq, 'an entry is malformed or out of order')
        return null
      }
      bytes[start - 1] = 0
      const leaf = hash('sha256', bytes.subarray(start - 1, end), 'binary')
      if (leaves.subarray(32 * seq, 32 * seq + 32).latin1Slice() !== leaf) {
        this.#findings.blame(seq, 'an entry was changed')
      }
      chain = chainDigest(chain, leaf)
      tree.append(leaf)
      this.#note(seq, entry)
      this.size++
      if (roots.has(this.size)) roots.set(this.size, tree.root())
    }
    if (reader.torn) this.#findings.cut('entries.ndjson ends in the middle of a line')
    return hexOf(chain)
  }

  #note(seq: number, entry: RegExpExecArray): void {
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
      this.keyEntries.push({ seq, event: event.slice(1, -1), vkey: unquote(entityId) })
    } else if (entityType === '"audit.entry"' && event === '"data.erased"') {
      this.#erased.push(unquote(entityId))
    }
  }

  /** `claimed`: entries the manifest speaks of; data beyond those that are there is no further fault. */
  readData(reader: BytesByLine, claimed: number): void {
    const findings = this.#findings
    const wanted = new Set(this.keyEntries.map(({ seq }) => seq))
    let previous = -1
    for (let found = reader.next(); found !== null; found = reader.next()) {
      const parts = DATA.exec(found.bytes.latin1Slice(found.start, found.end))
      if (parts === null) {
        findings.blame(null, 'a line of data.ndjson is malformed')
        continue
      }
      const seq = Number(parts[3])
      if (seq >= this.size) {
        if (this.size >= claimed) findings.blame(null, 'data without an entry')
        continue
      }
      const data = Buffer.from(JSON.parse(parts[1]!) as string, 'latin1')
      const salt = Buffer.from(parts[2]!, 'hex')
      const commit = hash('sha256', Buffer.concat([Uint8Array.of(3), salt, data]), 'binary')
      const isKept = this.#commits.latin1Slice(32 * seq, 32 * seq + 32) === commit
      if (seq <= previous || this.#data[seq] === 0 || !isKept) {
        findings.blame(seq, 'data was changed')
        continue
      }
      previous = seq
      this.#data[seq] = 2
      if (wanted.has(seq)) this.keyData.set(seq, JSON.parse(data.toString('utf8')))
    }
    if (reader.torn) findings.blame(null, 'data.ndjson ends in the middle of a line')
  }

  /** Data may only be missing where an entry says that it was erased. */
  checkErasures(): void {
    for (const part of this.#erased.flatMap((list) => list.split(','))) {
      const range = /^([1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?$/.exec(part)
      if (range === null) continue
      const last = Math.min(Number(range[2] ?? range[1]), this.size)
      for (let id = Number(range[1]); id <= last; id++) {
        if (this.#data[id - 1] === 1) this.#data[id - 1] = 2
      }
    }
    const missing = this.#data.subarray(0, this.size).indexOf(1)
    if (missing >= 0) {
      this.#findings.blame(missing, 'data was removed without an entry that says so')
    }
  }
}
