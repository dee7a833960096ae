// Links of the audit log. Pure: text and keys in, hashes out. First byte of every hash says what is hashed, so that one
// kind can never pass for another:
//   leaf   = SHA-256(0x00 ‖ entry)                     RFC 6962 leaf, base of the tree
//   chain  = SHA-256(0x02 ‖ previous chain ‖ leaf)     makes removal and reordering show
//   commit = SHA-256(0x03 ‖ salt ‖ data)               data can be erased without breaking the leaf
//   signature = HMAC-SHA256(key, entry)                the original's column
import { hash } from 'node:crypto'
import type { Digest } from './digest.ts'

const BLOCK = 64
/** What stands before the first link. */
export const GENESIS: Digest = '\0'.repeat(32)

export interface Link {
  leaf: Digest
  chain: Digest
  signature: Digest
}

const step = Buffer.alloc(65)
step[0] = 2

/** `previous`: chain hash of the entry before, GENESIS for the first. */
export function chainDigest(previous: Digest, leaf: Digest): Digest {
  step.latin1Write(previous, 1)
  step.latin1Write(leaf, 33)
  return hash('sha256', step, 'binary')
}

/**
 * A linker for one HMAC key. It keeps one scratch buffer, because allocation would cost more than the hashing:
 * the entry's bytes lie at 64, and what must precede them is written right before.
 */
export function createLinker(key: Uint8Array) {
  const inner = Buffer.alloc(BLOCK)
  const outer = Buffer.alloc(BLOCK + 32)
  const paddedKey = Buffer.alloc(BLOCK)
  paddedKey.set(key.length > BLOCK ? hash('sha256', key, 'buffer') : key)
  for (let i = 0; i < BLOCK; i++) {
    inner[i] = paddedKey[i]! ^ 0x36
    outer[i] = paddedKey[i]! ^ 0x5c
  }
  let scratch = Buffer.alloc(BLOCK + 4096)

  function load(entry: string): number {
    const most = BLOCK + entry.length * 3
    if (most > scratch.length) scratch = Buffer.alloc(most)
    return BLOCK + scratch.utf8Write(entry, BLOCK)
  }

  function leafOf(end: number): Digest {
    scratch[BLOCK - 1] = 0
    return hash('sha256', scratch.subarray(BLOCK - 1, end), 'binary')
  }

  function signatureOf(end: number): Digest {
    scratch.set(inner, 0)
    outer.latin1Write(hash('sha256', scratch.subarray(0, end), 'binary'), BLOCK)
    return hash('sha256', outer, 'binary')
  }

  return {
    link(previous: Digest, entry: string): Link {
      const end = load(entry)
      const leaf = leafOf(end)
      return { leaf, chain: chainDigest(previous, leaf), signature: signatureOf(end) }
    },
    leaf: (entry: string): Digest => leafOf(load(entry)),
    signature: (entry: string): Digest => signatureOf(load(entry)),
  }
}

export type Linker = ReturnType<typeof createLinker>

const SALT_AT = 1
const DATA_AT = 17
let commitScratch = Buffer.alloc(4096)

/** Commitment to the data of an entry, as hex. `salt`: 16 random bytes, erased together with the data. */
export function commitData(salt: Uint8Array, data: string): string {
  const most = DATA_AT + data.length * 3
  if (most > commitScratch.length) commitScratch = Buffer.alloc(most)
  commitScratch[0] = 3
  commitScratch.set(salt, SALT_AT)
  const end = DATA_AT + commitScratch.utf8Write(data, DATA_AT)
  return hash('sha256', commitScratch.subarray(0, end), 'hex')
}
