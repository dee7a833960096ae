// A4: the disk fills up. The program works on a private tmpfs of 4 to 32 MiB until nothing fits any more; then room is made
// and it must go on by itself. Nothing acknowledged may be lost, and small writes that free or record still fit.

import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { type Alteration, buildProgram, NO_RESERVE } from './support/altered-build.ts'
import {
  complain,
  type Experiment,
  sleep,
  spread,
  trialsOf,
  withFolder,
} from './support/experiment.ts'
import { inspect, isBroken } from './support/inspect.ts'
import { createLoad, jobBody } from './support/load.ts'
import { call, drain, startProgram } from './support/program.ts'

/** The limits of the program scaled down to a disk of a few MiB, so that SQLite itself meets the end of the disk. */
const SMALL_DISK: Alteration[] = [
  {
    file: 'src/store/disk.ts',
    find: 'const RESERVE_BYTES = 8 * MIB',
    replace: 'const RESERVE_BYTES = 1 * MIB',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const LOW_BYTES = 200 * MIB',
    replace: 'const LOW_BYTES = 0',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const READ_ONLY_BYTES = 50 * MIB',
    replace: 'const READ_ONLY_BYTES = 0',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const REFILL_BYTES = 64 * MIB',
    replace: 'const REFILL_BYTES = 2 * MIB',
  },
]

interface Filled {
  acknowledged: number
  refused: Record<number, number>
  /** Status of a small write while the disk was full. */
  smallWrite: number
  /** From the moment there was room again to the next acknowledged job; null = never. */
  backMs: number | null
  problem: string | null
}

async function fill(main: string, mebibytes: number): Promise<Filled> {
  return withFolder('a4', async (folder) => {
    const disk = `${folder}/disk`
    const script = `mkdir -p "$1" && mount -t tmpfs -o size=$2M tmpfs "$1" && mkdir "$1/home" && head -c 1000000 /dev/zero > "$1/ballast" && shift 2 && exec "$@"`
    const program = await startProgram({
      main,
      dataFolder: `${disk}/home/data`,
      through: ['unshare', '-m', 'sh', '-c', script, 'sh', disk, String(mebibytes)],
    })
    // The tmpfs exists only in the program's own name space.
    const inside = `/proc/${program.child.pid}/root${disk}`
    try {
      const load = createLoad('f')
      let n = 0
      const stop = load.run(program.port, 4, () => (n++ % 2 === 0 ? 200_000 : 0))
      const end = performance.now() + 40_000
      while ((load.refused.get(507) ?? 0) < 20 && performance.now() < end) await sleep(20)
      await stop()
      // Whatever room is left goes to something else on the disk.
      spawnSync('sh', ['-c', `head -c 40000000 /dev/zero > '${inside}/others' 2> /dev/null; true`])
      const entry = JSON.stringify({ event_type: 'disk.full', entity_type: 'test' })
      let smallWrite = 0
      for (let attempt = 0; attempt < 4 && smallWrite !== 201; attempt++) {
        smallWrite = (await call(program.port, 'POST', '/api/v1/audit', entry)).status
      }
      rmSync(`${inside}/others`, { force: true })
      rmSync(`${inside}/ballast`, { force: true })
      const freed = performance.now()
      let backMs: number | null = null
      while (performance.now() - freed < 45_000) {
        const answer = await call(program.port, 'POST', '/api/v1/jobs/prepare', jobBody('after'), {
          'Idempotency-Key': 'after',
        }).catch(() => null)
        if (answer !== null && answer.status < 300) {
          backMs = performance.now() - freed
          load.acknowledged.set(
            'after',
            new Set([(JSON.parse(answer.text) as { job_id: string }).job_id]),
          )
          break
        }
        await sleep(50)
      }
      await drain(program.port, 30_000).catch(() => {})
      program.child.kill('SIGSTOP')
      const copy = path.join(folder, 'copy')
      cpSync(`${inside}/home/data`, copy, { recursive: true })
      const found = inspect(copy, load.acknowledged)
      const broken = isBroken({ ...found, notTerminal: 0 })
      return {
        acknowledged: load.acknowledged.size,
        refused: Object.fromEntries(load.refused),
        smallWrite,
        backMs,
        problem: broken ? JSON.stringify(found) : null,
      }
    } finally {
      await program.kill()
    }
  })
}

/** Why this machine cannot do it, or null. */
function obstacle(): string | null {
  const probe = spawnSync('unshare', ['-m', 'true'])
  return probe.status === 0 ? null : 'unshare -m is not permitted here'
}

export const a4: Experiment = {
  id: 'A4',
  title: 'a full disk loses nothing acknowledged, and work goes on when there is room again',
  async run(options) {
    const reason = obstacle()
    if (reason !== null) {
      return {
        trials: 0,
        failures: 0,
        control: { expected: 'a tmpfs of our own', seen: `skipped: ${reason}`, ok: true },
        figures: { skipped: reason },
      }
    }
    const trials = Math.min(29, trialsOf(options, 29, 2))
    const main = await buildProgram('small-disk', SMALL_DISK)
    let failures = 0
    let acknowledged = 0
    let recorded = 0
    const back: number[] = []
    for (let n = 0; n < trials; n++) {
      const size = 4 + Math.floor((n * 29) / trials)
      const filled = await fill(main, size)
      acknowledged += filled.acknowledged
      if (filled.smallWrite === 201) recorded++
      if (filled.backMs !== null) back.push(filled.backMs)
      if (filled.problem === null && filled.backMs !== null) continue
      failures++
      complain('A4', options.seed, n, `${size} MiB: ${JSON.stringify(filled)}`)
    }
    const bare = await fill(await buildProgram('no-reserve', [...NO_RESERVE, ...SMALL_DISK]), 8)
    return {
      trials,
      failures,
      control: {
        expected: 'without the reserve not even a small write fits on the full disk',
        seen: `a small write answers ${bare.smallWrite}; with the reserve ${recorded} of ${trials} were stored`,
        ok: bare.smallWrite !== 201 && recorded > 0,
      },
      figures: {
        acknowledged,
        'small writes on the full disk': recorded,
        'back after p50/max': spread(back),
      },
    }
  },
}
