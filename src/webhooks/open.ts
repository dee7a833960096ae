// Puts the room together: who is told, the loop that tells them, and messages from outside.
import type { Recorder } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Ids } from '../base/ids.ts'
import { postVetted } from '../base/vetted-post.ts'
import type { Store } from '../store/store.ts'
import { createDispatcher, type Dispatcher } from './dispatcher.ts'
import { createInbound, type Inbound } from './inbound.ts'
import { createTargets } from './targets.ts'
import { createWebhooks, type Webhooks } from './webhooks.ts'

export interface WebhookRoom {
  webhooks: Webhooks
  inbound: Inbound
  dispatcher: Dispatcher
}

export function openWebhooks(options: {
  store: Store
  recorder: Recorder
  events: Events
  clock: Clock
  ids: Ids
  /** The port we listen on: never a target. */
  ownPort(): number
  userAgent: string
  /** `host:port` of services on the local network that may be told. */
  webhookTargets: readonly string[]
  /** Sources of messages from outside with their secrets; empty = off. */
  inboundHooks: Readonly<Record<string, readonly string[]>>
  onError(error: unknown): void
}): WebhookRoom {
  const { ownPort, webhookTargets: trusted } = options
  const targets = createTargets({ ownPort, trusted, loopback: true })
  return {
    webhooks: createWebhooks({ ...options, targets }),
    inbound: createInbound({ ...options, sources: options.inboundHooks }),
    dispatcher: createDispatcher({ ...options, targets, post: postVetted }),
  }
}
