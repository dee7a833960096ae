// Programs whose threads dawdle when a document asks for it (C3): in a loop that listens, in one that does not, waiting, inside a
// long native call, or inside one that outlives every patience. And what is
// asked of such a program.
import { readdirSync, readFileSync } from 'node:fs'
import type { Alteration } from './altered-build.ts'
import { sleep } from './experiment.ts'
import { jobBody } from './load.ts'
import { call, type Program } from './program.ts'

/** Jobs that compute at once; each gets a thread of its own where the program is given so many. */
export const AT_ONCE = 4

/** How long the calls last that nothing ends: `deaf` waits in the kernel, `grinding` computes in a library (about so long). */
export const DEAF_MS = 25_000

/** More cancels in a minute than a person makes, and a slot for each of those who ask at once. */
export const DAWDLE: Alteration[] = [
  {
    file: 'src/http/rates.ts',
    find: '{ count: 60, seconds: 60 }',
    replace: '{ count: 60_000, seconds: 60 }',
  },
  {
    file: 'src/workers/pipeline-task.ts',
    find: 'const params = parseParams(pipeline, task.params)',
    replace: `const params = parseParams(pipeline, task.params)
  const text = Object.values(task.inputs as unknown as Record<string, unknown>)
    .map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('latin1') : ''))
    .join()
  const wish = /c3-(loop|stubborn|waiting|native|deaf|grinding)/.exec(text)?.[1]
  const end = performance.now() + 15_000
  const grind = (rounds: number) =>
    process.getBuiltinModule('node:crypto').pbkdf2Sync('p', 's', rounds, 64, 'sha512')
  if (wish === 'loop') while (performance.now() < end) report('computing', 0.1)
  if (wish === 'stubborn') while (performance.now() < end);
  if (wish === 'waiting') await new Promise((resolve) => setTimeout(resolve, 15_000))
  if (wish === 'native') grind(8_000_000)
  if (wish === 'deaf')
    process.getBuiltinModule('node:child_process').execFileSync('/bin/sleep', ['${DEAF_MS / 1000}'])
  if (wish === 'grinding') {
    const began = performance.now()
    grind(200_000)
    grind(Math.ceil((200_000 * ${DEAF_MS}) / (performance.now() - began)))
  }`,
  },
  {
    file: 'src/jobs/policy.ts',
    find: 'const computeSlots = Math.max(1, availableParallelism() - 1)',
    replace: `const computeSlots = availableParallelism() > 0 ? ${AT_ONCE} : 0`,
  },
]

/** Without libuv's own four, which come with the first file that is read without waiting, and stay. */
export function threadsOf({ child }: Program): number {
  const tasks = `/proc/${child.pid}/task`
  return readdirSync(tasks).filter((id) => {
    try {
      return readFileSync(`${tasks}/${id}/comm`, 'utf8').trim() !== 'libuv-worker'
    } catch {
      // Ended between the two looks.
      return false
    }
  }).length
}

interface Fate {
  status: string
  error: string | null
  error_code?: string | null
}

export const look = async (program: Program, id: string): Promise<Fate> =>
  JSON.parse((await call(program.port, 'GET', `/api/v1/jobs/${id}`)).text) as Fate

/** Answers the job's id. */
export async function post(program: Program, key: string): Promise<string> {
  const answer = await call(program.port, 'POST', '/api/v1/jobs/prepare', jobBody(key))
  if (answer.status !== 200) throw new Error(`${key}: ${answer.status} ${answer.text}`)
  return (JSON.parse(answer.text) as { job_id: string }).job_id
}

/** Milliseconds from `began` until the job has ended, null when it has not `limitMs` after that. */
export async function untilEnded(
  program: Program,
  id: string,
  limitMs: number,
  began = performance.now(),
): Promise<number | null> {
  while (performance.now() - began < limitMs) {
    if (/completed|failed/.test((await look(program, id)).status)) return performance.now() - began
    await sleep(10)
  }
  return null
}

/** Posts, waits, cancels; `ms`: from the request to cancel to the end of the job. */
export async function cancelOne(program: Program, key: string, waitMs: number, limitMs: number) {
  const id = await post(program, key)
  await sleep(waitMs)
  const began = performance.now()
  const { status } = await call(program.port, 'DELETE', `/api/v1/jobs/${id}`)
  const ms = await untilEnded(program, id, limitMs, began)
  return { id, status, ms, fate: await look(program, id) }
}
