// The Merkle tree of RFC 6962 (section 2.1) over the audit entries: roots, inclusion and consistency proofs, and their
// verification. Pure arithmetic on hashes; where the hashes of whole subtrees come from is the caller's business.
import { hash } from 'node:crypto'
import type { Digest } from './digest.ts'

/** Root of the tree with no leaf: SHA-256 of nothing. */
export const EMPTY_ROOT: Digest = hash('sha256', '', 'binary')

/** Where the children stand in what a node is hashed over. */
const LEFT = 1
const RIGHT = 33
const pair = Buffer.alloc(65)
pair[0] = 1

const odd = (n: number): boolean => n % 2 === 1
const half = (n: number): number => Math.floor(n / 2)

/** Leaf hash of an entry: SHA-256(0x00 ‖ UTF-8 of the entry). */
export function leafDigest(entry: string): Digest {
  return hash('sha256', `\0${entry}`, 'binary')
}

/** Node hash: SHA-256(0x01 ‖ left ‖ right). */
export function nodeDigest(left: Digest, right: Digest): Digest {
  pair.latin1Write(left, LEFT)
  pair.latin1Write(right, RIGHT)
  return hash('sha256', pair, 'binary')
}

/** The node over two hashes that stand next to each other in `hashes`, from byte `at` on. */
export function nodeOfPair(hashes: Buffer, at: number): Digest {
  hashes.copy(pair, LEFT, at, at + 64)
  return hash('sha256', pair, 'binary')
}

/** Hashes of complete subtrees: the root over the 2^level leaves that start at leaf `n` · 2^level. */
export type SubtreeSource = (level: number, n: number) => Digest

/** A tree that only grows, kept as the roots of its complete subtrees (at most 53). */
export class Frontier {
  /** What a node of each level is hashed over: 0x01, the root over 2^level leaves that waits for its right neighbour, the neighbour. */
  readonly #levels: Buffer[] = []
  #size: number

  /** `roots` of complete subtrees, largest first; one per set bit of `size`. */
  constructor(size = 0, roots: readonly Digest[] = []) {
    this.#size = size
    let i = roots.length
    for (let level = 0, rest = size; rest > 0; level++, rest = half(rest)) {
      if (odd(rest)) this.#at(level).latin1Write(roots[--i]!, LEFT)
    }
  }

  get size(): number {
    return this.#size
  }

  #at(level: number): Buffer {
    while (this.#levels.length <= level) this.#levels.push(Buffer.from(pair))
    return this.#levels[level]!
  }

  append(leaf: Digest): void {
    let node = leaf
    let level = 0
    for (let rest = this.#size; odd(rest); rest = half(rest)) {
      const both = this.#levels[level++]!
      both.latin1Write(node, RIGHT)
      node = hash('sha256', both, 'binary')
    }
    this.#at(level).latin1Write(node, LEFT)
    this.#size += 1
  }

  /**
   * Merkle tree hash over all leaves so far; with `behind`, the root over what comes after them, over those too. They are no more than
   * the smallest complete subtree of these.
   */
  root(behind: Digest | null = null): Digest {
    let root = behind
    for (let level = 0, rest = this.#size; rest > 0; level++, rest = half(rest)) {
      if (!odd(rest)) continue
      const left = this.#levels[level]!.latin1Slice(LEFT, RIGHT)
      root = root === null ? left : nodeDigest(left, root)
    }
    return root ?? EMPTY_ROOT
  }
}

/** The frontier of the first `size` leaves, from hashes of complete subtrees. */
export function frontierFrom(size: number, subtree: SubtreeSource): Frontier {
  const roots: Digest[] = []
  let start = 0
  while (start < size) {
    const level = Math.floor(Math.log2(size - start))
    roots.push(subtree(level, start / 2 ** level))
    start += 2 ** level
  }
  return new Frontier(size, roots)
}

/** Largest power of two smaller than `count` (count ≥ 2). */
function split(count: number): number {
  const power = 2 ** Math.floor(Math.log2(count))
  return power === count ? power / 2 : power
}

/** MTH over the leaves [start, end); `start` is a multiple of the split sizes met on the way, as in RFC 6962. */
function rangeRoot(start: number, end: number, subtree: SubtreeSource): Digest {
  const count = end - start
  const level = Math.log2(count)
  if (Number.isInteger(level)) return subtree(level, start / count)
  const left = split(count)
  return nodeDigest(rangeRoot(start, start + left, subtree), rangeRoot(start + left, end, subtree))
}

/** Audit path of leaf `index` in the tree of `size` leaves, lowest first (RFC 6962, 2.1.1). */
export function inclusionProof(index: number, size: number, subtree: SubtreeSource): Digest[] {
  if (!(Number.isInteger(index) && index >= 0 && index < size)) {
    throw new RangeError('leaf outside the tree')
  }
  const proof: Digest[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + split(end - start)
    if (index < middle) {
      proof.push(rangeRoot(middle, end, subtree))
      end = middle
    } else {
      proof.push(rangeRoot(start, middle, subtree))
      start = middle
    }
  }
  return proof.reverse()
}

/** Proof that the tree of `first` leaves is a prefix of the tree of `second` leaves (RFC 6962, 2.1.2). */
export function consistencyProof(first: number, second: number, subtree: SubtreeSource): Digest[] {
  if (!(Number.isInteger(first) && first >= 0 && first <= second)) {
    throw new RangeError('sizes out of order')
  }
  if (first === 0 || first === second) return []
  const proof: Digest[] = []
  let start = 0
  let end = second
  let whole = true
  while (first !== end) {
    const middle = start + split(end - start)
    if (first <= middle) {
      proof.push(rangeRoot(middle, end, subtree))
      end = middle
    } else {
      proof.push(rangeRoot(start, middle, subtree))
      start = middle
      whole = false
    }
  }
  if (!whole) proof.push(rangeRoot(start, end, subtree))
  return proof.reverse()
}

/** Checks an audit path (RFC 9162, 2.1.3.2). */
export function verifyInclusion(
  leaf: Digest,
  index: number,
  size: number,
  proof: readonly Digest[],
  root: Digest,
): boolean {
  if (!(Number.isInteger(index) && index >= 0 && index < size)) return false
  let position = index
  let last = size - 1
  let node = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (odd(position) || position === last) {
      node = nodeDigest(sibling, node)
      while (!odd(position) && position !== 0) {
        position = half(position)
        last = half(last)
      }
    } else node = nodeDigest(node, sibling)
    position = half(position)
    last = half(last)
  }
  return last === 0 && node === root
}

/** Checks a consistency proof (RFC 9162, 2.1.4.2). */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Digest,
  secondRoot: Digest,
  proof: readonly Digest[],
): boolean {
  if (!(Number.isInteger(first) && Number.isInteger(second) && first >= 0 && first <= second)) {
    return false
  }
  if (first === second) return proof.length === 0 && firstRoot === secondRoot
  if (first === 0) return proof.length === 0 && firstRoot === EMPTY_ROOT
  const path = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : [...proof]
  if (path.length === 0) return false
  let position = first - 1
  let last = second - 1
  while (odd(position)) {
    position = half(position)
    last = half(last)
  }
  let old = path[0]!
  let now = path[0]!
  for (let i = 1; i < path.length; i++) {
    const sibling = path[i]!
    if (last === 0) return false
    if (odd(position) || position === last) {
      old = nodeDigest(sibling, old)
      now = nodeDigest(sibling, now)
      while (!odd(position) && position !== 0) {
        position = half(position)
        last = half(last)
      }
    } else now = nodeDigest(now, sibling)
    position = half(position)
    last = half(last)
  }
  return last === 0 && old === firstRoot && now === secondRoot
}
