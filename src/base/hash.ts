// SHA-256, and a comparison of secrets that takes the same time whatever they hold.
import { hash, timingSafeEqual } from 'node:crypto'

/** 32 bytes. By way of a string: memory of its own for each digest costs twice the hash, and again when it is let go. */
export function sha256(bytes: Uint8Array | string): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')
}

/** Lower-case hex, 64 characters. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex')
}

/** Whether `given` has this SHA-256; the time does not depend on where they differ, nor on the length of the secret. */
export function matchesDigest(given: string, digest: Uint8Array): boolean {
  return timingSafeEqual(sha256(given), digest)
}
