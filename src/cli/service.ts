// `sisrua service`: services of a running daemon: look, publish a draft, activate a version, run one.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { isoOf, notUnderstood, print, shown } from './answers.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'

/** A service and a version on the wire, as far as these commands read them. */
interface WireService {
  service_id: string
  name: string
  active: string | null
  created_at: number
}

interface WireVersion {
  semver: string
  state: string
  kind: string
  sha256: string
}

const ROOT = '/api/v1/services'
const place = (id: string, rest = ''): string => `${ROOT}/${encodeURIComponent(id)}${rest}`

const collect = (value: string, before: string[]): string[] => [...before, value]

export function registerService(program: Command, context: CliContext): void {
  const service = program
    .command('service')
    .description('services of a running daemon: parameters that an office fixes once')
    .addHelpText(
      'before',
      'Examples:\n  sisrua service list\n  sisrua service activate 0198b2 1.2.0\n  sisrua service run 0198b2 --input latitude=-21.7634 --input longitude=-41.3235\n',
    )
  const step = (name: 'publish' | 'activate', description: string): Command =>
    service
      .command(name)
      .argument('<id>', 'service id')
      .argument('<version>', 'e.g. 1.0.0')
      .description(description)
      .action((id: string, semver: string, options: DaemonOptions) =>
        take(name, id, semver, options, context),
      )
  const commands = [
    service
      .command('list')
      .description('by name, with the version that runs use')
      .action((options: DaemonOptions) => list(options, context)),
    step('publish', 'freezes a draft; it never changes again'),
    step('activate', 'lets runs use a published version; the one before is retired'),
    service
      .command('run')
      .argument('<id>', 'service id')
      .option('--version-number <version>', 'a published version; the active one without it')
      .option('--input <name=value>', 'what the version leaves open; may be repeated', collect, [])
      .option('--document <file>', 'GeoJSON, where the kind of job takes one')
      .description('begins a job; see sisrua job watch')
      .action((id: string, options: RunOptions) => run(id, options, context)),
  ]
  for (const command of commands) addDaemonOptions(command)
}

async function list(options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const services: WireService[] = []
  for (let next: string | null = ''; next !== null; ) {
    const query: string = `?limit=1000&cursor=${encodeURIComponent(next)}`
    const page = (await client.call('GET', `${ROOT}${query}`)) as {
      services?: WireService[]
      next?: string | null
    }
    services.push(...(page.services ?? notUnderstood()))
    next = page.next ?? null
  }
  const lines = services.map(({ service_id, name, active, created_at }) =>
    [service_id, shown(name), active ?? '', isoOf(created_at)].join('\t'),
  )
  await print(context, { count: services.length, services }, lines)
}

async function take(
  step: 'publish' | 'activate',
  id: string,
  semver: string,
  options: DaemonOptions,
  context: CliContext,
): Promise<void> {
  const client = await openDaemonClient(options, context)
  const where = place(id, `/versions/${encodeURIComponent(semver)}/${step}`)
  const version = (await client.call('POST', where, {})) as WireVersion
  const { state, kind, sha256 } = version
  await print(context, version, [[version.semver, state, kind, sha256].join('\t')])
}

interface RunOptions extends DaemonOptions {
  versionNumber?: string
  input: string[]
  document?: string
}

async function run(id: string, options: RunOptions, context: CliContext): Promise<void> {
  const inputs = Object.fromEntries(options.input.map(inputOf))
  if (options.document !== undefined) inputs.geojson = await readDocument(options.document)
  const client = await openDaemonClient(options, context)
  const { versionNumber } = options
  const semver = versionNumber === undefined ? {} : { semver: versionNumber }
  const begun = (await client.call('POST', place(id, '/runs'), { inputs, ...semver })) as {
    job_id?: string
    status: string
    semver: string
  }
  const jobId = begun.job_id ?? notUnderstood()
  await print(context, begun, [[jobId, begun.status, begun.semver].join('\t')])
}

/** The value as JSON where it is some (`500`, `true`, `["streets"]`), else as text. */
function inputOf(pair: string): [string, unknown] {
  const at = pair.indexOf('=')
  if (at < 1) {
    throw new AppError('PARAMS_INVALID', '--input takes name=value, e.g. --input radius=500.')
  }
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
  try {
    return [name, JSON.parse(value)]
  } catch {
    return [name, value]
  }
}

async function readDocument(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new AppError('FILE_UNREADABLE', `The file ${file} cannot be read.`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new AppError('GEOJSON_INVALID', `The file ${file} is not JSON.`)
  }
}
