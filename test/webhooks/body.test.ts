// The two forms of a message's body, byte by byte: the original's, which is the default, and Standard Webhooks' own.
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStillClock, OWNER } from '../support/job-house.ts'
import { createWebhookHouse } from '../support/webhook-house.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

let target: Receiver
let house: ReturnType<typeof createWebhookHouse>
beforeEach(async () => {
  target = await startReceiver()
  house = createWebhookHouse({ clock: createStillClock() })
})
afterEach(async () => {
  await house.close()
  await target.close()
})

test('version 1 is the default, version 2 what an endpoint asks for; both count on, and replay speaks the form of today', async () => {
  const { webhooks, recorder, dispatcher } = house
  const input = { url: target.url, events: null }
  const { id, secret } = await webhooks.register(input, OWNER)
  const tell = (n: number) =>
    recorder.record((trail) => trail.notify('job_completed', () => ({ job_id: 'j', version: n })))
  tell(7)
  await dispatcher.step()
  await webhooks.register({ ...input, bodyVersion: 2 }, OWNER)
  expect(webhooks.list()[0]!.bodyVersion).toBe(2)
  tell(8)
  await dispatcher.step()
  const first = String(target.received[0]!.headers['webhook-id'])
  await webhooks.replay(first, OWNER)
  await dispatcher.step()
  await webhooks.register(input, OWNER)
  expect(webhooks.list()[0]!.bodyVersion).toBe(1)
  await webhooks.replay(first, OWNER)
  await dispatcher.step()
  const one = `{"id":"${first}","type":"job.completed","event":"job_completed","timestamp":1700000000,"n":1,"data":{"job_id":"j","version":7}}`
  const two = (n: number, version: number) =>
    `{"type":"job.completed","timestamp":"2023-11-14T22:13:20.000Z","n":${n},"data":{"job_id":"j","version":${version}}}`
  expect(target.received.map(({ body }) => body)).toEqual([one, two(2, 8), two(1, 7), one])
  for (const { body, headers } of target.received) {
    // The clock of the house stands in the past, so the time is not what is judged here.
    const at = new Date(Number(headers['webhook-timestamp']) * 1000)
    const wanted = new Webhook(secret!).sign(String(headers['webhook-id']), at, body)
    expect(headers['webhook-signature']).toBe(wanted)
  }
  expect(webhooks.deliveries(id, { state: 'delivered', limit: 9 })).toHaveLength(2)
})
