import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Digest } from '../../src/audit/digest.ts'
import {
  consistencyProof,
  EMPTY_ROOT,
  Frontier,
  frontierFrom,
  inclusionProof,
  leafDigest,
  nodeDigest,
  type SubtreeSource,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts'

const hex = (digest: Digest): string => Buffer.from(digest, 'latin1').toString('hex')

/** MTH straight from the definition in RFC 6962, with Buffers: the second opinion. */
function definition(entries: Buffer[]): Buffer {
  const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  if (entries.length === 0) return sha()
  if (entries.length === 1) return sha(Buffer.from([0]), entries[0]!)
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return sha(Buffer.from([1]), definition(entries.slice(0, k)), definition(entries.slice(k)))
}

function sourceOf(leaves: Digest[]): SubtreeSource {
  return function subtree(level, n): Digest {
    if (level === 0) return leaves[n]!
    return nodeDigest(subtree(level - 1, 2 * n), subtree(level - 1, 2 * n + 1))
  }
}

const entries = Array.from({ length: 256 }, (_, i) => `entry ${i} ção`)
const leaves = entries.map(leafDigest)
const subtree = sourceOf(leaves)
const roots = [EMPTY_ROOT]
const growing = new Frontier()
for (const leaf of leaves) {
  growing.append(leaf)
  roots.push(growing.root())
}
const flipped = (digest: Digest, bit: number): Digest => {
  const bytes = Buffer.from(digest, 'latin1')
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  return bytes.toString('latin1')
}

describe('the Merkle tree', () => {
  test('the published roots of the certificate-transparency test vectors', () => {
    // Inputs and roots of the reference tree used by the RFC 6962 implementations.
    const inputs = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const expected = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]
    const frontier = new Frontier()
    inputs.forEach((input, i) => {
      const bytes = Buffer.from(input, 'hex')
      frontier.append(
        createHash('sha256')
          .update(Buffer.concat([Buffer.from([0]), bytes]))
          .digest('binary'),
      )
      expect(hex(frontier.root())).toBe(expected[i])
    })
  })

  test('equals the definition for 0 to 256 leaves, grown or taken from subtrees', () => {
    for (let n = 0; n <= 256; n++) {
      const wanted = definition(entries.slice(0, n).map((entry) => Buffer.from(entry))).toString(
        'hex',
      )
      expect(hex(roots[n]!)).toBe(wanted)
      expect(hex(frontierFrom(n, subtree).root())).toBe(wanted)
    }
  })

  test('every inclusion proof up to 256 leaves is accepted; altered ones never', () => {
    let accepted = 0
    let refused = 0
    for (let size = 1; size <= 256; size++) {
      const root = roots[size]!
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, subtree)
        if (!verifyInclusion(leaves[index]!, index, size, proof, root))
          throw new Error(`${index}/${size}`)
        accepted++
        if (size % 16 !== 5) continue
        const altered = [
          ...proof.map((digest, i) => proof.with(i, flipped(digest, (index * 7 + i) % 256))),
          ...(proof.length ? [proof.slice(1), proof.slice(0, -1)] : []),
          [...proof, root],
          [root, ...proof],
        ]
        for (const bad of altered) {
          if (verifyInclusion(leaves[index]!, index, size, bad, root))
            throw new Error('accepted an altered proof')
          refused++
        }
        const wrong = [
          verifyInclusion(leaves[index]!, (index + 1) % (size + 1), size, proof, root) && size > 1,
          verifyInclusion(flipped(leaves[index]!, 3), index, size, proof, root),
          verifyInclusion(leaves[index]!, index, size, proof, flipped(root, 9)),
        ]
        expect(wrong).toEqual([false, false, false])
        refused += 3
      }
    }
    expect(accepted).toBe(32896)
    expect(refused).toBeGreaterThan(20_000)
  })

  test('every consistency proof up to 128 leaves is accepted; altered ones never', () => {
    let accepted = 0
    let refused = 0
    for (let second = 1; second <= 128; second++) {
      for (let first = 0; first <= second; first++) {
        const proof = consistencyProof(first, second, subtree)
        const check = (path: Digest[], old = roots[first]!, now = roots[second]!) =>
          verifyConsistency(first, second, old, now, path)
        if (!check(proof)) throw new Error(`${first}..${second}`)
        accepted++
        if (first === 0 || first === second || second % 8 !== 3) continue
        const altered = [
          ...proof.map((digest, i) => proof.with(i, flipped(digest, (first + i) % 256))),
          proof.slice(1),
          proof.slice(0, -1),
          [...proof, roots[first]!],
        ]
        for (const bad of altered) {
          if (check(bad)) throw new Error(`accepted an altered proof ${first}..${second}`)
          refused++
        }
        expect(check(proof, flipped(roots[first]!, 1))).toBe(false)
        expect(check(proof, roots[first]!, flipped(roots[second]!, 1))).toBe(false)
        refused += 2
      }
    }
    expect(accepted).toBe(8384)
    expect(refused).toBeGreaterThan(5000)
  })

  test('nonsense is refused, not answered', () => {
    expect(() => inclusionProof(5, 5, subtree)).toThrow(RangeError)
    expect(() => inclusionProof(Number.NaN, 5, subtree)).toThrow(RangeError)
    expect(() => consistencyProof(6, 5, subtree)).toThrow(RangeError)
    expect(verifyInclusion(leaves[0]!, -1, 5, [], roots[5]!)).toBe(false)
    expect(verifyConsistency(3, 2, roots[3]!, roots[2]!, [])).toBe(false)
    expect(verifyConsistency(0, 2, roots[1]!, roots[2]!, [])).toBe(false)
  })
})
