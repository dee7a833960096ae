// Who is asking: the owner token, clients' tokens, session tokens and one-time tickets. Only digests are kept, only in memory,
// so a restart voids all of them.
import type { Clock } from '../base/clock.ts'
import { matchesDigest, sha256, sha256Hex } from '../base/hash.ts'
import type { Ids } from '../base/ids.ts'
import type { Principal } from './access.ts'
import { CLIENT_PREFIX, type Clients, createClients } from './clients.ts'

export interface Sessions {
  /** False: no owner token was given, so nobody can be let in. */
  readonly configured: boolean
  /** Who carries this token; null when nobody does. A used session lives on for its sliding time. */
  recognise(token: string): Principal | null
  /** A session token of role operator (or the asker's own role when that is lower). */
  open(asker: Principal): { token: string; expiresInSeconds: number }
  /** A ticket for one WebSocket, good once and for ten seconds. */
  ticket(asker: Principal): { ticket: string; expiresInSeconds: number }
  /** Redeems a ticket; null when it is unknown, used or late. */
  redeem(ticket: string): Principal | null
  readonly clients: Clients
  /** Proof that we hold the owner token: hex HMAC-SHA256(token, `hello|nonce|bootId`); null without a token. */
  prove(nonce: string, bootId: string): string | null
}

const SLIDING_MS = 30 * 60_000
const ABSOLUTE_MS = 12 * 3_600_000
const MAX_SESSIONS = 50
const TICKET_MS = 10_000
const MAX_TICKETS = 200

interface Session {
  principal: Principal
  /** Who opened it; it ends with them. */
  opener: string
  bornAt: number
  usedAt: number
}

export interface SessionDeps {
  clock: Clock
  ids: Ids
  /** Keyed proof of the owner token; null when there is none. */
  hmac: ((text: string) => string) | null
  ownerDigest: Uint8Array | null
  /** Called when a session ends, so that what was counted for it can be forgotten. */
  onEnd?: (principalId: string) => void
}

export function createSessions(deps: SessionDeps): Sessions {
  const { clock, ids, ownerDigest, onEnd = () => {} } = deps
  const sessions = new Map<string, Session>()
  const tickets = new Map<string, { principal: Principal; until: number }>()

  const alive = (session: Session, now: number): boolean =>
    now - session.usedAt < SLIDING_MS && now - session.bornAt < ABSOLUTE_MS
  const forgetTickets = (id: string): void => {
    for (const [digest, ticket] of tickets) if (ticket.principal.id === id) tickets.delete(digest)
  }
  /** A session opened from a session hangs on whoever opened the first. */
  const openerOf = (id: string): string => {
    for (const session of sessions.values()) if (session.principal.id === id) return session.opener
    return id
  }
  const end = (digest: string, session: Session): void => {
    sessions.delete(digest)
    forgetTickets(session.principal.id)
    onEnd(session.principal.id)
  }
  const clients = createClients({
    clock,
    ids,
    onEnd(id) {
      for (const [digest, session] of sessions) if (session.opener === id) end(digest, session)
      forgetTickets(id)
      onEnd(id)
    },
  })
  return {
    configured: ownerDigest !== null,
    clients,
    recognise(token) {
      if (ownerDigest !== null && matchesDigest(token, ownerDigest))
        return { id: 'owner', role: 'admin' }
      if (token.startsWith(CLIENT_PREFIX)) return clients.recognise(token)
      if (!token.startsWith('sess_')) return null
      clients.endLate()
      const digest = sha256Hex(token)
      const session = sessions.get(digest)
      if (session === undefined) return null
      const now = clock.monotonic()
      if (!alive(session, now)) {
        end(digest, session)
        return null
      }
      session.usedAt = now
      return session.principal
    },
    open(asker) {
      const now = clock.monotonic()
      for (const [digest, session] of sessions) if (!alive(session, now)) end(digest, session)
      const [oldest] = sessions
      if (sessions.size >= MAX_SESSIONS && oldest !== undefined) end(...oldest)
      const token = `sess_${ids.secret()}`
      const principal: Principal = {
        id: `session-${ids.secret(6)}`,
        role: asker.role === 'viewer' ? 'viewer' : 'operator',
      }
      sessions.set(sha256Hex(token), {
        principal,
        opener: openerOf(asker.id),
        bornAt: now,
        usedAt: now,
      })
      return { token, expiresInSeconds: SLIDING_MS / 1000 }
    },
    ticket(asker) {
      const now = clock.monotonic()
      for (const [digest, ticket] of tickets) if (ticket.until <= now) tickets.delete(digest)
      const [oldest] = tickets.keys()
      if (tickets.size >= MAX_TICKETS && oldest !== undefined) tickets.delete(oldest)
      const ticket = ids.secret()
      tickets.set(sha256Hex(ticket), { principal: asker, until: now + TICKET_MS })
      return { ticket, expiresInSeconds: TICKET_MS / 1000 }
    },
    redeem(ticket) {
      const digest = sha256Hex(ticket)
      const found = tickets.get(digest)
      tickets.delete(digest)
      return found !== undefined && found.until > clock.monotonic() ? found.principal : null
    },
    prove: (nonce, bootId) => deps.hmac?.(`hello|${nonce}|${bootId}`) ?? null,
  }
}

/** The digest that is kept instead of the owner token. */
export function ownerDigestOf(token: string | null): Uint8Array | null {
  return token === null ? null : sha256(token)
}
