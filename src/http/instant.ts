// Answers that are known once the gate has said who asks. They skip the framework, because clients ask for them all the time.

import type { Principal } from './access.ts'
import type { Admission } from './guard.ts'

/** Exactly this body: the original's clients compare it whole. */
export const HEALTHY = { status: 'ok' } as const

/** What a token check answers. */
export function checked({ role }: Principal) {
  return { status: 'ok' as const, message: 'Authenticated', role }
}

const HEALTH_TEXT = JSON.stringify(HEALTHY)

/** JSON text for an admitted GET, or null when the routes must answer. */
export function instantAnswer({ path, principal }: Admission): string | null {
  if (path === '/api/v1/health' || path === '/health') return HEALTH_TEXT
  if (path === '/api/v1/auth/check' && principal !== null) return JSON.stringify(checked(principal))
  return null
}
