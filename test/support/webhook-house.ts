// Store, recorder and delivery loop without a daemon, so that a test can move the clock and choose the schedule.
import { createRecorder } from '../../src/audit/record.ts'
import type { Clock } from '../../src/base/clock.ts'
import { createEvents } from '../../src/base/events.ts'
import { systemIds } from '../../src/base/ids.ts'
import { postVetted } from '../../src/base/vetted-post.ts'
import { openStore } from '../../src/store/store.ts'
import type { Post } from '../../src/webhooks/delivery.ts'
import { createDispatcher } from '../../src/webhooks/dispatcher.ts'
import { createTargets } from '../../src/webhooks/targets.ts'
import { createWebhooks } from '../../src/webhooks/webhooks.ts'
import { OWNER, TEST_KEY } from './job-house.ts'

export interface WebhookHouseOptions {
  clock: Clock
  dataFolder?: string
  post?: Post
  chance?: () => number
  delays?: readonly number[]
  timeoutMs?: number
  slots?: number
  ownPort?: number
  trusted?: readonly string[]
}

export function createWebhookHouse(options: WebhookHouseOptions) {
  const { clock, dataFolder = ':memory:', chance = () => 0.5 } = options
  const errors: unknown[] = []
  const store = openStore({ dataFolder, clock })
  const events = createEvents((error) => errors.push(error))
  const ids = systemIds
  const recorder = createRecorder({ store, ids, events, key: TEST_KEY, bootId: ids.uuid() })
  const targets = createTargets({
    ownPort: () => options.ownPort ?? 1,
    trusted: options.trusted ?? [],
    loopback: true,
  })
  const openDispatcher = () =>
    createDispatcher({
      store,
      recorder,
      events,
      clock,
      targets,
      post: options.post ?? postVetted,
      userAgent: 'sisrua-test',
      onError: (error) => errors.push(error),
      chance,
      ...(options.delays && { delays: options.delays }),
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
      ...(options.slots !== undefined && { slots: options.slots }),
    })
  const webhooks = createWebhooks({ store, recorder, clock, ids, targets })
  return {
    store,
    recorder,
    webhooks,
    dispatcher: openDispatcher(),
    /** Another loop over the same rows, as after a restart. */
    openDispatcher,
    errors,
    register: (url: string, events: string[] | null = null) =>
      webhooks.register({ url, events }, OWNER),
    emit: (event: string, payload: Record<string, unknown> = {}) =>
      webhooks.emit(event, payload, OWNER),
    audited: (eventType: string) =>
      store.audit
        .list({ eventType, entityType: null, entityId: null, before: null, limit: 1000 })
        .map((row) => JSON.parse(row.data ?? '{}')),
    close: () => store.close(),
  }
}
