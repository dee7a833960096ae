// A4: the disk fills up. The program works on a private tmpfs until nothing fits any more, and something else takes the last byte.
// Nothing acknowledged may be lost. Then old jobs fall due, and retention must make room by itself, which only works with the
// reserve file, because even a DELETE needs room: without it the program is stuck. Many disks of 4 to 32 MiB with the program's
// limits scaled down, and a few of a GiB with the limits as they are.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
import { call, drain, type Program, startProgram } from './support/program.ts'

/**
 * The limits of the program scaled down to a disk of a few MiB. As in the program the reserve is what the write-ahead log may hold
 * (0.41 MiB) and a transaction on top of it, which does not get smaller with the disk: with 0.5 MiB 2 of 24 disks were stuck.
 */
const SMALL_DISK: Alteration[] = [
  {
    file: 'src/store/disk.ts',
    find: 'const RESERVE_BYTES = 24 * MIB',
    replace: 'const RESERVE_BYTES = 0.75 * MIB',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const LOW_BYTES = 200 * MIB',
    replace: 'const LOW_BYTES = 0.9 * MIB',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const READ_ONLY_BYTES = 50 * MIB',
    replace: 'const READ_ONLY_BYTES = 0.8 * MIB',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const REFILL_BYTES = 128 * MIB',
    replace: 'const REFILL_BYTES = 1.35 * MIB',
  },
  {
    file: 'src/store/disk.ts',
    find: 'const block = Buffer.alloc(MIB)',
    replace: 'const block = Buffer.alloc(RESERVE_BYTES)',
  },
  {
    file: 'src/store/sqlite.ts',
    find: 'const LOG_PAGES = 4000',
    replace: 'const LOG_PAGES = 100',
  },
  { file: 'src/jobs/runner.ts', find: 'const TICK_MS = 1000', replace: 'const TICK_MS = 100' },
  // Ten times a second instead of twice a minute, as the disk fills so much faster.
  {
    file: 'src/jobs/runner.ts',
    find: 'const MAINTENANCE_MS = 30_000',
    replace: 'const MAINTENANCE_MS = 100',
  },
  {
    file: 'src/jobs/runner.ts',
    find: 'const SHORT_OF_ROOM_MS = 5_000',
    replace: 'const SHORT_OF_ROOM_MS = 100',
  },
]

/** Jobs are ten days old as soon as the harness says so. */
const AGES_AT_ONCE: Alteration[] = [
  {
    file: 'src/jobs/upkeep.ts',
    find: 'store.retention.prune(terms.earliest(), SMALL_BATCH)',
    replace: `store.retention.prune(
      terms.earliest() + (process.getBuiltinModule('node:fs').existsSync(process.env.A4_OLD!) ? 9e8 : 0), SMALL_BATCH)`,
  },
]

interface Filled {
  acknowledged: number
  refused: Record<number, number>
  /** From the moment jobs were old enough to the next acknowledged job, nobody else making room; null = stuck. */
  freedItselfMs: number | null
  /** From the moment somebody else made room to the next acknowledged job. */
  backMs: number | null
  /** The reserve file was there again when the disk was filled the second time. */
  reserve: boolean
  problem: string | null
}

/** What is filled, and with what. */
interface Scale {
  mebibytes: number
  /** Bytes of something else that are there from the start; given back later, they must hold what waits then, and the reserve. */
  others: number
  /** Bytes of every fourth document. */
  document: number
  /** Without an acknowledged job for so long the program is stuck. */
  stuckMs: number
}

const STUCK_MS = 15_000
const smallDisk = (mebibytes: number): Scale => ({
  mebibytes,
  // With 1.2 MB, 3 of 20 such disks had no room for the results and a reserve: nothing could be given up when they were full again.
  others: mebibytes < 8 ? 1_600_000 : 2_400_000,
  document: 70_000,
  stuckMs: STUCK_MS,
})
/** What retention gives back must be more than the 200 MiB below which no job is taken; it looks every 30 s. */
const LARGE_DISK: Scale = {
  mebibytes: 1024,
  others: 400_000_000,
  document: 2_000_000,
  stuckMs: 120_000,
}

/** Milliseconds until a job with a document is acknowledged, or null. */
async function nextAcknowledged(port: number, key: string, limitMs: number) {
  const began = performance.now()
  while (performance.now() - began < limitMs) {
    const headers = { 'Idempotency-Key': key }
    const body = jobBody(key, 70_000)
    const answer = await call(port, 'POST', '/api/v1/jobs/prepare', body, headers).catch(() => null)
    if (answer !== null && answer.status < 300) return performance.now() - began
    await sleep(50)
  }
  return null
}

/** A copy of the data folder as it is at one moment. */
function freeze(program: Program, from: string, to: string): string {
  program.child.kill('SIGSTOP')
  try {
    cpSync(from, to, { recursive: true })
  } finally {
    program.child.kill('SIGCONT')
  }
  return to
}

async function fill(main: string, scale: Scale, hasReserve: boolean): Promise<Filled> {
  const { mebibytes, others, document, stuckMs } = scale
  return withFolder('a4', async (folder) => {
    const disk = `${folder}/disk`
    const old = `${folder}/old`
    const script = `mkdir -p "$1" && mount -t tmpfs -o size=$2M tmpfs "$1" && head -c "$3" /dev/zero > "$1/others" && shift 3 && exec "$@"`
    const program = await startProgram({
      main,
      dataFolder: `${disk}/home/data`,
      through: [...ownMounts()!, 'sh', '-c', script, 'sh', disk, String(mebibytes), String(others)],
      env: { A4_OLD: old },
    })
    // The tmpfs exists only in the program's own name space.
    const inside = `/proc/${program.child.pid}/root${disk}`
    /** Something else takes every byte, at one moment: what gives room back meanwhile would feed it too. */
    const takeTheRest = (): void => {
      program.child.kill('SIGSTOP')
      spawnSync('sh', [
        '-c',
        `head -c ${mebibytes}M /dev/zero >> '${inside}/others' 2> /dev/null; true`,
      ])
      program.child.kill('SIGCONT')
    }
    try {
      const load = createLoad('f')
      let n = 0
      const stop = load.run(program.port, 4, () => (n++ % 4 === 0 ? document : 0), true)
      const refused = async (times: number): Promise<void> => {
        const end = performance.now() + 2 * stuckMs
        while ((load.refused.get(507) ?? 0) < times && performance.now() < end) await sleep(5)
      }
      await refused(5)
      takeTheRest()
      await refused(30)
      await stop()
      const full = freeze(program, `${inside}/home/data`, path.join(folder, 'full'))
      const found = inspect(full, load.acknowledged)
      // Room again, work goes on until nothing waits; then every byte is taken once more, and jobs fall due.
      writeFileSync(`${inside}/others`, '')
      const backMs = await nextAcknowledged(program.port, 'after', stuckMs)
      // On the smallest disks the last result may not fit next to the reserve; it then waits.
      await drain(program.port, 3_000).catch(() => {})
      const reserve = `${inside}/home/data/reserve.bin`
      const end = performance.now() + stuckMs
      while (hasReserve && !existsSync(reserve) && performance.now() < end) await sleep(50)
      const hadReserve = existsSync(reserve)
      takeTheRest()
      writeFileSync(old, '')
      const freedItselfMs = await nextAcknowledged(program.port, 'freed', stuckMs)
      const after = freeze(program, `${inside}/home/data`, path.join(folder, 'after'))
      const { auditBroken, brokenBlobs, integrity } = inspect(after, new Map())
      const whole = auditBroken + brokenBlobs === 0 && integrity === 'ok'
      const broken = isBroken({ ...found, notTerminal: 0 }) || !whole
      return {
        acknowledged: load.acknowledged.size,
        refused: Object.fromEntries(load.refused),
        freedItselfMs,
        backMs,
        reserve: hadReserve,
        problem: broken ? JSON.stringify({ found, auditBroken, brokenBlobs, integrity }) : null,
      }
    } finally {
      await program.kill()
    }
  })
}

const OWN_MOUNTS = [
  ['unshare', '-m'],
  // Without root's rights: a user of our own, who may mount.
  ['unshare', '-mU', '--map-root-user'],
]

/** What starts a program with mounts of its own on this machine; null where the kernel permits none. */
export function ownMounts(): string[] | null {
  const probe = 'mount -t tmpfs -o size=1M tmpfs "$1"'
  const works = ([command, ...words]: string[]): boolean =>
    spawnSync(command!, [...words, 'sh', '-c', probe, 'sh', tmpdir()]).status === 0
  return OWN_MOUNTS.find(works) ?? null
}

export const a4: Experiment = {
  id: 'A4',
  title: 'a full disk loses nothing acknowledged, and retention makes room without a restart',
  async run(options) {
    if (ownMounts() === null) {
      const reason = 'no mounts of its own are permitted here'
      return {
        trials: 0,
        failures: 0,
        control: { expected: 'a tmpfs of our own', seen: `skipped: ${reason}`, ok: true },
        figures: { skipped: reason },
      }
    }
    const small = Math.min(29, trialsOf(options, 29, 2))
    const large = options.quick ? 0 : 3
    const main = await buildProgram('small-disk', [...SMALL_DISK, ...AGES_AT_ONCE])
    const asIs = await buildProgram('full-size-disk', AGES_AT_ONCE)
    let failures = 0
    let acknowledged = 0
    const back: number[] = []
    const freed: number[] = []
    for (let n = 0; n < small + large; n++) {
      const scale = n < small ? smallDisk(4 + Math.floor((n * 29) / small)) : LARGE_DISK
      const filled = await fill(n < small ? main : asIs, scale, true)
      acknowledged += filled.acknowledged
      if (filled.freedItselfMs !== null) freed.push(filled.freedItselfMs)
      if (filled.backMs !== null) back.push(filled.backMs)
      if (filled.problem === null && filled.freedItselfMs !== null && filled.backMs !== null)
        continue
      failures++
      complain('A4', options.seed, n, `${scale.mebibytes} MiB: ${JSON.stringify(filled)}`)
    }
    const bare = await buildProgram('no-reserve', [...NO_RESERVE, ...SMALL_DISK, ...AGES_AT_ONCE])
    // About one disk in six leaves room inside the write-ahead log: a short pass tries until one is stuck.
    const sizes = options.quick ? [8, 8, 8, 8] : [6, 12, 18, 24, 30]
    let stuck = 0
    let tried = 0
    for (const size of sizes) {
      if (options.quick && stuck > 0) break
      tried++
      if ((await fill(bare, smallDisk(size), false)).freedItselfMs === null) stuck++
    }
    const trials = small + large
    return {
      trials,
      failures,
      control: {
        expected: 'without the reserve retention is stuck on the full disk',
        seen: `stuck for ${STUCK_MS / 1000} s in ${stuck} of ${tried}`,
        ok: stuck > 0,
      },
      figures: {
        fills: 2 * trials,
        'of them with the limits as they are': 2 * large,
        acknowledged,
        'took jobs again, others made room, p50/max': spread(back),
        'took jobs again, retention made room, p50/max': spread(freed),
      },
    }
  },
}
