// Who is told of events: registering, looking, sending again, and passing on what the plugin says.
import type { Recorder } from '../audit/record.ts'
import { newMessageId, TOLD_ENTITY, toldType } from '../audit/told.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Ids } from '../base/ids.ts'
import type { AttemptRow, DeliveryRow, WebhookLoad } from '../store/deliveries.ts'
import type { Store } from '../store/store.ts'
import type { EndpointRow } from '../store/webhooks.ts'
import { writePublicKey, writeSecret } from './signature.ts'
import type { Targets } from './targets.ts'

interface Actor {
  id: string
  role: string
}

/** An endpoint without its secret. */
export interface Endpoint {
  id: string
  url: string
  /** Null = all. */
  events: string[] | null
  allowInsecure: boolean
  /** A message waits until the one before it was delivered or given up. */
  strictOrder: boolean
  /** Checks the Ed25519 signatures (`whpk_…`); null = there are none. */
  publicKey: string | null
  /** The form of its messages, see delivery.ts. */
  bodyVersion: 1 | 2
  state: 'enabled' | 'disabled'
  failures: number
  failingSince: number | null
  /** It asked to be left alone until then; null = it did not, or the time has come. */
  pausedUntil: number | null
  createdAt: number
  waiting: number
  delivered: number
  givenUp: number
}

export interface Registration {
  url: string
  /** Null = all. */
  events: string[] | null
  allowInsecure?: boolean
  /** One after the other: a message that fails holds up all that come after it, for days if need be. */
  strictOrder?: boolean
  /** Signs with Ed25519 too (`v1a`). */
  asymmetric?: boolean
  /** 1: the original's fields, the default. 2: those of Standard Webhooks alone. */
  bodyVersion?: 1 | 2
  /** An endpoint that is registered stays as it is, also disabled; nothing is written. */
  onlyNew?: boolean
}

export interface Registered {
  id: string
  secret: string | null
  publicKey: string | null
}

export type Delivery = DeliveryRow & { attempts: AttemptRow[] }

/** Every method that names an endpoint or a message throws WEBHOOK_NOT_FOUND when there is none. */
export interface Webhooks {
  /**
   * The same URL again changes its filter and enables it; `secret` is told only when the URL is new. A key for Ed25519
   * signatures stays the same until `asymmetric` is taken back. Throws WEBHOOK_TARGET_REFUSED.
   */
  register(input: Registration, actor: Actor): Promise<Registered>
  list(): Endpoint[]
  load(): WebhookLoad
  remove(id: string, actor: Actor): Promise<void>
  /**
   * After it was disabled. What waited then and what was told meanwhile stays given up until `recover`: a receiver that comes back
   * after weeks is not to be flooded unasked.
   */
  enable(id: string, actor: Actor): Promise<void>
  /** A new secret; the one until now signs beside it for a day. */
  rotate(id: string, actor: Actor): Promise<{ secret: string }>
  /** Sends `webhook.test` to this endpoint whatever its filter, unless it is disabled; answers the message's id. */
  test(id: string, actor: Actor): Promise<string>
  /** The newest first, with every attempt. */
  deliveries(id: string, filter: { state: DeliveryRow['state'] | null; limit: number }): Delivery[]
  /** Sends a message once more to all it was for that are not disabled; answers to how many. */
  replay(messageId: string, actor: Actor): Promise<number>
  /**
   * Sends what the endpoint did not get since then (milliseconds UTC), also what waited when it was disabled or was told after it,
   * and is not older than 30 days; answers how many messages. Enables it.
   */
  recover(id: string, since: number, actor: Actor): Promise<number>
  /**
   * Writes the event to the outbox and the audit log, whose entry names the message. When the entry's data is erased, the message
   * loses it too and goes out with `{"erased":true}` in its place. Throws
   * FORBIDDEN for the program's own names, BODY_TOO_LARGE.
   */
  emit(event: string, payload: Record<string, unknown>, actor: Actor): Promise<void>
}

/** Names that only this program may use. */
const RESERVED = /^(job|audit|storage|webhook)/
/** Room for the fields around the payload in a message of 20 KiB. */
const MOST_PAYLOAD_BYTES = 20_000
const ROTATION_MS = 86_400_000

const publicKeyOf = (seed: Uint8Array | null): string | null =>
  seed === null ? null : writePublicKey(seed)

export function createWebhooks(options: {
  store: Store
  recorder: Recorder
  clock: Clock
  ids: Ids
  targets: Targets
}): Webhooks {
  const { store, recorder, clock, ids, targets } = options

  function known(id: string): EndpointRow {
    const row = store.webhooks.byId(id)
    if (row === undefined) throw new AppError('WEBHOOK_NOT_FOUND')
    return row
  }

  /** One change of an endpoint with its audit entry; the delivery loop looks again after it. */
  function change<T>(id: string, what: string, actor: Actor, write: (row: EndpointRow) => T) {
    return recorder.recordGrouped((trail) => {
      const row = known(id)
      const value = write(row)
      const data = { host: new URL(row.url).host }
      trail.audit({
        eventType: `webhook.${what}`,
        entityType: 'webhook',
        entityId: id,
        actor,
        data,
      })
      trail.emit('outbox.ready', {})
      return value
    })
  }

  return {
    async register(input, actor) {
      const { url, events, allowInsecure = false, strictOrder = false } = input
      const target = targets.check(url, { owner: actor.role === 'admin', allowInsecure })
      const filter = events === null || events.length === 0 ? null : JSON.stringify(events)
      return recorder.recordGrouped((trail) => {
        const now = clock.now()
        const row = store.webhooks.byUrl(target.href)
        if (row !== undefined && input.onlyNew === true) {
          return { id: row.id, secret: null, publicKey: publicKeyOf(row.signingSeed) }
        }
        const id = row?.id ?? ids.uuid()
        const secret = row === undefined ? writeSecret(ids.secret()) : null
        const signingSeed = input.asymmetric
          ? (row?.signingSeed ?? Buffer.from(ids.secret(32), 'base64url'))
          : null
        const change = {
          id,
          events: filter,
          allowInsecure: allowInsecure ? 1 : 0,
          strictOrder: strictOrder ? 1 : 0,
          signingSeed,
          bodyVersion: input.bodyVersion ?? 1,
          now,
        } as const
        if (secret === null) store.webhooks.update(change)
        else store.webhooks.insert({ ...change, url: target.href, secret })
        trail.audit({
          eventType: secret === null ? 'webhook.updated' : 'webhook.registered',
          entityType: 'webhook',
          entityId: id,
          actor,
          data: { host: target.host, events },
        })
        trail.emit('outbox.ready', {})
        return { id, secret, publicKey: publicKeyOf(signingSeed) }
      })
    },

    list: () =>
      store.webhooks.all().map((row) => {
        const counts = new Map(store.deliveries.counts(row.id).map((c) => [c.state, c.count]))
        return {
          id: row.id,
          url: row.url,
          events: row.events === null ? null : (JSON.parse(row.events) as string[]),
          allowInsecure: row.allowInsecure === 1,
          strictOrder: row.strictOrder === 1,
          publicKey: publicKeyOf(row.signingSeed),
          bodyVersion: row.bodyVersion,
          state: row.state,
          failures: row.failures,
          failingSince: row.failingSince,
          pausedUntil: (row.pausedUntil ?? 0) > clock.now() ? row.pausedUntil : null,
          createdAt: row.createdAt,
          waiting: counts.get('waiting') ?? 0,
          delivered: counts.get('delivered') ?? 0,
          givenUp: counts.get('given_up') ?? 0,
        }
      }),

    load: () => store.deliveries.load(),

    remove: (id, actor) => change(id, 'removed', actor, () => store.webhooks.remove(id)),
    enable: (id, actor) =>
      change(id, 'enabled', actor, () => store.webhooks.enable(id, clock.now())),
    rotate: (id, actor) =>
      change(id, 'secret_rotated', actor, () => {
        const secret = writeSecret(ids.secret())
        const now = clock.now()
        store.webhooks.rotate({ id, secret, until: now + ROTATION_MS, now })
        return { secret }
      }),

    test: (id, actor) =>
      change(id, 'tested', actor, () => {
        const messageId = newMessageId(ids)
        store.outbox.addFor([id], messageId, 'webhook.test', '{"test":true}', clock.now())
        return messageId
      }),

    deliveries(id, { state, limit }) {
      known(id)
      return store.deliveries
        .list(id, state, limit)
        .map((row) => ({ ...row, attempts: store.deliveries.attempts(row.messageId, id) }))
    },

    replay: (messageId, actor) =>
      recorder.recordGrouped((trail) => {
        if (!store.deliveries.hasMessage(messageId)) throw new AppError('WEBHOOK_NOT_FOUND')
        const count = store.deliveries.again(messageId, clock.now())
        trail.audit({
          eventType: 'webhook.replayed',
          entityType: 'webhook_message',
          entityId: messageId,
          actor,
        })
        trail.emit('outbox.ready', {})
        return count
      }),

    recover: (id, since, actor) =>
      change(id, 'recovered', actor, (row) => {
        const now = clock.now()
        if (row.state === 'disabled') store.webhooks.enable(id, now)
        return store.deliveries.recover(id, since, now)
      }),

    async emit(event, payload, actor) {
      if (RESERVED.test(event)) {
        throw new AppError(
          'FORBIDDEN',
          'Names that begin with job, audit, storage or webhook are the program’s own.',
        )
      }
      if (Buffer.byteLength(JSON.stringify(payload)) > MOST_PAYLOAD_BYTES) {
        throw new AppError(
          'BODY_TOO_LARGE',
          'An event may carry at most 20 kB. Send ids and links instead of data.',
          { data: { limitBytes: MOST_PAYLOAD_BYTES } },
        )
      }
      await recorder.recordGrouped((trail) => {
        const messageId = newMessageId(ids)
        trail.audit({
          eventType: toldType(event),
          entityType: TOLD_ENTITY,
          entityId: messageId,
          actor,
          data: payload,
        })
        trail.notify(event, () => payload, messageId)
      })
    },
  }
}
