// SHA-256 (FIPS 180-4) of four messages at once, as a WebAssembly module: each lane of a vector is one message. All have 65 bytes,
// a first byte that all share and two digests: what the links of the log and the nodes of its tree are hashed over.
import { INITIAL, lastBlockWords, ROUND_CONSTANTS, ROUNDS } from './sha256-words.ts'
import {
  add,
  addI32,
  and,
  type Code,
  get,
  i32,
  isLess,
  loadByte,
  loadVector,
  moduleOf,
  multiplyI32,
  or,
  repeatWhile,
  select,
  set,
  shiftLeft,
  shiftRight,
  shuffle,
  splat,
  storeVector,
  xor,
} from './wasm-bytes.ts'

const WORD = 4
const VECTOR = 16
const DIGEST = 32

// Memory: the round constants, each four times; then for each value that the last byte of a message can have what `lastBlockWords`
// gives; then room for messages and digests.
const CONSTANTS_AT = 0
const LAST_BLOCKS_AT = ROUNDS * VECTOR
export const ROOM_AT = LAST_BLOCKS_AT + 256 * ROUNDS * WORD

// Locals: parameters, a row of `LAST_BLOCKS_AT` for each message, a counter; then vectors.
const PREFIX = 0
const LEFT = 1
const RIGHT = 2
const STRIDE = 3
const FOURS = 4
const OUT = 5
const OUT_STRIDE = 6
const ROW = 7
const AT = 11
const I32S = 12
const STATE = I32S
const SAVED = STATE + 8
const WORDS = SAVED + 8
const SCRATCH = WORDS + 16
const VECTORS = SCRATCH + 1 - I32S

const four = (first: number): number[] => [first, first + 1, first + 2, first + 3]

// 4.1.2
const rotateRight = (x: Code, bits: number): Code =>
  or(shiftRight(x, bits), shiftLeft(x, 32 - bits))
const choose = (x: Code, y: Code, z: Code): Code => select(x, y, z)
const majority = (x: Code, y: Code, z: Code): Code => or(and(x, y), and(z, or(x, y)))
const bigSigma0 = (x: Code): Code => xor(rotateRight(x, 2), rotateRight(x, 13), rotateRight(x, 22))
const bigSigma1 = (x: Code): Code => xor(rotateRight(x, 6), rotateRight(x, 11), rotateRight(x, 25))
const smallSigma0 = (x: Code): Code => xor(rotateRight(x, 7), rotateRight(x, 18), shiftRight(x, 3))
const smallSigma1 = (x: Code): Code =>
  xor(rotateRight(x, 17), rotateRight(x, 19), shiftRight(x, 10))

/** 6.2.2, step 3, of round `t`; instead of the values the names a … h move on, so after eight rounds they are where they were. */
function round(t: number, constantAndWord: Code): Code {
  const local = (name: string): number => STATE + (('abcdefgh'.indexOf(name) - t) & 7)
  const [a, b, c, d, e, f, g, h] = [...'abcdefgh'].map((name) => get(local(name))) as Eight
  return [
    set(SCRATCH, add(h, bigSigma1(e), choose(e, f, g), constantAndWord)),
    set(local('d'), add(d, get(SCRATCH))),
    set(local('h'), add(get(SCRATCH), bigSigma0(a), majority(a, b, c))),
  ]
}
type Eight = [Code, Code, Code, Code, Code, Code, Code, Code]

/** 6.2.2, step 1: word `t` − 16 becomes word `t`; sixteen are kept. */
function nextWord(t: number): Code {
  const word = (back: number): Code => get(WORDS + ((t - back) & 15))
  const sum = add(smallSigma1(word(2)), word(7), smallSigma0(word(15)), word(16))
  return set(WORDS + (t & 15), sum)
}

/** Four vectors are the rows of a square of words, the first is `top`: rows become columns. */
function transpose(top: number): Code {
  const [a, b, c, d] = [top, top + 1, top + 2, top + 3]
  const words = (x: number, y: number, ...numbers: number[]): Code => {
    const bytes = numbers.flatMap((n) => four(n * WORD))
    return shuffle(get(x), get(y), bytes)
  }
  return [
    // Pairs of columns of the two upper rows and of the two lower ones.
    set(SCRATCH, words(a, b, 0, 4, 1, 5)),
    set(b, words(a, b, 2, 6, 3, 7)),
    set(a, words(c, d, 0, 4, 1, 5)),
    set(d, words(c, d, 2, 6, 3, 7)),
    set(c, words(b, d, 0, 1, 4, 5)),
    set(d, words(b, d, 2, 3, 6, 7)),
    set(b, words(SCRATCH, a, 2, 3, 6, 7)),
    set(a, words(SCRATCH, a, 0, 1, 4, 5)),
  ]
}

/** SHA-256 counts the bytes of a word from its highest, WebAssembly from its lowest. */
function swapBytes(vector: number): Code {
  const bytes = [0, 4, 8, 12].flatMap((word) => four(word).reverse())
  return set(vector, shuffle(get(vector), get(vector), bytes))
}

const ofMessage = (first: number, lane: number, stride: number): Code =>
  lane === 0 ? get(first) : addI32(get(first), multiplyI32(get(stride), i32(lane)))

/** The first 64 bytes: the two digests, a byte late because the prefix comes first. */
function loadFirstBlock(): Code {
  const digests = four(0).map((quarter): Code => {
    const vectors = four(WORDS + quarter * 4)
    const digest = quarter < 2 ? LEFT : RIGHT
    return [
      vectors.map((vector, lane) =>
        set(vector, loadVector(ofMessage(digest, lane, STRIDE), ROOM_AT + (quarter % 2) * VECTOR)),
      ),
      transpose(vectors[0]!),
      vectors.map(swapBytes),
    ]
  })
  const late = Array.from({ length: 16 }, (_, i) => WORDS + 15 - i).map((word) => {
    const before = word === WORDS ? splat(get(PREFIX)) : get(word - 1)
    return set(word, or(shiftRight(get(word), 8), shiftLeft(before, 24)))
  })
  return [digests, late]
}

/** Sixteen rounds with the words as they come, then three times sixteen with the next ones. */
function firstBlock(): Code {
  const constantAnd = (t: number): Code =>
    add(get(WORDS + t), loadVector(get(AT), CONSTANTS_AT + t * VECTOR))
  const sixteen = Array.from({ length: 16 }, (_, t) => t)
  return [
    loadFirstBlock(),
    INITIAL.map((word, i) => set(STATE + i, splat(i32(word)))),
    set(AT, i32(0)),
    sixteen.map((t) => round(t, constantAnd(t))),
    repeatWhile(
      [
        set(AT, addI32(get(AT), i32(16 * VECTOR))),
        sixteen.map((t) => [nextWord(t), round(t, constantAnd(t))]),
      ],
      isLess(get(AT), i32((ROUNDS - 16) * VECTOR)),
    ),
    INITIAL.map((word, i) => set(STATE + i, add(get(STATE + i), splat(i32(word))))),
  ]
}

/** The last byte of each message, and the padding: its words are read, not computed. Eight rounds a turn. */
function lastBlock(): Code {
  const rows = four(ROW)
  const words = four(WORDS)
  const eight = 8 * WORD
  const rounds = [0, 4].map((first) => [
    words.map((word, lane) =>
      set(word, loadVector(get(rows[lane]!), LAST_BLOCKS_AT + first * WORD)),
    ),
    transpose(WORDS),
    words.map((word, i) => round(first + i, get(word))),
  ])
  return [
    rows.map((row, lane) => {
      const lastByte = loadByte(ofMessage(RIGHT, lane, STRIDE), ROOM_AT + DIGEST - 1)
      return set(row, multiplyI32(lastByte, i32(ROUNDS * WORD)))
    }),
    INITIAL.map((_, i) => set(SAVED + i, get(STATE + i))),
    set(AT, i32(0)),
    repeatWhile(
      [
        rounds,
        rows.map((row) => set(row, addI32(get(row), i32(eight)))),
        set(AT, addI32(get(AT), i32(eight))),
      ],
      isLess(get(AT), i32(ROUNDS * WORD)),
    ),
    INITIAL.map((_, i) => set(STATE + i, add(get(STATE + i), get(SAVED + i)))),
  ]
}

function storeDigests(): Code {
  return [0, 1].map((half): Code => {
    const vectors = four(STATE + 4 * half)
    const store = (vector: number, lane: number): Code =>
      storeVector(ofMessage(OUT, lane, OUT_STRIDE), ROOM_AT + half * VECTOR, get(vector))
    return [vectors.map(swapBytes), transpose(vectors[0]!), vectors.map(store)]
  })
}

/**
 * The module, with a memory of so many pages of 64 KiB. Its `run(prefix, left, right, stride, fours, out, outStride)` makes 4 · `fours`
 * (at least one) digests: the i-th, at `out` + i · `outStride`, over the byte `prefix` and the 32 bytes each at `left` and `right`
 * + i · `stride`. Addresses count from `ROOM_AT`. `writeTables` comes first.
 */
export function sha256Module(pages: number): Uint8Array<ArrayBuffer> {
  const forward = (address: number, stride: number): Code =>
    set(address, addI32(get(address), multiplyI32(get(stride), i32(4))))
  const one = [
    firstBlock(),
    lastBlock(),
    storeDigests(),
    forward(LEFT, STRIDE),
    forward(RIGHT, STRIDE),
    forward(OUT, OUT_STRIDE),
    set(FOURS, addI32(get(FOURS), i32(-1))),
  ]
  const body = repeatWhile(one, get(FOURS))
  return moduleOf({ parameters: OUT_STRIDE + 1, i32s: I32S, vectors: VECTORS, pages, body })
}

/** Fills in what the module reads from its memory. */
export function writeTables(memory: ArrayBuffer): void {
  const constants = new Uint32Array(memory, CONSTANTS_AT, ROUNDS * 4)
  constants.forEach((_, i) => {
    constants[i] = ROUND_CONSTANTS[i >> 2]!
  })
  const rows = new Uint32Array(memory, LAST_BLOCKS_AT, 256 * ROUNDS)
  for (let byte = 0; byte < 256; byte++) rows.set(lastBlockWords(byte), byte * ROUNDS)
}
