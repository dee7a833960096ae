// Who is told of events: registering, and passing on what the plugin says. Deliveries wait in the outbox.
import type { Recorder } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Ids } from '../base/ids.ts'
import type { Store } from '../store/store.ts'

export interface Webhooks {
  /** The same URL again changes its filter; `secret` is told only when the URL is new. Throws WEBHOOK_TARGET_REFUSED. */
  register(
    input: { url: string; events: string[] | null },
    actor: { id: string; role: string },
  ): Promise<{ id: string; secret: string | null }>
  /** Writes the event to the outbox and the audit log. */
  emit(
    event: string,
    payload: Record<string, unknown>,
    actor: { id: string; role: string },
  ): Promise<void>
}

export function createWebhooks(options: {
  store: Store
  recorder: Recorder
  clock: Clock
  ids: Ids
  /** The port we listen on: never a target. */
  ownPort: () => number
}): Webhooks {
  const { store, recorder, clock, ids, ownPort } = options
  return {
    async register({ url, events }, actor) {
      const target = checkTarget(url, ownPort())
      const filter = events === null || events.length === 0 ? null : JSON.stringify(events)
      return recorder.recordGrouped((trail) => {
        const known = store.webhooks.byUrl(target)
        const id = known?.id ?? ids.uuid()
        const secret =
          known === undefined
            ? `whsec_${Buffer.from(ids.secret(), 'base64url').toString('base64')}`
            : null
        if (secret === null) store.webhooks.setEvents(id, filter, clock.now())
        else store.webhooks.insert({ id, url: target, events: filter, secret, now: clock.now() })
        trail.audit({
          eventType: secret === null ? 'webhook.updated' : 'webhook.registered',
          entityType: 'webhook',
          entityId: id,
          actor,
          data: { host: new URL(target).host, events },
        })
        return { id, secret }
      })
    },
    emit: (event, payload, actor) =>
      recorder.recordGrouped((trail) => {
        trail.audit({
          eventType: `event.${event}`,
          entityType: 'event',
          entityId: null,
          actor,
          data: payload,
        })
        trail.notify(event, () => payload)
      }),
  }
}

/** Link-local and metadata addresses are never a target; what a name resolves to is checked again at each delivery. */
const NEVER = /^(169\.254\.|0\.|22[4-9]\.|23\d\.|24\d\.|25[0-5]\.|\[?fe[89ab]|\[?ff)/i
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** The URL in its one spelling. Throws WEBHOOK_TARGET_REFUSED. */
function checkTarget(text: string, ownPort: number): string {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new AppError(
      'WEBHOOK_TARGET_REFUSED',
      'The webhook URL cannot be read. Write http(s)://host/path.',
      { cause },
    )
  }
  const host = url.hostname.replace(/\.$/, '')
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || host === '') {
    throw new AppError(
      'WEBHOOK_TARGET_REFUSED',
      'A webhook URL must be http or https and name a host.',
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError(
      'WEBHOOK_TARGET_REFUSED',
      'A webhook URL must not hold a user name or password.',
    )
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (NEVER.test(host) || (LOOPBACK.test(host) && port === ownPort)) {
    throw new AppError(
      'WEBHOOK_TARGET_REFUSED',
      'This address can never be a webhook: it is link-local, reserved or our own.',
    )
  }
  return url.href
}
