// What every command is handed: the settings, and the person's side.
import type { Config, ConfigSources } from '../config.ts'
import type { Terminal } from './terminal.ts'

export interface CliContext {
  /** Settings without a command's own flags. */
  config: Config
  /** The same with the flags of a command laid over them. */
  configWith(flags: NonNullable<ConfigSources['flags']>): Config
  terminal: Terminal
}
