// A9: the program that started us is killed while ours has work, several at a time on a busy machine. Ours must end by itself:
// it knows at once when standard input closes, and within 2.5 s when a sibling holds the pipe open and only the process number
// tells; then it stops in order.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  type Experiment,
  inTurns,
  percentile,
  sleep,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { jobBody } from './support/load.ts'
import { call, commandOf, TOKEN } from './support/program.ts'

/** The design's hard limit for the end of a program whose parent is gone (2.2), and the plan's for the look that notices it. */
const LIMIT_MS = 5_000
const NOTICE_MS = 2_500
const AT_ONCE = 4
const JOBS = 5

/** How the parent treats the pipe: alone with it, or with another child that inherited its writing end. */
type Watched = 'alone' | 'with a sibling'
type Family = Watched | 'with a sibling, not watched'

const parentScript = (family: Family): string => `
  mkfifo "$1/pipe"
  shift_to="$1"; shift
  "$@" ${family === 'with a sibling' ? '--parent-pid $$' : ''} < "$shift_to/pipe" &
  echo "program $!"
  exec 3> "$shift_to/pipe"
  echo '{"v":1,"token":"${TOKEN}"}' >&3
  ${family === 'alone' ? '' : 'sleep 20 > /dev/null & echo "sibling $!"'}
  wait`

/** Gone, or a zombie that nobody has reaped yet. */
function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z'
  } catch {
    return true
  }
}

/** When the program's own log says that it stops, milliseconds since 1970. */
function stopLogged(folder: string): number {
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(path.join(folder, name), 'utf8').split('\n')) {
      if (line.includes('"msg":"Stopping."'))
        return new Date((JSON.parse(line) as { time: number | string }).time).getTime()
    }
  }
  return Number.NaN
}

interface End {
  /** From the parent's death to the program's own word that it knows, and to its end, milliseconds; null: it outlived the limit. */
  noticed: number
  gone: number | null
}

async function orphan(main: string, family: Family): Promise<End> {
  return withFolder('a9', async (folder) => {
    const words = [
      ...commandOf(main),
      '--bootstrap-stdin',
      '--port',
      '0',
      '--data-dir',
      `${folder}/data`,
      '--log-level',
      'info',
    ]
    const parent: ChildProcess = spawn('sh', ['-c', parentScript(family), 'sh', folder, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', HOME: folder, SISRUA_OVERPASS_URLS: ',' },
    })
    const pids = new Map<string, number>()
    const port = await new Promise<number>((resolve, reject) => {
      parent.once('close', () => reject(new Error('the parent ended too early')))
      createInterface({ input: parent.stdout! }).on('line', (line) => {
        const [who = '', pid = ''] = line.split(' ')
        if (who === 'program' || who === 'sibling') pids.set(who, Number(pid))
        if (line.includes('"ready":true')) resolve((JSON.parse(line) as { port: number }).port)
      })
    })
    const pid = pids.get('program')!
    for (let n = 0; n < JOBS; n++) {
      const { status } = await call(port, 'POST', '/api/v1/jobs/prepare', jobBody(`a9-${n}`))
      if (status !== 200) throw new Error(`no work for the program: ${status}`)
    }
    const began = performance.now()
    const killedAt = Date.now()
    parent.kill('SIGKILL')
    let gone: number | null = null
    while (performance.now() - began < LIMIT_MS) {
      if (isGone(pid)) {
        gone = performance.now() - began
        break
      }
      await sleep(2)
    }
    if (gone === null) process.kill(pid, 'SIGKILL')
    const sibling = pids.get('sibling')
    if (sibling !== undefined) execFileSync('kill', ['-9', String(sibling)])
    while (!isGone(pid)) await sleep(5)
    return { noticed: stopLogged(`${folder}/data/logs`) - killedAt, gone }
  })
}

export const a9: Experiment = {
  id: 'A9',
  title: 'a program whose parent is killed ends by itself',
  async run(options) {
    // Of each family: alone with the pipe, and with a sibling that holds it.
    const each = trialsOf(options, 200, 2)
    const main = await buildProgram('whole')
    const waits: Record<Watched, number[]> = { alone: [], 'with a sibling': [] }
    const notices: Record<Watched, number[]> = { alone: [], 'with a sibling': [] }
    let orphans = 0
    let late = 0
    const families = Array.from({ length: 2 * each }, (_, n) =>
      n % 2 === 0 ? ('alone' as const) : ('with a sibling' as const),
    )
    await inTurns(AT_ONCE, families, async (family, n) => {
      const { noticed, gone } = await orphan(main, family)
      if (gone === null) {
        orphans++
        complain('A9', options.seed, n, `still there after ${LIMIT_MS} ms (${family})`)
        return
      }
      waits[family].push(gone)
      notices[family].push(noticed)
      if (noticed <= NOTICE_MS) return
      late++
      complain('A9', options.seed, n, `noticed after ${noticed} ms (${family})`)
    })
    const { gone: control } = await orphan(main, 'with a sibling, not watched')
    return {
      trials: 2 * each,
      failures: orphans + late,
      control: {
        expected: 'a sibling holds the pipe and the process number is not watched: an orphan stays',
        seen:
          control === null
            ? `still there after ${LIMIT_MS} ms`
            : `gone after ${Math.round(control)} ms`,
        ok: control === null,
      },
      figures: {
        'pipe closed: noticed, ended p50/max': `${spread(notices.alone)}, ${spread(waits.alone)}`,
        'held by a sibling: noticed, ended p50/max': `${spread(notices['with a sibling'])}, ${spread(waits['with a sibling'])}`,
        'p99 of the ends': `${Math.round(percentile(waits.alone, 0.99))} ms, ${Math.round(percentile(waits['with a sibling'], 0.99))} ms`,
        'with a sibling ended later than 2.5 s': waits['with a sibling'].filter(
          (ms) => ms > NOTICE_MS,
        ).length,
        'load average': loadavg()[0]!.toFixed(1),
      },
    }
  },
}
