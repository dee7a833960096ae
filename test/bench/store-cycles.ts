// Durable job cycles, ours and plainjob's, on a file with synchronous=FULL. As a program of its own it runs one turn, in a process
// that has nothing else to do, as the program has one database: code that is compiled for many databases at once is slower.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
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

const OWNER = { id: 'owner', role: 'admin' }
const PAYLOAD = JSON.stringify({
  latitude: -21.7634,
  longitude: -41.3235,
  radius: 500,
  themes: ['roads', 'buildings'],
})
function openOurs(folder: string) {
  const store = openStore({ dataFolder: folder, clock: systemClock })
  const bootId = systemIds.uuid()
  const recorder = createRecorder({
    store,
    ids: systemIds,
    events: createEvents(),
    key: { id: 'bench', bytes: new Uint8Array(32).fill(1) },
    bootId,
  })
  const queue = createQueue({
    store,
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

export interface Cycles {
  count: number
  clients: number
  /** Cycles before those that count. */
  warm: number
  /** False: the same without entries of the audit log. */
  audited?: boolean
  /** Counts pages of the write-ahead log, which slows the run down. */
  counting?: boolean
}

export interface Figures {
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

const SIDES = { ours: ourCycles, plainjob: plainjobCycles }
export type Side = keyof typeof SIDES

/** One turn in a new folder. */
async function turn(side: Side, run: Cycles): Promise<Figures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  try {
    return await SIDES[side](folder, run)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const [side, run] = JSON.parse(process.argv[2]!) as [Side, Cycles]
  console.log(JSON.stringify(await turn(side, run)))
}
