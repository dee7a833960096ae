// The part of E2 at the real program, unaltered and killed or stopped in between, with its date moved by libfaketime: three days off,
// the breaker's minute, five days of failures, a Retry-After of two days. The receiver keeps the times.
// Over 300 lines because four scenes and their controls need the same stage.
import { openSocket } from '../support/web-socket.ts'
import { type Manner, OK, type Receiver, startReceiver } from '../support/webhook-receiver.ts'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { complain, createChance, sleep, withFolder } from './support/experiment.ts'
import { createFakeClock } from './support/fake-clock.ts'
import { call, type Program, startProgram, TOKEN } from './support/program.ts'

const DAY_SECONDS = 86_400
/** No more than the owner's token may emit in a minute. */
const MESSAGES = 50
/** What a timer of a busy machine may be late by. */
const LATE_MS = 4_000

interface Stage {
  receiver: Receiver
  /** What it answers. */
  state: { manner: Manner }
  id: string
  program(): Program
  /** Ends the program, in order or not, and starts it with a date so many seconds ahead; answers when it was ready. */
  restart(aheadSeconds: number, killed: boolean): Promise<number>
  emit(n: number): Promise<void>
  post(target: string, body?: object): Promise<Record<string, unknown>>
  get(target: string): Promise<Record<string, unknown>>
  endpoint(): Promise<{ state: string; failing_since: number; waiting: number; given_up: number }>
}
type Figures = Record<string, string | number>

/** Waits until it holds, or throws `what`. */
async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} after ${limitMs} ms`)
    await sleep(20)
  }
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

async function onStage<T>(main: string, play: (stage: Stage) => Promise<T>): Promise<T> {
  return withFolder('e2', async (folder) => {
    const dataFolder = `${folder}/data`
    const state: Stage['state'] = { manner: OK }
    const receiver = await startReceiver(() => state.manner)
    const clock = createFakeClock(folder)
    const start = () => startProgram({ main, dataFolder, env: clock.env })
    let program = await start()
    const ask = async (method: string, target: string, body?: object) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const answer = await call(program.port, method, `/api/v1${target}`, text)
      must(answer.status === 200, `${target} answered ${answer.status}`)
      return JSON.parse(answer.text) as Record<string, unknown>
    }
    const stage: Stage = {
      receiver,
      state,
      id: '',
      program: () => program,
      async restart(aheadSeconds, killed) {
        if (killed) await program.kill()
        else {
          await call(program.port, 'POST', '/api/v1/management/shutdown')
          await program.ended
        }
        clock.set(aheadSeconds * 1_000)
        program = await start()
        return performance.now()
      },
      async emit(n) {
        await ask('POST', '/events/emit', { event_type: 'project_loaded', payload: { n } })
      },
      post: (target, body) => ask('POST', target, body),
      get: (target) => ask('GET', target),
      async endpoint() {
        const list = (await ask('GET', '/webhooks/endpoints')) as { webhooks: unknown[] }
        return list.webhooks[0] as Awaited<ReturnType<Stage['endpoint']>>
      },
    }
    try {
      const events = ['project_loaded']
      const made = await ask('POST', '/webhooks/register', { url: receiver.url, events })
      stage.id = String(made.id)
      return await play(stage)
    } finally {
      await program.kill()
      await receiver.close()
    }
  })
}

const numberOf = (body: string): number => (JSON.parse(body) as { data: { n: number } }).data.n

/** Fifty messages wait, the computer is off for three days: times of arrival after the program was ready, milliseconds. */
async function threeDaysOff(main: string, killed: boolean): Promise<number[]> {
  return onStage(main, async ({ receiver, state, restart, emit }) => {
    state.manner = 'drop'
    for (let n = 0; n < MESSAGES; n++) await emit(n)
    await until(() => receiver.received.length >= 5, 'the breaker is not open')
    await sleep(300)
    state.manner = OK
    const before = receiver.received.length
    const offset = Date.now() - performance.now()
    const began = await restart(3 * DAY_SECONDS, killed)
    await until(() => receiver.received.length >= before + MESSAGES, 'not all arrived', 75_000)
    const came = receiver.received.slice(before)
    must(new Set(came.map((one) => numberOf(one.body))).size === MESSAGES, 'some came twice')
    const ahead = came.map((one) => Number(one.headers['webhook-timestamp']) - one.at / 1000)
    must(
      ahead.every((seconds) => Math.abs(seconds - 3 * DAY_SECONDS) < 60),
      'the program did not see the other date',
    )
    return came.map((one) => one.at - offset - began).sort((a, b) => a - b)
  })
}

const within = (times: readonly number[], ms: number): number =>
  times.filter((time) => time < ms).length

async function overdue(main: string, n: number, figures: Figures): Promise<void> {
  const times = await threeDaysOff(main, n % 2 === 0)
  const span = times.at(-1)!
  figures[`50 overdue messages of the program after three days off, round ${n + 1}`] =
    `in ${(span / 1000).toFixed(1)} s, ${within(times, 6_000)} in the first 6 s`
  must(span <= 60_000 + LATE_MS && span > 30_000, `spread over ${span} ms`)
  must(within(times, 6_000) < MESSAGES / 3, `${within(times, 6_000)} in the first 6 s`)
}

/** Answers how many tries there were before the pause, and how long it was, milliseconds. */
async function pauseAfterFailures(main: string): Promise<{ tries: number; restMs: number }> {
  return onStage(main, async ({ receiver, state, emit, endpoint }) => {
    state.manner = { status: 500 }
    for (let n = 0; n < 20; n++) await emit(n)
    await until(() => receiver.received.length >= 5, 'not tried')
    await sleep(3_000)
    const tries = receiver.received.length
    const last = receiver.received.at(-1)!.at
    state.manner = OK
    if (tries > 5) return { tries, restMs: 0 }
    await until(() => receiver.received.length > tries, 'no probe', 75_000)
    const restMs = receiver.received[tries]!.at - last
    await until(async () => (await endpoint()).waiting === 0, 'not told after a good probe')
    return { tries, restMs }
  })
}

async function breaker(main: string, _n: number, figures: Figures): Promise<void> {
  const { tries, restMs } = await pauseAfterFailures(main)
  figures['tries of the program before its breaker opened, seconds until the probe'] =
    `${tries}, ${(restMs / 1000).toFixed(1)}`
  must(tries === 5, `${tries} tries before the breaker opened`)
  must(restMs >= 59_900 && restMs < 60_000 + LATE_MS, `a probe after ${restMs} ms`)
}

/** A try that fails each day; answers on which day the endpoint was disabled, null when it was not within eight. */
async function failingDays(stage: Stage): Promise<number | null> {
  const { receiver, state, emit, restart, get, endpoint, id } = stage
  state.manner = { status: 500 }
  for (let day = 0; day < 8; day++) {
    if (day > 0) await restart(day * DAY_SECONDS, day % 2 === 0)
    const before = receiver.received.length
    await emit(day)
    // On a busy machine so many of former days may be tried before it that the breaker opens, for a minute.
    await until(() => receiver.received.length > before, 'not tried', 75_000)
    // Written down: the newest message has its attempt.
    await until(
      async () => {
        const log = (await get(`/webhooks/endpoints/${id}/deliveries?limit=1`)) as {
          deliveries: { attempts: unknown[] }[]
        }
        return log.deliveries[0]!.attempts.length > 0
      },
      'no attempt in the log',
      75_000,
    )
    if ((await endpoint()).state === 'disabled') return day
  }
  return null
}

async function disabling(main: string, _n: number, figures: Figures): Promise<void> {
  await onStage(main, async (stage) => {
    const { receiver, state, emit, post, get, endpoint, id, program } = stage
    const day = await failingDays(stage)
    must(day === 5, `disabled on day ${day}`)
    const audit = JSON.stringify(await get('/audit?event_type=webhook.disabled'))
    must(audit.includes('"reason":"failing"'), 'no audit entry')
    figures['days of only failures before the program disabled'] = day!
    must((await endpoint()).waiting === 0, 'something waits for a disabled endpoint')
    state.manner = OK
    const before = receiver.received.length
    for (let n = 10; n < 13; n++) await emit(n)
    await sleep(500)
    must(receiver.received.length === before, 'a disabled endpoint was told')
    must((await endpoint()).given_up === 9, 'what it was not told is not listed')
    const numbers = () => receiver.received.slice(before).map((one) => numberOf(one.body))
    await post(`/webhooks/endpoints/${id}/enable`)
    await emit(20)
    await until(() => numbers().length === 1, 'not told after it was enabled')
    must(numbers()[0] === 20, 'enabling alone sent what was given up')
    const { deliveries } = await post(`/webhooks/endpoints/${id}/recover`, { since: 0 })
    must(deliveries === 9, `${deliveries} to be sent by recover`)
    await until(() => numbers().length === 10, 'recover did not send all')
    must(new Set(numbers()).size === 10, 'recover sent one twice')
    const last = receiver.received.at(-1)!
    const message = String(last.headers['webhook-id'])
    await post(`/webhooks/messages/${message}/replay`)
    await until(() => numbers().length === 11, 'replay did not send')
    must(receiver.received.at(-1)!.headers['webhook-id'] === message, 'replay has another id')
    // 410: at once, and who looks at the panel hears of it.
    const socket = await openSocket(program().port, ['sisrua.v1'], { 'X-SisRua-Token': TOKEN })
    state.manner = { status: 410 }
    await emit(30)
    const rung = await socket.until((one) => one.type === 'webhook.disabled')
    must(rung.webhook_id === id && rung.reason === 'gone', 'the panel heard something else')
    socket.ws.close()
  })
}

/** Told 429 with two days to wait: whether it was asked again a day less a minute, and a day and 20 s, after that. */
async function askedTwoDays(main: string): Promise<{ before: boolean; after: boolean }> {
  return onStage(main, async ({ receiver, state, emit, restart }) => {
    state.manner = { status: 429, headers: { 'Retry-After': String(2 * DAY_SECONDS) } }
    const began = performance.now()
    await emit(1)
    await until(() => receiver.received.length === 1, 'not told')
    await sleep(500)
    state.manner = OK
    const passed = (): number => Math.round((performance.now() - began) / 1000)
    await restart(DAY_SECONDS - 60 - passed(), true)
    await sleep(3_000)
    const before = receiver.received.length > 1
    await restart(DAY_SECONDS + 20 - passed(), true)
    await sleep(4_000)
    return { before, after: receiver.received.length > 1 }
  })
}

async function longWait(main: string): Promise<void> {
  const { before, after } = await askedTwoDays(main)
  must(!before, 'asked again before the day was over')
  must(after, 'not asked again after a day')
}

type Scene = (main: string, n: number, figures: Figures) => Promise<void>

const IN_SCHEDULE = 'src/webhooks/schedule.ts'
const IN_LOOP = 'src/webhooks/dispatcher.ts'
const CONTROLS: Record<string, Alteration[]> = {
  'at-once': [
    { file: IN_LOOP, find: 'waits.spread()\n        waits.slice()', replace: 'waits.slice()' },
  ],
  'no-breaker': [{ file: IN_LOOP, find: 'failures: 5,', replace: 'failures: 5_000,' }],
  'no-end': [{ file: IN_LOOP, find: '5 * 86_400_000', replace: '500 * 86_400_000' }],
  'no-cap': [
    {
      file: IN_SCHEDULE,
      find: 'const LONGEST_RETRY_AFTER_MS = 24 * HOUR',
      replace: 'const LONGEST_RETRY_AFTER_MS = 240 * HOUR',
    },
  ],
}

/** `rounds` times each scene; those that wait a minute all beside each other, and not at all when `quick`. */
export async function atProgram(seed: number, rounds: number, quick = false) {
  const main = await buildProgram('whole')
  const altered: Record<string, string> = {}
  for (const [name, alterations] of Object.entries(CONTROLS)) {
    altered[name] = await buildProgram(name, alterations)
  }
  const figures: Figures = {}
  let trials = 0
  let failures = 0
  const play = async (name: string, scene: Scene, n: number): Promise<void> => {
    trials++
    try {
      await scene(main, n, figures)
    } catch (error) {
      failures++
      complain('E2', seed, n, `${name}, at the program: ${String(error)}`)
    }
  }
  const seen: Record<string, boolean> = {}
  /** What a control showed, and whether it showed the fault; one that breaks must not leave the others' programs behind. */
  const control = async (look: () => Promise<[string, boolean]>): Promise<void> => {
    const [what, ok] = await look().catch((error): [string, boolean] => [String(error), false])
    seen[what] = ok
  }
  const chance = createChance(seed)
  if (!quick) {
    const long: Promise<void>[] = []
    for (let n = 0; n < rounds; n++) {
      // Not all at the same moment.
      await sleep(chance.below(1_000))
      long.push(play('three days off', overdue, n), play('breaker', breaker, n))
    }
    await control(async () => {
      const early = within(await threeDaysOff(altered['at-once']!, true), 6_000)
      return [`without spreading ${early} of ${MESSAGES} in the first 6 s`, early === MESSAGES]
    })
    await control(async () => {
      const { tries } = await pauseAfterFailures(altered['no-breaker']!)
      return [`without a breaker ${tries} tries`, tries >= 20]
    })
    await Promise.all(long)
  }
  for (let n = 0; n < rounds; n++) {
    await play('disabling', disabling, n)
    await play('a wait of two days', longWait, n)
  }
  await control(async () => {
    const day = await onStage(altered['no-end']!, failingDays)
    const end = day === null ? 'never disabled' : `disabled on day ${day}`
    return [`without the five days ${end}`, day === null]
  })
  await control(async () => {
    const { after } = await askedTwoDays(altered['no-cap']!)
    return [`without the cap of a day ${after ? '' : 'not '}asked after it`, !after]
  })
  return { trials, failures, seen, figures: { 'scenes at the real program': trials, ...figures } }
}
