// The part of E1 that takes its time: receivers that answer after 20 s, at the program with its limit of 15 s as it is. Each is left
// between the two, asked again under the same id, and thanks then.
import { type Manner, OK, startReceiver } from '../support/webhook-receiver.ts'
import { buildProgram } from './support/altered-build.ts'
import { sleep, withFolder } from './support/experiment.ts'
import { call, startProgram } from './support/program.ts'

const RECEIVERS = 20
const LIMIT_MS = 15_000
const SLOW: Manner = { status: 200, afterMs: 20_000 }
/** Connections and timers of two programs on a busy machine. */
const LATE_MS = 3_000
/** The second step of the schedule is 5 s ± 20 %. */
const LONGEST_MS = LIMIT_MS + 6_000 + 10_000

const PATIENT = [
  {
    file: 'src/webhooks/delivery.ts',
    find: 'const TIMEOUT_MS = 15_000',
    replace: 'const TIMEOUT_MS = 25_000',
  },
]

/**
 * After how many milliseconds each first try was given up (null: it was waited for), as the receiver and as the program's log has
 * it, and under which ids each receiver was asked.
 */
async function tell(main: string, receivers: number, tries: number) {
  return withFolder('e1-slow', async (folder) => {
    const asked = new Set<string>()
    const receiver = await startReceiver(({ path }): Manner => {
      const isFirst = !asked.has(path)
      asked.add(path)
      return isFirst ? SLOW : OK
    })
    const program = await startProgram({ main, dataFolder: `${folder}/data` })
    try {
      const post = (target: string, body: object) =>
        call(program.port, 'POST', target, JSON.stringify(body))
      const ids: string[] = []
      for (let n = 0; n < receivers; n++) {
        const url = `http://127.0.0.1:${receiver.port}/slow-${n}`
        const { text } = await post('/api/v1/webhooks/register', { url, events: ['slowly_told'] })
        ids.push((JSON.parse(text) as { id: string }).id)
      }
      await post('/api/v1/events/emit', { event_type: 'slowly_told', payload: {} })
      const end = performance.now() + LONGEST_MS
      while (receiver.received.length < receivers * tries && performance.now() < end) {
        await sleep(100)
      }
      // The last one may still wait for its answer.
      await sleep(tries === 1 ? 21_000 : 1_000)
      return await Promise.all(
        ids.map(async (id, n) => {
          const target = `/api/v1/webhooks/endpoints/${id}/deliveries`
          const { deliveries } = JSON.parse((await call(program.port, 'GET', target)).text) as {
            deliveries: { attempts: { error: string | null; duration_ms: number }[] }[]
          }
          const came = receiver.received.filter(({ path }) => path === `/slow-${n}`)
          return {
            leftAfterMs: came[0]?.leftAfterMs ?? null,
            first: deliveries[0]?.attempts[0],
            ids: came.map(({ headers }) => headers['webhook-id']),
          }
        }),
      )
    } finally {
      await program.kill()
      await receiver.close()
    }
  })
}

/** `control`: receivers that were waited for by a program whose limit is 25 s. */
export async function toldSlowly() {
  const [told, patient] = await Promise.all([
    tell(await buildProgram('whole'), RECEIVERS, 2),
    tell(await buildProgram('patient', PATIENT), 4, 1),
  ])
  // The receiver hears of it later than the program's clock for it begins to run.
  const isInTime = (ms: number, earlyMs: number): boolean =>
    ms >= LIMIT_MS - earlyMs && ms < LIMIT_MS + LATE_MS
  const good = told.filter(
    ({ leftAfterMs, first, ids }) =>
      leftAfterMs !== null &&
      isInTime(leftAfterMs, LATE_MS) &&
      first?.error === 'timeout' &&
      isInTime(first.duration_ms, 1) &&
      ids.length === 2 &&
      ids[0] === ids[1],
  )
  const times = told.map(({ leftAfterMs }) => leftAfterMs ?? Number.NaN)
  return {
    trials: RECEIVERS,
    failures: RECEIVERS - good.length,
    control: patient.filter(({ leftAfterMs, ids }) => leftAfterMs === null && ids.length === 1)
      .length,
    figures: {
      'receivers that answer after 20 s, left after': `${RECEIVERS}, ${(Math.min(...times) / 1000).toFixed(2)} to ${(Math.max(...times) / 1000).toFixed(2)} s`,
    },
  }
}
