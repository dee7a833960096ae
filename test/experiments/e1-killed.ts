// E1: the real program passes events on to hostile receivers - dropped, reset and half answers, 500, 429 with a wait that is to be
// kept, 410, redirects, silence beyond the limit - and is killed again and again. Every event that was acknowledged arrives or is
// listed as given up, under one id however often it comes, with signatures that two independent programs accept. Beside it the
// unaltered program at receivers that answer after 20 s (e1-slow.ts). Control: an outbox that does not outlive the program, 410 and
// Retry-After unheard.
// Over 300 lines because the run and what is counted of it are one story.
import path from 'node:path'
import Database from 'better-sqlite3'
import { type Manner, OK, startReceiver } from '../support/webhook-receiver.ts'
import { toldSlowly } from './e1-slow.ts'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import {
  type Chance,
  complain,
  createChance,
  type Experiment,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { call, type Program, startProgram } from './support/program.ts'
import { FAULT_SHARE, FAULTS } from './support/receiver-faults.ts'
import {
  type Arrival,
  badByOpenssl,
  eventsWithTwoIds,
  isAccepted,
  type Message,
  tooEarly,
} from './support/told-judge.ts'

const CLIENTS = 8
/** What is counted; the program's own messages, such as anchors of the audit log, come beside them. */
const SAVED = 'project_saved'
const LONGEST_MS = 120_000
/** Every event goes to `/hook`; those with another name also to receivers that have their own way. */
const HOOK = '/hook'
const BUSY = { path: '/busy', event: 'busy_told', every: 10, below: 500 }
const GONE = { event: 'gone_told', every: 10 }

const eventOf = (n: number): string =>
  n % BUSY.every === 3 && n < BUSY.below ? BUSY.event : n % GONE.every === 5 ? GONE.event : SAVED

/** The ten steps of the schedule, the breaker's rest and the wait for an answer, thousands of times shorter. */
const HURRIED: Alteration[] = [
  {
    file: 'src/webhooks/schedule.ts',
    find: 'const SECOND = 1_000',
    replace: 'const SECOND = 0.1',
  },
  { file: 'src/webhooks/dispatcher.ts', find: 'restMs: 60_000', replace: 'restMs: 50' },
  {
    file: 'src/webhooks/dispatcher.ts',
    find: 'const LONGEST_SLEEP_MS = 60_000',
    replace: 'const LONGEST_SLEEP_MS = 100',
  },
  {
    file: 'src/webhooks/delivery.ts',
    find: 'const TIMEOUT_MS = 15_000',
    replace: 'const TIMEOUT_MS = 300',
  },
]
/** What waits for its delivery is not there any more after a start; neither "gone" nor "not before" is heard. */
const CARELESS: Alteration[] = [
  ...HURRIED,
  {
    file: 'src/store/deliveries.ts',
    find: 'export function createDeliveryRows(connection: Connection) {',
    replace: `export function createDeliveryRows(connection: Connection) {
  connection.exec("DELETE FROM webhook_deliveries WHERE state = 'waiting'")`,
  },
  {
    file: 'src/webhooks/delivery.ts',
    find: 'if (status === 410)',
    replace: 'if (status === 410_410)',
  },
  {
    file: 'src/webhooks/delivery.ts',
    find: 'const pauseMs = BUSY.has(status)',
    replace: 'const pauseMs = BUSY.has(status + 1_000)',
  },
]

interface Told {
  acknowledged: number
  /** Acknowledged, and by one of the receivers neither thanked for nor listed as given up for it. */
  lost: number
  listed: number
  badSignatures: number
  twoIds: number
  redirected: number
  requests: number
  duplicates: number
  /** Still waiting at the end. */
  unsettled: number
  /** Answers with a Retry-After of a second, and arrivals before it was over. */
  asked: number
  early: number
  /** Receivers that said 410, requests after that in the same run, and events listed for those that were left so. */
  gone: number
  afterGone: number
  listedForGone: number
  /** Of those that were there again and recovered, what arrived after it. */
  recovered: number
}

interface Endpoint {
  id: string
  path: string
  secret: string
}

/** What the receivers say and what they saw. */
function createManners(chance: Chance, kills: number, gonePaths: readonly string[]) {
  const seen = new Set<string>()
  /** Run in which a receiver begins to say 410. */
  const goneFrom = new Map(
    gonePaths.map((one, n) => [one, Math.max(1, Math.round(((n + 1) * kills) / 6))]),
  )
  const arrivals: Arrival[] = []
  /** By receiver: how often each event was thanked for. */
  const thanked = new Map<string, Map<number, number>>()
  const state = {
    run: 0,
    /** Receivers that said 410, with the last run that they said it to; those that are disabled since; those that take all again. */
    gone: new Map<string, number>(),
    disabled: new Set<string>(),
    isBack: new Set<string>(),
    afterGone: 0,
  }

  function busy(isFirst: boolean): { manner: Manner; notBefore: number | null } {
    if (!isFirst) return { manner: OK, notBefore: null }
    if (chance.next() < 0.5) {
      const manner = { status: 429, headers: { 'Retry-After': '1' } }
      return { manner, notBefore: Date.now() + 1_000 }
    }
    const date = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000)
    const manner = { status: 503, headers: { 'Retry-After': date.toUTCString() } }
    return { manner, notBefore: date.getTime() }
  }

  function answer(place: string, id: string, data: Message['data']) {
    const ok = { manner: OK, notBefore: null }
    const key = `${place} ${id}`
    const isFirst = !seen.has(key)
    seen.add(key)
    const from = goneFrom.get(place)
    if (from !== undefined) {
      if (state.run < from || state.isBack.has(place)) return ok
      // Killed before it was written down, the next run asks once more.
      if (state.gone.get(place) === state.run || state.disabled.has(place)) state.afterGone++
      state.gone.set(place, state.run)
      return { manner: { status: 410 }, notBefore: null }
    }
    if (place === BUSY.path) return busy(isFirst)
    if (data.hopeless === true) return { manner: { status: 500 }, notBefore: null }
    if (!isFirst || chance.next() >= FAULT_SHARE) return ok
    return { manner: FAULTS[chance.below(FAULTS.length)]!, notBefore: null }
  }

  return {
    state,
    arrivals,
    thanked,
    take(place: string, at: number, { id, event, data }: Message): Manner {
      const { manner, notBefore } = answer(place, id, data)
      arrivals.push({ path: place, id, at, run: state.run, notBefore })
      if (manner === OK && event === eventOf(data.n)) {
        const times = thanked.get(place) ?? new Map<number, number>()
        thanked.set(place, times.set(data.n, (times.get(data.n) ?? 0) + 1))
      }
      return manner
    },
  }
}

async function run(main: string, kills: number, seed: number): Promise<Told> {
  return withFolder('e1', async (folder) => {
    const dataFolder = `${folder}/data`
    const chance = createChance(seed)
    const gonePaths = Array.from({ length: 4 }, (_, n) => `/gone-${n}`)
    const manners = createManners(chance, kills, gonePaths)
    const { state, thanked, arrivals } = manners
    const endpoints = new Map<string, Endpoint>()
    let badSignatures = 0
    const receiver = await startReceiver((message): Manner => {
      if (message.path === '/elsewhere') return OK
      const endpoint = endpoints.get(message.path)
      if (endpoint !== undefined && !isAccepted(message, endpoint.secret)) badSignatures++
      return manners.take(message.path, message.at, JSON.parse(message.body))
    })
    const acknowledged = new Set<number>()
    let count = 0
    /** Ids at `/busy` whose answer "not before" the program had written down when it was killed. */
    const written = new Set<string>()

    async function register({ port }: Program): Promise<void> {
      const events = (place: string) =>
        place === HOOK ? undefined : [place === BUSY.path ? BUSY.event : GONE.event]
      for (const place of [HOOK, BUSY.path, ...gonePaths]) {
        const url = `http://127.0.0.1:${receiver.port}${place}`
        const body = JSON.stringify({ url, events: events(place) })
        const { text } = await call(port, 'POST', '/api/v1/webhooks/register', body)
        const { id, secret } = JSON.parse(text) as Endpoint
        endpoints.set(place, { id, path: place, secret })
      }
    }
    /** Posts events until told to stop; only what was answered with 200 counts. */
    const post = (program: Program): (() => Promise<void>) => {
      let stopped = false
      const all = Array.from({ length: CLIENTS }, async () => {
        while (!stopped) {
          const n = count++
          const payload = { n, ...(n % 25 === 24 && { hopeless: true }) }
          const body = JSON.stringify({ event_type: eventOf(n), payload })
          const answer = await call(program.port, 'POST', '/api/v1/events/emit', body).catch(
            () => null,
          )
          if (answer?.status === 200) acknowledged.add(n)
          await sleep(15)
        }
      })
      return async () => {
        stopped = true
        await Promise.all(all)
      }
    }
    const file = path.join(dataFolder, 'sisrua.db')
    function look<T>(work: (db: Database.Database) => T): T {
      const db = new Database(file, { readonly: true })
      try {
        return work(db)
      } finally {
        db.close()
      }
    }
    const waiting = (): number =>
      look(
        (db) =>
          db
            .prepare("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'")
            .pluck()
            .get() as number,
      )
    try {
      for (; state.run < kills; state.run++) {
        const program = await startProgram({ main, dataFolder })
        if (state.run === 0) await register(program)
        const stop = post(program)
        await sleep(150 + chance.below(400))
        await program.kill()
        await stop()
        look((db) => {
          const refused = db
            .prepare(
              'SELECT message_id FROM webhook_attempts WHERE endpoint_id = ? AND status IN (429, 503)',
            )
            .pluck()
            .all(endpoints.get(BUSY.path)!.id) as string[]
          for (const id of refused) written.add(id)
          const state = db.prepare('SELECT state FROM webhook_endpoints WHERE id = ?').pluck()
          for (const { id, path: place } of endpoints.values()) {
            if (state.get(id) === 'disabled') manners.state.disabled.add(place)
          }
        })
      }
      const program = await startProgram({ main, dataFolder })
      const settle = async (): Promise<void> => {
        const end = performance.now() + LONGEST_MS
        while (waiting() > 0 && performance.now() < end) await sleep(100)
      }
      await settle()
      // Every other one is there again and asks for what it did not get.
      const back = gonePaths.filter((_, n) => n % 2 === 0)
      const before = arrivals.length
      for (const place of back) {
        state.isBack.add(place)
        const target = `/api/v1/webhooks/endpoints/${endpoints.get(place)!.id}/recover`
        await call(program.port, 'POST', target, '{"since":0}')
      }
      await settle()
      const unsettled = waiting()
      const recovered = arrivals.slice(before).filter((one) => state.isBack.has(one.path)).length
      const stillGone = gonePaths.filter((place) => !state.isBack.has(place))
      let listedForGone = 0
      for (const place of stillGone) {
        const target = `/api/v1/webhooks/endpoints/${endpoints.get(place)!.id}/deliveries?state=given_up&limit=500`
        const { text } = await call(program.port, 'GET', target)
        listedForGone += (JSON.parse(text) as { count: number }).count
      }
      await program.kill()
      const given = look((db) =>
        db
          .prepare(
            `SELECT d.endpoint_id || ' ' || json_extract(m.payload, '$.n') FROM webhook_deliveries d
             JOIN webhook_messages m ON m.id = d.message_id WHERE d.state = 'given_up'`,
          )
          .pluck()
          .all(),
      ) as string[]
      const listed = new Set(given)
      const isTold = (n: number, { id, path: place }: Endpoint): boolean =>
        thanked.get(place)?.has(n) === true || listed.has(`${id} ${n}`)
      const wanted = (n: number): Endpoint[] => {
        const event = eventOf(n)
        const places = event === BUSY.event ? [BUSY.path] : event === GONE.event ? gonePaths : []
        return [HOOK, ...places].map((place) => endpoints.get(place)!)
      }
      const hooks = receiver.received.filter((one) => endpoints.has(one.path))
      const secretOf = (place: string) => endpoints.get(place)?.secret
      badSignatures += badByOpenssl(folder, hooks, secretOf)
      const messages = hooks.map((one) => JSON.parse(one.body) as Message)
      return {
        acknowledged: acknowledged.size,
        lost: [...acknowledged].filter((n) => !wanted(n).every((one) => isTold(n, one))).length,
        listed: listed.size,
        badSignatures,
        twoIds: eventsWithTwoIds(messages.filter(({ event, data }) => event === eventOf(data.n))),
        redirected: receiver.received.length - hooks.length,
        requests: hooks.length,
        duplicates: [...(thanked.get(HOOK)?.values() ?? [])].reduce((sum, n) => sum + n - 1, 0),
        unsettled,
        ...tooEarly(arrivals, (id) => written.has(id)),
        gone: state.gone.size,
        afterGone: state.afterGone,
        listedForGone,
        recovered,
      }
    } finally {
      await receiver.close()
    }
  })
}

export const e1: Experiment = {
  id: 'E1',
  title: 'hostile webhook receivers, program killed: every event arrives or is listed',
  async run(options) {
    const { quick, seed } = options
    const kills = trialsOf(options, 50, 4)
    // The limit as it is takes its time, so it is waited for beside the rest.
    const slowly = quick ? null : toldSlowly()
    const told = await run(await buildProgram('hurried', HURRIED), kills, seed)
    const { lost, badSignatures, twoIds, redirected, unsettled, early, afterGone, gone } = told
    const few = Math.min(kills, 8)
    const careless = await run(await buildProgram('careless', CARELESS), few, seed)
    const slow = await slowly
    const failures =
      lost +
      badSignatures +
      twoIds +
      redirected +
      unsettled +
      early +
      afterGone +
      Number(gone === 0 || told.listedForGone === 0 || told.recovered === 0 || told.asked === 0) +
      (slow?.failures ?? 0)
    if (failures > 0) complain('E1', seed, kills, JSON.stringify({ told, slow }))
    const sees = [careless.lost, careless.early, careless.afterGone, slow?.control ?? 1]
    return {
      trials: told.acknowledged + (slow?.trials ?? 0),
      failures,
      control: {
        expected:
          'an outbox that does not outlive the program loses events; without Retry-After, 410 and the limit of 15 s receivers are told what they refused',
        seen: `${careless.lost} of ${careless.acknowledged} acknowledged events lost in ${few} kills; ${careless.early} too early for ${careless.asked} waits asked for, ${careless.afterGone} after 410${slow === null ? '' : `; with a limit of 25 s ${slow.control} waited 20 s`}`,
        ok: sees.every((count) => count > 0),
      },
      figures: {
        kills,
        'requests at the receivers': told.requests,
        'listed as given up': told.listed,
        'duplicates per 1,000': Math.round((told.duplicates / told.acknowledged) * 1000),
        'redirects followed': redirected,
        'signatures refused': badSignatures,
        'waits of a second or more asked for, arrivals before their end': `${told.asked}, ${early}`,
        'said 410; listed for those left so; arrived by recover': `${gone}; ${told.listedForGone}; ${told.recovered}`,
        ...(slow?.figures ?? {}),
      },
    }
  },
}
