// Figures for whoever watches the program, in the text form that Prometheus reads. Nothing is sent anywhere.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Audit } from '../audit/audit.ts'
import { VERSION } from '../base/version.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Activity } from './activity.ts'

export interface Metrics {
  /** Counts a request that the gate refused. */
  refused(code: string): void
  /** The exposition text. */
  text(): string
  close(): void
}

type Sample = [labels: Record<string, string>, value: number]

export function createMetrics(deps: {
  jobs: Jobs
  audit: Audit
  activity: Activity
  sockets: () => number
  /** Sockets that were closed because they did not read. */
  slowSockets: () => number
  freeBytes: () => number
  walBytes: () => number
  /** Threads that did not end. */
  writtenOff: () => number
  /** Of webhooks: messages that wait, attempts that are in the log (30 days) and those of them that failed. */
  webhooks: () => { waiting: number; disabled: number; attempts: number; failedAttempts: number }
  /** Entries that the newest checkpoint covers and when it was signed, which is when it was anchored; null = none yet. */
  checkpoint: () => { size: number; signedAt: number } | null
  now: () => number
}): Metrics {
  const refusals = new Map<string, number>()
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const begun = performance.now()
  return {
    refused: (code) => void refusals.set(code, (refusals.get(code) ?? 0) + 1),
    close: () => void delay.disable(),
    text() {
      const { byState, byKind, oldestWaitMs, leaseLosses } = deps.jobs.stats()
      const { activity } = deps
      const hooks = deps.webhooks()
      const signed = deps.checkpoint()
      const one = (name: string, type: 'counter' | 'gauge', help: string, value: number): string =>
        family(name, type, help, [[{}, value]])
      const timed = (name: string, help: string, tally: { count: number; milliseconds: number }) =>
        one(`${name}_seconds_sum`, 'counter', help, tally.milliseconds / 1000) +
        one(`${name}_seconds_count`, 'counter', help, tally.count)
      const counts = (label: string, map: Iterable<[string, number]>): Sample[] =>
        Array.from(map, ([name, count]) => [{ [label]: name }, count])
      const quantile = (share: number): Sample => [
        { quantile: String(share) },
        delay.percentile(share * 100) / 1e9,
      ]
      const text = [
        family('sisrua_info', 'gauge', 'Version.', [[{ version: VERSION }, 1]]),
        family('sisrua_uptime_seconds', 'counter', 'Since start.', [
          [{}, (performance.now() - begun) / 1000],
        ]),
        family('sisrua_jobs', 'gauge', 'Jobs by state.', counts('state', Object.entries(byState))),
        family(
          'sisrua_jobs_by_kind',
          'gauge',
          'Jobs by kind.',
          counts('kind', Object.entries(byKind)),
        ),
        family('sisrua_queue_oldest_wait_seconds', 'gauge', 'Wait of the oldest waiting job.', [
          [{}, oldestWaitMs / 1000],
        ]),
        family('sisrua_event_loop_delay_seconds', 'gauge', 'Delay since the last look.', [
          quantile(0.5),
          quantile(0.99),
          quantile(1),
        ]),
        family(
          'sisrua_gate_refusals_total',
          'counter',
          'Refused requests by reason.',
          counts('code', refusals),
        ),
        family(
          'sisrua_job_events_total',
          'counter',
          'Changes of jobs since the start; job.requeued are retries.',
          counts('type', activity.events),
        ),
        timed('sisrua_job_wait', 'From being taken to the first start.', activity.wait),
        timed('sisrua_job_run', 'From a start to the end of the attempt.', activity.run),
        timed('sisrua_commit', 'Commits of the store, flush included.', activity.commits),
        one('sisrua_lease_losses_total', 'counter', 'Work that stood still.', leaseLosses),
        one('sisrua_threads_written_off', 'gauge', 'Did not end.', deps.writtenOff()),
        one('sisrua_wal_bytes', 'gauge', 'Write-ahead log.', deps.walBytes()),
        one('sisrua_webhook_waiting', 'gauge', 'Messages on their way.', hooks.waiting),
        one('sisrua_webhook_disabled', 'gauge', 'Endpoints switched off.', hooks.disabled),
        one('sisrua_webhook_attempts', 'gauge', 'In the log of 30 days.', hooks.attempts),
        one('sisrua_webhook_failed_attempts', 'gauge', 'Of these.', hooks.failedAttempts),
        one(
          'sisrua_audit_unsigned_entries',
          'gauge',
          'Not covered by a checkpoint yet.',
          deps.audit.head().size - (signed?.size ?? 0),
        ),
        family(
          'sisrua_audit_anchor_age_seconds',
          'gauge',
          'Since the newest checkpoint was written outside of the database.',
          signed === null ? [] : [[{}, Math.max(0, deps.now() - signed.signedAt) / 1000]],
        ),
        one('sisrua_websocket_dropped_total', 'counter', 'Too slow.', deps.slowSockets()),
        family('sisrua_websocket_clients', 'gauge', 'Open WebSockets.', [[{}, deps.sockets()]]),
        family('sisrua_audit_entries', 'gauge', 'Entries of the audit log.', [
          [{}, deps.audit.head().size],
        ]),
        family('sisrua_disk_free_bytes', 'gauge', 'Room in the data folder.', [
          [{}, deps.freeBytes()],
        ]),
        family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [
          [{}, process.memoryUsage.rss()],
        ]),
      ].join('')
      delay.reset()
      return text
    },
  }
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const inside = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`)
    // An idle loop has no delays yet.
    const figure = Number.isFinite(value) ? value : 0
    return `${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${figure}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
