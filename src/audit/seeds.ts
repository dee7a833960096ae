// Seeds of the signing keys, one file per epoch (0600): made, read, destroyed. With key material from the start-up line the
// files are encrypted under it, so that the folder alone signs nothing.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

const SEED_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SEALED_BYTES = NONCE_BYTES + SEED_BYTES + TAG_BYTES

export interface Seeds {
  /** The seed of this epoch, or null when it is not there or cannot be opened. */
  read(epoch: number): Buffer | null
  /** Whether this epoch's lies open although key material was given: it was made before, when there was none. */
  isOpen(epoch: number): boolean
  /** Whether this epoch's is sealed with key material and none was given. */
  isLocked(epoch: number): boolean
  /** Makes and stores a new seed. */
  make(epoch: number): Buffer
  /** Overwrites and removes the seeds of all other epochs: what is gone cannot be stolen. */
  keepOnly(epoch: number): void
  /** Highest epoch that has a file; 0 without any. */
  highest(): number
}

export function createSeeds(options: {
  folder: string
  /** Key material from the start-up line; null stores the seeds as they are. */
  given: string | null
  random: (bytes: number) => string
  write: (file: string, bytes: Uint8Array) => void
}): Seeds {
  const { folder, given, random, write } = options
  const bytes = (count: number): Buffer => Buffer.from(random(count), 'base64url')
  const wrappingKey =
    given === null
      ? null
      : Buffer.from(
          hkdfSync('sha256', Buffer.from(given, 'base64url'), '', 'sisrua audit seeds', 32),
        )
  const fileOf = (epoch: number): string => path.join(folder, `audit-e${epoch}.seed`)

  function epochs(): number[] {
    if (!existsSync(folder)) return []
    return readdirSync(folder).flatMap((name) => {
      const found = /^audit-e(\d+)\.seed$/.exec(name)
      return found === null ? [] : [Number(found[1])]
    })
  }

  function seal(seed: Buffer): Buffer {
    if (wrappingKey === null) return seed
    const nonce = bytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce)
    const sealed = Buffer.concat([cipher.update(seed), cipher.final()])
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()])
  }

  function unseal(stored: Buffer): Buffer | null {
    if (stored.length === SEED_BYTES) return stored
    if (wrappingKey === null) return null
    if (stored.length !== SEALED_BYTES) return null
    const end = stored.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', wrappingKey, stored.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(stored.subarray(end))
    try {
      return Buffer.concat([decipher.update(stored.subarray(NONCE_BYTES, end)), decipher.final()])
    } catch {
      return null
    }
  }

  return {
    read(epoch) {
      const file = fileOf(epoch)
      if (!existsSync(file)) return null
      if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
        chmodSync(file, 0o600)
      return unseal(readFileSync(file))
    },
    isOpen(epoch) {
      const found = statSync(fileOf(epoch), { throwIfNoEntry: false })
      return wrappingKey !== null && found?.size === SEED_BYTES
    },
    isLocked(epoch) {
      const found = statSync(fileOf(epoch), { throwIfNoEntry: false })
      return wrappingKey === null && found?.size === SEALED_BYTES
    },
    make(epoch) {
      const seed = bytes(SEED_BYTES)
      write(fileOf(epoch), seal(seed))
      return seed
    },
    keepOnly(epoch) {
      for (const other of epochs()) if (other !== epoch) destroy(fileOf(other))
    },
    highest: () => Math.max(0, ...epochs()),
  }
}

/** As well as a file system lets us: journals and flash may keep a copy. */
function destroy(file: string): void {
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.alloc(statSync(file).size), 0)
  fsyncSync(handle)
  closeSync(handle)
  rmSync(file)
}
