// C5: a hundred clients post the same payload at the same moment, again and again: each time exactly one job. And once more for
// payloads whose job has failed: exactly one new job, which names the one it tries again.
import http from 'node:http'
import path from 'node:path'
import Database from 'better-sqlite3'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { complain, type Experiment, sleep, trialsOf, withFolder } from './support/experiment.ts'
import { jobBody } from './support/load.ts'
import { call, drain, startProgram } from './support/program.ts'

const CLIENTS = 100
/** A failed job answers for its payload so long (policy.ts), and a little more. */
const GRACE_MS = 3_200

/** Teaches the thread to fail once with a document that asks for it, and to do it the second time. */
const FAIL_ONCE: Alteration[] = [
  {
    file: 'src/workers/pipeline-task.ts',
    find: 'const params = parseParams(pipeline, task.params)',
    replace: `const params = parseParams(pipeline, task.params)
  const text = Object.values(task.inputs as unknown as Record<string, unknown>)
    .map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('latin1') : ''))
    .join()
  const wish = /c5-again[0-9]+/.exec(text)?.[0]
  if (wish !== undefined) {
    const fs = process.getBuiltinModule('node:fs')
    const isFirst = !fs.existsSync(process.env.HOME + '/' + wish)
    fs.writeFileSync(process.env.HOME + '/' + wish, '')
    if (isFirst) throw new Error('as it was asked to')
  }`,
  },
]

/** Looks for the job that answers, but no longer inside the transaction that stores the new one. */
const NO_SECOND_LOOK: Alteration[] = [
  ...FAIL_ONCE,
  {
    file: 'src/jobs/queue.ts',
    find: `if (holder !== null) {
        nameBy(job, holder.id, actor)
        return { row: holder, replayed: true }
      }`,
    replace: 'if (holder !== null) rows.freeKey(holder.id)',
  },
]

interface Races {
  /** Jobs that each race for a new payload made; 1 is right. */
  fresh: number[]
  /** New jobs that each race for a payload whose job had failed made; 1 is right. */
  again: number[]
  refused: number
  /** Payloads that have not as many rows as they must, or whose second job does not name the first. */
  wrongRows: number
}

async function race(main: string, rounds: number): Promise<Races> {
  return withFolder('c5', async (folder) => {
    const program = await startProgram({ main, dataFolder: `${folder}/data` })
    const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
    const post = async (key: string): Promise<string | null> => {
      const body = jobBody(key)
      const path = '/api/v1/jobs/prepare'
      const { status, text } = await call(program.port, 'POST', path, body, {}, agent)
      return status === 200 ? (JSON.parse(text) as { job_id: string }).job_id : null
    }
    let refused = 0
    /** How many jobs, other than this one, the clients were told. */
    const together = async (key: string, known: string | null): Promise<number> => {
      const told = await Promise.all(Array.from({ length: CLIENTS }, () => post(key)))
      refused += told.filter((id) => id === null).length
      return new Set(told.filter((id) => id !== null && id !== known)).size
    }
    const failed = new Map<string, string | null>()
    for (let n = 0; n < rounds; n++) failed.set(`c5-again${n}-`, await post(`c5-again${n}-`))
    await drain(program.port)
    await sleep(GRACE_MS)
    const fresh: number[] = []
    const again: number[] = []
    for (const [key, id] of failed) {
      fresh.push(await together(`same${fresh.length}`, null))
      again.push(await together(key, id))
    }
    agent.destroy()
    await drain(program.port)
    await program.kill()
    return { fresh, again, refused, wrongRows: wrongRows(`${folder}/data`, rounds) }
  })
}

/** What is stored, asked of SQLite alone: one success for each payload, and for half of them a failure before it. */
function wrongRows(dataFolder: string, rounds: number): number {
  const db = new Database(path.join(dataFolder, 'sisrua.db'), { readonly: true })
  try {
    const payloads = db
      .prepare(
        `SELECT group_concat(state ORDER BY n) AS states, count(retry_of) AS named, min(id) AS first, max(retry_of) AS old
         FROM jobs GROUP BY input_sha256`,
      )
      .all() as { states: string; named: number; first: string; old: string | null }[]
    const isFresh = (one: (typeof payloads)[number]) => one.states === 'succeeded'
    const isAgain = (one: (typeof payloads)[number]) =>
      one.states === 'failed,succeeded' && one.named === 1 && one.old === one.first
    const right = payloads.filter((one) => isFresh(one) || isAgain(one)).length
    const missing = Math.abs(payloads.filter(isAgain).length - rounds)
    return payloads.length - right + missing + Math.abs(payloads.length - 2 * rounds)
  } finally {
    db.close()
  }
}

export const c5: Experiment = {
  id: 'C5',
  title: 'a hundred clients with the same payload at once get one job, also after one that failed',
  async run(options) {
    const rounds = trialsOf(options, 200, 5)
    const found = await race(await buildProgram('fail-once', FAIL_ONCE), rounds)
    const wrong = [...found.fresh, ...found.again].filter((count) => count !== 1).length
    if (wrong + found.refused + found.wrongRows > 0)
      complain('C5', options.seed, 0, JSON.stringify(found))
    const loose = await race(await buildProgram('no-second-look', NO_SECOND_LOOK), 3)
    const sees = (made: number[]): boolean => made.some((count) => count > 1)
    return {
      trials: 2 * rounds,
      failures: wrong + found.refused + found.wrongRows,
      control: {
        expected: 'without the look inside the transaction one payload gets several jobs',
        seen: `jobs in 3 races: ${loose.fresh.join(', ')}; after a failure ${loose.again.join(', ')}`,
        ok: sees(loose.fresh) && sees(loose.again) && loose.wrongRows > 0,
      },
      figures: {
        requests: 2 * rounds * CLIENTS,
        'after a failure, races': rounds,
        refused: found.refused,
      },
    }
  },
}
