// C3: jobs are cancelled at random moments while their thread computes and reports, computes and does not listen, waits, is
// inside one long native call, or is about to finish anyway; and jobs run into the soft and the hard limit of time. Each must
// come to its end within seconds, once, and no thread may be left behind. Threads that outlive even their termination: c3-write-off.ts.
import { countWriteOffs } from './c3-write-off.ts'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { AT_ONCE, cancelOne, DAWDLE, look, post, threadsOf, untilEnded } from './support/dawdle.ts'
import {
  complain,
  createChance,
  type Experiment,
  inTurns,
  percentile,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { drain, type Program, startProgram } from './support/program.ts'

const KINDS = ['loop', 'stubborn', 'waiting', 'native', 'finishing'] as const
type Kind = (typeof KINDS)[number]

/** From the request to the end of the job. */
const LIMIT_MS = 3_000
/** How much longer the control waits for a job that does not end. */
const CONTROL_MS = 4_500
/** Soft limit 3 s, hard limit 6 s, looked at once a second. */
const TIME_LIMIT_MS = 8_000

/** A program whose threads outlive their termination asks for a new process (c3-write-off.ts); here it must stay to be looked at. */
const STAY: Alteration[] = [
  ...DAWDLE,
  { file: 'src/workers/pool.ts', find: 'writeOffMs = 5_000', replace: 'writeOffMs = 120_000' },
]
const SHORT_LIMITS: Alteration[] = [
  { file: 'src/jobs/policy.ts', find: 'softMs: 300_000', replace: 'softMs: 3_000' },
  { file: 'src/jobs/policy.ts', find: 'hardMs: 600_000', replace: 'hardMs: 6_000' },
]
/** Waits for the thread, however long it takes. */
const ENDLESS_PATIENCE: Alteration[] = [
  { file: 'src/jobs/policy.ts', find: 'cancelGraceMs: 1500', replace: 'cancelGraceMs: 600_000' },
  { file: 'src/workers/pool.ts', find: 'graceMs = 3_000,', replace: 'graceMs = 600_000,' },
]

const start = (main: string, dataFolder: string): Promise<Program> =>
  startProgram({ main, dataFolder, env: { SISRUA_THREADS: String(AT_ONCE) } })

async function cancels(trials: number, seed: number) {
  return withFolder('c3', async (folder) => {
    const program = await start(await buildProgram('dawdle', STAY), `${folder}/data`)
    const chance = createChance(seed)
    const plan = Array.from({ length: trials }, (_, n) => ({
      kind: KINDS[n % KINDS.length]!,
      waitMs: chance.below(n % KINDS.length === 4 ? 150 : 1_200),
    }))
    await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => post(program, `warm${n}`)))
    await drain(program.port)
    const threads = threadsOf(program)
    const took: Record<Kind, number[]> = {
      ...{ loop: [], stubborn: [], waiting: [], native: [], finishing: [] },
    }
    const acknowledged = new Map<string, ReadonlySet<string>>()
    let failures = 0
    let givenUp = 0
    let completed = 0
    await inTurns(AT_ONCE, plan, async ({ kind, waitMs }, n) => {
      const { id, status, ms, fate } = await cancelOne(program, `c3-${kind}-${n}`, waitMs, 20_000)
      acknowledged.set(`c3-${kind}-${n}`, new Set([id]))
      if (ms !== null) took[kind].push(ms)
      if (ms !== null && ms > 1_400) givenUp++
      if (fate.status === 'completed') completed++
      const asked =
        fate.error === 'CANCELLED' || (fate.status === 'completed' && kind === 'finishing')
      if (status === 200 && ms !== null && ms <= LIMIT_MS && asked) return
      failures++
      complain(
        'C3',
        seed,
        n,
        `${kind} after ${waitMs} ms: answered ${status}, ${ms} ms, ${JSON.stringify(fate)}`,
      )
    })
    // What was written off may finish its native call; after that nothing may be left of it.
    let leaked = 0
    for (let second = 0; second < 60; second++) {
      leaked = Math.max(0, threadsOf(program) - threads)
      if (leaked === 0) break
      await sleep(1_000)
    }
    await drain(program.port)
    await program.kill()
    const found = inspect(`${folder}/data`, acknowledged)
    // Cancelled in the same moment, two jobs of one document are two rows of it.
    const broken = isBroken({ ...found, duplicateKeys: 0 })
    if (broken) complain('C3', seed, trials, JSON.stringify(found))
    return { took, failures: failures + leaked + (broken ? 1 : 0), leaked, givenUp, completed }
  })
}

/** Jobs that run into the limits of time: each ends as COMPUTE_TIMEOUT between the limits. */
async function limits(seed: number): Promise<{ failures: number; took: number[] }> {
  return withFolder('c3-limits', async (folder) => {
    const main = await buildProgram('dawdle-limits', [...STAY, ...SHORT_LIMITS])
    const program = await start(main, `${folder}/data`)
    const took: number[] = []
    let failures = 0
    await Promise.all(
      KINDS.slice(0, 4).map(async (kind, n) => {
        const id = await post(program, `c3-${kind}-limit`)
        const ms = await untilEnded(program, id, 20_000)
        const fate = await look(program, id)
        if (ms !== null) took.push(ms)
        const right = (fate.error_code ?? fate.error) === 'COMPUTE_TIMEOUT'
        if (right && ms !== null && ms >= 2_900 && ms <= TIME_LIMIT_MS) return
        failures++
        complain('C3', seed, n, `${kind} at the limits: ${ms} ms, ${JSON.stringify(fate)}`)
      }),
    )
    await program.kill()
    return { failures, took }
  })
}

/** How many of four stubborn jobs a program without a grace ends in time. */
async function patient(): Promise<number> {
  return withFolder('c3-patient', async (folder) => {
    const main = await buildProgram('dawdle-patient', [...STAY, ...ENDLESS_PATIENCE])
    const program = await start(main, `${folder}/data`)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => post(program, `warm${n}`)))
    await drain(program.port)
    const fates = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) =>
        cancelOne(program, `c3-stubborn-${n}`, 1_500, CONTROL_MS),
      ),
    )
    await program.kill()
    return fates.filter(({ ms }) => ms !== null).length
  })
}

export const c3: Experiment = {
  id: 'C3',
  title: 'a cancelled job ends within 3 s whatever its thread does, and no thread is left',
  async run(options) {
    const trials = trialsOf(options, 200, 10)
    const { took, failures, leaked, givenUp, completed } = await cancels(trials, options.seed)
    const limited = await limits(options.seed)
    const deaf = await countWriteOffs(options)
    const ended = await patient()
    const all = Object.values(took).flat()
    const ms = (list: number[], share: number): string =>
      String(Math.round(percentile(list, share)))
    return {
      trials: trials + 4 + deaf.trials,
      failures: failures + limited.failures + deaf.failures,
      control: {
        expected:
          'a program that waits for the thread does not end a stubborn job; one that does not count what outlives it never gives it up',
        seen: `without the grace ${AT_ONCE - ended} of ${AT_ONCE} not ended after ${CONTROL_MS} ms; ${deaf.control.seen}`,
        ok: ended === 0 && deaf.control.ok,
      },
      figures: {
        'cancel to end p50/p99/max': `${ms(all, 0.5)}/${ms(all, 0.99)}/${ms(all, 1)} ms`,
        ...Object.fromEntries(
          KINDS.map((kind) => [kind, `${ms(took[kind], 0.5)}/${ms(took[kind], 0.99)} ms`]),
        ),
        'given up after the grace': givenUp,
        'finished first': completed,
        'threads left': leaked,
        'ended at the limits of 3 and 6 s after': limited.took
          .map((one) => `${(one / 1000).toFixed(1)} s`)
          .join(', '),
        ...deaf.figures,
      },
    }
  },
}
