// The daemon as a process: start-up line, ready line, parent watch, signals, exit code.
import type { Readable, Writable } from 'node:stream'
import { readBootstrapLine } from '../base/bootstrap.ts'
import { startProblem } from '../base/disk-trouble.ts'
import { EXIT, exitCodeFor } from '../base/exit-codes.ts'
import { leaveNow } from '../base/leave.ts'
import { createLog } from '../base/log.ts'
import { watchInput, watchProcess } from '../base/parent.ts'
import type { Config } from '../config.ts'
import { createDaemon, type Daemon } from '../daemon.ts'
import { describeProblem } from './problem.ts'

interface ProcessStreams {
  stdin: Readable
  stdout: Writable
  stderr: Writable
}

const BOOTSTRAP_MS = 5_000
/** How long something that was left open may keep the process, once everything is stored. */
const LINGER_MS = 1_000

/** Runs the daemon as a process: start-up line, ready line, parent watch, signals. Answers the exit code. */
export async function runDaemon(
  config: Config,
  streams: ProcessStreams = process,
): Promise<number> {
  const { stdin, stdout, stderr } = streams
  let settings = config
  let auditKey: string | null = null
  if (config.bootstrapStdin) {
    try {
      const bootstrap = await readBootstrapLine(stdin, BOOTSTRAP_MS)
      settings = Object.freeze({ ...config, authToken: bootstrap.token })
      auditKey = bootstrap.auditKey
    } catch (error) {
      stderr.write(`sisrua: ${(error as Error).message}\n`)
      // An open standard input would keep the process alive.
      stdin.destroy()
      return EXIT.badBootstrap
    }
  }
  let daemon: Daemon
  try {
    daemon = await createDaemon(settings, { auditKey })
  } catch (error) {
    const problem = startProblem(error)
    const { code } = problem
    // Nothing is written to such a drive, not even this.
    if (code !== 'STORE_ON_NETWORK') noteFailedStart(settings, error)
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    stdout.write(
      `${JSON.stringify({ v: 1, ready: false, reason: inUse ? 'port_in_use' : code.toLowerCase() })}\n`,
    )
    const told = describeProblem(problem, settings.language, false).line
    stderr.write(`${inUse ? portInUse(settings) : told}\n`)
    return exitCodeFor(code)
  }
  stdout.write(`${JSON.stringify(daemon.ready)}\n`)
  const stopFor = (reason: string) => (): void => void daemon.stop(reason)
  const onSignal = stopFor('signal')
  // For good: a signal that comes while the process ends must not take the place of its exit code.
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const unwatch = [
    config.bootstrapStdin ? watchInput(stdin, stopFor('parent closed standard input')) : () => {},
    config.parentPid === null
      ? () => {}
      : watchProcess(config.parentPid, stopFor('parent is gone')),
  ]
  const code = await daemon.stopped
  if (config.bootstrapStdin) stdin.destroy()
  for (const end of unwatch) end()
  // Everything is stored and closed. Node would wait for the thread, and the parent for us.
  if (daemon.hasHungThread()) leaveNow(code)
  // Nor is anything else that is still open worth waiting for; what is not open needs no such timer.
  setTimeout(() => process.exit(code), LINGER_MS).unref()
  return code
}

const portInUse = ({ language, port }: Config): string =>
  language === 'en'
    ? `sisrua: port ${port} is in use; choose another with --port`
    : `sisrua: a porta ${port} está em uso; escolha outra com --port`

/** The cause belongs into the log, not on the screen; a folder that cannot be written must not hide it. */
function noteFailedStart(config: Config, error: unknown): void {
  try {
    const log = createLog(config.folders.logs, config.logLevel)
    log.error('The program did not start.', { error })
    log.close()
  } catch {
    // The reason on standard error is all that is left.
  }
}
