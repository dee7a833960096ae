// What E1's receivers saw, judged outside the program: one id for all copies of an event, signatures by two independent programs,
// pauses that were asked for, and an endpoint that said "gone".
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Webhook } from 'standardwebhooks'
import type { Received } from '../../support/webhook-receiver.ts'

export interface Message {
  id: string
  event: string
  data: { n: number; hopeless?: boolean }
}

export interface Arrival {
  path: string
  id: string
  /** Milliseconds UTC. */
  at: number
  /** Which start of the program sent it. */
  run: number
  /** The receiver answered that it wants nothing more before then; null when it did not. */
  notBefore: number | null
}

/** Whether `standardwebhooks` accepts it; asked while the time stamp is fresh. */
export function isAccepted({ body, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

const FILES_AT_ONCE = 200

/** How many hexadecimal signatures are not what openssl computes over the same bytes. */
export function badByOpenssl(
  folder: string,
  received: readonly Received[],
  secretOf: (path: string) => string | undefined,
): number {
  const bySecret = new Map<string, Received[]>()
  for (const one of received) {
    const secret = secretOf(one.path)
    if (secret !== undefined) bySecret.set(secret, [...(bySecret.get(secret) ?? []), one])
  }
  let bad = 0
  for (const [secret, all] of bySecret) {
    for (let from = 0; from < all.length; from += FILES_AT_ONCE) {
      const some = all.slice(from, from + FILES_AT_ONCE)
      const files = some.map((one, n) => {
        const file = path.join(folder, `body-${n}`)
        writeFileSync(file, one.body)
        return file
      })
      const printed = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret, ...files], {
        encoding: 'utf8',
      })
      const sums = printed.trim().split('\n')
      for (const [n, one] of some.entries()) {
        if (sums[n]?.split('= ').at(-1) !== one.headers['x-webhook-signature']) bad++
      }
    }
  }
  return bad
}

/** How many events came under two ids, at one receiver or at several. */
export function eventsWithTwoIds(messages: readonly Message[]): number {
  const ids = new Map<number, Set<string>>()
  for (const { id, data } of messages) ids.set(data.n, (ids.get(data.n) ?? new Set()).add(id))
  return [...ids.values()].filter((one) => one.size > 1).length
}

/**
 * Arrivals before the time that was asked for: of any message while the same run of the program goes on, of the same message also
 * after a kill, if the program had written the answer down before it (`isWritten`).
 */
export function tooEarly(
  arrivals: readonly Arrival[],
  isWritten: (id: string) => boolean,
): { asked: number; early: number } {
  let asked = 0
  let early = 0
  for (const [n, { path, id, run, notBefore }] of arrivals.entries()) {
    if (notBefore === null) continue
    asked++
    const isEarly = (one: Arrival): boolean =>
      one.path === path &&
      one.at < notBefore &&
      (one.run === run || (one.id === id && isWritten(id)))
    early += arrivals.slice(n + 1).filter(isEarly).length
  }
  return { asked, early }
}
