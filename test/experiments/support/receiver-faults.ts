// What a hostile receiver of webhooks does instead of taking a message.
import type { Manner } from '../../support/webhook-receiver.ts'

export const FAULTS: readonly Manner[] = [
  'drop',
  'reset',
  'half',
  'silent',
  { status: 500 },
  { status: 429, headers: { 'Retry-After': '0' } },
  { status: 503, headers: { 'Retry-After': '0' } },
  { status: 302, headers: { Location: '/elsewhere' } },
]
/** How many first tries are spoilt. */
export const FAULT_SHARE = 0.3
