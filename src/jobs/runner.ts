// The one loop: fills free slots inside every commit, works, stores the end; beats, ages and rescues by the second.
import { setTimeout } from 'node:timers/promises'
import type { Recorder } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import { AppError, toPlain } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { PreparedBlob } from '../store/blobs.ts'
import type { JobRow } from '../store/jobs.ts'
import type { Store } from '../store/store.ts'
import type { PipelineOutput } from '../workers/tasks.ts'
import { runAttempt, type Workshop, withGrace } from './attempt.ts'
import type { JobKind } from './job.ts'
import { watchMemory } from './memory-watch.ts'
import { outputsOf, saveOutputs } from './outputs.ts'
import type { Policy } from './policy.ts'
import type { JobOutput, Queue } from './queue.ts'
import type { PipelineDirectory } from './request.ts'
import {
  enforceLimits,
  hasMoved,
  newRunning,
  noteMovement,
  noteProgress,
  type Running,
} from './running.ts'
import type { Upkeep } from './upkeep.ts'

const TICK_MS = 1000
const MAINTENANCE_MS = 30_000
/** The same while the disk is short. */
const SHORT_OF_ROOM_MS = 5_000
/** Pause before the end of a job is stored again that did not fit on the disk. */
const FULL_RETRY_MS = 500

export interface RunnerOptions {
  store: Store
  recorder: Recorder
  queue: Queue
  events: Events
  clock: Clock
  policy: Policy
  workshop: Workshop
  directory: PipelineDirectory
  upkeep: Upkeep
  /** What is thrown where nobody asked: for the log. */
  onError: (error: unknown) => void
  /** The process holds more memory than ending jobs can give back: it should stop in order and be started again. */
  onWornOut?: () => void
  /** Bytes that the operating system counts for the process. */
  residentBytes?: () => number
}

export function createRunner(options: RunnerOptions) {
  const { store, recorder, queue, events, clock, policy, workshop, directory, onError } = options
  const { upkeep, onWornOut = () => {}, residentBytes = () => process.memoryUsage.rss() } = options
  const kinds = Object.keys(policy.slots) as JobKind[]
  const running = new Map<string, Running>()
  let claiming = false
  let paused = false
  let leaseLosses = 0
  let timer: NodeJS.Timeout | undefined
  let maintainedAt = clock.monotonic()

  store.beforeGroupCommit(() => {
    // Results need room: on a disk that is almost full what waits stays waiting.
    if (!claiming || paused || store.disk.state() === 'read_only') return
    for (const kind of kinds) fill(kind)
  })

  /** Claims for the free slots of a kind, inside the open transaction; the work begins after its commit. */
  function fill(kind: JobKind): void {
    let free = policy.slots[kind]
    for (const one of running.values()) if (one.kind === kind && !one.ending) free--
    for (; free > 0; free--) {
      const row = queue.claim(recorder.trail, kind)
      if (row === undefined) return
      store.afterCommit(() => begin(row))
    }
  }

  function begin(row: JobRow): void {
    const one = newRunning(row, clock.monotonic())
    running.set(row.id, one)
    one.done = work(one).finally(() => {
      if (running.get(row.id) === one) running.delete(row.id)
    })
  }

  async function work(one: Running): Promise<void> {
    const held: PreparedBlob[] = []
    try {
      const output = await withGrace(compute(one), one.controller.signal, (reason) =>
        graceMs(one, reason),
      )
      const prepared = await saveOutputs(store.blobs, output, held)
      one.controller.signal.throwIfAborted()
      note(one, 'info', summaryLine(one, prepared))
      one.ending = true
      const row = await recorder.recordGrouped((trail) => {
        storeLog(one)
        const done = queue.succeed(trail, one.row, prepared)
        // Cancelled in the last moment: the promise given to the user holds.
        return done ?? queue.fail(trail, one.row, toPlain(new AppError('CANCELLED')))
      })
      if (row?.state !== 'succeeded') for (const blob of held) store.blobs.abandon(blob)
    } catch (error) {
      for (const blob of held) store.blobs.abandon(blob)
      await settle(one, error)
    }
  }

  /** How long the work may take to stop, by why it has to. */
  function graceMs({ row, lost }: Running, reason: unknown): number {
    if (lost) return policy.cancelGraceMs
    const { code } = toPlain(reason)
    if (code === 'SHUTDOWN') return policy.stopGraceMs
    return code === 'COMPUTE_TIMEOUT'
      ? Math.max(policy.cancelGraceMs, row.hardMs - row.softMs)
      : policy.cancelGraceMs
  }

  async function compute(one: Running): Promise<PipelineOutput> {
    const { row, controller } = one
    const pipeline = directory.byName(row.pipeline) ?? directory.forKind(one.kind)
    const document =
      row.inputSha256 === null
        ? null
        : await (await store.blobs.open(row.inputSha256.toString('hex'))).bytes()
    return runAttempt(workshop, {
      kind: one.kind,
      pipeline,
      params: JSON.parse(row.payload) as Record<string, unknown>,
      // A copy of small documents, which the database may still hold.
      document: document === null ? null : new Uint8Array(document),
      outputs: outputsOf(one.kind),
      signal: controller.signal,
      pulse: one.pulse,
      onProgress: (step, fraction) =>
        noteProgress(one, step, fraction, events, {
          wall: clock.now(),
          monotonic: clock.monotonic(),
        }),
    })
  }

  /** The work ended without a result: what the row becomes depends on who stopped it and why. */
  async function settle(one: Running, error: unknown): Promise<void> {
    const { signal } = one.controller
    const cause = signal.aborted ? signal.reason : error
    const plain = toPlain(cause)
    if (plain.code === 'INTERNAL') onError(cause)
    note(one, plain.code === 'CANCELLED' ? 'info' : 'error', `${plain.code}: ${plain.message}`)
    one.ending = true
    for (;;) {
      try {
        await recorder.recordGrouped((trail) => {
          storeLog(one)
          if (plain.code === 'SHUTDOWN') queue.release(trail, one.row)
          else if (one.lost) queue.abandon(trail, one.row)
          else queue.fail(trail, one.row, plain)
        })
        return
      } catch (storeError) {
        onError(storeError)
        // On a full disk it fits once room has been made. A broken store: the row stays leased, the next start finds it.
        if (!claiming || toPlain(storeError).code !== 'DISK_LOW') return
        await setTimeout(FULL_RETRY_MS)
      }
    }
  }

  function note(one: Running, level: 'info' | 'warning' | 'error', line: string): void {
    one.log.push({ at: clock.now(), level, line: line.slice(0, 4096) })
  }

  function storeLog(one: Running): void {
    const lines = one.log
    for (const line of lines) {
      const n = store.jobs.addLog({ id: one.row.id, ...line })
      if (n !== undefined) recorder.trail.emit('job.log', { jobId: one.row.id, n, ...line })
    }
    store.afterCommit(() => {
      if (one.log === lines) one.log = []
    })
  }

  function summaryLine(one: Running, output: JobOutput): string {
    const files = [output.result, ...output.artifacts.map((artifact) => artifact.blob)]
    const bytes = files.reduce((sum, file) => sum + file.size, 0)
    const seconds = ((clock.monotonic() - one.startedAt) / 1000).toFixed(2)
    return `attempt ${one.row.attempt}: ${files.length} files, ${bytes} bytes, ${seconds} s`
  }

  /** Joins the next commit, which fills free slots. */
  function wake(): void {
    if (claiming) store.group(() => undefined).catch(onError)
  }

  /** Renews the leases of work that moves. What stands still for the length of its lease loses it and its thread. */
  function beat(now: number): void {
    const due: Running[] = []
    for (const one of running.values()) {
      noteMovement(one, now)
      if (one.ending || now - one.beatAt < policy.heartbeatMs) continue
      if (hasMoved(one, one.beatAt, now)) due.push(one)
      else if (now - one.beatAt >= policy.leaseMs) loseLease(one)
    }
    if (due.length === 0) return
    for (const one of due) one.beatAt = now
    store
      .group(() => {
        for (const one of due) {
          storeLog(one)
          if (one.ending || queue.heartbeat(one.row, one.progress, one.step)) continue
          store.afterCommit(() =>
            one.controller.abort(new AppError('CANCELLED', 'The lease of this attempt was lost.')),
          )
        }
      })
      .catch(onError)
  }

  function loseLease(one: Running): void {
    if (one.lost) return
    one.lost = true
    leaseLosses++
    one.controller.abort(
      new AppError('COMPUTE_TIMEOUT', 'Nothing moved for as long as the lease lasts.'),
    )
  }

  function tick(): void {
    const now = clock.monotonic()
    beat(now)
    enforceLimits(running.values(), now)
    const resident = residentBytes()
    const mayStart = watchMemory(policy, resident, running.values())
    if (resident > policy.memoryRestartBytes) onWornOut()
    // An idle thread collects nothing: without this one large job would keep the others waiting for ever.
    if (!mayStart && running.size === 0) workshop.compute.renew?.()
    if (mayStart && paused) wake()
    paused = !mayStart
    const pause = store.disk.state() === 'ok' ? MAINTENANCE_MS : SHORT_OF_ROOM_MS
    if (now - maintainedAt >= pause) {
      maintainedAt = now
      maintain()
    }
    if (store.jobs.isAnyDue(clock.now())) wake()
  }

  function maintain(): void {
    store.disk.refresh()
    recorder
      .recordGrouped((trail) => {
        queue.rescue(trail, clock.now(), (id) => running.has(id))
        queue.age()
      })
      .then(() => upkeep.turn(running.size === 0))
      .catch(onError)
  }

  return {
    running,
    /** How often work lost its lease because it stood still. */
    leaseLosses: () => leaseLosses,
    wake,
    tick,
    /** Recovers what a crash left behind, then begins to claim. */
    start(): void {
      recorder.record((trail) => queue.rescue(trail, Number.MAX_SAFE_INTEGER, () => false))
      claiming = true
      timer = setInterval(() => {
        try {
          tick()
        } catch (error) {
          onError(error)
        }
      }, TICK_MS)
      timer.unref()
      wake()
    },
    /** Tells the work on a job to stop; false when it is not running here. */
    abort(id: string, reason: AppError): boolean {
      const one = running.get(id)
      one?.controller.abort(reason)
      return one !== undefined
    },
    async stop(): Promise<void> {
      claiming = false
      clearInterval(timer)
      for (const one of running.values()) one.controller.abort(new AppError('SHUTDOWN'))
      await Promise.all([...running.values()].map((one) => one.done))
      await store.drained()
    },
  }
}
