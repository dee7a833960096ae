// Pairs of digests hashed four at a time, with node:crypto as the judge of every one.
import { createCipheriv, createHash } from 'node:crypto'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createLanes,
  createPlainLanes,
  createVectorLanes,
  type Lanes,
} from '../../src/audit/sha256-lanes.ts'
import { ROOM_AT } from '../../src/audit/sha256-module.ts'

/** The same bytes at every run. */
const random = createCipheriv('aes-256-ctr', Buffer.alloc(32, 'seed 20261121'), Buffer.alloc(16))
const bytes = (count: number): Buffer => random.update(Buffer.alloc(count))
const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()

const OUT = 65536
/** Hashes these messages of 64 bytes behind `prefix`; gives those of node:crypto beside. */
function both({ room, hashPairs }: Lanes, prefix: number, messages: readonly Buffer[]) {
  for (const [i, message] of messages.entries()) room.set(message, i * 64)
  hashPairs(prefix, 0, 32, 64, messages.length, OUT, 32)
  const found = messages.map((_, i) => room.toString('hex', OUT + i * 32, OUT + i * 32 + 32))
  const judged = messages.map((message) => sha256(Buffer.of(prefix), message).toString('hex'))
  return { found, judged }
}

const everyByte = Array.from({ length: 256 }, (_, byte) => byte)
const kinds: [string, () => Lanes][] = [
  ['in vectors', createVectorLanes],
  ['one by one', createPlainLanes],
]

describe.each(kinds)('digests made %s', (_, create) => {
  const lanes = create()

  it('are those of 12,288 random messages, 48 behind every first byte', () => {
    for (const prefix of everyByte) {
      const messages = Array.from({ length: 48 }, () => bytes(64))
      const { found, judged } = both(lanes, prefix, messages)
      expect(found).toEqual(judged)
    }
  })

  it('are those of messages of one byte over and over, and of every last byte', () => {
    const plain = [0x00, 0xff, 0x80, 0x01].map((byte) => Buffer.alloc(64, byte))
    for (const prefix of everyByte) {
      const { found, judged } = both(lanes, prefix, plain)
      expect(found).toEqual(judged)
    }
    const lasts = everyByte.map((byte) => Buffer.concat([bytes(63), Buffer.of(byte)]))
    const { found, judged } = both(lanes, 1, lasts)
    expect(found).toEqual(judged)
  })

  it('are different for every bit of a message', () => {
    const message = bytes(64)
    const flipped = Array.from({ length: 512 }, (_, bit) => {
      const copy = Buffer.from(message)
      copy[bit >> 3]! ^= 1 << (bit & 7)
      return copy
    })
    const { found, judged } = both(lanes, 2, [message, ...flipped])
    expect(found).toEqual(judged)
    expect(new Set(found).size).toBe(513)
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 9, 511])('%i of them, wherever they lie', (count) => {
    const { room, hashPairs } = lanes
    const [left, right, stride, out, outStride] = [7, 41, 65, 70_001, 67]
    room.set(bytes(room.length))
    const before = Buffer.from(room)
    hashPairs(2, left, right, stride, count, out, outStride)
    for (let i = 0; i < count; i++) {
      const part = (at: number): Buffer => before.subarray(at + i * stride, at + i * stride + 32)
      const digest = sha256(Buffer.of(2), part(left), part(right))
      digest.copy(before, out + i * outStride)
    }
    // Three more may be overwritten, and nothing else.
    const mayDiffer = out + count * outStride
    room.copy(before, mayDiffer, mayDiffer, mayDiffer + (count % 4 === 0 ? 0 : 3) * outStride)
    expect(room.equals(before)).toBe(true)
  })
})

describe('where vectors', () => {
  afterEach(() => vi.unstubAllGlobals())
  const messages = Array.from({ length: 11 }, () => bytes(64))
  const odd = 0xa7
  messages[3]![63] = odd

  /** The program's choice gives the right digests whatever it is. */
  function expectRight(lanes = createLanes()): void {
    const { found, judged } = both(lanes, 1, messages)
    expect(found).toEqual(judged)
  }

  /** The real module, whose calls are counted; `spoil`: it flips a bit in the digest of whatever ends in `odd`. */
  function watch(spoil: boolean) {
    const seen = { calls: 0, spoiled: 0 }
    const { Module, Instance } = globals.WebAssembly
    const Watched = function watched(module: object) {
      const { memory, run } = new Instance(module).exports
      const room = Buffer.from(memory.buffer, ROOM_AT)
      const watchedRun: Run = (prefix, left, right, stride, fours, out, outStride) => {
        run(prefix, left, right, stride, fours, out, outStride)
        seen.calls++
        for (let i = 0; spoil && i < fours * 4; i++) {
          if (room[right + i * stride + 31] !== odd) continue
          room[out + i * outStride + 5]! ^= 1
          seen.spoiled++
        }
      }
      return { exports: { memory, run: watchedRun } }
    }
    vi.stubGlobal('WebAssembly', { Module, Instance: Watched })
    return seen
  }

  it('work they are what is used', () => {
    const seen = watch(false)
    const lanes = createLanes()
    const before = seen.calls
    expectRight(lanes)
    expect(seen.calls).toBe(before + 1)
  })

  it('give one wrong bit for one last byte, node:crypto hashes', () => {
    const seen = watch(true)
    const lanes = createLanes()
    const before = { ...seen }
    expect(before.spoiled).toBe(1)
    expectRight(lanes)
    expect(seen).toEqual(before)
  })

  it('are missing, node:crypto hashes', () => {
    vi.stubGlobal('WebAssembly', undefined)
    expect(createVectorLanes).toThrow()
    expectRight()
  })

  it('are refused by the machine, node:crypto hashes', () => {
    const Module = function refuse(): never {
      throw new Error('Wasm SIMD unsupported')
    }
    vi.stubGlobal('WebAssembly', { Module, Instance: globals.WebAssembly.Instance })
    expect(createVectorLanes).toThrow('unsupported')
    expectRight()
  })

  it('work in a thread', async () => {
    const file = path.resolve('src/audit/sha256-lanes.ts')
    const script = `import(${JSON.stringify(file)}).then(({ createVectorLanes }) => {
      const { room, hashPairs } = createVectorLanes()
      room.fill(9, 0, 64)
      hashPairs(1, 0, 32, 64, 1, 64, 32)
      require('node:worker_threads').parentPort.postMessage(room.toString('hex', 64, 96))
    })`
    const worker = new Worker(script, { eval: true })
    const digest = await new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject)
    })
    await worker.terminate()
    expect(digest).toBe(sha256(Buffer.of(1), Buffer.alloc(64, 9)).toString('hex'))
  })
})

type Run = (
  prefix: number,
  left: number,
  right: number,
  stride: number,
  fours: number,
  out: number,
  outStride: number,
) => void
const globals = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object
    Instance: new (module: object) => { exports: { memory: { buffer: ArrayBuffer }; run: Run } }
  }
}
