// Signs and checks webhook messages as Standard Webhooks 1.0 asks (standardwebhooks.com). Pure: no clock, no network.
import { createHmac, createPrivateKey, createPublicKey, sign, timingSafeEqual } from 'node:crypto'

const PREFIX = 'whsec_'

/** How far the time in a message may be from ours, seconds. */
export const TOLERANCE_SECONDS = 300

/** A secret in its written form from random bytes as base64url. */
export function writeSecret(random: string): string {
  return PREFIX + Buffer.from(random, 'base64url').toString('base64')
}

/** `v1,<base64 HMAC-SHA256(key, id.timestamp.body)>`; the key is what the secret's base64 stands for. */
export function signatureOf(
  secret: string,
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const mac = createHmac('sha256', key).update(`${id}.${timestampSeconds}.`).update(body)
  return `v1,${mac.digest('base64')}`
}

/** What comes before the 32 bytes of an Ed25519 seed in PKCS 8 (RFC 8410), and how many bytes end a public key's SPKI. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_KEY_BYTES = 32

const privateKeyOf = (seed: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })

/** The receiver's half of an Ed25519 seed, as Standard Webhooks writes it: `whpk_<base64>`. */
export function writePublicKey(seed: Uint8Array): string {
  const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
  return `whpk_${der.subarray(-PUBLIC_KEY_BYTES).toString('base64')}`
}

/** `v1a,<base64 Ed25519(seed, id.timestamp.body)>`: a receiver that checks it holds nothing it could sign with. */
export function asymmetricSignatureOf(
  seed: Uint8Array,
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
): string {
  const content = Buffer.concat([Buffer.from(`${id}.${timestampSeconds}.`), body])
  return `v1a,${sign(null, content, privateKeyOf(seed)).toString('base64')}`
}

/**
 * Headers of one attempt. Several secrets while one replaces another: a receiver accepts any of the signatures.
 * `X-Webhook-Signature` is hex HMAC-SHA256 of the body alone, keyed with the newest secret as it is written, for receivers
 * of the simple kind; it can be replayed, so the standard one is what counts. With `seed`, an Ed25519 signature
 * follows the others.
 */
export function signedHeaders(
  secrets: readonly string[],
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
  seed: Uint8Array | null = null,
): Record<string, string> {
  const signatures = secrets.map((secret) => signatureOf(secret, id, timestampSeconds, body))
  if (seed !== null) signatures.push(asymmetricSignatureOf(seed, id, timestampSeconds, body))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
    'X-Webhook-Signature': createHmac('sha256', secrets[0]!).update(body).digest('hex'),
  }
}

export interface SignedMessage {
  id: string | undefined
  timestamp: string | undefined
  signature: string | undefined
  /** The bytes as they came; nothing may have parsed them. */
  body: Uint8Array
}

/** True when one of the signatures fits one of the secrets and the time is near. Every pair is compared, in constant time. */
export function isSigned(
  { id, timestamp, signature, body }: SignedMessage,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  if (id === undefined || timestamp === undefined || signature === undefined) return false
  if (!/^[\x21-\x2d\x2f-\x7e]{1,256}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return false
  const seconds = Number(timestamp)
  // One spelling only: with leading zeros the signed text would not be what was compared.
  if (String(seconds) !== timestamp) return false
  if (Math.abs(nowMs / 1000 - seconds) > TOLERANCE_SECONDS) return false
  const given = signature
    .split(' ')
    .slice(0, 8)
    .map((text) => Buffer.from(text))
  let accepted = false
  for (const secret of secrets) {
    const wanted = Buffer.from(signatureOf(secret, id, seconds, body))
    for (const one of given) {
      if (one.length === wanted.length && timingSafeEqual(one, wanted)) accepted = true
    }
  }
  return accepted
}
