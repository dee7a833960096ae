// Rows of the peer table for the store: durable job cycles against plainjob, and what the audit log adds to a cycle. Every database is
// a file with synchronous=FULL on the same disk. Sides take turns, because a disk has moods: a ratio is the median over pairs
// that ran next to each other, each in a process of its own, after both sides were warmed up in the database they are measured
// in: code is compiled and the write-ahead log has been written over once, so that neither pays for a file that grows.
import { execFile, execFileSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { buildShim } from '../experiments/support/shim.ts'
import type { Cycles, Figures, Side } from './store-cycles.ts'

const run = promisify(execFile)

export interface PeerRow {
  name: string
  /** Per second, or seconds: see `unit`. */
  ours: number
  peer: number | null
  /** How many times better than the peer; null without one. */
  ratio: number | null
  unit: string
}

const CLIENTS = 64

type Turn = [Side, Cycles]

/** Each turn in a process of its own. */
async function turn(one: Turn): Promise<Figures> {
  const script = path.join(import.meta.dirname, 'store-cycles.ts')
  const { stdout } = await run(process.execPath, [script, JSON.stringify(one)])
  return JSON.parse(stdout) as Figures
}

/** Figures of two sides in turns, and the median of their ratios. */
async function pairs(times: number, ours: Turn, theirs: Turn) {
  const seen: { ours: Figures; theirs: Figures }[] = []
  for (let i = 0; i < times; i++) {
    if (i % 2 === 0) {
      const other = await turn(theirs)
      seen.push({ theirs: other, ours: await turn(ours) })
    } else {
      const own = await turn(ours)
      seen.push({ ours: own, theirs: await turn(theirs) })
    }
  }
  const of = (pick: (pair: (typeof seen)[number]) => number) => median(seen.map(pick))
  return {
    ours: of((pair) => pair.ours.perSecond),
    theirs: of((pair) => pair.theirs.perSecond),
    ratio: of((pair) => pair.ours.perSecond / pair.theirs.perSecond),
    cpuRatio: of((pair) => pair.ours.cpuMicroseconds / pair.theirs.cpuMicroseconds),
    ourCpu: of((pair) => pair.ours.cpuMicroseconds),
    theirCpu: of((pair) => pair.theirs.cpuMicroseconds),
  }
}

const PAIRS = 7

/** `scale` 1 = the figures of the README; less for a quick look. */
export async function storePeerRows(scale = 1): Promise<{ rows: PeerRow[]; notes: string[] }> {
  // After 3,000 cycles one client still runs partly uncompiled: a fifth more processor time than after 12,000.
  const single: Cycles = {
    count: Math.max(200, Math.round(2000 * scale)),
    clients: 1,
    warm: 12_000,
  }
  const many: Cycles = {
    count: Math.max(1000, Math.round(24_000 * scale)),
    clients: CLIENTS,
    warm: 48_000,
  }
  const counting = (run: Cycles): Cycles => ({ ...run, count: 1000, warm: 0, counting: true })
  // What does not depend on the machine.
  const pagesOurs = await turn(['ours', counting(single)])
  const pagesMany = await turn(['ours', { ...counting(many), count: 8000 }])
  const pagesBare = await turn(['ours', { ...counting(single), audited: false }])
  const pagesPeer = await turn(['plainjob', counting(single)])
  const alone = await pairs(PAIRS, ['ours', single], ['plainjob', single])
  const grouped = await pairs(PAIRS, ['ours', many], ['plainjob', single])
  const bare = (run: Cycles): Turn => ['ours', { ...run, audited: false }]
  const auditAlone = await pairs(PAIRS, ['ours', single], bare(single))
  const auditMany = await pairs(PAIRS, ['ours', many], bare(many))
  const pages = (figures: Figures, commits: number): string =>
    `${figures.pages!.toFixed(1)} a cycle, ${(figures.pages! / commits).toFixed(1)} a commit`
  return {
    rows: [
      {
        name: 'durable job cycles, one client',
        ours: alone.ours,
        peer: alone.theirs,
        ratio: alone.ratio,
        unit: 'cycles/s',
      },
      {
        name: `durable job cycles, ${CLIENTS} clients, grouped`,
        ours: grouped.ours,
        peer: grouped.theirs,
        ratio: grouped.ratio,
        unit: 'cycles/s',
      },
    ],
    notes: [
      `ours: ${pagesOurs.pragmas}; plainjob: ${pagesPeer.pragmas}; ${PAIRS} pairs in turns, medians of ratios`,
      `pages written, one client: ours ${pages(pagesOurs, 2)} (without the audit log ${pages(pagesBare, 2)}), plainjob ${pages(pagesPeer, 3)}; ${CLIENTS} clients: ${pagesMany.pages!.toFixed(2)} a cycle`,
      `CPU a cycle: one client ${alone.ourCpu.toFixed(0)} us, plainjob ${alone.theirCpu.toFixed(0)} us, ${CLIENTS} clients ${grouped.ourCpu.toFixed(0)} us`,
      `the audit log costs bare cycles ${share(auditAlone.ratio)} of their throughput (one client), ${share(auditMany.ratio)} (${CLIENTS} clients); whole jobs: experiment B6`,
    ],
  }
}

const share = (ratio: number): string => `${((1 - ratio) * 100).toFixed(1)} %`

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}

if (process.argv[1] === import.meta.filename) {
  // `--sync-us n`: the same on a disk that takes so many microseconds longer to make bytes durable, for both sides.
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'sync-us': { type: 'string' } },
  })
  if (values['sync-us'] === undefined) {
    const { rows, notes } = await storePeerRows(Number(positionals[0] ?? 1))
    console.table(rows)
    for (const note of notes) console.log(note)
  } else {
    const slow = { LD_PRELOAD: buildShim(), STORAGE_SYNC_US: values['sync-us'] }
    const env = { ...process.env, ...slow }
    execFileSync(process.execPath, [import.meta.filename, ...positionals], {
      env,
      stdio: 'inherit',
    })
  }
}
