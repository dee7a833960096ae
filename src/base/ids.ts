// Identifiers and secrets, as an object, so that a test can foresee them.
import { randomBytes, randomUUID } from 'node:crypto'

export interface Ids {
  /** UUID version 4 in lower case: jobs, artifacts, projects, boots. */
  uuid(): string
  /** Random bytes as base64url without padding; 32 bytes give 43 characters. */
  secret(bytes?: number): string
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  secret: (bytes = 32) => randomBytes(bytes).toString('base64url'),
}
