// The key of the HMAC column: handed over by the plugin, or a file of the user's own (0600), made on first use.
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'

const KEY_BYTES = 32

export interface AuditKey {
  /** First 16 hex digits of the key's SHA-256: names it without telling it. */
  id: string
  bytes: Uint8Array
}

/**
 * `given`: key material from the start-up line, base64 or base64url of at least 32 bytes; then no file is touched.
 * `random` makes a new key as base64url; `write` stores a file durably with mode 0600 and creates its folder.
 */
export function loadAuditKey(options: {
  file: string
  given?: string | null
  random: (bytes: number) => string
  write: (file: string, bytes: Uint8Array) => void
}): AuditKey {
  const { file, given } = options
  if (given) return named(Buffer.from(given, 'base64url'))
  if (!existsSync(file)) {
    options.write(file, Buffer.from(options.random(KEY_BYTES), 'base64url'))
  }
  // Somebody may have widened the rights; Windows keeps them in the folder's list instead.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
  return named(readFileSync(file))
}

/** The key in this file when it is there and is not `key`: entries of the time before another one was given are signed with it. */
export function formerKeys(file: string, key: AuditKey): AuditKey[] {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
  const found = bytes.length < KEY_BYTES ? key : named(bytes)
  return found.id === key.id ? [] : [found]
}

function named(bytes: Uint8Array): AuditKey {
  if (bytes.length < KEY_BYTES) {
    throw new AppError(
      'STORE_UNSAFE',
      'The audit key is shorter than 32 bytes. Restore keys/audit-hmac.key from a backup.',
    )
  }
  return { id: sha256Hex(bytes).slice(0, 16), bytes }
}
