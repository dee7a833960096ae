// Rows of the peer table for the store: durable job cycles against plainjob, and the audit log against its budget.
// Every database is a file with synchronous=FULL on the same disk; both sides are measured in the same run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { better, defineQueue } from 'plainjob'
import { createAudit } from '../../src/audit/audit-service.ts'
import { createRecorder } from '../../src/audit/record.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createEvents } from '../../src/base/events.ts'
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue, type NewJob } from '../../src/jobs/queue.ts'
import { openStore } from '../../src/store/store.ts'

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

/** Full cycles per second: enqueue, claim, complete, each with its event, attempt and audit entry, each committed. */
async function ourCycles(folder: string, cycles: number, clients: number): Promise<number> {
  const { store, recorder, queue } = openOurs(folder)
  const result = await store.blobs.prepare(Buffer.from('{"ok":1}'))
  let left = cycles
  async function client(): Promise<void> {
    while (left-- > 0) {
      // The claim joins the commit of the enqueue, as the runner does when a slot is free.
      const row = await recorder.recordGrouped((trail) => {
        queue.add(trail, newJob(), OWNER)
        return queue.claim(trail, 'osm')!
      })
      const done = await recorder.recordGrouped((trail) =>
        queue.succeed(trail, row, { result, artifacts: [] }),
      )
      if (done === undefined) throw new Error('a cycle was lost')
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: clients }, client))
  const perSecond = (cycles / (performance.now() - started)) * 1000
  const { chainOk } = await createAudit({ store, recorder, clock: systemClock }).verifyAll(null)
  if (!chainOk) throw new Error('the chain broke under load')
  await store.close()
  return perSecond
}

function plainjobCycles(folder: string, cycles: number): number {
  const database = new Database(path.join(folder, 'plainjob.db'))
  const silent = () => {}
  const logger = { error: silent, warn: silent, info: silent, debug: silent }
  const queue = defineQueue({ connection: better(database as never), logger })
  database.pragma('synchronous = FULL')
  const started = performance.now()
  for (let i = 0; i < cycles; i++) {
    queue.add('osm', PAYLOAD)
    const job = queue.getAndMarkJobAsProcessing('osm')!
    queue.markJobAsDone(job.id)
  }
  const perSecond = (cycles / (performance.now() - started)) * 1000
  queue.close()
  return perSecond
}

async function auditFigures(
  folder: string,
  entries: number,
): Promise<{ append: number; verify: number }> {
  const { store, recorder } = openOurs(folder)
  const started = performance.now()
  for (let done = 0; done < entries; ) {
    const batch = Math.min(1000, entries - done)
    recorder.record((trail) => {
      for (let i = 0; i < batch; i++) {
        trail.audit({
          eventType: 'job.succeeded',
          entityType: 'job',
          entityId: 'b2f1a6a0-6a53-4d0f-9f6e-0d6f1c1f7d11',
          actor: OWNER,
          data: { features: 1234, epsg: 31984 },
        })
      }
    })
    done += batch
  }
  const append = (entries / (performance.now() - started)) * 1000
  const audit = createAudit({ store, recorder, clock: systemClock })
  const before = process.cpuUsage()
  const report = await audit.verifyAll(null)
  const used = process.cpuUsage(before)
  if (report.valid !== entries) throw new Error('verification failed')
  await store.close()
  return { append, verify: (used.user + used.system) / 1e6 }
}

/** `scale` 1 = the figures of the README; less for a quick look. */
export async function storePeerRows(scale = 1): Promise<PeerRow[]> {
  const single = Math.max(200, Math.round(4000 * scale))
  const many = Math.max(1000, Math.round(40_000 * scale))
  const entries = Math.max(10_000, Math.round(1_000_000 * scale))
  // Interleaved and repeated, because a disk has moods.
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < 3; round++) {
    theirs.push(withFolder((folder) => plainjobCycles(folder, single)))
    ours.push(await withFolder((folder) => ourCycles(folder, single, 1)))
  }
  const peer = median(theirs)
  const grouped = await withFolder((folder) => ourCycles(folder, many, CLIENTS))
  const { append, verify } = await withFolder((folder) => auditFigures(folder, entries))
  return [
    {
      name: 'durable job cycles, one client',
      ours: median(ours),
      peer,
      ratio: median(ours) / peer,
      unit: 'cycles/s',
    },
    {
      name: `durable job cycles, ${CLIENTS} clients`,
      ours: grouped,
      peer,
      ratio: grouped / peer,
      unit: 'cycles/s',
    },
    {
      name: 'audit append, batches of 1000',
      ours: append,
      peer: null,
      ratio: null,
      unit: 'entries/s',
    },
    {
      name: `audit verify, ${entries} entries`,
      ours: verify,
      peer: null,
      ratio: null,
      unit: 'CPU s',
    },
  ]
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}

if (process.argv[1] === import.meta.filename) {
  console.table(await storePeerRows(Number(process.argv[2] ?? 1)))
}
