// The few words of WebAssembly's binary format that the hash of this room is written in: numbers from the core specification 2.0,
// chapter 5 (webassembly.github.io/spec/core/binary). Every function here gives the bytes of what its name says.

/** Bytes in the order they stand, nested as they were put together; flattened once, in the module. */
export type Code = number | readonly Code[]

/** 5.2.2: LEB128. */
function unsigned(value: number): Code[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}

function signed(value: number): Code[] {
  const bytes: number[] = []
  let rest = value | 0
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest & 0x7f]
}

// 5.4: operands come first, then the operation.
export const get = (local: number): Code => [0x20, unsigned(local)]
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)]
export const i32 = (value: number): Code => [0x41, signed(value)]
export const addI32 = (a: Code, b: Code): Code => [a, b, 0x6a]
export const multiplyI32 = (a: Code, b: Code): Code => [a, b, 0x6c]
/** 1 when `a`, without a sign, is less than `b`; else 0. */
export const isLess = (a: Code, b: Code): Code => [a, b, 0x49]
/** The byte at `address` + `offset`, as an i32. */
export const loadByte = (address: Code, offset: number): Code => [
  address,
  0x2d,
  0,
  unsigned(offset),
]
/** Does `body`, and again as long as `condition` is not 0. */
export const repeatWhile = (body: Code, condition: Code): Code => [
  0x03,
  0x40,
  body,
  condition,
  [0x0d, 0],
  0x0b,
]

// 5.4.9: operations on four numbers of 32 bits at once.
const onVectors = (operation: number, ...operands: Code[]): Code => [
  operands,
  0xfd,
  unsigned(operation),
]
const inTurn = (operation: number, terms: readonly Code[]): Code =>
  terms.reduce((before, term) => onVectors(operation, before, term))

export const loadVector = (address: Code, offset: number): Code => [
  onVectors(0, address),
  0,
  unsigned(offset),
]
export const storeVector = (address: Code, offset: number, value: Code): Code => [
  onVectors(11, address, value),
  0,
  unsigned(offset),
]
/** 16 bytes out of the 32 of `a` and `b`, by their numbers. */
export const shuffle = (a: Code, b: Code, bytes: readonly number[]): Code => [
  onVectors(13, a, b),
  bytes,
]
export const splat = (value: Code): Code => onVectors(17, value)
export const and = (a: Code, b: Code): Code => onVectors(78, a, b)
export const or = (a: Code, b: Code): Code => onVectors(80, a, b)
export const xor = (...terms: readonly Code[]): Code => inTurn(81, terms)
/** Of each bit that of `yes` where `mask` has one, else that of `no`. */
export const select = (mask: Code, yes: Code, no: Code): Code => onVectors(82, yes, no, mask)
export const shiftLeft = (a: Code, bits: number): Code => onVectors(171, a, i32(bits))
export const shiftRight = (a: Code, bits: number): Code => onVectors(173, a, i32(bits))
export const add = (...terms: readonly Code[]): Code => inTurn(174, terms)

const I32 = 0x7f
const V128 = 0x7b
const sized = (bytes: number[]): Code => [unsigned(bytes.length), bytes]
const flat = (code: Code): number[] =>
  typeof code === 'number' ? [code] : ((code as unknown[]).flat(Infinity as 1) as number[])
const section = (id: number, ...content: Code[]): Code => [id, sized(flat(content))]

/** 5.5: a module of one function `run` without a result and its `memory`. Its locals are `i32s` (parameters first), then `vectors`. */
export function moduleOf(given: {
  parameters: number
  i32s: number
  vectors: number
  pages: number
  body: Code
}): Uint8Array<ArrayBuffer> {
  const { parameters, i32s, vectors, pages, body } = given
  const name = (text: string): Code => sized([...text].map((letter) => letter.charCodeAt(0)))
  const locals = [2, unsigned(i32s - parameters), I32, unsigned(vectors), V128]
  return Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, 1, 0x60, sized(new Array<number>(parameters).fill(I32)), 0),
      section(3, 1, 0),
      section(5, 1, 0, unsigned(pages)),
      section(7, 2, name('memory'), 2, 0, name('run'), 0, 0),
      section(10, 1, sized(flat([locals, body, 0x0b]))),
    ]),
  )
}
