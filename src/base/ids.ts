// Identifiers and secrets, as an object, so that a test can foresee them.
import { randomBytes, randomUUID } from 'node:crypto'

export interface Ids {
  /** UUID version 4 in lower case: jobs, artifacts, projects, boots. */
  uuid(): string
  /** Random bytes as base64url without padding; 32 bytes give 43 characters. */
  secret(bytes?: number): string
}

/** Random bytes fetched ahead, because asking the system for a few costs as much as for a few thousand. */
const POOL_BYTES = 4096
let pool = Buffer.alloc(0)
let used = 0

function pooledSecret(bytes: number): string {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  const own = pool.subarray(used, used + bytes)
  used += bytes
  const secret = own.toString('base64url')
  // Nobody else shall find it in memory.
  own.fill(0)
  return secret
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  secret: (bytes = 32) =>
    bytes <= POOL_BYTES / 16 ? pooledSecret(bytes) : randomBytes(bytes).toString('base64url'),
}
