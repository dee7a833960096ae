// `sisrua serve`, and `sisrua` alone: runs the daemon. Its flags are those of the settings table.
import { type Command, Option } from 'commander'
import { SETTINGS, type SettingName } from '../config.ts'
import type { CliContext } from './context.ts'

/** Set for every command, so they are not declared again. */
const GLOBAL: readonly SettingName[] = ['language', 'dataDir', 'configFile']

/** `onWord` hears the first word that is no flag: without a command the arguments come here. */
export function registerServe(
  program: Command,
  context: CliContext,
  onWord: (word: string) => never,
): void {
  const serve = program
    .command('serve', { isDefault: true })
    .argument('[words...]')
    .usage('[options]')
    .description('run the local server; what the plugin starts')
    .addHelpText('before', 'Example: sisrua --host 127.0.0.1 --port 5050 --log-level warning\n')
  const flagOf = new Map<string, SettingName>()
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const { flag, sentence, fallback } = SETTINGS[name]
    if (flag === null || GLOBAL.includes(name)) continue
    const option = new Option(fallback === false ? flag : `${flag} <value>`, sentence)
    flagOf.set(option.attributeName(), name)
    serve.addOption(option)
  }
  serve.action(async (words: string[], options: Record<string, unknown>) => {
    if (words[0] !== undefined) onWord(words[0])
    const flags = Object.fromEntries(
      Object.entries(options).map(([attribute, value]) => [flagOf.get(attribute)!, value]),
    )
    // Loaded here, so that no other command pays for it.
    const { runDaemon } = await import('./run-daemon.ts')
    process.exitCode = await runDaemon(context.configWith(flags))
  })
}
