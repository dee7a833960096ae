// C5: a hundred clients post the same payload at the same moment, again and again: each time exactly one job.
import http from 'node:http'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { complain, type Experiment, trialsOf, withFolder } from './support/experiment.ts'
import { jobBody } from './support/load.ts'
import { call, drain, startProgram } from './support/program.ts'

const CLIENTS = 100

/** Looks for the job that answers, but no longer inside the transaction that stores the new one. */
const NO_SECOND_LOOK: Alteration[] = [
  {
    file: 'src/jobs/queue.ts',
    find: `if (holder !== null) {
        nameBy(job, holder.id, actor)
        return { row: holder, replayed: true }
      }`,
    replace: 'if (holder !== null) rows.freeKey(holder.id)',
  },
]

/** Jobs that each round made; 1 is right. */
async function race(main: string, rounds: number): Promise<{ made: number[]; refused: number }> {
  return withFolder('c5', async (folder) => {
    const program = await startProgram({ main, dataFolder: `${folder}/data` })
    const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
    const made: number[] = []
    let refused = 0
    for (let round = 0; round < rounds; round++) {
      const body = jobBody(`same${round}`)
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, () =>
          call(program.port, 'POST', '/api/v1/jobs/prepare', body, {}, agent),
        ),
      )
      const ids = new Set<string>()
      for (const { status, text } of answers) {
        if (status === 200) ids.add((JSON.parse(text) as { job_id: string }).job_id)
        else refused++
      }
      made.push(ids.size)
    }
    agent.destroy()
    await drain(program.port)
    await program.kill()
    return { made, refused }
  })
}

export const c5: Experiment = {
  id: 'C5',
  title: 'a hundred clients with the same payload at once get one job',
  async run(options) {
    const rounds = trialsOf(options, 200, 5)
    const { made, refused } = await race(await buildProgram('whole'), rounds)
    const wrong = made.filter((count) => count !== 1).length
    if (wrong + refused > 0)
      complain(
        'C5',
        options.seed,
        made.findIndex((n) => n !== 1),
        `${made}, refused ${refused}`,
      )
    const loose = await race(await buildProgram('no-second-look', NO_SECOND_LOOK), 3)
    return {
      trials: rounds,
      failures: wrong + (refused > 0 ? 1 : 0),
      control: {
        expected: 'without the look inside the transaction one payload gets several jobs',
        seen: `jobs in 3 rounds: ${loose.made.join(', ')}`,
        ok: loose.made.some((count) => count > 1),
      },
      figures: { requests: rounds * CLIENTS, refused },
    }
  },
}
