// The list of commands.
import { Command } from 'commander'
import { VERSION_LINE } from '../base/version.ts'
import { registerAudit } from './audit.ts'
import { registerCompletion } from './completion.ts'
import { registerConfig } from './config.ts'
import type { CliContext } from './context.ts'
import { registerCrs } from './crs.ts'
import { registerDb } from './db.ts'
import { registerDoctor } from './doctor.ts'
import { registerElevation } from './elevation.ts'
import { registerJob } from './job.ts'
import { registerLayers } from './layers.ts'
import { registerLicenses } from './licenses.ts'
import { nearest } from './nearest.ts'
import { registerPrepare } from './prepare.ts'
import { registerProject } from './project.ts'
import { registerServe } from './serve.ts'
import { registerService } from './service.ts'
import { cliText } from './texts.ts'
import { registerWebhook } from './webhook.ts'

/** The whole program; commander writes help to standard output and complaints to standard error, and never exits. */
export function createProgram(context: CliContext): Command {
  const program = new Command('sisrua')
    .description('OpenStreetMap, GeoJSON and terrain to CAD-ready features in SIRGAS 2000 / UTM')
    .version(VERSION_LINE)
    .option('--lang <language>', 'pt-BR or en')
    .option('--data-dir <folder>', 'folder for database, results, cache and logs')
    .option('--config <file>', 'settings file')
    .option('-q, --quiet', 'nothing on standard error but failures')
    .option('--no-color', 'no colours (there are none when standard error is no terminal)')
    .addHelpText(
      'before',
      'Examples:\n  sisrua prepare osm --lat -21.7634 --lon -41.3235 --radius 500 --dxf\n  sisrua serve --port 0\n  sisrua doctor\n',
    )
    .showSuggestionAfterError(true)
  registerServe(program, context, (word) => unknownCommand(program, context, word))
  registerPrepare(program, context)
  registerElevation(program, context)
  registerCrs(program)
  registerLayers(program, context)
  registerJob(program, context)
  registerProject(program, context)
  registerService(program, context)
  registerAudit(program, context)
  registerWebhook(program, context)
  registerDb(program, context)
  registerConfig(program, context)
  registerDoctor(program, context)
  registerLicenses(program, context)
  registerCompletion(program, context)
  neverExit(program)
  return program
}

/** Without a command word `serve` is meant, so a misspelt word arrives there. */
function unknownCommand(program: Command, { terminal }: CliContext, word: string): never {
  const names = program.commands.map((command) => command.name())
  const near = nearest(word, names)
  const hint = near === null ? '' : ` ${cliText(terminal.language, 'meant')} "${near}"?`
  program.error(`sisrua: ${cliText(terminal.language, 'unknownCommand')} "${word}".${hint}`, {
    exitCode: 2,
  })
}

function neverExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) neverExit(child)
}
