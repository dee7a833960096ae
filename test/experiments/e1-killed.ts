// E1: the real program passes events on to a hostile receiver - dropped, reset and half answers, 500, 429, redirects, silence -
// and is killed again and again. Every event that was acknowledged arrives or is listed as given up, under one id however
// often it comes, with a signature that an independent library accepts. Control: an outbox that does not outlive the program.
import { createHmac } from 'node:crypto'
import path from 'node:path'
import Database from 'better-sqlite3'
import { Webhook } from 'standardwebhooks'
import { type Manner, OK, startReceiver } from '../support/webhook-receiver.ts'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { call, type Program, startProgram } from './support/program.ts'
import { FAULT_SHARE, FAULTS } from './support/receiver-faults.ts'

const CLIENTS = 3
/** What is counted; the program's own messages, such as anchors of the audit log, come beside them. */
const EVENT = 'project_saved'

interface Message {
  id: string
  event: string
  data: { n: number; hopeless?: boolean }
}
const LONGEST_MS = 120_000

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
/** What waits for its delivery is not there any more after a start. */
const FORGETFUL: Alteration[] = [
  ...HURRIED,
  {
    file: 'src/store/deliveries.ts',
    find: 'export function createDeliveryRows(connection: Connection) {',
    replace: `export function createDeliveryRows(connection: Connection) {
  connection.exec("DELETE FROM webhook_deliveries WHERE state = 'waiting'")`,
  },
]

interface Told {
  acknowledged: number
  /** Acknowledged, neither thanked for by the receiver nor listed as given up. */
  lost: number
  listed: number
  badSignatures: number
  twoIds: number
  redirected: number
  requests: number
  duplicates: number
  unsettled: number
}

async function run(main: string, kills: number, seed: number): Promise<Told> {
  return withFolder('e1', async (folder) => {
    const dataFolder = `${folder}/data`
    const chance = createChance(seed)
    const seen = new Set<string>()
    const thanked = new Map<number, number>()
    const receiver = await startReceiver((message): Manner => {
      if (message.path === '/elsewhere') return OK
      const { event, data } = JSON.parse(message.body) as Message
      if (data.hopeless === true) return { status: 500 }
      const id = String(message.headers['webhook-id'])
      const first = !seen.has(id)
      seen.add(id)
      if (first && chance.next() < FAULT_SHARE) return FAULTS[chance.below(FAULTS.length)]!
      if (event === EVENT) thanked.set(data.n, (thanked.get(data.n) ?? 0) + 1)
      return OK
    })
    const acknowledged = new Set<number>()
    let count = 0
    let secret = ''
    const start = (): Promise<Program> => startProgram({ main, dataFolder })
    /** Posts events until told to stop; only what was answered with 200 counts. */
    const post = (program: Program): (() => Promise<void>) => {
      let stopped = false
      const all = Array.from({ length: CLIENTS }, async () => {
        while (!stopped) {
          const n = count++
          const payload = { n, ...(n % 25 === 24 && { hopeless: true }) }
          const body = JSON.stringify({ event_type: EVENT, payload })
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
    try {
      for (let kill = 0; kill < kills; kill++) {
        const program = await start()
        if (kill === 0) {
          const body = JSON.stringify({ url: `http://127.0.0.1:${receiver.port}/hook` })
          const answer = await call(program.port, 'POST', '/api/v1/webhooks/register', body)
          secret = (JSON.parse(answer.text) as { secret: string }).secret
        }
        const stop = post(program)
        await sleep(150 + chance.below(400))
        await program.kill()
        await stop()
      }
      const program = await start()
      const file = path.join(dataFolder, 'sisrua.db')
      const waiting = (): number => {
        const db = new Database(file, { readonly: true })
        try {
          const sql = "SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'"
          return db.prepare(sql).pluck().get() as number
        } finally {
          db.close()
        }
      }
      const end = performance.now() + LONGEST_MS
      while (waiting() > 0 && performance.now() < end) await sleep(100)
      const unsettled = waiting()
      await program.kill()
      const db = new Database(file)
      const given = new Set(
        db
          .prepare(
            `SELECT json_extract(m.payload, '$.n') FROM webhook_deliveries d
             JOIN webhook_messages m ON m.id = d.message_id WHERE d.state = 'given_up'`,
          )
          .pluck()
          .all() as number[],
      )
      db.close()
      const ids = new Map<number, Set<string>>()
      let badSignatures = 0
      const hooks = receiver.received.filter((one) => one.path === '/hook')
      for (const one of hooks) {
        const { id, event, data } = JSON.parse(one.body) as Message
        if (event === EVENT) ids.set(data.n, (ids.get(data.n) ?? new Set()).add(id))
        try {
          new Webhook(secret).verify(one.body, one.headers as Record<string, string>)
          const hex = createHmac('sha256', secret).update(one.body).digest('hex')
          if (hex !== one.headers['x-webhook-signature']) badSignatures++
        } catch {
          badSignatures++
        }
      }
      return {
        acknowledged: acknowledged.size,
        lost: [...acknowledged].filter((n) => !thanked.has(n) && !given.has(n)).length,
        listed: given.size,
        badSignatures,
        twoIds: [...ids.values()].filter((one) => one.size > 1).length,
        redirected: receiver.received.length - hooks.length,
        requests: hooks.length,
        duplicates: [...thanked.values()].reduce((sum, times) => sum + times - 1, 0),
        unsettled,
      }
    } finally {
      await receiver.close()
    }
  })
}

export const e1: Experiment = {
  id: 'E1',
  title: 'hostile webhook receiver, program killed: every event arrives or is listed',
  async run(options) {
    const kills = trialsOf(options, 50, 4)
    const told = await run(await buildProgram('hurried', HURRIED), kills, options.seed)
    const { lost, badSignatures, twoIds, redirected, unsettled } = told
    const failures = lost + badSignatures + twoIds + redirected + unsettled
    if (failures > 0) complain('E1', options.seed, kills, JSON.stringify(told))
    const forgetful = await run(
      await buildProgram('forgetful', FORGETFUL),
      Math.min(kills, 8),
      options.seed,
    )
    return {
      trials: told.acknowledged,
      failures,
      control: {
        expected: 'an outbox that does not outlive the program loses events',
        seen: `${forgetful.lost} of ${forgetful.acknowledged} acknowledged events lost in ${Math.min(kills, 8)} kills`,
        ok: forgetful.lost > 0,
      },
      figures: {
        kills,
        'requests at the receiver': told.requests,
        'listed as given up': told.listed,
        'duplicates per 1,000': Math.round((told.duplicates / told.acknowledged) * 1000),
        'redirects followed': redirected,
        'signatures refused': badSignatures,
      },
    }
  },
}
