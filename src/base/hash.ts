// SHA-256, and a comparison of secrets that takes the same time whatever they hold.
import { createHash, timingSafeEqual } from 'node:crypto'

export function sha256(bytes: Uint8Array | string): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** Lower-case hex, 64 characters. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Whether `given` has this SHA-256; the time does not depend on where they differ, nor on the length of the secret. */
export function matchesDigest(given: string, digest: Uint8Array): boolean {
  return timingSafeEqual(sha256(given), digest)
}
