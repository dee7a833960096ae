// Receivers and houses of one test, closed after it.
import { afterEach } from 'vitest'
import { createStillClock } from './job-house.ts'
import { createWebhookHouse, type WebhookHouseOptions } from './webhook-house.ts'
import { type Manner, OK, type Receiver, startReceiver } from './webhook-receiver.ts'

export function createScene() {
  const open: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close()
  })
  return {
    /** `manner`: how it answers the message with that number, from 0. */
    async receiver(manner: (n: number) => Manner = () => OK): Promise<Receiver> {
      const made = await startReceiver((_message, n) => manner(n))
      open.push(made)
      return made
    },
    house(options: Partial<WebhookHouseOptions> = {}) {
      const made = createWebhookHouse({ clock: createStillClock(), ...options })
      open.push(made)
      return made
    },
  }
}
