// The program with one protection of its queue taken away, at a time: each must be noticed when the model is played beside it
// (experiment C1). A family of commands or invariants that no fault here stands for would be tested by nothing.
import { systemIds } from '../../src/base/ids.ts'
import type { Store } from '../../src/store/store.ts'
import { policy } from './job-model.ts'
import type { Fault } from './job-play.ts'

type Rows = Store['jobs']

/** A store whose jobs behave otherwise. */
const rows =
  (
    change: (jobs: Rows, now: () => number, starts: number) => Partial<Rows>,
  ): NonNullable<Fault['store']> =>
  (store, clock, starts) => ({
    ...store,
    jobs: { ...store.jobs, ...change(store.jobs, clock.now, starts) },
  })

const currentLease = (jobs: Rows, id: string): string => jobs.byId(id)?.leaseToken ?? ''

export const FAULTS: Readonly<Record<string, Fault>> = {
  'one crash more than allowed': { policy: { ...policy, maxCrashes: policy.maxCrashes + 1 } },
  'one attempt more than allowed': {
    policy: { ...policy, maxAttempts: { ...policy.maxAttempts, osm: policy.maxAttempts.osm + 1 } },
  },
  'a completion without its fence': {
    store: rows((jobs) => ({
      succeed: (change) => jobs.succeed({ ...change, leaseToken: currentLease(jobs, change.id) }),
    })),
  },
  'a heartbeat that revives a lease which ran out': {
    store: rows((jobs) => ({
      heartbeat: (change) =>
        jobs.heartbeat({ ...change, leaseToken: currentLease(jobs, change.id) }),
    })),
  },
  'a heartbeat that renews nothing': {
    store: rows((jobs) => ({
      heartbeat: ({ id, leaseToken }) => currentLease(jobs, id) === leaseToken,
    })),
  },
  'a look that takes leases which still last': {
    store: rows((jobs) => ({ leasedBefore: () => jobs.leasedBefore(Number.MAX_SAFE_INTEGER) })),
  },
  'a look that misses leases which ran out': {
    store: rows((jobs, now) => ({
      leasedBefore: (time) => (time > now() ? jobs.leasedBefore(time) : []),
    })),
  },
  'the same lease for every attempt': { ids: { ...systemIds, secret: () => 'always-the-same' } },
  'keys that nobody holds': { store: rows(() => ({ byKey: () => undefined })) },
  'keys that are forgotten at a restart': {
    store: rows((_jobs, _now, starts) => (starts === 0 ? {} : { byKey: () => undefined })),
  },
  'a crash that takes what only the write-ahead log holds': { files: ['sisrua.db'] },
  'a retry that does not say of what': {
    store: rows((jobs) => ({ insert: (job) => jobs.insert({ ...job, retryOf: null }) })),
  },
  'a clock that was set back makes old results fresh': {
    store: rows((jobs, now) => ({
      byKey(key, repair) {
        const row = jobs.byKey(key, repair)
        if (row === undefined || row.finishedAt === null) return row
        return { ...row, finishedAt: Math.min(row.finishedAt, now()) }
      },
    })),
  },
  'a clock that was set back keeps retries waiting': {
    store: rows((jobs) => ({
      claim(change) {
        const all = { state: 'retry_wait', kind: null, before: null, limit: 1 }
        const [waiting] = jobs.list(all)
        return waiting !== undefined && waiting.runAfter > change.now
          ? undefined
          : jobs.claim(change)
      },
    })),
  },
  'a job that changes after its end': {
    store: rows((jobs, now) => ({
      list: (filter) =>
        jobs
          .list(filter)
          .map((row) => (row.finishedAt === null ? row : { ...row, updatedAt: now() })),
    })),
  },
  'a cancelled job that waits again': {
    store: rows((jobs) => ({
      list: (filter) =>
        jobs
          .list(filter)
          .map((row) => (row.state === 'cancelling' ? { ...row, state: 'queued' } : row)),
    })),
  },
  'an audit log that misses a kind of change': {
    trail: (trail) => ({
      ...trail,
      audit: (change) => (change.eventType === 'job.requeued' ? 0 : trail.audit(change)),
    }),
  },
  'events that are not told': {
    store: rows((jobs) => ({
      addEvent: (event) => (event.type === 'job.progress' ? 0 : jobs.addEvent(event)),
    })),
  },
}
