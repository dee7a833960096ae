// Hashes many pairs of digests: four at a time in WebAssembly, whose digests stay in its memory, because one by one node:crypto
// spends more time on being called than on hashing. Where WebAssembly or its vectors are missing, node:crypto does it.
import { hash } from 'node:crypto'
import { ROOM_AT, sha256Module, writeTables } from './sha256-module.ts'

export interface Lanes {
  /** Where pairs and digests lie; all addresses count from its begin. */
  readonly room: Buffer
  /**
   * SHA-256(`prefix` ‖ 32 bytes at `left` ‖ 32 bytes at `right`) to `out`, `count` times, each `stride` and `outStride` bytes further on.
   * None may be read that is written. Goes in fours: up to three digests after the last are overwritten.
   */
  hashPairs(
    prefix: number,
    left: number,
    right: number,
    stride: number,
    count: number,
    out: number,
    outStride: number,
  ): void
}

const PAGE = 65536
const PAGES = 4
const DIGEST = 32
/** The last pages' rest is for the fours that reach beyond. */
const ROOM = 2 * PAGE

/** What of WebAssembly is used here; the types of Node leave it out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (
    module: object,
  ) => {
    exports: { memory: { buffer: ArrayBuffer }; run: (...given: number[]) => void }
  }
}

/** Through node:crypto, one by one. */
export function createPlainLanes(): Lanes {
  const room = Buffer.alloc(ROOM)
  const message = Buffer.alloc(1 + 2 * DIGEST)
  return {
    room,
    hashPairs(prefix, left, right, stride, count, out, outStride) {
      message[0] = prefix
      for (let i = 0; i < count; i++) {
        room.copy(message, 1, left + i * stride, left + i * stride + DIGEST)
        room.copy(message, 1 + DIGEST, right + i * stride, right + i * stride + DIGEST)
        room.latin1Write(hash('sha256', message, 'binary'), out + i * outStride)
      }
    },
  }
}

/** Four at a time. Throws where WebAssembly or its vectors are missing. */
export function createVectorLanes(): Lanes {
  const module = new WebAssembly.Module(sha256Module(PAGES))
  const { memory, run } = new WebAssembly.Instance(module).exports
  writeTables(memory.buffer)
  return {
    room: Buffer.from(memory.buffer, ROOM_AT, ROOM),
    hashPairs(prefix, left, right, stride, count, out, outStride) {
      if (count > 0) run(prefix, left, right, stride, Math.ceil(count / 4), out, outStride)
    },
  }
}

/** Whether both hash the same pairs to the same digests: one pair for every last byte, so that all of the tables is used. */
function agree(a: Lanes, b: Lanes): boolean {
  const count = 256
  const out = count * 2 * DIGEST
  const digests = [a, b].map(({ room, hashPairs }) => {
    for (let i = 0; i < out; i++) room[i] = i % 64 === 63 ? i >> 6 : i * 167 + (i >> 6)
    hashPairs(1, 0, DIGEST, 2 * DIGEST, count, out, DIGEST)
    return room.subarray(out, out + count * DIGEST)
  })
  return digests[0]!.equals(digests[1]!)
}

/** Four at a time where that works and gives what node:crypto gives. */
export function createLanes(): Lanes {
  const plain = createPlainLanes()
  try {
    const vectors = createVectorLanes()
    return agree(vectors, plain) ? vectors : plain
  } catch {
    return plain
  }
}
