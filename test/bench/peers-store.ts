// Rows of the peer table for the store: durable job cycles against plainjob, and what the audit log adds to a cycle. Every database is
// a file with synchronous=FULL on the same disk. Sides take turns, because a disk has moods: a ratio is the median over pairs
// that ran next to each other, after both sides were warmed up in the database they are measured in: code is compiled and the
// write-ahead log has been written over once, so that neither pays for a file that grows.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { better, defineQueue } from 'plainjob'
import { createAudit } from '../../src/audit/audit-service.ts'
import { createRecorder, type Trail } from '../../src/audit/record.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createEvents } from '../../src/base/events.ts'
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue, type NewJob } from '../../src/jobs/queue.ts'
import { openStore } from '../../src/store/store.ts'
import { buildShim } from '../experiments/support/shim.ts'

export interface PeerRow {
  name: string
  /** Per second, or seconds: see `unit`. */
  ours: number
  peer: number | null
  /** How many times better than the peer; null without one. */
  ratio: number | null
  unit: string
}

const OWNER = { id: 'owner', role: 'admin' }
const PAYLOAD = JSON.stringify({
  latitude: -21.7634,
  longitude: -41.3235,
  radius: 500,
  themes: ['roads', 'buildings'],
})
const CLIENTS = 64

function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  const clean = () => rmSync(folder, { recursive: true, force: true })
  try {
    const value = work(folder)
    if (value instanceof Promise) return value.finally(clean) as T
    clean()
    return value
  } catch (error) {
    clean()
    throw error
  }
}

function openOurs(folder: string) {
  const store = openStore({ dataFolder: folder, clock: systemClock })
  const bootId = systemIds.uuid()
  const recorder = createRecorder({
    store,
    clock: systemClock,
    ids: systemIds,
    events: createEvents(),
    key: { id: 'bench', bytes: new Uint8Array(32).fill(1) },
    bootId,
  })
  const queue = createQueue({
    store,
    clock: systemClock,
    ids: systemIds,
    bootId,
    policy: DEFAULT_POLICY,
    chance: Math.random,
  })
  return { store, recorder, queue }
}

let keys = 0
function newJob(): NewJob {
  const key = sha256(String(keys++))
  return {
    kind: 'osm',
    pipeline: 'osm-site@1',
    payload: PAYLOAD,
    key,
    input: null,
    priority: 5,
    force: false,
    idempotencyKey: null,
    projectId: null,
    traceId: null,
    retryOf: null,
  }
}

interface Cycles {
  count: number
  clients: number
  /** Cycles before those that count. */
  warm: number
  /** False: the same without entries of the audit log. */
  audited?: boolean
  /** Counts pages of the write-ahead log, which slows the run down. */
  counting?: boolean
}

interface Figures {
  perSecond: number
  cpuMicroseconds: number
  /** Pages written to the write-ahead log, a cycle; null when they were not counted. */
  pages: number | null
  pragmas: string
}

/** Runs cycles between a look at the clock, the processor and the write-ahead log. */
async function measure(
  file: string,
  { count, warm, counting = false }: Cycles,
  cycles: (count: number) => Promise<void> | void,
): Promise<Figures> {
  await cycles(warm)
  // Somebody who reads an old state keeps the log from being used again: its length then tells how much was written.
  const reader = counting ? new Database(file, { readonly: true }) : null
  reader?.exec('BEGIN')
  reader?.prepare('SELECT count(*) FROM sqlite_schema').get()
  const length = () => statSync(`${file}-wal`).size
  const lengthBefore = length()
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  await cycles(count)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const pages = reader === null ? null : (length() - lengthBefore) / (4096 + 24) / count
  reader?.close()
  return {
    perSecond: count / seconds,
    cpuMicroseconds: (user + system) / count,
    pages,
    pragmas: '',
  }
}

const pragmasOf = (read: (name: string) => unknown): string =>
  ['journal_mode', 'synchronous', 'wal_autocheckpoint', 'page_size']
    .map((name) => `${name}=${read(name)}`)
    .join(' ')

/** Full cycles: enqueue, claim, complete, each with its event and audit entry, each committed before it is answered. */
function ourCycles(folder: string, run: Cycles): Promise<Figures> {
  const { store, recorder, queue } = openOurs(folder)
  const { count, clients, warm, audited = true } = run
  const seen = (trail: Trail): Trail => (audited ? trail : { ...trail, audit: () => 0 })
  let left = 0
  return store.blobs.prepare(Buffer.from('{"ok":1}')).then(async (result) => {
    async function client(): Promise<void> {
      while (left-- > 0) {
        // The claim joins the commit of the enqueue, as the runner does when a slot is free.
        const row = await recorder.recordGrouped((trail) => {
          queue.add(seen(trail), newJob(), OWNER)
          return queue.claim(seen(trail), 'osm')!
        })
        const done = await recorder.recordGrouped((trail) =>
          queue.succeed(seen(trail), row, { result, artifacts: [] }),
        )
        if (done === undefined) throw new Error('a cycle was lost')
      }
    }
    const figures = await measure(path.join(folder, 'sisrua.db'), run, async (cycles) => {
      left = cycles
      await Promise.all(Array.from({ length: clients }, client))
    })
    const pragmas = pragmasOf(store.setting)
    const done = store.jobs.byState()
    if (done.length !== 1 || done[0]?.name !== 'succeeded' || done[0].count !== count + warm) {
      throw new Error('not every cycle is in the database')
    }
    const { chainOk } = await createAudit({ store, recorder, clock: systemClock }).verifyAll(null)
    if (!chainOk) throw new Error('the chain broke under load')
    await store.close()
    return { ...figures, pragmas }
  })
}

async function plainjobCycles(folder: string, run: Cycles): Promise<Figures> {
  const file = path.join(folder, 'plainjob.db')
  const database = new Database(file)
  const silent = () => {}
  const logger = { error: silent, warn: silent, info: silent, debug: silent }
  const queue = defineQueue({ connection: better(database as never), logger })
  database.pragma('synchronous = FULL')
  const figures = await measure(file, run, (cycles) => {
    for (let i = 0; i < cycles; i++) {
      queue.add('osm', PAYLOAD)
      const { id } = queue.getAndMarkJobAsProcessing('osm')!
      // A claim answers the number alone; plainjob's own worker then reads what there is to do, which ours has with the claim.
      if (queue.getJobById(id)?.data === undefined) throw new Error('a job was lost')
      queue.markJobAsDone(id)
    }
  })
  const pragmas = pragmasOf((name) => database.pragma(name, { simple: true }))
  queue.close()
  return { ...figures, pragmas }
}

type Side = (folder: string, run: Cycles) => Promise<Figures>

/** Figures of two sides in turns, and the median of their ratios. */
async function pairs(times: number, ours: [Side, Cycles], theirs: [Side, Cycles]) {
  const turn = ([side, run]: [Side, Cycles]) => withFolder((folder) => side(folder, run))
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
  const single: Cycles = { count: Math.max(200, Math.round(2000 * scale)), clients: 1, warm: 1500 }
  const many: Cycles = {
    count: Math.max(1000, Math.round(24_000 * scale)),
    clients: CLIENTS,
    warm: 12_000,
  }
  const counting = (run: Cycles): Cycles => ({ ...run, count: 1000, warm: 0, counting: true })
  const once = (side: Side, run: Cycles) => withFolder((folder) => side(folder, run))
  // Warms both sides up and counts what does not depend on the machine.
  await once(ourCycles, { ...many, count: 2000 })
  const pagesOurs = await once(ourCycles, counting(single))
  const pagesMany = await once(ourCycles, { ...counting(many), count: 8000 })
  const pagesBare = await once(ourCycles, { ...counting(single), audited: false })
  const pagesPeer = await once(plainjobCycles, counting(single))
  const alone = await pairs(PAIRS, [ourCycles, single], [plainjobCycles, single])
  const grouped = await pairs(PAIRS, [ourCycles, many], [plainjobCycles, single])
  const bare = (run: Cycles): [Side, Cycles] => [ourCycles, { ...run, audited: false }]
  const auditAlone = await pairs(PAIRS, [ourCycles, single], bare(single))
  const auditMany = await pairs(PAIRS, [ourCycles, many], bare(many))
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
