// B1: the tree's proofs, exhaustively up to 256 leaves, each also altered in five ways, and given with wrong
// indices and sizes; and RFC 8785 numbers against a second
// implementation (Python's shortest digits, put into ECMAScript's form).
import { execFileSync } from 'node:child_process'
import { canonicalJson } from '../../src/audit/canonical.ts'
import type { Digest } from '../../src/audit/digest.ts'
import {
  consistencyProof,
  frontierFrom,
  inclusionProof,
  leafDigest,
  nodeDigest,
  type SubtreeSource,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts'
import { createChance, type Experiment, trialsOf } from './support/experiment.ts'

const LEAVES = Array.from({ length: 256 }, (_, i) => leafDigest(`entry ${i}`))
const known = new Map<number, Digest>()
const subtree: SubtreeSource = (level, n) => {
  if (level === 0) return LEAVES[n]!
  const key = level * 1000 + n
  const found =
    known.get(key) ?? nodeDigest(subtree(level - 1, 2 * n), subtree(level - 1, 2 * n + 1))
  known.set(key, found)
  return found
}

const flip = (digest: Digest): Digest =>
  String.fromCharCode(digest.charCodeAt(0) ^ 1) + digest.slice(1)

/** The proof with one bit flipped, its last hash dropped, one added at either end. */
function alterations(proof: readonly Digest[], at: number): Digest[][] {
  const stranger = leafDigest('stranger')
  const altered = [
    [...proof, stranger],
    [stranger, ...proof],
  ]
  if (proof.length > 0) {
    altered.push(proof.map((hash, i) => (i === at % proof.length ? flip(hash) : hash)))
    altered.push(proof.slice(0, -1))
    altered.push(proof.slice(1))
  }
  return altered
}

/** A verifier as it is often written: hashes the path by the index and forgets that the tree has a size. */
function forgetsSize(
  leaf: Digest,
  index: number,
  _size: number,
  proof: readonly Digest[],
  root: Digest,
) {
  let node = leaf
  let position = index
  for (const hash of proof) {
    node = position % 2 === 1 ? nodeDigest(hash, node) : nodeDigest(node, hash)
    position = Math.floor(position / 2)
  }
  return node === root
}

/**
 * On which side of each hash on its path the leaf lies, lowest first, by RFC 6962's own recursion. A path, a leaf and a root say
 * nothing else of index and size: where two pairs share these sides, no verifier can tell them apart, and only the signature over
 * size and root does.
 */
function sides(index: number, size: number): string {
  if (index >= size) return 'outside'
  if (size === 1) return ''
  let left = 1
  while (left * 2 < size) left *= 2
  return index < left ? `${sides(index, left)}l` : `${sides(index - left, size - left)}r`
}

/** Sizes to lie with: neighbours, those the leaf is just in or not, and those where a path gets longer or shorter. */
function wrongSizes(index: number, size: number): number[] {
  const power = 2 ** Math.ceil(Math.log2(size))
  const lies = [size - 1, size + 1, index, index + 1, power / 2, power, power + 1, 2 * size]
  return [...new Set(lies)].filter((lie) => lie !== size && Number.isInteger(lie) && lie >= 0)
}

interface Tally {
  proofs: number
  altered: number
  /** Wrong sizes and indices, and how many of them have the same path. */
  displaced: number
  samePath: number
  failures: number
  fooled: number
}

function inclusion(size: number, tally: Tally): void {
  const root = frontierFrom(size, subtree).root()
  for (let i = 0; i < size; i++) {
    const proof = inclusionProof(i, size, subtree)
    tally.proofs++
    if (!verifyInclusion(LEAVES[i]!, i, size, proof, root)) tally.failures++
    for (const other of alterations(proof, i)) {
      tally.altered++
      if (verifyInclusion(LEAVES[i]!, i, size, other, root)) tally.failures++
    }
    tally.altered += 2
    if (size > 1 && verifyInclusion(LEAVES[i]!, (i + 1) % size, size, proof, root)) tally.failures++
    // Another size with the same path shape proves the same thing only where RFC 9162 says so: the root must differ.
    const wider = frontierFrom(size + (size < 256 ? 1 : -1), subtree).root()
    if (verifyInclusion(LEAVES[i]!, i, size, proof, wider)) tally.failures++
    for (const lie of wrongSizes(i, size)) {
      tally.displaced++
      const isSame = sides(i, lie) === sides(i, size)
      if (isSame) tally.samePath++
      if (verifyInclusion(LEAVES[i]!, i, lie, proof, root) !== isSame) tally.failures++
    }
    // What fools the control is given to the real one, too.
    const beyond = i + 2 ** proof.length
    tally.displaced++
    if (verifyInclusion(LEAVES[i]!, beyond, size, proof, root)) tally.failures++
    if (forgetsSize(LEAVES[i]!, beyond, size, proof, root)) tally.fooled++
  }
}

function consistency(size: number, tally: Tally): void {
  const root = frontierFrom(size, subtree).root()
  for (let first = 1; first < size; first++) {
    const old = frontierFrom(first, subtree).root()
    const proof = consistencyProof(first, size, subtree)
    tally.proofs++
    if (!verifyConsistency(first, size, old, root, proof)) tally.failures++
    for (const other of alterations(proof, first)) {
      tally.altered++
      if (verifyConsistency(first, size, old, root, other)) tally.failures++
    }
    tally.altered += 2
    if (verifyConsistency(first, size, flip(old), root, proof)) tally.failures++
    if (verifyConsistency(first, size, old, flip(root), proof)) tally.failures++
  }
}

// repr() gives the shortest digits that read back; RFC 8785 asks for them in the form of ECMAScript's Number::toString.
const SECOND_JCS = `
import struct, sys
for line in sys.stdin:
    x = struct.unpack('>d', bytes.fromhex(line.strip()))[0]
    if x == 0: print(0); continue
    sign, digits, exponent = x < 0, *(repr(abs(x)).lower().split('e') + ['0'])[:2]
    whole, _, fraction = digits.partition('.')
    fraction = '' if fraction == '0' else fraction
    point = len(whole) + int(exponent); digits = whole + fraction
    lead = len(digits) - len(digits.lstrip('0')); digits = digits.lstrip('0'); point -= lead
    digits = digits.rstrip('0'); k = len(digits)
    if k <= point <= 21: text = digits + '0' * (point - k)
    elif 0 < point <= 21: text = digits[:point] + '.' + digits[point:]
    elif -6 < point <= 0: text = '0.' + '0' * -point + digits
    else: text = digits[0] + ('.' + digits[1:] if k > 1 else '') + 'e' + ('+' if point > 0 else '-') + str(abs(point - 1))
    print('-' + text if sign else text)
`

function numbers(count: number, seed: number): { wrong: number; shortSeen: number } {
  const chance = createChance(seed)
  const view = new DataView(new ArrayBuffer(8))
  const values: number[] = []
  const lines: string[] = []
  while (values.length < count) {
    view.setUint32(0, chance.next() * 2 ** 32)
    view.setUint32(4, chance.next() * 2 ** 32)
    // Every other one of a size that drawings have.
    if (values.length % 2 === 1) view.setFloat64(0, (chance.next() - 0.5) * 10 ** chance.below(24))
    const value = view.getFloat64(0)
    if (!Number.isFinite(value)) continue
    values.push(value)
    lines.push(view.getBigUint64(0).toString(16).padStart(16, '0'))
  }
  const answer = execFileSync('/usr/bin/python3', ['-c', SECOND_JCS], {
    input: lines.join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  }).split('\n')
  const wrong = values.filter((value, i) => canonicalJson(value) !== answer[i]).length
  const shortSeen = values.filter((value, i) => String(Number(value.toPrecision(16))) !== answer[i])
  return { wrong, shortSeen: shortSeen.length }
}

export const b1: Experiment = {
  id: 'B1',
  title: 'Proofs up to 256 leaves and RFC 8785 numbers, right ones accepted, altered ones never',
  async run(options) {
    const tally: Tally = {
      ...{ proofs: 0, altered: 0, displaced: 0 },
      ...{ samePath: 0, failures: 0, fooled: 0 },
    }
    const most = options.quick ? 40 : 256
    for (let size = 1; size <= most; size++) {
      inclusion(size, tally)
      consistency(size, tally)
    }
    const count = trialsOf(options, 100_000, 2_000)
    const { wrong, shortSeen } = numbers(count, options.seed)
    return {
      trials: tally.proofs + tally.altered + tally.displaced + count,
      failures: tally.failures + wrong,
      control: {
        expected: 'a verifier without the size is fooled; 16 digits are too few',
        seen: `${tally.fooled} proofs of entries that do not exist accepted; ${shortSeen} numbers wrong`,
        ok: tally.fooled > 0 && shortSeen > 0,
      },
      figures: {
        'proofs accepted': tally.proofs,
        'altered proofs refused': tally.altered,
        'wrong sizes and indices refused': tally.displaced - tally.samePath,
        'wrong sizes with the same path, which the signature over the size refuses': tally.samePath,
        'numbers equal': count - wrong,
      },
    }
  },
}
