// Missed events: a page a turn, all clients in turn, each event once and in order, also those stored meanwhile.
import { describe, expect, test } from 'vitest'
import type { JobEvent } from '../../src/base/events.ts'
import { createReplays } from '../../src/http/replay.ts'
import { until } from '../support/job-house.ts'

const PAGE = 500
const LIMIT = 5_000

interface Client {
  name: string
  seqs: number[]
  ends: (number | null)[]
  open: boolean
}
const newClient = (name: string): Client => ({ name, seqs: [], ends: [], open: true })

function setUp(stored: number) {
  const events = Array.from({ length: stored }, (_, i) => ({ seq: i + 1 }) as JobEvent)
  /** Who was sent a page, in the order of time. */
  const pages: string[] = []
  const replays = createReplays<Client>({
    jobs: {
      eventsSince: (seq, limit = PAGE) => ({
        events: events.slice(seq, seq + limit),
        resync: seq > events.length,
      }),
    },
    isOpen: ({ open }) => open,
    seenBy: ({ seqs }) => seqs.at(-1) ?? 0,
    send(client, page) {
      pages.push(client.name)
      client.seqs.push(...page.map(({ seq }) => seq))
    },
    end: (client, seq) => void client.ends.push(seq),
  })
  return { events, pages, replays, add: () => events.push({ seq: events.length + 1 } as JobEvent) }
}
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

describe('missed events', () => {
  test('few come at once, for a number that was never given the end', () => {
    const { replays } = setUp(PAGE - 1)
    const [few, none] = [newClient('few'), newClient('none')]
    replays.ask(few, 0)
    replays.ask(none, 1_000_000)
    expect([few.seqs, few.ends]).toEqual([upTo(PAGE - 1), [PAGE - 1]])
    expect([none.seqs, none.ends]).toEqual([[], [null]])
  })

  test('many come a page a turn, with those stored meanwhile, and clients take turns', async () => {
    const { replays, pages, add } = setUp(3 * PAGE)
    const [a, b] = [newClient('a'), newClient('b')]
    replays.ask(a, 0)
    replays.ask(b, 0)
    expect(pages).toEqual(['a'])
    expect([replays.isOn(a), replays.isOn(b)]).toEqual([true, true])
    let turns = 0
    while (replays.isOn(a) || replays.isOn(b)) {
      const before = pages.length
      await new Promise((resolve) => setImmediate(resolve))
      expect(pages.length - before).toBeLessThanOrEqual(1)
      if (turns++ < 2) add()
    }
    expect(pages.slice(0, 5)).toEqual(['a', 'a', 'b', 'a', 'b'])
    for (const one of [a, b]) {
      expect(one.seqs).toEqual(upTo(3 * PAGE + 2))
      expect(one.ends).toEqual([3 * PAGE + 2])
    }
  })

  test('who asks while it is answered is answered after it, from there or from the number it says', async () => {
    const { replays } = setUp(2 * PAGE)
    const client = newClient('a')
    replays.ask(client, 0)
    replays.ask(client, null)
    replays.ask(client, 2 * PAGE - 1)
    await until(() => client.ends.length === 3)
    expect(client.seqs).toEqual([...upTo(2 * PAGE), 2 * PAGE])
  })

  test('more than is sent ends with null; who leaves gets nothing more', async () => {
    const { replays } = setUp(2 * LIMIT)
    const [far, gone] = [newClient('far'), newClient('gone')]
    replays.ask(far, 0)
    replays.ask(gone, 0)
    gone.open = false
    await until(() => !replays.isOn(far) && !replays.isOn(gone))
    expect([far.seqs, far.ends]).toEqual([upTo(LIMIT), [null]])
    expect([gone.seqs, gone.ends]).toEqual([[], []])
  })
})
