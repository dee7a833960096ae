// Tokens for other programs of the same person, e.g. the plugin of a second AutoCAD: each with a name, a role and perhaps an end.
// What a client made ends with it, so that nobody outlives their end through another token.
// Only digests are kept, only in memory, so a restart voids all of them.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import type { Ids } from '../base/ids.ts'
import type { Principal, Role } from './access.ts'

export interface Client {
  /** Also the principal's id in the audit log. */
  id: string
  name: string
  role: Role
  /** Milliseconds since 1970 UTC. */
  createdAt: number
  /** Null: until it is revoked or the program ends. */
  expiresAt: number | null
}

interface ClientInput {
  name: string
  role: Role
  /** Null: no end. */
  expiresInSeconds: number | null
}

export interface Clients {
  /** The token is told once and never again. `maker`: who asks. Throws QUEUE_FULL when there are too many. */
  create(input: ClientInput, maker: string): { client: Client; token: string }
  /** Those that are still let in, oldest first. */
  list(): Client[]
  /** False when there is no such client. */
  revoke(id: string): boolean
  /** Ends those whose time is over, so that what hangs on them ends too. */
  endLate(): void
  /** Who carries this token; null when nobody does, or its time is over. */
  recognise(token: string): Principal | null
}

/** Every token of a client begins so. */
export const CLIENT_PREFIX = 'cli_'
const MAX_CLIENTS = 100

export interface ClientsDeps {
  clock: Clock
  ids: Ids
  /** Called when a client ends, so that what hangs on it ends too. */
  onEnd(id: string): void
}

export function createClients({ clock, ids, onEnd }: ClientsDeps): Clients {
  /** By digest; `until` is on the clock that nobody can set. */
  const clients = new Map<
    string,
    { client: Client; until: number; principal: Principal; maker: string }
  >()

  function end(digest: string): void {
    const found = clients.get(digest)
    if (found === undefined) return
    clients.delete(digest)
    onEnd(found.client.id)
    for (const [other, { maker }] of clients) if (maker === found.client.id) end(other)
  }

  function endLate(): void {
    const now = clock.monotonic()
    for (const [digest, { until }] of clients) if (until <= now) end(digest)
  }

  return {
    endLate,
    create({ name, role, expiresInSeconds }, maker) {
      endLate()
      if (clients.size >= MAX_CLIENTS) {
        throw new AppError(
          'QUEUE_FULL',
          `There are ${MAX_CLIENTS} clients already. Revoke one that is no longer needed.`,
        )
      }
      const token = CLIENT_PREFIX + ids.secret()
      const lifeMs = expiresInSeconds === null ? null : expiresInSeconds * 1000
      const createdAt = clock.now()
      const client: Client = {
        id: `client-${ids.secret(6)}`,
        name,
        role,
        createdAt,
        expiresAt: lifeMs === null ? null : createdAt + lifeMs,
      }
      clients.set(sha256Hex(token), {
        client,
        until: lifeMs === null ? Number.POSITIVE_INFINITY : clock.monotonic() + lifeMs,
        principal: { id: client.id, role },
        maker,
      })
      return { client, token }
    },
    list() {
      endLate()
      return [...clients.values()].map(({ client }) => client)
    },
    revoke(id) {
      endLate()
      for (const [digest, { client }] of clients) {
        if (client.id !== id) continue
        end(digest)
        return true
      }
      return false
    },
    recognise(token) {
      // All of them: one whose maker's time is over is over too.
      endLate()
      return clients.get(sha256Hex(token))?.principal ?? null
    },
  }
}
