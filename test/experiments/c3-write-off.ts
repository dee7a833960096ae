// The half of C3 about threads that outlive even their termination, because they are inside a call that nothing ends: the job ends
// within 3 s all the same, the thread is counted as written off and another takes its place, it is gone once its call returns, and
// the second one makes the program leave in order with exit code 71, to be started anew.
import { EXIT } from '../../src/base/exit-codes.ts'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { cancelOne, DAWDLE, DEAF_MS, post, threadsOf, untilEnded } from './support/dawdle.ts'
import {
  complain,
  inTurns,
  type Outcome,
  type RunOptions,
  sleep,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { call, drain, type Program, startProgram } from './support/program.ts'

const CANCEL_MS = 3_000
/** Three seconds until the thread is terminated and five until it is written off, of which 1.5 go until the job has ended. */
const WRITE_OFF_MS = 10_000
/** No thread may be left so long after. */
const LEAK_MS = 60_000
/** The program's parts have 3 s to stop. */
const STOP_MS = 5_000

/** Nobody counts the threads that do not end. */
const UNCOUNTED: Alteration[] = [
  ...DAWDLE,
  { file: 'src/workers/pool.ts', find: 'onWrittenOff(++writtenOff)', replace: 'ending.size' },
]

/** What one program did with its two threads that heard nothing; null = it did not happen. */
interface Seen {
  cancelMs: (number | null)[]
  /** From the first cancel to the count of one. */
  countedMs: number | null
  /** Whether another job was done while the thread was still there. */
  replaced: boolean
  /** Threads more than before, while it was in its call and after `LEAK_MS` at the latest. */
  extra: number
  leaked: number
  exitCode: number | null
  stopMs: number | null
  broken: boolean
}

async function writtenOff(program: Program): Promise<number> {
  const { text } = await call(program.port, 'GET', '/metrics')
  return Number(/^sisrua_threads_written_off (\d+)$/m.exec(text)?.[1])
}

/** Milliseconds until it holds, null when it does not within the limit. */
async function wait(limitMs: number, holds: () => Promise<boolean>): Promise<number | null> {
  const began = performance.now()
  while (performance.now() - began < limitMs) {
    if (await holds()) return performance.now() - began
    await sleep(50)
  }
  return null
}

async function twoDeafThreads(main: string, wish: string): Promise<Seen> {
  return withFolder('c3-deaf', async (folder) => {
    // One thread: whatever is computed after the first cancel is computed by another one.
    const program = await startProgram({ main, dataFolder: `${folder}/data` })
    const acknowledged = new Map<string, ReadonlySet<string>>()
    const keep = (key: string, id: string): void => void acknowledged.set(key, new Set([id]))
    keep('warm', await post(program, 'warm'))
    await drain(program.port)
    const before = threadsOf(program)
    const first = await cancelOne(program, `c3-${wish}-0`, 1_500, WRITE_OFF_MS)
    keep('first', first.id)
    const countedMs = await wait(WRITE_OFF_MS, async () => (await writtenOff(program)) === 1)
    const innocent = await post(program, 'innocent')
    keep('innocent', innocent)
    const done = await untilEnded(program, innocent, DEAF_MS)
    const extra = threadsOf(program) - before
    await wait(LEAK_MS, async () => threadsOf(program) <= before)
    const leaked = Math.max(0, threadsOf(program) - before)
    const second = await cancelOne(program, `c3-${wish}-1`, 1_500, WRITE_OFF_MS)
    keep('second', second.id)
    const left = performance.now()
    const exitCode = await Promise.race([
      program.ended,
      sleep(WRITE_OFF_MS + STOP_MS).then(() => null),
    ])
    const stopMs = exitCode === null ? null : performance.now() - left
    await program.kill()
    const again = await startProgram({ main, dataFolder: `${folder}/data` })
    await drain(again.port)
    await again.kill()
    return {
      cancelMs: [first, second].map(({ ms, fate }) => (fate.error === 'CANCELLED' ? ms : null)),
      countedMs,
      replaced: done !== null && extra > 0,
      ...{ extra, leaked, exitCode, stopMs },
      broken: isBroken(inspect(`${folder}/data`, acknowledged)),
    }
  })
}

const isRight = (seen: Seen): boolean =>
  seen.cancelMs.every((ms) => ms !== null && ms <= CANCEL_MS) &&
  seen.countedMs !== null &&
  seen.replaced &&
  seen.leaked === 0 &&
  seen.exitCode === EXIT.wornOut &&
  !seen.broken

/** Programs, two at a time, every fourth with a thread that computes in a library instead of waiting in the kernel. */
export async function countWriteOffs(options: RunOptions): Promise<Outcome> {
  const programs = trialsOf({ ...options, trials: undefined }, 8, 1)
  const main = await buildProgram('dawdle-write-off', DAWDLE)
  const all: Seen[] = []
  let failures = 0
  await inTurns(2, Array.from({ length: programs }), async (_, n) => {
    const wish = n % 4 === 3 ? 'grinding' : 'deaf'
    const seen = await twoDeafThreads(main, wish)
    all.push(seen)
    if (isRight(seen)) return
    failures++
    complain('C3', options.seed, n, `${wish}: ${JSON.stringify(seen)}`)
  })
  const uncounted = await twoDeafThreads(await buildProgram('uncounted', UNCOUNTED), 'deaf')
  const times = (of: (seen: Seen) => (number | null)[]): number[] =>
    all.flatMap(of).filter((ms) => ms !== null)
  return {
    trials: 2 * programs,
    failures,
    control: {
      expected: 'a program that does not count them neither says so nor leaves',
      seen: `uncounted: ${uncounted.countedMs === null ? 'never told' : 'told'}, exit code ${uncounted.exitCode}; ${uncounted.extra} thread more was seen while the call lasted`,
      ok: uncounted.countedMs === null && uncounted.exitCode === null && uncounted.extra > 0,
    },
    figures: {
      'threads that nothing ends': `${2 * programs} in ${programs} programs`,
      'their jobs cancelled in': spread(times((seen) => seen.cancelMs)),
      'written off after the cancelled job by': spread(times((seen) => [seen.countedMs])),
      'left with 71 after the second by': spread(times((seen) => [seen.stopMs])),
      'of them left after 60 s': all.reduce((sum, { leaked }) => sum + leaked, 0),
    },
  }
}
