// Plays steps on the real queue and on the model of job-model.ts, on real SQLite in a file, and throws at the first difference.
// A fault alters the program's side only, so that a test can see whether it would be noticed. The loop that beats and loses leases
// by the monotonic clock is not here (leases.test.ts): its words to the queue are `heartbeat` and `abandon`.
import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Trail } from '../../src/audit/record.ts'
import type { Clock } from '../../src/base/clock.ts'
import { toPlain } from '../../src/base/errors.ts'
import { type Ids, systemIds } from '../../src/base/ids.ts'
import type { Policy } from '../../src/jobs/policy.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import type { JobRow } from '../../src/store/jobs.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createJobHouse, createStillClock, OWNER, osm } from './job-house.ts'
import { CHANCE, createModel, type Known, policy } from './job-model.ts'
import type { LeaseWord, Step } from './job-steps.ts'
import { compareStory, createWitness } from './job-witness.ts'

/** What is wrong with the program; the model plays by the rules. */
export interface Fault {
  policy?: Policy
  /** `starts`: how often the store was opened before. */
  store?: (store: Store, clock: Clock, starts: number) => Store
  ids?: Ids
  trail?: (trail: Trail) => Trail
  /** Which files outlive a crash of the program. */
  files?: readonly string[]
}

const FILES = ['sisrua.db', 'sisrua.db-wal']
/** The model test is about the order of things; what a power cut takes is experiment A2's. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Bytes of an empty database of today's schema, made once: the steps that lead there take longer than most plays. */
let emptyDatabase: Promise<Buffer> | undefined

async function makeEmptyDatabase(): Promise<Buffer> {
  const folder = mkdtempSync(path.join(PLACE, 'sisrua-model-'))
  try {
    await openStore({ dataFolder: folder, clock: createStillClock() }).close()
    return readFileSync(path.join(folder, 'sisrua.db'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Opens the program's rooms on a data folder as often as it is asked to. */
function openRooms(dataFolder: string, clock: Clock, starts: number, fault: Fault) {
  const opened = openStore({ dataFolder, clock })
  const store = fault.store?.(opened, clock, starts) ?? opened
  const rules = fault.policy ?? policy
  const house = createJobHouse({ store, clock, policy: rules, start: false, chance: () => CHANCE })
  const queue = createQueue({
    ...{ store, clock, policy: rules, chance: () => CHANCE },
    ...{ ids: fault.ids ?? systemIds, bootId: house.bootId },
  })
  const write = <T>(change: (trail: Trail) => T): T =>
    house.recorder.record((trail) => change(fault.trail?.(trail) ?? trail))
  return { store, house, queue, write }
}

/** Throws at the first difference between program and model. */
export async function play(list: readonly Step[], fault: Fault = {}): Promise<void> {
  emptyDatabase ??= makeEmptyDatabase()
  const empty = await emptyDatabase
  const root = mkdtempSync(path.join(PLACE, 'sisrua-play-'))
  const clock = createStillClock()
  const model = createModel(clock)
  const witness = createWitness()
  let starts = 0
  let folder = newFolder()
  writeFileSync(path.join(folder, 'sisrua.db'), empty)
  let rooms = openRooms(folder, clock, 0, fault)
  let result = await rooms.store.blobs.prepare(Buffer.from('{}'))
  /** Leases in hand, newest last; those of past attempts stay for `stale`. */
  let leases: JobRow[] = []
  const past: JobRow[] = []

  function newFolder(): string {
    const made = mkdtempSync(path.join(root, 'data-'))
    // Long enough to be taken for the reserve that is kept for a full disk: writing one takes longer than most plays.
    writeFileSync(path.join(made, 'reserve.bin'), '')
    truncateSync(path.join(made, 'reserve.bin'), 2 ** 30)
    return made
  }

  /** What is there after the program was killed now. */
  function imageOf(from: string, files: readonly string[]): string {
    const made = newFolder()
    for (const file of files.filter((name) => existsSync(path.join(from, name))))
      copyFileSync(path.join(from, file), path.join(made, file))
    return made
  }

  const jobOf = (id: string): Known => model.jobs.find((job) => job.id === id)!
  function giveUp(row: JobRow): void {
    leases = leases.filter((lease) => lease !== row)
    past.push(row)
  }

  async function add(payload: number, force: boolean): Promise<void> {
    const expected = model.answering(payload, force)
    const { job, replayed } = await rooms.house.jobs.submit({ ...osm(payload + 1), force }, OWNER)
    assert.equal(replayed, expected !== undefined)
    if (expected === undefined) model.added(job.id, payload)
    else assert.equal(job.id, expected.id)
  }

  async function retry(old: Known): Promise<void> {
    const expected = model.answering(old.payload, true)
    let id: string
    try {
      id = (await rooms.house.jobs.retry(old.id, OWNER)).id
    } catch (error) {
      assert.equal(toPlain(error).code, 'REQUEST_INVALID')
      assert.ok(!['failed', 'cancelled', 'dead'].includes(old.state), `${old.state} is refused`)
      return
    }
    assert.ok(['failed', 'cancelled', 'dead'].includes(old.state), `${old.state} is tried again`)
    if (expected === undefined) model.added(id, old.payload, old.id)
    else assert.equal(id, expected.id)
  }

  function cancel(job: Known): void {
    rooms.write((trail) => rooms.queue.requestCancel(trail, job.id, OWNER))
    model.cancelAsked(job)
  }

  function claim(): void {
    const due = model.due()
    const row = rooms.write((trail) => rooms.queue.claim(trail, 'osm'))
    assert.equal(row?.id, due?.id)
    if (row === undefined || due === undefined) return
    model.claimed(due, row.leaseToken)
    leases.push(row)
  }

  /** The program looks for work that nobody does; the model knows which that is. */
  function rescue(before: number, ours: readonly JobRow[]): void {
    const isOurs = (id: string): boolean => ours.some((row) => row.id === id)
    const lost = model.jobs.filter(
      ({ id, leaseUntil }) => leaseUntil !== null && leaseUntil < before && !isOurs(id),
    )
    const changed = rooms.write((trail) => rooms.queue.rescue(trail, before, isOurs))
    assert.deepEqual(
      changed.map(({ id }) => id),
      lost.map(({ id }) => id),
    )
    for (const job of lost) {
      model.orphaned(job)
      giveUp(leases.find(({ id }) => id === job.id)!)
    }
  }

  /** The program ends, in order or not, and is started again on what it left. */
  async function startAgain(inOrder: boolean): Promise<void> {
    const old = folder
    if (inOrder) for (const row of [...leases]) withLease('release', row)
    else folder = imageOf(old, fault.files ?? FILES)
    await rooms.house.close()
    if (!inOrder) rmSync(old, { recursive: true })
    rooms = openRooms(folder, clock, ++starts, fault)
    result = await rooms.store.blobs.prepare(Buffer.from('{}'))
    compare()
    rescue(Number.MAX_SAFE_INTEGER, [])
  }

  function withLease(what: LeaseWord, row: JobRow): void {
    const { queue, write } = rooms
    const job = jobOf(row.id)
    if (what === 'heartbeat') {
      assert.ok(write(() => queue.heartbeat(row, 0.5, 'computing')))
      model.beaten(job)
      return
    }
    if (what === 'succeed') {
      const done = write((trail) => queue.succeed(trail, row, { result, artifacts: [] }))
      assert.equal(done !== undefined, job.state === 'running')
      if (done === undefined) return
      model.succeeded(job, result.sha256)
    } else if (what === 'release') {
      assert.ok(write((trail) => queue.release(trail, row)))
      model.released(job)
    } else if (what === 'abandon') {
      assert.ok(write((trail) => queue.abandon(trail, row)))
      model.orphaned(job)
    } else {
      const code = what === 'failFinal' ? 'OSM_INVALID' : 'OVERPASS_UNAVAILABLE'
      assert.ok(write((trail) => queue.fail(trail, row, { code, message: '', data: {} })))
      model.failed(job, code, what === 'failTransient')
    }
    giveUp(row)
  }

  /** A worker that was given up comes back with everything it could say. */
  function stale(row: JobRow): void {
    const { queue, write } = rooms
    const error = { code: 'INTERNAL' as const, message: '', data: {} }
    const output = { result, artifacts: [] }
    const taken = [
      write((trail) => queue.succeed(trail, row, output)),
      write((trail) => queue.fail(trail, row, error)),
      write((trail) => queue.release(trail, row)),
      write((trail) => queue.abandon(trail, row)),
      write(() => queue.heartbeat(row, 0.5, 'computing') || undefined),
    ]
    assert.deepEqual(taken, Array(5).fill(undefined))
  }

  function compare(): void {
    const { jobs } = rooms.store
    const all = { state: null, kind: null, before: null, limit: 1000 }
    const rows = jobs.list(all).reverse()
    witness.see(rows)
    assert.deepEqual(
      rows.map((row) => ({
        ...{ id: row.id, state: row.state, attempt: row.attempt, crashes: row.crashCount },
        ...{ retryOf: row.retryOf, leaseToken: row.leaseToken, leaseUntil: row.leaseUntil },
        ...{ runAfter: row.runAfter, finishedAt: row.finishedAt },
      })),
      model.jobs.map(({ payload: _payload, changedAt: _changedAt, ...job }) => job),
    )
    // What is in memory is what is on the disk.
    for (const row of rows) if (row.finishedAt === null) assert.deepEqual(jobs.byId(row.id), row)
  }

  async function take(one: Step): Promise<void> {
    const at = <T>(many: readonly T[], pick: number): T | undefined => many[pick % many.length]
    switch (one.do) {
      case 'add':
        return add(one.payload, one.force)
      case 'claim':
        return claim()
      case 'look':
        return rescue(
          clock.now(),
          leases.filter((_, n) => n % 3 === one.ours),
        )
      case 'crash':
      case 'restart':
        return startAgain(one.do === 'restart')
      case 'wait':
        return clock.advance(one.milliseconds)
      case 'setClock':
        return clock.set(clock.now() + one.by)
      case 'retry': {
        const job = at(model.jobs, one.pick)
        return job && retry(job)
      }
      case 'cancel': {
        const job = at(model.jobs, one.pick)
        return job && cancel(job)
      }
      case 'stale': {
        const row = at(past, one.pick)
        return row && stale(row)
      }
      default: {
        const row = at(leases, one.pick)
        return row && withLease(one.do, row)
      }
    }
  }

  try {
    try {
      for (const one of list) {
        await take(one)
        compare()
      }
      assert.deepEqual(rooms.house.errors, [])
    } finally {
      await rooms.house.close()
    }
    compareStory(path.join(folder, 'sisrua.db'), model)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
