// Messages from outside: known sources only, signature over the raw bytes before anything parses them, each id once.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { isSigned, type SignedMessage } from './signature.ts'

export interface Inbound {
  /** False: no source is set up, so nothing is answered at all. */
  readonly enabled: boolean
  /**
   * Runs `start` for a message that is signed, near in time and new; once that is done its id is taken for 24 h. Not before: a
   * program killed in between would refuse what its sender, who heard nothing, sends again. `start` twice must do it once.
   * Throws AUTH_INVALID for everything else, always the same, so that nobody learns which part was wrong.
   */
  accept<T>(source: string, message: SignedMessage, start: (id: string) => Promise<T>): Promise<T>
}

/** Longer than the tolerance of the time stamp, so that an id cannot be new again while its time is still good. */
const REMEMBER_MS = 86_400_000
/** Makes an unknown source cost what a known one does; nothing was ever signed with it. */
const NOBODY = `whsec_${Buffer.alloc(32).toString('base64')}`

/** `sources`: name → secrets, more than one while a secret is being replaced. */
export function createInbound(options: {
  store: Store
  clock: Clock
  sources: Readonly<Record<string, readonly string[]>>
}): Inbound {
  const { store, clock } = options
  /** Being worked on; the same message may come twice at once. */
  const underWay = new Set<string>()
  const sources = new Map(Object.entries(options.sources))
  return {
    enabled: sources.size > 0,
    async accept(source, message, start) {
      const secrets = sources.get(source)
      const signed = isSigned(message, secrets ?? [NOBODY], clock.now())
      const id = message.id
      if (secrets === undefined || !signed || id === undefined) throw new AppError('AUTH_INVALID')
      const name = `${source} ${id}`
      if (underWay.has(name) || store.webhooks.knowsInbound(source, id, clock.now()))
        throw new AppError('AUTH_INVALID')
      underWay.add(name)
      try {
        const value = await start(id)
        await store.group(() =>
          store.webhooks.rememberInbound(source, id, clock.now(), REMEMBER_MS),
        )
        return value
      } finally {
        underWay.delete(name)
      }
    },
  }
}
