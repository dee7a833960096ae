// Checks an export bundle offline, from nothing but its bytes, the keys one believes and the anchors one kept. The Python
// verifier in the bundle does the same, written on its own; a test holds their answers together.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { BundleEntries, unquote } from './bundle-entries.ts'
import { type BundleVerdict, Findings } from './bundle-findings.ts'
import { BUNDLE_FILES, MANIFEST_PATTERN, STRING_PATTERN } from './bundle-format.ts'
import { BytesByLine } from './bundle-lines.ts'
import { claimOf, Trust } from './bundle-trust.ts'
import type { Digest } from './digest.ts'
import { handoverText } from './handover.ts'

export interface BundleBeliefs {
  /** Verifier keys from elsewhere; none: the first key of the bundle is believed. */
  vkeys?: readonly string[]
  /** Signed notes kept elsewhere. */
  anchors?: readonly string[]
}

const TEXT = new RegExp(`^${STRING_PATTERN}$`)
const MANIFEST = new RegExp(`^${MANIFEST_PATTERN}$`)

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
  readonly #findings = new Findings()
  readonly #entries = new BundleEntries(this.#findings)
  #log = ''
  #firstName = ''
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
    const claimed = Number(manifest[3])
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
    const entries = this.#entries
    const findings = this.#findings
    const chain = entries.read(this.#file('entries'), this.#log, leaves, this.#roots)
    if (chain === null) return findings.verdict(entries.size, this.#good, false)
    if (entries.size < claimed) findings.cut('entries are missing at the end')
    else if (entries.size > claimed) findings.blame(claimed, 'more entries than stated')
    else {
      if (chain !== manifest[1]) findings.blame(null, 'the chain ends elsewhere than stated')
      if (leaves.length !== 32 * entries.size) findings.blame(null, 'leaves are left over')
    }
    entries.readData(data, claimed)
    entries.checkErasures()
    this.#followKeys(keys)
    for (const note of notes) this.#checkNote(note, true)
    for (const note of anchors) this.#checkNote(note, false)
    const undecided = given.filter((note) => !this.#checkNote(note, false, true)).length > 0
    this.#concludeRoots()
    return findings.verdict(entries.size, this.#good, undecided)
  }

  #file(name: keyof typeof BUNDLE_FILES): string {
    return path.join(this.#folder, BUNDLE_FILES[name])
  }

  #read(name: keyof typeof BUNDLE_FILES): Buffer {
    return readFileSync(this.#file(name))
  }

  /** Lines that are JSON strings. */
  #texts(name: keyof typeof BUNDLE_FILES): string[] {
    const found: string[] = []
    const text = this.#read(name).latin1Slice()
    const lines = text.split('\n')
    if (lines.pop() !== '')
      this.#findings.blame(null, `${BUNDLE_FILES[name]} ends in the middle of a line`)
    for (const one of lines) {
      if (TEXT.test(one)) found.push(unquote(one))
      else this.#findings.blame(null, `a line of ${BUNDLE_FILES[name]} is malformed`)
    }
    return found
  }

  #followKeys(keys: string[]): void {
    const believed = this.#beliefs.vkeys ?? []
    this.#firstName = (keys[0] ?? '').split('+')[0]!
    for (const vkey of believed.length > 0 ? believed : keys.slice(0, 1)) this.#trust.add(vkey)
    for (const { seq, vkey } of this.#entries.keyEntries) {
      const { handover, reason } = this.#entries.keyData.get(seq) ?? {}
      if (reason === 'rolled_back') this.#findings.cut('the log itself tells of a rollback')
      if (typeof handover !== 'string') continue
      const name = handover.split('\n')[0]!
      if (!this.#trust.has(name)) continue
      if (this.#trust.open(handover, name) === handoverText(name, vkey, seq)) this.#trust.add(vkey)
      else this.#findings.blame(seq, 'the older key did not vouch for this one')
    }
  }

  /** The name that signs trees of this size. */
  #signerOf(size: number): string {
    let name = this.#firstName
    for (const { seq, event, vkey } of this.#entries.keyEntries) {
      if (size > (event === 'key.rotated' ? seq + 1 : seq)) name = vkey.split('+')[0]!
    }
    return name
  }

  /** False when it cannot be decided: another log, an unknown key, or (for a note from elsewhere) a bad signature. */
  #checkNote(note: string, isCheckpoint: boolean, isGiven = false): boolean {
    const claim = claimOf(note)
    const prefix = `sisrua.local/audit/${this.#log}/e`
    if (claim === null || !claim.origin.startsWith(prefix)) {
      if (!isGiven) this.#findings.blame(null, 'a note is not a checkpoint of this log')
      return false
    }
    if (!this.#trust.has(claim.origin)) return false
    if (this.#trust.open(note, claim.origin) === null) {
      if (!isGiven) this.#findings.blame(null, 'a note is not signed by its key')
      return false
    }
    const { size, root, origin } = claim
    if (size > this.#entries.size) {
      this.#findings.cut(`a signed note speaks of ${size} entries`)
      return true
    }
    if (isCheckpoint && this.#signerOf(size) !== origin) {
      this.#findings.blame(null, 'a checkpoint is signed by the key of another epoch')
    }
    if (this.#roots.get(size) === root) {
      if (isCheckpoint) {
        this.#good.push(size)
        this.#rotationsSigned.add(`${size} ${origin}`)
      }
    } else if (this.#isSettled(origin)) this.#findings.cut('a signed note from before a rollback')
    else this.#bad.push(size)
    return true
  }

  /** Whether the log says that what this epoch signed was rolled back. */
  #isSettled(origin: string): boolean {
    const epoch = (name: string): number => Number(/\/e([0-9]{1,15})$/.exec(name)?.[1] ?? 0)
    return this.#entries.keyEntries.some(
      ({ seq, vkey }) =>
        this.#entries.keyData.get(seq)?.reason === 'rolled_back' &&
        epoch(vkey.split('+')[0]!) > epoch(origin),
    )
  }

  #concludeRoots(): void {
    const signed = Math.max(0, ...this.#good)
    if (this.#bad.length > 0) {
      const least = Math.min(...this.#bad)
      const from = Math.max(0, ...this.#good.filter((size) => size < least))
      this.#findings.blame(
        this.#findings.firstBad === null ? from : null,
        'the entries do not lead to a signed root',
      )
    } else if (this.#good.length > 0 && this.#entries.size > signed) {
      this.#findings.blame(signed, 'entries at the end are not signed')
    }
    for (const { seq, event } of this.#entries.keyEntries) {
      const name = this.#signerOf(seq + 1)
      if (event !== 'key.rotated' || !this.#trust.has(name)) continue
      if (!this.#rotationsSigned.has(`${seq + 1} ${name}`)) {
        this.#findings.blame(seq, 'an epoch ended without a checkpoint of its key')
      }
    }
  }
}
