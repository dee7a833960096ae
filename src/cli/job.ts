// `sisrua job`: looks at the jobs of a running daemon and their logs, follows one, cancels one, starts one again.
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { EXIT } from '../base/exit-codes.ts'
import { wait } from '../base/retry.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'

/** What a job looks like on the wire, as far as this command reads it. */
interface WireJob {
  job_id: string
  kind: string
  status: string
  progress: number
  message: string
  error: string | null
  created_at: number
  result: unknown
}

const POLL_MS = 500

export function registerJob(program: Command, context: CliContext): void {
  const job = program.command('job').description('jobs of a running daemon')
  const commands = [
    job
      .command('list')
      .option('--state <state>', 'only these, e.g. dead for those that were given up')
      .option('--all', 'all that are kept; without it the newest hundred')
      .description('newest first')
      .action((options: ListOptions) => list(options, context)),
    job
      .command('show')
      .argument('<id>', 'job id')
      .description('one job without its result')
      .action((id: string, options: DaemonOptions) => show(id, options, context)),
    job
      .command('watch')
      .argument('<id>', 'job id')
      .option('--ndjson', 'one JSON document a line')
      .description('follows a job until it ends')
      .action((id: string, options: WatchOptions) => watch(id, options, context)),
    job
      .command('logs')
      .argument('<id>', 'job id')
      .description('the lines that its attempts left behind, oldest first')
      .action((id: string, options: DaemonOptions) => logs(id, options, context)),
    job
      .command('cancel')
      .argument('<id>', 'job id')
      .description('stops a job')
      .action((id: string, options: DaemonOptions) => cancel(id, options, context)),
    job
      .command('retry')
      .argument('<id>', 'job id')
      .description('a new job with the payload of one that failed, was cancelled or given up')
      .action((id: string, options: DaemonOptions) => retry(id, options, context)),
  ]
  for (const command of commands) addDaemonOptions(command)
}

const place = (id: string): string => `/api/v1/jobs/${encodeURIComponent(id)}`

interface ListOptions extends DaemonOptions {
  state?: string
  all?: true
}

interface WirePage {
  count: number
  jobs: WireJob[]
  next: string | null
}

async function list(options: ListOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const query = new URLSearchParams(options.state === undefined ? {} : { state: options.state })
  if (options.all) query.set('limit', '1000')
  const page = async () => (await client.call('GET', `/api/v1/jobs?${query}`)) as WirePage
  let { jobs, next } = await page()
  while (options.all && next) {
    query.set('cursor', next)
    const more = await page()
    jobs = [...jobs, ...more.jobs]
    next = more.next
  }
  await print(context, { count: jobs.length, jobs, next }, jobs.map(line))
}

async function show(id: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const { result, ...job } = (await client.call('GET', place(id))) as WireJob
  await print(context, job, [line({ ...job, result })])
}

interface WatchOptions extends DaemonOptions {
  ndjson?: true
}

async function watch(id: string, options: WatchOptions, context: CliContext): Promise<void> {
  const { terminal } = context
  const client = await openDaemonClient(options, context)
  for (let last = ''; ; await wait(POLL_MS, terminal.signal)) {
    const { result: _, ...job } = (await client.call('GET', place(id))) as WireJob
    const ended = job.status === 'completed' || job.status === 'failed'
    const now = `${job.status} ${job.progress} ${job.message}`
    if (options.ndjson && (now !== last || ended)) {
      const type = ended ? 'result' : 'progress'
      await terminal.result(`${JSON.stringify({ ...job, type })}\n`)
    } else terminal.progress(job.message, job.progress)
    last = now
    if (!ended) continue
    terminal.clearProgress()
    if (!options.ndjson) await print(context, job, [line({ ...job, result: null })])
    if (job.status === 'failed') {
      process.exitCode = job.error === 'CANCELLED' ? EXIT.cancelled : EXIT.failed
    }
    return
  }
}

interface WireLine {
  n: number
  at: number
  level: string
  line: string
}

/** All of them, page by page: an answer holds as many as the server gives at once. */
async function logs(id: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const lines: WireLine[] = []
  for (;;) {
    const after = lines.at(-1)?.n ?? 0
    const page = (await client.call('GET', `${place(id)}/logs?after=${after}`)) as {
      lines: WireLine[]
    }
    if (page.lines.length === 0) break
    lines.push(...page.lines)
  }
  const texts = lines.map(
    ({ at, level, line: text }) => `${new Date(at * 1_000).toISOString()}\t${level}\t${text}`,
  )
  await print(context, { job_id: id, lines }, texts)
}

async function cancel(id: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const answer = await client.call('DELETE', place(id))
  await print(context, answer, [id])
}

async function retry(id: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const job = (await client.call('POST', `${place(id)}/retry`)) as WireJob
  await print(context, job, [job.job_id])
}

function line({ job_id, kind, status, progress, error, created_at }: WireJob): string {
  const created = new Date(created_at * 1_000).toISOString()
  return [job_id, kind, status, `${Math.round(progress * 100)} %`, created, error ?? ''].join('\t')
}

async function print({ terminal }: CliContext, document: unknown, lines: string[]): Promise<void> {
  if (document === null || typeof document !== 'object') {
    throw new AppError('UPSTREAM_UNAVAILABLE', 'The daemon sent an answer that is not understood.')
  }
  await terminal.result(
    terminal.json ? `${JSON.stringify(document)}\n` : lines.map((text) => `${text}\n`).join(''),
  )
}
