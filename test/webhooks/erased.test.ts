// Data of an audit entry that was also told to webhooks: erased from the entry, it is in no message and in no answer of a receiver
// either, whether the message waits, arrived, or is just being told.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eraseData } from '../../src/audit/erase.ts'
import { createStillClock, OWNER } from '../support/job-house.ts'
import { createWebhookHouse } from '../support/webhook-house.ts'

const SECRET = 'Maria da Silva, CPF 123.456.789-00'
const ERASED = { erased: true }

let dataFolder: string
let house: ReturnType<typeof setUp>
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-erased-'))
  house = setUp()
})
afterEach(async () => {
  await house.store.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

/** A receiver that answers what it was told; `answer` decides when and how. */
function setUp() {
  const clock = createStillClock()
  const told: unknown[] = []
  const receiver = { status: 200, gate: Promise.resolve() }
  const made = createWebhookHouse({
    clock,
    dataFolder,
    post: async ({ body }) => {
      told.push(JSON.parse(Buffer.from(body).toString()).data)
      const { status } = receiver
      await receiver.gate
      return { status, header: () => null, bytes: body }
    },
  })
  const lastEntry = (): number => made.store.audit.last()!.seq + 1
  return {
    ...made,
    clock,
    told,
    receiver,
    lastEntry,
    /** Emits; answers the audit id. */
    async say(payload: Record<string, unknown>, event = 'person_seen'): Promise<number> {
      await made.emit(event, payload)
      return lastEntry()
    },
    erase: (...ids: number[]) => eraseData(made.store, made.recorder, ids, 'asked for', OWNER),
    messages: () => {
      const { id } = made.webhooks.list()[0]!
      return made.webhooks.deliveries(id, { state: null, limit: 100 })
    },
  }
}

function holding(text = SECRET): string[] {
  return readdirSync(dataFolder, { recursive: true })
    .map(String)
    .filter((name) => statSync(path.join(dataFolder, name)).isFile())
    .filter((name) => readFileSync(path.join(dataFolder, name)).includes(text))
}

describe('erased data is found in no file', () => {
  test('while the message waits, which is then told without it', async () => {
    await house.register('http://127.0.0.1:9/')
    const id = await house.say({ name: SECRET, z: 1, a: { c: 1, b: [SECRET] } })
    expect(holding()).not.toEqual([])
    expect(house.erase(id).erased).toBe(1)
    expect(holding()).toEqual([])
    await house.dispatcher.step()
    expect(house.told).toEqual([ERASED])
    expect(house.messages()).toMatchObject([{ state: 'delivered', n: 1 }])
  })

  test('after it was delivered and answered with what it said; a replay is told without it', async () => {
    await house.register('http://127.0.0.1:9/')
    const id = await house.say({ name: SECRET })
    await house.dispatcher.step()
    expect(house.messages()[0]!.attempts[0]!.response).toContain(SECRET)
    house.erase(id)
    expect(holding()).toEqual([])
    const [message] = house.messages()
    expect(message).toMatchObject({ response: null, attempts: [{ response: null, status: 200 }] })
    await house.webhooks.replay(message!.messageId, OWNER)
    await house.dispatcher.step()
    expect(house.told).toEqual([{ name: SECRET }, ERASED])
  })

  test('while it is under way: the answer that repeats it is not kept, and the next try is without it', async () => {
    await house.register('http://127.0.0.1:9/')
    const id = await house.say({ name: SECRET })
    let answer = (): void => {}
    house.receiver.gate = new Promise((resolve) => {
      answer = resolve
    })
    house.receiver.status = 500
    const step = house.dispatcher.step()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(house.told).toHaveLength(1)
    house.erase(id)
    answer()
    await step
    house.store.scrub()
    expect(holding()).toEqual([])
    house.receiver.status = 200
    house.clock.advance(10_000)
    await house.dispatcher.step()
    expect(house.told).toEqual([{ name: SECRET }, ERASED])
    expect(house.messages()[0]).toMatchObject({ attempts: [{ status: 500 }, { status: 200 }] })
  })

  test('after the message was thrown away by its age, and an answer to it was not yet', async () => {
    await house.register('http://127.0.0.1:9/')
    const id = await house.say({ name: SECRET })
    house.clock.advance(29 * 86_400_000)
    await house.dispatcher.step()
    house.clock.advance(2 * 86_400_000)
    house.store.transaction(() => house.store.retention.prune(house.clock.now()))
    expect(house.messages()).toEqual([])
    expect(holding()).not.toEqual([])
    house.erase(id)
    expect(holding()).toEqual([])
  })

  test('kept for an endpoint that is disabled, and told without it after recover', async () => {
    const { id: endpoint } = await house.register('http://127.0.0.1:9/')
    house.store.webhooks.disable(endpoint, house.clock.now())
    const id = await house.say({ name: SECRET })
    house.erase(id)
    expect(holding()).toEqual([])
    await house.webhooks.recover(endpoint, 0, OWNER)
    await house.dispatcher.step()
    expect(house.told).toEqual([ERASED])
  })

  test('told by an older program, whose entries named no message', async () => {
    await house.register('http://127.0.0.1:9/')
    const payload = { name: SECRET, a: 1 }
    const older = (event: string, data: unknown): number =>
      house.recorder.record((trail) => {
        const seq = trail.audit({
          eventType: `event.${event}`,
          entityType: 'event',
          entityId: null,
          actor: OWNER,
          data,
        })
        trail.notify(event, () => data as Record<string, unknown>)
        return seq + 1
      })
    const id = older('person_seen', payload)
    older('person_seen', { a: 1 })
    older('other', { a: 2 })
    house.erase(id)
    expect(holding()).toEqual([])
    await house.dispatcher.step()
    expect(house.told).toEqual([ERASED, { a: 1 }, { a: 2 }])
  })

  test('control: an entry erased without its messages leaves the text behind', async () => {
    await house.register('http://127.0.0.1:9/')
    const id = await house.say({ name: SECRET })
    house.store.transaction(() => house.store.audit.erase(id - 1))
    house.store.scrub()
    expect(holding()).toEqual(['sisrua.db'])
  })
})

describe('nothing else is taken away', () => {
  test('the same words of another entry, other events, and what nobody asked for', async () => {
    // Nobody listened to the first.
    const unheard = await house.say({ a: 1 })
    await house.register('http://127.0.0.1:9/')
    const id = await house.say({ a: 1 })
    await house.say({ a: 1 })
    await house.say({ a: 1 }, 'other')
    expect(house.erase(unheard, id).erased).toBe(2)
    await house.dispatcher.step()
    expect(house.told).toEqual([ERASED, { a: 1 }, { a: 1 }])
  })

  test('by an entry of a client that names a message which is not its own', async () => {
    await house.register('http://127.0.0.1:9/')
    await house.say({ a: 1 })
    const { messageId } = house.messages()[0]!
    const made = house.recorder.record((trail) =>
      trail.audit({
        eventType: 'event.person_seen',
        entityType: 'event',
        entityId: messageId,
        actor: OWNER,
        data: { other: 'words' },
      }),
    )
    house.erase(made + 1)
    await house.dispatcher.step()
    expect(house.told).toEqual([{ a: 1 }])
  })
})
