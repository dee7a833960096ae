// `sisrua config`: every setting with its value and where the value came from; secrets are never shown.
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { SETTINGS, type SettingName } from '../config.ts'
import type { CliContext } from './context.ts'

export function registerConfig(program: Command, context: CliContext): void {
  const command = program.command('config').description('settings: list, get, path')
  command
    .command('list', { isDefault: true })
    .option('--json', 'one JSON document')
    .description('all settings with their origin')
    .action(() => list(context))
  command
    .command('get')
    .argument('<name>', 'name of a setting')
    .option('--json', 'one JSON document')
    .description('one setting')
    .action((name: string) => get(name, context))
  command
    .command('path')
    .option('--json', 'one JSON document')
    .description('the folders in use')
    .action(async () => {
      const { folders } = context.config
      await show(
        context,
        folders,
        Object.entries(folders).map(([name, at]) => `${name}\t${at}`),
      )
    })
}

const NAMES = (Object.keys(SETTINGS) as SettingName[]).sort()

async function list(context: CliContext): Promise<void> {
  const rows = NAMES.map((name) => ({ name, ...describe(name, context) }))
  const document = Object.fromEntries(rows.map(({ name, ...rest }) => [name, rest]))
  const lines = rows.map(({ name, value, origin }) => `${name}\t${text(value)}\t(${origin})`)
  await show(context, document, lines)
}

async function get(name: string, context: CliContext): Promise<void> {
  if (!(name in SETTINGS)) {
    throw new AppError('NOT_FOUND', `There is no setting called ${name}; see sisrua config list.`)
  }
  const found = describe(name as SettingName, context)
  await show(context, found, [text(found.value)])
}

function describe(name: SettingName, { config }: CliContext) {
  const { env, flag, secret, sentence } = SETTINGS[name]
  const value: unknown = config[name]
  return {
    env,
    flag,
    meaning: sentence,
    origin: config.origins[name],
    value: secret && value !== null ? '(secret)' : value,
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

async function show(
  { terminal }: CliContext,
  document: unknown,
  lines: readonly string[],
): Promise<void> {
  await terminal.result(terminal.json ? `${JSON.stringify(document)}\n` : `${lines.join('\n')}\n`)
}
