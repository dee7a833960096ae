// A9: the program that started us is killed. Ours must end by itself: at once when standard input closes, and within
// 2.5 s when a sibling holds the pipe open and only the process number tells.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { buildProgram } from './support/altered-build.ts'
import {
  complain,
  type Experiment,
  percentile,
  sleep,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { commandOf, TOKEN } from './support/program.ts'

const LIMIT_MS = 5000

/** How the parent treats the pipe: alone with it, or with another child that inherited its writing end. */
type Family = 'alone' | 'with a sibling' | 'with a sibling, not watched'

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

/** Milliseconds from the parent's death to the program's; null: it outlived the limit. */
async function orphan(main: string, family: Family): Promise<number | null> {
  return withFolder('a9', async (folder) => {
    const words = [
      ...commandOf(main),
      '--bootstrap-stdin',
      '--port',
      '0',
      '--data-dir',
      `${folder}/data`,
    ]
    const parent: ChildProcess = spawn('sh', ['-c', parentScript(family), 'sh', folder, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', HOME: folder, SISRUA_OVERPASS_URLS: ',' },
    })
    const pids = new Map<string, number>()
    await new Promise<void>((resolve, reject) => {
      parent.once('close', () => reject(new Error('the parent ended too early')))
      createInterface({ input: parent.stdout! }).on('line', (line) => {
        const [who = '', pid = ''] = line.split(' ')
        if (who === 'program' || who === 'sibling') pids.set(who, Number(pid))
        if (line.includes('"ready":true')) resolve()
      })
    })
    const pid = pids.get('program')!
    const began = performance.now()
    parent.kill('SIGKILL')
    let waited: number | null = null
    while (performance.now() - began < LIMIT_MS) {
      if (isGone(pid)) {
        waited = performance.now() - began
        break
      }
      await sleep(2)
    }
    if (waited === null) process.kill(pid, 'SIGKILL')
    const sibling = pids.get('sibling')
    if (sibling !== undefined) execFileSync('kill', ['-9', String(sibling)])
    while (!isGone(pid)) await sleep(5)
    return waited
  })
}

export const a9: Experiment = {
  id: 'A9',
  title: 'a program whose parent is killed ends by itself',
  async run(options) {
    const trials = trialsOf(options, 200, 4)
    const main = await buildProgram('whole')
    const waits: Record<'alone' | 'with a sibling', number[]> = { alone: [], 'with a sibling': [] }
    let orphans = 0
    for (let n = 0; n < trials; n++) {
      // Every tenth has a sibling; those take two seconds each.
      const family = n % 10 === 9 || (n === 0 && trials < 10) ? 'with a sibling' : 'alone'
      const waited = await orphan(main, family)
      if (waited === null) {
        orphans++
        complain('A9', options.seed, n, `still there after ${LIMIT_MS} ms (${family})`)
      } else waits[family].push(waited)
    }
    const control = await orphan(main, 'with a sibling, not watched')
    const held = waits['with a sibling']
    return {
      trials,
      failures: orphans,
      control: {
        expected: 'a sibling holds the pipe and the process number is not watched: an orphan stays',
        seen:
          control === null
            ? `still there after ${LIMIT_MS} ms`
            : `gone after ${Math.round(control)} ms`,
        ok: control === null,
      },
      figures: {
        'pipe closed, p50/max': spread(waits.alone),
        'pipe held by a sibling': `${held.length} trials, ${spread(held)}`,
        'within 2.5 s': held.filter((wait) => wait <= 2500).length,
        'p99 of a closed pipe': `${Math.round(percentile(waits.alone, 0.99))} ms`,
      },
    }
  },
}
