// A3: the n-th storage call fails. A fixed scenario (start, jobs, ordered stop) is counted once; then it runs again and
// again, each time another call answering EIO or ENOSPC. Nothing may be acknowledged falsely, and the next start is clean.
import { existsSync, readFileSync } from 'node:fs'
import { buildProgram, DEAF_TO_ERRORS } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { type Findings, inspect, isBroken } from './support/inspect.ts'
import { jobBody } from './support/load.ts'
import { call, drain, NotStarted, type Program, startProgram } from './support/program.ts'
import { buildShim } from './support/shim.ts'

const JOBS = 5
const EIO = 5
const ENOSPC = 28

interface Fault {
  /** Which call fails; 0 = none. */
  at: number
  errno: number
  sticky: boolean
}

interface Trial {
  /** Names of the calls made; only known when none was to fail. */
  calls: string[]
  /** What failed: `fdatasync 5`; null when the call was never reached. */
  hit: string | null
  acknowledged: number
  refused: number
  exit: number | null | 'late'
  nextStart: string
  found: Findings | null
}

async function scenario(main: string, fault: Fault): Promise<Trial> {
  return withFolder('a3', async (folder) => {
    const dataFolder = `${folder}/data`
    const counter = `${folder}/calls`
    const acknowledged = new Map<string, Set<string>>()
    let refused = 0
    let exit: Trial['exit'] = null
    try {
      const program = await startProgram({
        main,
        dataFolder,
        env: {
          LD_PRELOAD: buildShim(),
          STORAGE_DIR: dataFolder,
          STORAGE_COUNT: counter,
          ...(fault.at === 0 ? {} : { STORAGE_FAIL_AT: String(fault.at) }),
          ...(fault.sticky ? { STORAGE_FAIL_STICKY: '1' } : {}),
          STORAGE_ERRNO: String(fault.errno),
        },
      })
      for (let n = 0; n < JOBS; n++) {
        const key = `s${n}`
        try {
          const body = jobBody(key, n % 2 === 0 ? 70_000 : 0)
          const answer = await call(program.port, 'POST', '/api/v1/jobs/prepare', body, {
            'Idempotency-Key': key,
          })
          if (answer.status >= 300) refused++
          else
            acknowledged.set(key, new Set([(JSON.parse(answer.text) as { job_id: string }).job_id]))
        } catch {
          refused++
        }
      }
      exit = await stopInOrder(program)
    } catch (error) {
      if (!(error instanceof NotStarted)) throw error
      exit = error.exitCode
    }
    const hit = existsSync(`${counter}.hit`) ? readFileSync(`${counter}.hit`, 'utf8') : null
    const list = `${counter}.list`
    const calls = existsSync(list) ? readFileSync(list, 'utf8').trimEnd().split('\n') : []
    let found: Findings | null = null
    let nextStart = 'ok'
    try {
      const next = await startProgram({ main, dataFolder })
      if (next.ready.storage === 'restored' || next.ready.audit.state !== 'ok') {
        nextStart = `${next.ready.storage}, audit ${next.ready.audit.state}`
      }
      await drain(next.port, 20_000)
      await next.kill()
      found = inspect(dataFolder, acknowledged)
    } catch (error) {
      nextStart = (error as Error).message
    }
    return { calls, hit, acknowledged: acknowledged.size, refused, exit, nextStart, found }
  })
}

/** Lets the jobs run a moment, then asks the program to end; a program that stopped by itself has its code. */
async function stopInOrder(program: Program): Promise<Trial['exit']> {
  const drained = await drain(program.port, 4000).then(
    () => true,
    () => false,
  )
  // A program whose storage failed ends by itself: let it, or the signal would hide its exit code.
  if (!drained) await Promise.race([program.ended, sleep(8000)])
  program.child.kill('SIGTERM')
  const code = await Promise.race([program.ended, sleep(6000).then(() => 'late' as const)])
  if (code === 'late') await program.kill()
  return code
}

/** 0 in order, 1/70/74/78 with a word why; never a signal, never hanging. */
const ALLOWED_EXITS = new Set<Trial['exit']>([0, 70, 74, 78])

function verdict(trial: Trial): string | null {
  if (trial.nextStart !== 'ok') return `next start: ${trial.nextStart}`
  if (!ALLOWED_EXITS.has(trial.exit)) return `exit ${trial.exit}`
  if (trial.found !== null && isBroken(trial.found)) return JSON.stringify(trial.found)
  return null
}

/**
 * Which calls fail: all of them twice, if there are trials enough; else the rare kinds first (rename, unlink, fsync of a
 * folder), then the many writes spread evenly. Even places of the list get EIO, odd ones ENOSPC.
 */
function choose(calls: readonly string[], trials: number, seed: number): number[] {
  const common = calls.flatMap((name, at) => (name.startsWith('pwrite') ? [at] : []))
  const rare = calls.flatMap((name, at) => (name.startsWith('pwrite') ? [] : [at]))
  const twice = (list: number[]): number[] => list.flatMap((at) => [at, at])
  if (trials >= 2 * calls.length) return twice([...rare, ...common])
  const offset = createChance(seed).next()
  const spread = (list: number[], most: number): number[] =>
    most >= list.length
      ? list
      : Array.from(
          { length: most },
          (_, n) => list[Math.floor(((n + offset) * list.length) / most)]!,
        )
  const first = spread(twice(rare), Math.ceil(trials * 0.7))
  return [...first, ...spread(twice(common), trials - first.length)]
}

export const a3: Experiment = {
  id: 'A3',
  title: 'every storage call may fail once: nothing acknowledged falsely, next start clean',
  async run(options) {
    const main = await buildProgram('whole')
    const whole = await scenario(main, { at: 0, errno: EIO, sticky: false })
    if (whole.calls.length === 0 || verdict(whole) !== null) {
      throw new Error(`the scenario itself fails: ${JSON.stringify(whole)}`)
    }
    const places = choose(whole.calls, trialsOf(options, 2 * whole.calls.length, 8), options.seed)
    const trials = places.length
    let failures = 0
    let acknowledged = 0
    let refused = 0
    const hits: Record<string, number> = {}
    const exits: Record<string, number> = {}
    for (const [n, place] of places.entries()) {
      const errno = n % 2 === 0 ? EIO : ENOSPC
      const trial = await scenario(main, { at: 1 + place, errno, sticky: false })
      const wrong = verdict(trial)
      if (wrong !== null) {
        failures++
        complain('A3', options.seed, n, `call ${1 + place} (${trial.hit}): ${wrong}`)
      }
      acknowledged += trial.acknowledged
      refused += trial.refused
      const what = trial.hit ?? 'not reached'
      hits[what] = (hits[what] ?? 0) + 1
      exits[String(trial.exit)] = (exits[String(trial.exit)] ?? 0) + 1
    }
    const deaf = await buildProgram('deaf', DEAF_TO_ERRORS)
    let lost = 0
    let told = 0
    for (const share of [0.32, 0.36, 0.4, 0.44, 0.47]) {
      const at = Math.floor(whole.calls.length * share)
      const control = await scenario(deaf, { at, errno: EIO, sticky: false })
      lost += control.found?.lost ?? 0
      told += control.acknowledged
    }
    return {
      trials,
      failures,
      control: {
        expected: 'a program that ignores a failed commit acknowledges falsely',
        seen: `${lost} of ${told} acknowledged jobs are not there`,
        ok: lost > 0,
      },
      figures: {
        'storage calls of the scenario': whole.calls.length,
        acknowledged,
        refused,
        'failed calls': Object.entries(hits)
          .map(([name, count]) => `${name}: ${count}`)
          .join(', '),
        exits: Object.entries(exits)
          .map(([code, count]) => `${code}: ${count}`)
          .join(', '),
      },
    }
  },
}
