// A3: the n-th storage call fails. A scenario (start, jobs, an audit entry, a project, ordered stop) on a new and on a grown
// folder runs again and again, each time with another call answering EIO or ENOSPC once, from the first call until a run
// passes that the fault no longer reaches; only runs that it reached count as trials. Then the power fails: what was
// acknowledged is there, the next start is clean.
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { buildProgram, DEAF_TO_ERRORS } from './support/altered-build.ts'
import {
  complain,
  createChance,
  type Experiment,
  inTurns,
  sleep,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { type Findings, inspect, isBroken, missingRows } from './support/inspect.ts'
import { jobBody } from './support/load.ts'
import { prepareHouse } from './support/prepared.ts'
import { call, drain, NotStarted, type Program, startProgram } from './support/program.ts'
import { beginMirror, buildShim, cutPower, mirrored } from './support/shim.ts'

const JOBS = 3
const EIO = 5
const ENOSPC = 28
/** Trials at once: they wait for the disk and for each other's timers most of the time. */
const AT_ONCE = 3
/** So many runs in a row that the fault did not reach end the sweep: the number of calls varies a little with the clock. */
const NOT_REACHED = 6

interface Fault {
  /** Which call fails; 0 = none. */
  at: number
  errno: number
}

interface Trial {
  /** Calls made when the program was ready, and when the last answer had come; only known when none was to fail. */
  phases: { ready: number; answered: number }
  calls: string[]
  /** What failed: `fdatasync sisrua.db-wal 5`; null when the call was never reached. */
  hit: string | null
  acknowledged: number
  /** Statuses of what was refused; 0 = the connection broke. */
  refused: number[]
  /** `SIGTERM` and the like when a signal ended it, `late` when we had to. */
  exit: number | string
  nextStart: string
  lostRows: number
  found: Findings | null
}

/** A folder that was worked on before, and what was acknowledged then. */
interface Grown {
  folder: string
  acknowledged: ReadonlyMap<string, ReadonlySet<string>>
}

async function scenario(main: string, grown: Grown | null, fault: Fault): Promise<Trial> {
  return withFolder('a3', async (folder) => {
    const dataFolder = `${folder}/data`
    const shadow = `${folder}/shadow`
    const counter = `${folder}/calls`
    if (grown !== null) cpSync(grown.folder, dataFolder, { recursive: true })
    beginMirror(dataFolder, shadow)
    const listed = (): string[] =>
      existsSync(`${counter}.list`)
        ? readFileSync(`${counter}.list`, 'utf8').trimEnd().split('\n')
        : []
    const jobs = new Map<string, ReadonlySet<string>>(grown?.acknowledged)
    const rows = { audit: new Set<number>(), projects: new Set<string>() }
    const refused: number[] = []
    const phases = { ready: 0, answered: 0 }
    let exit: Trial['exit']
    try {
      const program = await startProgram({
        main,
        dataFolder,
        env: {
          ...mirrored(dataFolder, shadow),
          LD_PRELOAD: buildShim(),
          STORAGE_COUNT: counter,
          ...(fault.at === 0 ? {} : { STORAGE_FAIL_AT: String(fault.at) }),
          STORAGE_ERRNO: String(fault.errno),
        },
      })
      phases.ready = listed().length
      const post = async (
        target: string,
        body: string,
        keep: (answer: never) => void,
        key = '',
      ) => {
        try {
          const headers = key === '' ? {} : { 'Idempotency-Key': key }
          const { status, text } = await call(program.port, 'POST', target, body, headers)
          if (status < 300) keep(JSON.parse(text) as never)
          else refused.push(status)
        } catch {
          refused.push(0)
        }
      }
      for (let n = 0; n < JOBS; n++) {
        const body = jobBody(`s${n}`, n % 2 === 0 ? 70_000 : 0)
        const keep = ({ job_id }: { job_id: string }) => jobs.set(`s${n}`, new Set([job_id]))
        await post('/api/v1/jobs/prepare', body, keep, `s${n}`)
      }
      const entry = JSON.stringify({ event_type: 'a3', entity_type: 'test' })
      await post('/api/v1/audit', entry, ({ audit_id }: { audit_id: number }) =>
        rows.audit.add(audit_id),
      )
      const project = JSON.stringify({ project_id: 'a3', project_name: 'a3' })
      await post('/api/v1/projects', project, ({ project_id }: { project_id: string }) =>
        rows.projects.add(project_id),
      )
      phases.answered = listed().length
      exit = await stopInOrder(program)
    } catch (error) {
      if (!(error instanceof NotStarted)) throw error
      exit = error.exitCode ?? error.signal ?? 'unknown'
    }
    const hit = existsSync(`${counter}.hit`) ? readFileSync(`${counter}.hit`, 'utf8') : null
    cutPower(dataFolder, shadow, 0, createChance(fault.at))
    let found: Findings | null = null
    let lostRows = 0
    let nextStart = 'ok'
    try {
      const next = await startProgram({ main, dataFolder })
      if (next.ready.storage === 'restored' || next.ready.audit.state !== 'ok') {
        nextStart = `${next.ready.storage}, audit ${next.ready.audit.state}`
      }
      await drain(next.port, 20_000)
      await next.kill()
      found = inspect(dataFolder, jobs)
      lostRows = missingRows(dataFolder, rows)
    } catch (error) {
      nextStart = (error as Error).message
    }
    const acknowledged =
      jobs.size - (grown?.acknowledged.size ?? 0) + rows.audit.size + rows.projects.size
    const calls = listed()
    return { phases, calls, hit, acknowledged, refused, exit, nextStart, lostRows, found }
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
  return code ?? program.child.signalCode ?? 'unknown'
}

function verdict(trial: Trial): string | null {
  if (trial.nextStart !== 'ok') return `next start: ${trial.nextStart}`
  // 0: the call did not matter, or its request was refused; 74: the storage failed. Never a signal, never hanging.
  if (trial.exit !== 0 && trial.exit !== 74) return `exit ${trial.exit}`
  const odd = trial.refused.filter((status) => status !== 0 && status < 500)
  if (odd.length > 0) return `answers ${odd}`
  if (trial.exit === 0 && trial.refused.includes(0)) return 'a connection broke without a reason'
  if (trial.lostRows > 0) return `${trial.lostRows} acknowledged rows are not there`
  if (trial.found !== null && isBroken(trial.found)) return JSON.stringify(trial.found)
  return null
}

interface Sweep {
  /** Runs in which a call did fail. */
  trials: number
  /** Runs that were over before the call whose turn it was; what they must keep is checked all the same. */
  notReached: number
  failures: number
  acknowledged: number
  refused: number
  hits: Record<string, number>
  exits: Record<string, number>
}

/** Every call fails once, the odd ones with ENOSPC, the even ones with EIO; a short pass takes some, spread evenly. */
async function sweep(
  main: string,
  grown: Grown | null,
  whole: Trial,
  most: number,
  seed: number,
): Promise<Sweep> {
  const sum: Sweep = {
    trials: 0,
    notReached: 0,
    failures: 0,
    acknowledged: 0,
    refused: 0,
    hits: {},
    exits: {},
  }
  const offset = createChance(seed).next()
  const all = whole.calls.length
  const places =
    most >= all
      ? Array.from({ length: all + 200 }, (_, n) => n + 1)
      : Array.from({ length: most }, (_, n) => 1 + Math.floor(((n + offset) * all) / most))
  let missed = 0
  await inTurns(AT_ONCE, places, async (at) => {
    if (missed >= NOT_REACHED) return
    const fault = { at, errno: at % 2 === 0 ? EIO : ENOSPC }
    const trial = await scenario(main, grown, fault)
    missed = trial.hit === null ? missed + 1 : 0
    const wrong = verdict(trial)
    if (wrong !== null) {
      sum.failures++
      complain(
        'A3',
        seed,
        at,
        `${grown === null ? 'new' : 'grown'} folder (${trial.hit}): ${wrong}`,
      )
    }
    if (trial.hit === null) {
      sum.notReached++
      return
    }
    sum.trials++
    sum.acknowledged += trial.acknowledged
    sum.refused += trial.refused.length
    const what = trial.hit.split(' ')[0]!
    sum.hits[what] = (sum.hits[what] ?? 0) + 1
    sum.exits[trial.exit] = (sum.exits[trial.exit] ?? 0) + 1
  })
  return sum
}

/** The same with a program that takes a failed commit for one that worked, aimed at the log's syncs while it answers. */
async function control(whole: Trial, most: number) {
  const deaf = await buildProgram('deaf', DEAF_TO_ERRORS)
  const places = whole.calls
    .map((name, at) => ({ name, at: at + 1 }))
    .slice(whole.phases.ready, whole.phases.answered)
    .filter(({ name }) => /^f(data)?sync sisrua.db-wal$/.test(name))
    .slice(0, most)
  let lost = 0
  let told = 0
  let reached = 0
  await inTurns(AT_ONCE, places, async ({ at }) => {
    const trial = await scenario(deaf, null, { at, errno: EIO })
    if (trial.hit === null) return
    reached++
    lost += (trial.found?.lost ?? 0) + trial.lostRows
    told += trial.acknowledged
  })
  return { lost, told, faults: reached }
}

export const a3: Experiment = {
  id: 'A3',
  title: 'every storage call may fail once: nothing acknowledged falsely, next start clean',
  run: (options) =>
    withFolder('a3-grown', async (folder) => {
      const main = await buildProgram('whole')
      const data = `${folder}/grown`
      const grown = { folder: data, acknowledged: await prepareHouse(main, data, 20) }
      const sums: Sweep[] = []
      const lengths: number[] = []
      let first: Trial | null = null
      for (const start of [null, grown]) {
        const whole = await scenario(main, start, { at: 0, errno: EIO })
        if (whole.calls.length === 0 || verdict(whole) !== null) {
          throw new Error(`the scenario itself fails: ${JSON.stringify({ ...whole, calls: null })}`)
        }
        first ??= whole
        lengths.push(whole.calls.length)
        const most = trialsOf(options, Number.MAX_SAFE_INTEGER, 8) / 2
        sums.push(await sweep(main, start, whole, most, options.seed))
      }
      const { lost, told, faults } = await control(first!, options.quick ? 4 : 30)
      const total = (of: (sum: Sweep) => number): number => sums.reduce((n, sum) => n + of(sum), 0)
      const tally = (of: (sum: Sweep) => Record<string, number>): string => {
        const all: Record<string, number> = {}
        for (const sum of sums)
          for (const [name, n] of Object.entries(of(sum))) all[name] = (all[name] ?? 0) + n
        return Object.entries(all)
          .map(([name, n]) => `${name}: ${n}`)
          .join(', ')
      }
      return {
        trials: total((sum) => sum.trials),
        failures: total((sum) => sum.failures),
        control: {
          expected: 'a program that ignores a failed commit acknowledges falsely',
          seen: `${lost} of ${told} acknowledged are not there after ${faults} faults`,
          ok: lost > 0,
        },
        figures: {
          'storage calls, new and grown folder': lengths.join(' and '),
          'runs besides that the fault never reached': total((sum) => sum.notReached),
          acknowledged: total((sum) => sum.acknowledged),
          refused: total((sum) => sum.refused),
          'failed calls': tally((sum) => sum.hits),
          exits: tally((sum) => sum.exits),
        },
      }
    }),
}
