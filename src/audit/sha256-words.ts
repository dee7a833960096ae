// The numbers of SHA-256 (FIPS 180-4): where it starts, the constants of its rounds, and the words of a block that is the same but for
// one byte.

export const ROUNDS = 64

function primes(count: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++)
    if (found.every((prime) => n % prime > 0)) found.push(n)
  return found
}

/** The first 32 bits after the point: a double holds 50 of these roots. */
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32)

/** 5.3.3: out of the square roots of the first eight primes. */
export const INITIAL: readonly number[] = primes(8).map((prime) => fraction(Math.sqrt(prime)))
/** 4.2.2: out of the cube roots of the first 64 primes. */
export const ROUND_CONSTANTS: readonly number[] = primes(ROUNDS).map((prime) =>
  fraction(Math.cbrt(prime)),
)

const rotateRight = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits))

/**
 * The schedule (6.2.2, step 1) of the second block of a message of 65 bytes that ends in `byte`, each word with the constant of its
 * round added.
 */
export function lastBlockWords(byte: number): Uint32Array {
  const words = new Uint32Array(ROUNDS)
  words[0] = (byte << 24) | 0x800000
  words[15] = 65 * 8
  for (let t = 16; t < ROUNDS; t++) {
    const a = words[t - 2]!
    const b = words[t - 15]!
    const sigma1 = rotateRight(a, 17) ^ rotateRight(a, 19) ^ (a >>> 10)
    const sigma0 = rotateRight(b, 7) ^ rotateRight(b, 18) ^ (b >>> 3)
    words[t] = sigma1 + words[t - 7]! + sigma0 + words[t - 16]!
  }
  return words.map((word, t) => word + ROUND_CONSTANTS[t]!)
}
