// C4: jobs that kill, at the real limits of memory. One that takes the whole process down is buried after three crashes; one
// that eats the heap or 3 GB of buffers fails alone, the latter because the memory watch acts within two seconds; in every
// case the innocent jobs beside it finish.
import { readFileSync } from 'node:fs'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { complain, type Experiment, sleep, withFolder } from './support/experiment.ts'
import { jobBody } from './support/load.ts'
import { call, drain, type Program, startProgram } from './support/program.ts'

const INNOCENT = 5

/** Of the process; the memory watch ends a job above this. */
const END_BYTES = 2.5 * 1024 ** 3

/** Teaches the thread to misbehave when a document asks for it. */
const POISON: Alteration[] = [
  {
    file: 'src/workers/pipeline-task.ts',
    find: 'const params = parseParams(pipeline, task.params)',
    replace: `const params = parseParams(pipeline, task.params)
  const text = Object.values(task.inputs as unknown as Record<string, unknown>)
    .map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('latin1') : JSON.stringify(one)))
    .join()
  if (text.includes('poison-kill')) process.kill(process.pid, 'SIGKILL')
  if (text.includes('poison-abort')) process.kill(process.pid, 'SIGABRT')
  if (text.includes('poison-heap')) for (const all: unknown[] = []; ; ) all.push(new Array(1000).fill(all.length))
  if (text.includes('poison-buffers')) {
    const all: Uint8Array[] = []
    for (let n = 0; n < 120; n++) all.push(new Uint8Array(25_000_000).fill(n + 1))
    for (let n = 0; n < 400; n++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      report('computing', all[n % all.length]![0]! / 1000)
    }
  }`,
  },
]
const UNCOUNTED: Alteration[] = [
  ...POISON,
  { file: 'src/jobs/policy.ts', find: 'maxCrashes: 3', replace: 'maxCrashes: 1000' },
]

const UNWATCHED: Alteration[] = [
  ...POISON,
  {
    file: 'src/jobs/policy.ts',
    find: 'memoryEndBytes: 2.5 * GIB',
    replace: 'memoryEndBytes: 1000 * GIB',
  },
]

interface Fate {
  state: string
  error: string | null
  crashes: number
  completed: number
  ms: number
  /** From the moment the process held more than it may to the moment it did not; null = never, Infinity = never again. */
  overMs: number | null
}

/** Looks at the resident memory of a process twenty times a second. */
function watchResident(pid: number) {
  let since: number | null = null
  let overMs: number | null = null
  const timer = setInterval(() => {
    let pages = 0
    try {
      pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    } catch {
      // Gone.
    }
    if (pages * 4096 > END_BYTES) since ??= performance.now()
    else if (since !== null) overMs ??= performance.now() - since
  }, 50)
  return (): number | null => {
    clearInterval(timer)
    return overMs ?? (since === null ? null : Number.POSITIVE_INFINITY)
  }
}

async function poison(main: string, word: string, mostStarts: number): Promise<Fate> {
  return withFolder('c4', async (folder) => {
    const dataFolder = `${folder}/data`
    let program: Program = await startProgram({ main, dataFolder })
    const began = performance.now()
    const post = async (key: string): Promise<string> => {
      const headers = { 'Idempotency-Key': key }
      for (;;) {
        try {
          const answer = await call(
            program.port,
            'POST',
            '/api/v1/jobs/prepare',
            jobBody(key),
            headers,
          )
          return (JSON.parse(answer.text) as { job_id: string }).job_id
        } catch {
          await program.ended
          program = await startProgram({ main, dataFolder })
        }
      }
    }
    const resident = watchResident(program.child.pid!)
    const id = await post(word)
    const others: string[] = []
    for (let n = 0; n < INNOCENT; n++) others.push(await post(`innocent${n}`))
    for (let starts = 0; starts < mostStarts; starts++) {
      const calm = await Promise.race([
        program.ended.then(() => false),
        drain(program.port, 40_000).then(
          () => true,
          () =>
            sleep(1000).then(
              () => program.child.exitCode === null && program.child.signalCode === null,
            ),
        ),
      ])
      if (calm) break
      await program.ended
      program = await startProgram({ main, dataFolder })
    }
    const look = async (job: string) =>
      JSON.parse((await call(program.port, 'GET', `/api/v1/jobs/${job}`)).text) as {
        status: string
        state: string
        error: string | null
        error_code?: string | null
        crash_count?: number
      }
    try {
      const fate = await look(id)
      let completed = 0
      for (const other of others) if ((await look(other)).status === 'completed') completed++
      return {
        state: fate.state,
        error: fate.error_code ?? fate.error,
        crashes: fate.crash_count ?? -1,
        completed,
        overMs: resident(),
        ms: Math.round(performance.now() - began),
      }
    } catch {
      return { state: 'still killing', error: null, crashes: -1, completed: 0, ms: 0, overMs: null }
    } finally {
      resident()
      await program.kill()
    }
  })
}

export const c4: Experiment = {
  id: 'C4',
  title: 'a job that kills is buried after three crashes, the others finish',
  async run(options) {
    const main = await buildProgram('poison', POISON)
    const expected: [string, string][] = [
      ['poison-kill', 'dead'],
      ['poison-abort', 'dead'],
      ['poison-heap', 'failed'],
      ['poison-buffers', 'failed'],
    ]
    let failures = 0
    const figures: Record<string, string> = {}
    for (const [word, state] of expected) {
      const fate = await poison(main, word, 8)
      figures[word] =
        `${fate.state} (${fate.error}), ${fate.completed} of ${INNOCENT} others completed, ${fate.ms} ms`
      const acted = word !== 'poison-buffers' || (fate.overMs !== null && fate.overMs <= 2_000)
      if (word === 'poison-buffers')
        figures['over 2.5 GiB for'] = `${Math.round(fate.overMs ?? 0)} ms`
      if (fate.state === state && fate.completed === INNOCENT && acted) continue
      failures++
      complain('C4', options.seed, 0, `${word}: ${JSON.stringify(fate)}`)
    }
    const endless = await poison(await buildProgram('uncounted', UNCOUNTED), 'poison-kill', 5)
    const unwatched = await poison(await buildProgram('unwatched', UNWATCHED), 'poison-buffers', 1)
    return {
      trials: expected.length,
      failures,
      control: {
        expected:
          'without counting crashes it is killed again and again; unwatched, buffers are kept',
        seen: `${endless.state} after 5 restarts; unwatched, over 2.5 GiB for ${Math.round(unwatched.overMs ?? 0)} ms`,
        ok: endless.state !== 'dead' && (unwatched.overMs ?? 0) > 2_000,
      },
      figures,
    }
  },
}
