// Sends stored events to clients of the WebSocket that missed them: a page a turn of the event loop and one client after the
// other, because a storm of clients that come back must not hold up everybody else.
import { AppError } from '../base/errors.ts'
import type { JobEvent } from '../base/events.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { eventNumber } from './contract/events.ts'

export interface Replays<Client> {
  /**
   * `after`: the last one it saw, or null for the last one that was sent to it. Answers now when little was missed and nobody
   * else is waiting, else in the turns to come.
   */
  ask(client: Client, after: number | null): void
  /** Until it is over, live events must not be sent to this client: they are stored, so they come in their place. */
  isOn(client: Client): boolean
}

/** Most stored events one request replays; who is further behind asks for the state instead. */
const REPLAY_LIMIT = 5_000
/** Some 5 ms. */
const PAGE = 500

export function createReplays<Client>(deps: {
  jobs: Pick<Jobs, 'eventsSince'>
  isOpen(client: Client): boolean
  /** The last one that was sent to it. */
  seenBy(client: Client): number
  send(client: Client, events: JobEvent[]): void
  /** `seq`: the last one that was sent, or asked for. Null: they are pruned, or too many. */
  end(client: Client, seq: number | null): void
}): Replays<Client> {
  const { jobs, isOpen, seenBy, send, end } = deps
  /** Numbers that a client asked for and that are not answered; the first one is under way. */
  const asked = new Map<Client, (number | null)[]>()
  const queue: { client: Client; from: number; sent: number }[] = []
  let isPlanned = false

  function plan(): void {
    if (isPlanned || queue.length === 0) return
    isPlanned = true
    setImmediate(() => {
      isPlanned = false
      turn()
      plan()
    })
  }

  function turn(): void {
    const one = queue.shift()!
    const { client, from } = one
    if (!isOpen(client)) {
      asked.delete(client)
      return
    }
    const { events, resync } = jobs.eventsSince(from, PAGE)
    if (resync) {
      over(client, null)
      return
    }
    send(client, events)
    one.sent += events.length
    one.from = events.at(-1)?.seq ?? from
    if (events.length < PAGE) over(client, one.from)
    else if (one.sent >= REPLAY_LIMIT) over(client, null)
    else queue.push(one)
  }

  function over(client: Client, seq: number | null): void {
    const more = asked.get(client)!
    more.shift()
    const isLast = more.length === 0
    if (isLast) asked.delete(client)
    end(client, seq)
    if (!isLast) begin(client, more[0]!)
  }

  function begin(client: Client, after: number | null): void {
    queue.push({ client, from: after ?? seenBy(client), sent: 0 })
  }

  return {
    ask(client, after) {
      const before = asked.get(client)
      if (before !== undefined) {
        before.push(after)
        return
      }
      asked.set(client, [after])
      begin(client, after)
      if (queue.length === 1 && !isPlanned) turn()
      plan()
    },
    isOn: (client) => asked.has(client),
  }
}

/**
 * `?after=N`: what was missed comes before anything live, so that a client cut off in between has no gap. Null when it is not
 * asked for. Throws PARAMS_INVALID: whoever asks and gets nothing believes that nothing was missed.
 */
export function askedAfter(target: string): number | null {
  const [text, ...more] = new URLSearchParams(target.split('?')[1] ?? '').getAll('after')
  if (text === undefined) return null
  const after = more.length === 0 ? eventNumber(text) : null
  if (after !== null) return after
  throw new AppError(
    'PARAMS_INVALID',
    'The parameter `after` must be the number of an event, once: the last `seq` that you saw, or 0.',
  )
}
