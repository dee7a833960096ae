// `sisrua project`: projects of a running daemon: look, export, take over from the plugin, merge a second import.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { isoOf, notUnderstood, print, shown } from './answers.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'
import { cliText } from './texts.ts'
import { writeFiles } from './write-file.ts'

/** A project on the wire, as far as these commands read it. */
interface WireProject {
  project_id: string
  project_name: string
  crs_out: string | null
  version: number
  updated_at: number
  feature_count: number
}

interface WireVersion {
  version: number
  at: number
  by: string
  change: string
  feature_count: number
}

interface WireReport {
  imported: {
    project_id: string
    project_name: string
    feature_count: number
    unreadable: number
  }[]
  known: { project_id: string; changed: boolean }[]
}

const OUTCOMES = ['added', 'changed', 'removed', 'untouched', 'edited'] as const

interface WireChanges {
  project: WireProject
  applied: boolean
  counts: Record<(typeof OUTCOMES)[number], number>
  changes: { id: string; outcome: (typeof OUTCOMES)[number]; source?: string }[]
}

const ROOT = '/api/v1/projects'
const place = (id: string, rest = ''): string => `${ROOT}/${encodeURIComponent(id)}${rest}`

export function registerProject(program: Command, context: CliContext): void {
  const project = program
    .command('project')
    .description('projects of a running daemon')
    .addHelpText(
      'before',
      'Examples:\n  sisrua project list\n  sisrua project import C:\\Users\\ana\\AppData\\Local\\sisRUA\\projects.db\n  sisrua project reimport centro --job 0198b2 --apply\n',
    )
  const commands = [
    project
      .command('list')
      .option('--all', 'all of them; without it the thousand that were changed last')
      .description('newest change first')
      .action((options: ListOptions) => list(options, context)),
    project
      .command('show')
      .argument('<id>', 'project id')
      .description('one project without its features')
      .action((id: string, options: DaemonOptions) => show(id, options, context)),
    project
      .command('history')
      .argument('<id>', 'project id')
      .description('every version: when, by whom, what')
      .action((id: string, options: DaemonOptions) => history(id, options, context)),
    project
      .command('export')
      .argument('<id>', 'project id')
      .option('-o, --output <file>', 'file to write; standard output without it')
      .description('all features as JSON, as `project reimport --features` reads them')
      .addHelpText('before', 'Example: sisrua project export centro -o centro.json\n')
      .action((id: string, options: ExportOptions) => exportProject(id, options, context)),
    project
      .command('import')
      .argument('[file]', "the plugin's projects.db; without it the one in the data folder")
      .description('takes projects over from the AutoCAD plugin; the file is only read')
      .addHelpText('before', 'Example: sisrua project import ./projects.db\n')
      .action((file: string | undefined, options: DaemonOptions) => take(file, options, context)),
    project
      .command('reimport')
      .argument('<id>', 'project id')
      .option('--job <id>', 'finished job whose result is the new state of the source')
      .option('--features <file>', 'or a JSON file with the list `features`, e.g. a job result')
      .option('--seen <version>', 'only when the project still has this version', Number)
      .option('--apply', 'store it; without it only a preview')
      .description('merges a second import of the same area; what you edited stays')
      .addHelpText('before', 'Example: sisrua project reimport centro --job 0198b2 --apply\n')
      .action((id: string, options: ReimportOptions) => reimport(id, options, context)),
  ]
  for (const command of commands) addDaemonOptions(command)
}

interface ListOptions extends DaemonOptions {
  all?: true
}

interface WirePage {
  projects?: WireProject[]
  next?: string | null
}

async function list(options: ListOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const page = async (query: string) => {
    const answer = (await client.call('GET', `${ROOT}?limit=1000${query}`)) as WirePage
    return { ...answer, projects: answer.projects ?? notUnderstood() }
  }
  if (!options.all) {
    const answer = await page('')
    return print(context, answer, answer.projects.map(line))
  }
  // Pages go by the order of creation, in which no change of another moves a project.
  let { projects, next } = await page('&order=created')
  while (next) {
    const more = await page(`&cursor=${next}`)
    projects = [...projects, ...more.projects]
    next = more.next
  }
  projects.sort((a, b) => b.updated_at - a.updated_at || (a.project_id < b.project_id ? -1 : 1))
  await print(context, { count: projects.length, projects, next: null }, projects.map(line))
}

async function show(id: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const project = (await client.call('GET', place(id))) as WireProject
  await print(context, project, [line(project)])
}

async function history(id: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const answer = (await client.call('GET', place(id, '/history'))) as { versions?: WireVersion[] }
  const lines = (answer.versions ?? notUnderstood()).map(
    ({ version, at, by, change, feature_count }) =>
      [version, isoOf(at), by, change, feature_count].join('\t'),
  )
  await print(context, answer, lines)
}

interface ExportOptions extends DaemonOptions {
  output?: string
}

async function exportProject(id: string, options: ExportOptions, context: CliContext) {
  const { terminal } = context
  const client = await openDaemonClient(options, context)
  const bytes = await client.fetch(place(id, '/features'))
  if (options.output === undefined) return terminal.result(bytes)
  await writeFiles([{ file: options.output, bytes }], terminal.signal)
  const file = path.resolve(options.output)
  await print(context, { file, bytes: bytes.length }, [file])
}

async function take(file: string | undefined, options: DaemonOptions, context: CliContext) {
  const client = await openDaemonClient(options, context)
  const body = file === undefined ? {} : { path: path.resolve(file) }
  const answer = (await client.call('POST', `${ROOT}/import`, body)) as WireReport
  if (!Array.isArray(answer.imported)) notUnderstood()
  const text = (key: Parameters<typeof cliText>[1]) => cliText(context.terminal.language, key)
  await print(context, answer, [
    ...answer.imported.map(({ project_id, project_name, feature_count, unreadable }) => {
      const lost = unreadable > 0 ? [`${unreadable} ${text('unreadableValues')}`] : []
      return [text('imported'), project_id, shown(project_name), feature_count, ...lost].join('\t')
    }),
    ...answer.known.map(({ project_id, changed }) =>
      [text(changed ? 'knownChanged' : 'known'), project_id].join('\t'),
    ),
  ])
}

interface ReimportOptions extends DaemonOptions {
  job?: string
  features?: string
  seen?: number
  apply?: true
}

async function reimport(id: string, options: ReimportOptions, context: CliContext) {
  const { terminal } = context
  const { job, features, seen, apply = false } = options
  if ((job === undefined) === (features === undefined)) {
    throw new AppError('PARAMS_INVALID', 'Give either --job <id> or --features <file>.')
  }
  if (seen !== undefined && !Number.isSafeInteger(seen)) {
    throw new AppError('PARAMS_INVALID', '--seen takes the number of a version, e.g. --seen 3.')
  }
  const source = job === undefined ? await readFeatures(features!) : { job_id: job }
  const client = await openDaemonClient(options, context)
  const version = seen === undefined ? {} : { version: seen }
  const body = { ...source, ...version, dry_run: !apply }
  const answer = (await client.call('POST', place(id, '/reimport'), body)) as WireChanges
  if (answer.counts === undefined) notUnderstood()
  const name = (key: (typeof OUTCOMES)[number]): string => cliText(terminal.language, key)
  const lines = OUTCOMES.map((outcome) => `${answer.counts[outcome]}\t${name(outcome)}`)
  await print(context, answer, lines)
  if (!answer.applied) terminal.say(cliText(terminal.language, 'previewOnly'))
}

/** The features of an exported project or of a job's result; the version in it is not one that its reader saw. */
async function readFeatures(file: string): Promise<object> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new AppError('FILE_UNREADABLE', `The file ${file} cannot be read.`, { cause })
  })
  try {
    const { features, crs_out } = JSON.parse(text)
    if (Array.isArray(features)) return { features, crs_out }
  } catch {
    // Told below, as for JSON of another shape.
  }
  throw new AppError(
    'REQUEST_INVALID',
    `The file ${file} has no list "features". Name a job's result.`,
  )
}

function line({
  project_id,
  project_name,
  crs_out,
  version,
  updated_at,
  feature_count,
}: WireProject) {
  const when = isoOf(updated_at)
  return [project_id, shown(project_name), crs_out ?? '', version, feature_count, when].join('\t')
}
