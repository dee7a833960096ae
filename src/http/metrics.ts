// Figures for whoever watches the program, in the text form that Prometheus reads. Nothing is sent anywhere.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Audit } from '../audit/audit.ts'
import { VERSION } from '../base/version.ts'
import type { Jobs } from '../jobs/jobs.ts'

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
  sockets: () => number
  freeBytes: () => number
}): Metrics {
  const refusals = new Map<string, number>()
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const begun = performance.now()
  return {
    refused: (code) => void refusals.set(code, (refusals.get(code) ?? 0) + 1),
    close: () => void delay.disable(),
    text() {
      const { byState, byKind, oldestWaitMs } = deps.jobs.stats()
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
