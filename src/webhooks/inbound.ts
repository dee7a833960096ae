// Messages from outside: known sources only, signature over the raw bytes before anything parses them, each id once.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { isSigned, type SignedMessage } from './signature.ts'

export interface Inbound {
  /** False: no source is set up, so nothing is answered at all. */
  readonly enabled: boolean
  /**
   * Runs `start` for a message that is signed, near in time and new; its id stays taken for 24 h unless `start` fails.
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
  const sources = new Map(Object.entries(options.sources))
  return {
    enabled: sources.size > 0,
    async accept(source, message, start) {
      const secrets = sources.get(source)
      const signed = isSigned(message, secrets ?? [NOBODY], clock.now())
      const id = message.id
      if (secrets === undefined || !signed || id === undefined) throw new AppError('AUTH_INVALID')
      const fresh = await store.group(() =>
        store.webhooks.rememberInbound(source, id, clock.now(), REMEMBER_MS),
      )
      if (!fresh) throw new AppError('AUTH_INVALID')
      try {
        return await start(id)
      } catch (error) {
        // The sender will come again with the same id; that must not be taken for a replay.
        await store.group(() => store.webhooks.forgetInbound(source, id))
        throw error
      }
    },
  }
}
