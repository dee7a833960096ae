// What jobs and the store did since the start, counted as it happens, for the figures of metrics.ts. In memory only.
import type { Events, JobEvent } from '../base/events.ts'

interface Tally {
  count: number
  milliseconds: number
}

export interface Activity {
  /** How often each kind of change of a job happened: `job.requeued` are the retries. */
  events: ReadonlyMap<JobEvent['type'], number>
  /** From being taken to its first start. */
  wait: Readonly<Tally>
  /** From a start to the end of that attempt. */
  run: Readonly<Tally>
  commits: Readonly<Tally>
  committed(milliseconds: number): void
}

/** Jobs whose moments are remembered; more live ones than this are counted, but not timed. */
const MOST_TIMED = 10_000

export function createActivity(events: Events): Activity {
  const counts = new Map<JobEvent['type'], number>()
  const taken = new Map<string, number>()
  const started = new Map<string, number>()
  const wait = { count: 0, milliseconds: 0 }
  const run = { count: 0, milliseconds: 0 }
  const commits = { count: 0, milliseconds: 0 }

  /** Adds the time since the remembered moment, once. */
  function add(tally: Tally, moments: Map<string, number>, { jobId, at }: JobEvent): void {
    const since = moments.get(jobId)
    if (since === undefined) return
    moments.delete(jobId)
    tally.count++
    // The clock may have been set back meanwhile.
    tally.milliseconds += Math.max(0, at - since)
  }

  events.on('job.event', (event) => {
    if (event.type === 'job.progress') return
    counts.set(event.type, (counts.get(event.type) ?? 0) + 1)
    if (event.type === 'job.created') {
      if (taken.size < MOST_TIMED) taken.set(event.jobId, event.at)
    } else if (event.type === 'job.started') {
      add(wait, taken, event)
      if (started.size < MOST_TIMED) started.set(event.jobId, event.at)
    } else {
      taken.delete(event.jobId)
      add(run, started, event)
    }
  })

  return {
    events: counts,
    wait,
    run,
    commits,
    committed(milliseconds) {
      commits.count++
      commits.milliseconds += milliseconds
    },
  }
}
