// The command line from arguments to exit code. Commands throw; only this file turns that into streams and a number.
import { CommanderError } from 'commander'
import { EXIT } from '../base/exit-codes.ts'
import { hasUnanswered } from '../base/in-time.ts'
import { leaveNow } from '../base/leave.ts'
import { type Config, type ConfigSources, loadConfig } from '../config.ts'
import type { CliContext } from './context.ts'
import { describeProblem } from './problem.ts'
import { createProgram } from './program.ts'
import { createTerminal, interruptSignal } from './terminal.ts'

/** The value of a flag that must be known before the command line is parsed. */
function early(argv: readonly string[], flag: string): string | undefined {
  const at = argv.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  if (at === -1) return undefined
  const [, value] = argv[at]!.split(/=(.*)/s)
  return value ?? argv[at + 1]
}

/** Runs one command as this process, which ends with its exit code. */
export async function runProcess(argv: readonly string[]): Promise<void> {
  const code = await main(argv)
  process.exitCode = code
  // Node would wait for a share that is gone. Windows gives such calls up by itself, and leaving at once loses the code there.
  if (hasUnanswered() && process.platform !== 'win32') leaveNow(code)
}

/** Runs one command and answers the exit code. Never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  const env = { ...process.env }
  // The token must not be there for a child process, a crash report or /proc to show.
  delete process.env.SISRUA_AUTH_TOKEN
  const lang = early(argv, '--lang') ?? env.SISRUA_LANG
  const interrupt = interruptSignal()
  const terminal = createTerminal({
    language: lang === 'en' ? 'en' : 'pt-BR',
    json: argv.includes('--json'),
    quiet: argv.includes('--quiet') || argv.includes('-q'),
    signal: interrupt.signal,
    env,
  })
  try {
    const base: NonNullable<ConfigSources['flags']> = {
      language: early(argv, '--lang'),
      dataDir: early(argv, '--data-dir'),
      configFile: early(argv, '--config'),
    }
    const configWith = (flags: NonNullable<ConfigSources['flags']>): Config =>
      loadConfig({ flags: { ...base, ...flags }, env })
    let config: Config | null = null
    const context: CliContext = {
      terminal,
      configWith,
      get config() {
        config ??= configWith({})
        return config
      },
    }
    await createProgram(context).parseAsync([...argv], { from: 'user' })
    return Number(process.exitCode ?? EXIT.ok)
  } catch (error) {
    terminal.clearProgress()
    if (error instanceof CommanderError) return await usageProblem(error, terminal.json)
    const problem = describeProblem(error, terminal.language, interrupt.signal.aborted)
    process.stderr.write(`${problem.line}\n`)
    if (terminal.json) await terminal.result(`${JSON.stringify(problem.document)}\n`)
    if (env.SISRUA_DEBUG) console.error(error)
    return problem.exitCode
  } finally {
    interrupt.dispose()
  }
}

/** Help and version end well; anything else commander has already told on standard error. */
async function usageProblem(error: CommanderError, json: boolean): Promise<number> {
  if (error.exitCode === 0) return EXIT.ok
  if (json) {
    const detail = error.message.replace(/^error: /, '')
    const document = { code: 'USAGE', detail, exit_code: EXIT.usage, title: 'Wrong command line' }
    process.stdout.write(`${JSON.stringify(document)}\n`)
  }
  return EXIT.usage
}
