// C4: jobs that kill. One that takes the whole process down is buried after three crashes; one that eats the heap or
// buffers fails alone; in every case the innocent jobs beside it finish.
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { complain, type Experiment, sleep, withFolder } from './support/experiment.ts'
import { jobBody } from './support/load.ts'
import { call, drain, type Program, startProgram } from './support/program.ts'

const INNOCENT = 5

/** Teaches the thread to misbehave when a document asks for it, and lowers the limit of memory. */
const POISON: Alteration[] = [
  {
    file: 'src/workers/pipeline-task.ts',
    find: 'const params = parseParams(pipeline, task.params)',
    replace: `const params = parseParams(pipeline, task.params)
  const text = Object.values(task.inputs as unknown as Record<string, unknown>)
    .map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('latin1') : JSON.stringify(one)))
    .join()
  if (text.includes('poison-process')) process.kill(process.pid, 'SIGKILL')
  if (text.includes('poison-heap')) for (const all: unknown[] = []; ; ) all.push(new Array(1000).fill(all.length))
  if (text.includes('poison-buffers')) {
    const all: Uint8Array[] = []
    for (let n = 0; n < 40; n++) all.push(new Uint8Array(25_000_000).fill(n))
    await new Promise((resolve) => setTimeout(resolve, 20_000))
    if (all.length === 0) throw new Error()
  }`,
  },
  {
    file: 'src/jobs/policy.ts',
    find: 'memoryEndBytes: 2.5 * GIB',
    replace: 'memoryEndBytes: 0.7 * GIB',
  },
  {
    file: 'src/jobs/policy.ts',
    find: 'memoryPauseBytes: 2.0 * GIB',
    replace: 'memoryPauseBytes: 0.5 * GIB',
  },
]
const UNCOUNTED: Alteration[] = [
  ...POISON,
  { file: 'src/jobs/policy.ts', find: 'maxCrashes: 3', replace: 'maxCrashes: 1000' },
]

interface Fate {
  state: string
  error: string | null
  crashes: number
  completed: number
  ms: number
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
        ms: Math.round(performance.now() - began),
      }
    } catch {
      return { state: 'still killing', error: null, crashes: -1, completed: 0, ms: 0 }
    } finally {
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
      ['poison-process', 'dead'],
      ['poison-heap', 'failed'],
      ['poison-buffers', 'failed'],
    ]
    let failures = 0
    const figures: Record<string, string> = {}
    for (const [word, state] of expected) {
      const fate = await poison(main, word, 8)
      figures[word] =
        `${fate.state} (${fate.error}), ${fate.completed} of ${INNOCENT} others completed, ${fate.ms} ms`
      if (fate.state === state && fate.completed === INNOCENT) continue
      failures++
      complain('C4', options.seed, 0, `${word}: ${JSON.stringify(fate)}`)
    }
    const endless = await poison(await buildProgram('uncounted', UNCOUNTED), 'poison-process', 5)
    return {
      trials: expected.length,
      failures,
      control: {
        expected: 'a program that does not count crashes is killed again and again',
        seen: `${endless.state} after 5 restarts`,
        ok: endless.state !== 'dead',
      },
      figures,
    }
  },
}
