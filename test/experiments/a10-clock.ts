// A10: somebody sets the computer's clock a day forward and back, again and again, while the program works: sessions, tickets,
// clients' tokens, leases, limits and Idempotency-Keys end neither early nor late, nothing is retried in a storm, every
// acknowledged job is done once, every message is delivered, and the audit log verifies. The clock is libfaketime's.
import path from 'node:path'
import Database from 'better-sqlite3'
import { openSocket } from '../support/web-socket.ts'
import { OK, startReceiver } from '../support/webhook-receiver.ts'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { createFakeClock, removeTraces } from './support/fake-clock.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { createLoad, jobBody } from './support/load.ts'
import { call, drain, type Program, startProgram } from './support/program.ts'
import {
  BUSY,
  KEYS_BY_THE_WALL,
  LIMITS_BY_THE_WALL,
  SESSIONS_BY_THE_WALL,
} from './support/wall-clock-builds.ts'

const DAY_MS = 86_400_000
const OFFSETS = [DAY_MS, -DAY_MS, 0]
const STEPS_A_PROGRAM = 12
/** A ticket's ten seconds and a little more. */
const PAST_A_TICKET_MS = 11_000
/** What is overdue goes out over a minute. */
const DELIVERY_MS = 120_000

interface Seen {
  /** What did not hold, in words. */
  wrong: string[]
  steps: number
  acknowledged: number
  /** Attempts to tell the endpoint that always refuses, of its most tried message, and how many it could have been. */
  mostTries: number
  delivered: number
  deliveredTwice: number
}

/** One program through so many steps of its clock; half way through a long life it is killed as well, a `brief` one ends after them. */
async function live(main: string, steps: number, seed: number, brief = false): Promise<Seen> {
  return withFolder('a10', async (folder) => {
    const chance = createChance(seed)
    const clock = createFakeClock(folder)
    const dataFolder = path.join(folder, 'data')
    const wrong: string[] = []
    const delivered = new Map<string, number>()
    const tries = new Map<string, number>()
    const receiver = await startReceiver(({ path: where, headers, body }) => {
      const id = String(headers['webhook-id'])
      if (where === '/refuses') {
        tries.set(id, (tries.get(id) ?? 0) + 1)
        return { status: 500 }
      }
      const { job_id } = (JSON.parse(body) as { data: { job_id: string } }).data
      delivered.set(job_id, (delivered.get(job_id) ?? 0) + 1)
      return OK
    })
    const start = (): Promise<Program> =>
      startProgram({ main, dataFolder, env: { ...clock.env, SISRUA_THREADS: '3' } })
    let program = await start()
    const ask = async (method: string, target: string, body?: unknown, more = {}) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await call(program.port, method, target, text, more)
      // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
      return { status: answer.status, json: JSON.parse(answer.text || 'null') as any }
    }
    const must = (holds: boolean, what: string): void => void (holds || wrong.push(what))
    for (const where of ['takes', 'refuses']) {
      await ask('POST', '/api/v1/webhooks/register', {
        url: `http://127.0.0.1:${receiver.port}/${where}`,
        events: ['job_completed'],
      })
    }
    const load = createLoad('a10-')
    const sizeOf = (): number => (chance.below(3) === 0 ? 70_000 : 0)
    let stop = load.run(program.port, 2, sizeOf, true)
    /** Posted beside the load, with the id that each was told. */
    const own = new Map<string, Set<string>>()
    const post = async (document: string, key: string) => {
      const headers = { 'Idempotency-Key': key }
      const { status, json } = await ask('POST', '/api/v1/jobs/prepare', jobBody(document), headers)
      return { status, id: json.job_id as string, code: json.code as string | undefined }
    }
    const postOwn = async (document: string): Promise<string> => {
      const { id } = await post(document, document)
      own.set(document, (own.get(document) ?? new Set()).add(id))
      return id
    }
    const letIn = async (token: string): Promise<boolean> =>
      (await ask('GET', '/api/v1/auth/check', undefined, { 'X-SisRua-Token': token })).status ===
      200
    const newSession = async (): Promise<string> =>
      (await ask('POST', '/api/v1/auth/session')).json.session_token
    const newClient = async (seconds: number): Promise<string> =>
      (
        await ask('POST', '/api/v1/auth/clients', {
          ...{ name: 'a10', role: 'operator', expires_in: seconds },
        })
      ).json.token
    const newTicket = async (): Promise<string> =>
      (await ask('POST', '/api/v1/ws/ticket')).json.ticket
    const redeem = (ticket: string): Promise<boolean> =>
      openSocket(program.port, ['sisrua.v1', `ticket.${ticket}`], {}).then(
        ({ ws }) => {
          ws.terminate()
          return true
        },
        () => false,
      )

    let session = await newSession()
    let client = await newClient(3_600)
    let offset = 0
    let forward = 0
    let kills = 0
    const step = (to: number): void => {
      if (to > offset) forward++
      offset = to
      clock.set(to)
    }
    await postOwn('a10-long0')
    const entry = { event_type: 'a10', entity_type: 'step', entity_id: 'x' }
    for (let n = 0; n < steps; n++) {
      const others = OFFSETS.filter((one) => one !== offset)
      const to = n === 0 ? DAY_MS : others[chance.below(others.length)]!
      const named = { 'Idempotency-Key': `entry-${n}` }
      const first = await ask('POST', '/api/v1/audit', entry, named)
      const key = `a10-key${n}`
      const id = await postOwn(key)
      await postOwn(`a10-flaky${n}`)
      if (n % 6 === 5) await postOwn(`a10-long${n}`)
      const ticket = await newTicket()
      step(to)
      const what = `after step ${n} to ${to / DAY_MS} d`
      must(await redeem(ticket), `ticket refused ${what}`)
      must(await letIn(session), `session ended ${what}`)
      must(await letIn(client), `client ended ${what}`)
      await sleep(1_000 + chance.below(2_000))
      must((await post(key, key)).id === id, `key answered with another job ${what}`)
      const other = await post(`${key}-other`, key)
      must(other.status === 422, `key taken for another payload: ${other.status} ${what}`)
      if (other.status === 200) own.set(`${key}-other`, new Set([other.id]))
      const second = await ask('POST', '/api/v1/audit', entry, named)
      must(first.json.audit_id === second.json.audit_id, `key forgotten ${what}`)
      if (steps >= STEPS_A_PROGRAM && n === steps / 2) {
        await program.kill()
        removeTraces(program.child.pid)
        await stop()
        kills++
        step(0)
        program = await start()
        must(program.ready.audit.state === 'ok', `log ${program.ready.audit.state} ${what}`)
        stop = load.run(program.port, 2, sizeOf, true)
        session = await newSession()
        client = await newClient(3_600)
      }
    }
    if (!brief) {
      // Nor does anything last longer because the clock was set back.
      step(DAY_MS)
      const [ticket, token] = [await newTicket(), await newClient(3)]
      step(-DAY_MS)
      await sleep(PAST_A_TICKET_MS)
      must(!(await redeem(ticket)), 'a ticket outlived its time')
      must(!(await letIn(token)), 'a client outlived its time')
    }
    step(0)
    await stop()
    await drain(program.port)
    const { json: verified } = await ask('POST', '/api/v1/audit/verify-all')
    must(
      verified.invalid === 0 && verified.chain_ok && verified.root_ok && verified.anchors_ok,
      `log: ${JSON.stringify(verified)}`,
    )
    const { text: metrics } = await call(program.port, 'GET', '/metrics')
    must(/^sisrua_lease_losses_total 0$/m.test(metrics), 'a lease was lost')
    const acknowledged = new Map<string, ReadonlySet<string>>([...load.acknowledged, ...own])
    const told = (): number =>
      [...acknowledged.values()].filter(([id]) => delivered.has(id ?? '')).length
    const end = performance.now() + (brief ? 0 : DELIVERY_MS)
    while (told() < acknowledged.size && performance.now() < end) await sleep(200)
    // A request whose client had gone may still have become a job.
    await sleep(1_000)
    await drain(program.port)
    must(told() === acknowledged.size, `${acknowledged.size - told()} completions not told`)
    await program.kill()
    removeTraces(program.child.pid)
    await receiver.close()
    const found = inspect(dataFolder, acknowledged)
    must(!isBroken(found), JSON.stringify(found))
    for (const unlike of unlikeRows(dataFolder, kills)) wrong.push(unlike)
    const mostTries = Math.max(0, ...tries.values())
    // At once and after five seconds; after that each step forward may make the next one due, and a start looks too.
    must(mostTries <= 2 + forward + kills, `a message was tried ${mostTries} times`)
    const twice = [...delivered.values()].filter((count) => count > 1 + kills).length
    must(twice === 0, `${twice} messages told again and again`)
    return {
      ...{ wrong, steps: steps + 3, acknowledged: acknowledged.size, mostTries },
      delivered: delivered.size,
      deliveredTwice: [...delivered.values()].filter((count) => count > 1).length,
    }
  })
}

/** Jobs that did not succeed, or were started more often than crashes and the one wanted failure explain. */
function unlikeRows(dataFolder: string, kills: number): string[] {
  const db = new Database(path.join(dataFolder, 'sisrua.db'), { readonly: true })
  try {
    const rows = db
      .prepare(
        `SELECT id, state, error_code AS error, attempt, crash_count AS crashes,
           (SELECT count(*) FROM job_attempts WHERE job_id = id AND outcome = 'retry') AS retries
         FROM jobs WHERE state <> 'succeeded' OR attempt > 1 + crashes + retries OR crashes > ? OR retries > 1`,
      )
      .all(kills)
    return rows.map((row) => `job ${JSON.stringify(row)}`)
  } finally {
    db.close()
  }
}

export const a10: Experiment = {
  id: 'A10',
  title: 'setting the clock a day forward or back ends nothing early or late and loses nothing',
  async run(options) {
    const programs = options.quick ? 1 : Math.ceil(trialsOf(options, 72, 1) / STEPS_A_PROGRAM)
    const main = await buildProgram('a10-busy', BUSY)
    const all: Seen[] = []
    for (let n = 0; n < programs; n++) {
      const seen = await live(main, options.quick ? 3 : STEPS_A_PROGRAM, options.seed + n)
      for (const what of seen.wrong) complain('A10', options.seed, n, what)
      all.push(seen)
    }
    /** How often a program that counts a term by the wall was seen to do so. */
    const seenIn = async (name: string, build: typeof BUSY, what: RegExp): Promise<number> => {
      const { wrong } = await live(await buildProgram(name, build), 2, options.seed, true)
      return wrong.filter((one) => what.test(one)).length
    }
    const ended = await seenIn('a10-sessions', SESSIONS_BY_THE_WALL, /session ended/)
    const timedOut = await seenIn('a10-limits', LIMITS_BY_THE_WALL, /COMPUTE_TIMEOUT|lease/)
    const forgotten = await seenIn('a10-keys', KEYS_BY_THE_WALL, /key forgotten/)
    const sum = (of: (seen: Seen) => number): number =>
      all.reduce((total, one) => total + of(one), 0)
    return {
      trials: sum(({ steps }) => steps),
      failures: sum(({ wrong }) => wrong.length),
      control: {
        expected:
          'by the clock on the wall sessions end, jobs run into their limits, keys are forgotten',
        seen: `counted by the wall: sessions ended after ${ended} of 2 steps, ${timedOut} jobs ended early, ${forgotten} keys forgotten`,
        ok: ended > 0 && timedOut > 0 && forgotten > 0,
      },
      figures: {
        programs,
        'acknowledged jobs, each done once': sum(({ acknowledged }) => acknowledged),
        'completions told': sum(({ delivered }) => delivered),
        '… of them twice': sum(({ deliveredTwice }) => deliveredTwice),
        'most tries of a message that is refused': Math.max(...all.map((one) => one.mostTries)),
      },
    }
  },
}
