// C4: jobs that kill, at the real limits of memory. One that takes the whole process down is buried after exactly three crashes,
// counted from outside and found in its row; one
// that eats the heap or 3 GB of buffers fails alone, the latter because the memory watch acts within two seconds; in every
// case the innocent jobs beside it finish.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
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

/** Allows one crash more than it should. */
const ONE_MORE: Alteration[] = [
  ...POISON,
  { file: 'src/jobs/policy.ts', find: 'maxCrashes: 3', replace: 'maxCrashes: 4' },
]

interface Fate {
  state: string
  error: string | null
  /** As stored in the job's row, and as its last entry in the audit log says (null: it says nothing). */
  crashes: number
  toldCrashes: number | null
  /** How often the program ended, seen from outside. */
  deaths: number
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

/** What is stored of the job once the program is gone, asked of SQLite alone. */
function stored(dataFolder: string, id: string) {
  const db = new Database(path.join(dataFolder, 'sisrua.db'), { readonly: true })
  try {
    const row = db
      .prepare('SELECT state, error_code AS error, crash_count AS crashes FROM jobs WHERE id = ?')
      .get(id) as Pick<Fate, 'state' | 'error' | 'crashes'>
    const told = db
      .prepare(
        `SELECT data ->> '$.crashes' FROM audit_log WHERE entity_type = 'job' AND entity_id = ? ORDER BY seq DESC LIMIT 1`,
      )
      .pluck()
      .get(id) as number | null
    const completed = db
      .prepare(`SELECT count(*) FROM jobs WHERE state = 'succeeded' AND id <> ?`)
      .pluck()
      .get(id) as number
    return { ...row, toldCrashes: told, completed }
  } finally {
    db.close()
  }
}

async function poison(main: string, word: string, mostStarts: number): Promise<Fate> {
  return withFolder('c4', async (folder) => {
    const dataFolder = `${folder}/data`
    let program: Program = await startProgram({ main, dataFolder })
    let deaths = 0
    const began = performance.now()
    const startAgain = async (): Promise<void> => {
      await program.ended
      deaths++
      program = await startProgram({ main, dataFolder })
    }
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
          await startAgain()
        }
      }
    }
    const resident = watchResident(program.child.pid!)
    const id = await post(word)
    for (let n = 0; n < INNOCENT; n++) await post(`innocent${n}`)
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
      await startAgain()
    }
    const overMs = resident()
    const ms = Math.round(performance.now() - began)
    await program.kill()
    return { ...stored(dataFolder, id), deaths, overMs, ms }
  })
}

/** How each must end: state, code, crashes. */
const EXPECTED: [word: string, state: string, error: string, crashes: number][] = [
  ['poison-kill', 'dead', 'POISON_JOB', 3],
  ['poison-abort', 'dead', 'POISON_JOB', 3],
  ['poison-heap', 'failed', 'MEMORY_LIMIT', 0],
  ['poison-buffers', 'failed', 'MEMORY_LIMIT', 0],
]

function isRight(fate: Fate, [word, state, error, crashes]: (typeof EXPECTED)[number]): boolean {
  const acted = word !== 'poison-buffers' || (fate.overMs !== null && fate.overMs <= 2_000)
  return (
    fate.state === state &&
    fate.error === error &&
    fate.crashes === crashes &&
    fate.deaths === crashes &&
    (crashes === 0 || fate.toldCrashes === crashes) &&
    fate.completed === INNOCENT &&
    acted
  )
}

export const c4: Experiment = {
  id: 'C4',
  title: 'a job that kills is buried after exactly three crashes, the others finish',
  async run(options) {
    const main = await buildProgram('poison', POISON)
    let failures = 0
    const figures: Record<string, string> = {}
    for (const one of EXPECTED) {
      const [word] = one
      const fate = await poison(main, word, 8)
      figures[word] =
        `${fate.state} (${fate.error}), ended ${fate.deaths} times, ${fate.crashes} stored, ${fate.completed} of ${INNOCENT} others completed, ${fate.ms} ms`
      if (word === 'poison-buffers')
        figures['over 2.5 GiB for'] = `${Math.round(fate.overMs ?? 0)} ms`
      if (isRight(fate, one)) continue
      failures++
      complain('C4', options.seed, 0, `${word}: ${JSON.stringify(fate)}`)
    }
    const endless = await poison(await buildProgram('uncounted', UNCOUNTED), 'poison-kill', 5)
    const more = await poison(await buildProgram('one-more', ONE_MORE), 'poison-kill', 8)
    const unwatched = await poison(await buildProgram('unwatched', UNWATCHED), 'poison-buffers', 1)
    return {
      trials: EXPECTED.length,
      failures,
      control: {
        expected:
          'without counting crashes it is killed again and again; one crash more is told from three; unwatched, buffers are kept',
        seen: `${endless.state} after ${endless.deaths} crashes; one more allowed: ${more.state} after ${more.deaths}; unwatched, over 2.5 GiB for ${Math.round(unwatched.overMs ?? 0)} ms`,
        ok:
          endless.state !== 'dead' &&
          !isRight(more, EXPECTED[0]!) &&
          more.deaths === 4 &&
          (unwatched.overMs ?? 0) > 2_000,
      },
      figures,
    }
  },
}
