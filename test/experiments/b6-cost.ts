// B6: what the audit log costs a job, with its tree and its signatures against a trail that records nothing, turn by turn, because
// a disk has moods. Judged on whole jobs (small GeoJSON, real pipeline in a thread, results stored, synchronous=FULL); bare queue
// cycles, which do nothing but write rows, are told beside.
import type { Recorder, Trail } from '../../src/audit/record.ts'
import { systemClock } from '../../src/base/clock.ts'
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { pipelines } from '../../src/jobs/directory.ts'
import { createJobs } from '../../src/jobs/job-service.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import { createPool } from '../../src/workers/pool.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { noSources, OWNER } from '../support/job-house.ts'
import { type Experiment, percentile, trialsOf, withFolder } from './support/experiment.ts'

const PAYLOAD = JSON.stringify({ latitude: -21.7634, longitude: -41.3235, radius: 500 })
const LIMIT = 0.1

/** The recorder with a trail that records no entries; rows, outbox and bell stay. */
const muted = (recorder: Recorder): Recorder => {
  const silent = (trail: Trail): Trail => ({ ...trail, audit: () => 0 })
  return {
    ...recorder,
    trail: silent(recorder.trail),
    record: (write) => recorder.record((trail) => write(silent(trail))),
    recordGrouped: (write) => recorder.recordGrouped((trail) => write(silent(trail))),
  }
}

const square = (i: number): Buffer => {
  const x = -41.3 + i * 1e-6
  const ring = [
    [x, -21.7],
    [x + 0.001, -21.7],
    [x + 0.001, -21.699],
    [x, -21.699],
    [x, -21.7],
  ]
  const geometry = { type: 'Polygon', coordinates: [ring] }
  return Buffer.from(
    JSON.stringify({ type: 'Feature', properties: { building: 'yes', i }, geometry }),
  )
}

/** Milliseconds of wall time and of CPU (all threads) a whole job, several at a time as the runner does them. */
async function wholeJobs(count: number, audited: boolean, pool: ReturnType<typeof createPool>) {
  return withFolder('b6', async (folder) => {
    const house = createAuditHouse({ dataFolder: folder, epochEntries: 1e9 })
    const { events } = house
    const jobs = createJobs({
      store: house.store,
      recorder: audited ? house.recorder : muted(house.recorder),
      events,
      clock: systemClock,
      ids: systemIds,
      bootId: systemIds.uuid(),
      workshop: {
        sources: noSources,
        compute: pool,
        output: { numericFeatureType: false, blocksFolder: null },
        today: () => '2026-11-21',
      },
      directory: pipelines,
    })
    let done = 0
    const finished = new Promise<void>((resolve, reject) => {
      events.on('job.event', ({ type }) => {
        if (type === 'job.failed' || type === 'job.dead') reject(new Error('a job failed'))
        if (type === 'job.completed' && ++done === count) resolve()
      })
    })
    jobs.start()
    const cpu = process.cpuUsage()
    const began = performance.now()
    for (let i = 0; i < count; i += 20) {
      const some = Array.from({ length: Math.min(20, count - i) }, (_, n) =>
        jobs.submit({ kind: 'geojson', params: {}, geojson: square(i + n) }, OWNER),
      )
      await Promise.all(some)
    }
    await finished
    const wall = (performance.now() - began) / count
    const { user, system } = process.cpuUsage(cpu)
    await jobs.stop()
    await house.close()
    return { wall, cpu: (user + system) / 1000 / count }
  })
}

/** Milliseconds of wall time and of CPU a cycle, and of each commit; `audited` false leaves the entries out. */
async function cycles(count: number, clients: number, audited: boolean) {
  return withFolder('b6', async (folder) => {
    const house = createAuditHouse({ dataFolder: folder, epochEntries: 1e9 })
    const { store, recorder } = house
    const bootId = systemIds.uuid()
    const queue = createQueue({
      store,
      ids: systemIds,
      bootId,
      policy: DEFAULT_POLICY,
      chance: Math.random,
    })
    const calls: number[] = []
    const timedEntry = (trail: Trail): Trail => ({
      ...trail,
      audit(change) {
        const began = performance.now()
        const seq = trail.audit(change)
        calls.push(performance.now() - began)
        return seq
      },
    })
    const silent = (trail: Trail): Trail =>
      audited ? timedEntry(trail) : { ...trail, audit: () => 0 }
    const result = await store.blobs.prepare(Buffer.from('{"ok":1}'))
    let left = count
    const commits: number[] = []
    async function timed<T>(write: (trail: Trail) => T): Promise<T> {
      const began = performance.now()
      const value = await recorder.recordGrouped(write)
      commits.push(performance.now() - began)
      return value
    }
    async function client(): Promise<void> {
      while (left-- > 0) {
        const row = await timed((whole) => {
          const trail = silent(whole)
          queue.add(
            trail,
            {
              kind: 'osm',
              pipeline: 'osm-site@1',
              payload: PAYLOAD,
              key: sha256(systemIds.uuid()),
              input: null,
              priority: 5,
              force: false,
              idempotencyKey: null,
              projectId: null,
              traceId: null,
              retryOf: null,
            },
            OWNER,
          )
          return queue.claim(trail, 'osm')!
        })
        await timed((whole) => queue.succeed(silent(whole), row, { result, artifacts: [] }))
      }
    }
    const cpu = process.cpuUsage()
    const began = performance.now()
    await Promise.all(Array.from({ length: clients }, client))
    const wall = (performance.now() - began) / count
    const { user, system } = process.cpuUsage(cpu)
    const entries = house.audit.head().size
    await house.close()
    const cpuMs = (user + system) / 1000 / count
    return { wall, cpu: cpuMs, entries: entries / count, commits, calls }
  })
}

const middle = (values: number[]): number => percentile(values, 0.5)

export const b6: Experiment = {
  id: 'B6',
  title: 'The audit log costs less than a tenth of job throughput',
  async run(options) {
    // Many short turns: the disk's moods then fall on both sides alike.
    const rounds = trialsOf(options, 25, 3)
    const count = options.quick ? 60 : 200
    const sides = () => ({ with: [] as number[], without: [] as number[] })
    const [whole, wholeCpu, alone, grouped] = [sides(), sides(), sides(), sides()]
    const commits = sides()
    const calls: number[] = []
    let entries = 0
    const pool = createPool({ threads: 1, runsBeforeRenewal: 1e9 })
    await wholeJobs(20, true, pool)
    for (let i = 0; i < rounds; i++) {
      for (const name of i % 2 === 0
        ? (['with', 'without'] as const)
        : (['without', 'with'] as const)) {
        const audited = name === 'with'
        const job = await wholeJobs(Math.round(count / 2), audited, pool)
        whole[name].push(job.wall)
        wholeCpu[name].push(job.cpu)
        const bare = await cycles(count, 1, audited)
        alone[name].push(bare.wall)
        commits[name].push(...bare.commits)
        calls.push(...bare.calls)
        if (audited) entries = bare.entries
        grouped[name].push((await cycles(count * 4, 64, audited)).cpu)
      }
    }
    await pool.close()
    const cost = 1 - middle(whole.without) / middle(whole.with)
    const perEntry = (middle(alone.with) - middle(alone.without)) / entries
    /** Of commits, of which a cycle has two. */
    const late = (side: number[]): number => percentile(side, 0.95)
    const latePerEntry = (late(commits.with) - late(commits.without)) / (entries / 2)
    const pair = (side: ReturnType<typeof sides>): string =>
      `${middle(side.with).toFixed(3)} / ${middle(side.without).toFixed(3)}`
    return {
      trials: rounds,
      // A quick pass shows that it runs; its figures are too few to judge.
      failures: !options.quick && (cost >= LIMIT || perEntry >= 1 || latePerEntry >= 1) ? 1 : 0,
      control: {
        expected: 'the side without the log records nothing, the other an entry for each change',
        seen: `${entries} entries a cycle with the log`,
        ok: entries >= 2,
      },
      figures: {
        'cost of job throughput': `${(cost * 100).toFixed(1)} %`,
        'ms a job, with / without': pair(whole),
        'CPU ms a job, with / without': pair(wholeCpu),
        'ms a bare cycle of one client, with / without': pair(alone),
        'ms an entry, bare cycle of one client: difference of medians': perEntry.toFixed(3),
        'ms an entry: difference of the p95 of commits (< 1 asserted)': latePerEntry.toFixed(3),
        'ms in which an entry is made, p50 / p95 / p99': [0.5, 0.95, 0.99]
          .map((share) => percentile(calls, share).toFixed(3))
          .join(' / '),
        'ms a commit of one client, p95 with / without': `${late(commits.with).toFixed(3)} / ${late(commits.without).toFixed(3)}`,
        'CPU ms a bare cycle, 64 clients grouped, with / without': pair(grouped),
      },
    }
  },
}
