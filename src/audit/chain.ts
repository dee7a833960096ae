// Links of the audit log. Pure: text and keys in, hashes out. First byte of every hash says what is hashed, so that one
// kind can never pass for another:
//   leaf   = SHA-256(0x00 ‖ entry)                     RFC 6962 leaf, base of the tree
//   chain  = SHA-256(0x02 ‖ previous chain ‖ leaf)     makes removal and reordering show
//   commit = SHA-256(0x03 ‖ salt ‖ data)               data can be erased without breaking the leaf
//   signature = HMAC-SHA256(key, entry)                the original's column
import { hash } from 'node:crypto'

const BLOCK = 64
export const GENESIS: Buffer = Buffer.alloc(32)

export interface Link {
  leaf: Buffer
  chain: Buffer
  signature: Buffer
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
  const step = Buffer.alloc(65)
  let scratch = Buffer.alloc(BLOCK + 4096)

  function load(entry: string): number {
    const most = BLOCK + entry.length * 3
    if (most > scratch.length) scratch = Buffer.alloc(most)
    return BLOCK + scratch.write(entry, BLOCK, 'utf8')
  }

  function leafOf(end: number): Buffer {
    scratch[BLOCK - 1] = 0
    return hash('sha256', scratch.subarray(BLOCK - 1, end), 'buffer')
  }

  function signatureOf(end: number): Buffer {
    scratch.set(inner, 0)
    outer.set(hash('sha256', scratch.subarray(0, end), 'buffer'), BLOCK)
    return hash('sha256', outer, 'buffer')
  }

  function chainOf(previous: Uint8Array, leaf: Uint8Array): Buffer {
    step[0] = 2
    step.set(previous, 1)
    step.set(leaf, 33)
    return hash('sha256', step, 'buffer')
  }

  return {
    /** `previous`: chain hash of the entry before, GENESIS for the first. */
    link(previous: Uint8Array, entry: string): Link {
      const end = load(entry)
      const leaf = leafOf(end)
      return { leaf, chain: chainOf(previous, leaf), signature: signatureOf(end) }
    },
    leaf: (entry: string): Buffer => leafOf(load(entry)),
    chain: chainOf,
    signature: (entry: string): Buffer => signatureOf(load(entry)),
  }
}

export type Linker = ReturnType<typeof createLinker>

const SALT_AT = 1
const DATA_AT = 17
let commitScratch = Buffer.alloc(4096)

/** Commitment to the data of an entry, 32 bytes. `salt`: 16 random bytes, erased together with the data. */
export function commitData(salt: Uint8Array, data: string): Buffer {
  const most = DATA_AT + data.length * 3
  if (most > commitScratch.length) commitScratch = Buffer.alloc(most)
  commitScratch[0] = 3
  commitScratch.set(salt, SALT_AT)
  const end = DATA_AT + commitScratch.write(data, DATA_AT, 'utf8')
  return hash('sha256', commitScratch.subarray(0, end), 'buffer')
}
