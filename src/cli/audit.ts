// `sisrua audit verify`: asks a running daemon to check the whole audit log, and says so with the exit code.
import type { Command } from 'commander'
import { EXIT } from '../base/exit-codes.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'

interface Report {
  total: number
  valid: number
  invalid: number
  integrity: number
}

export function registerAudit(program: Command, context: CliContext): void {
  const audit = program.command('audit').description('the tamper-evident log of a running daemon')
  addDaemonOptions(
    audit
      .command('verify')
      .description('checks every entry and the chain; exit code 12 when something was changed')
      .action((options: DaemonOptions) => verify(options, context)),
  )
}

async function verify(options: DaemonOptions, context: CliContext): Promise<void> {
  const { terminal } = context
  const client = await openDaemonClient(options, context)
  const report = (await client.call('POST', '/api/audit/verify-all')) as Report
  await terminal.result(
    terminal.json
      ? `${JSON.stringify(report)}\n`
      : `${report.valid} / ${report.total} (${report.integrity})\n`,
  )
  if (report.invalid > 0 || report.integrity < 1) process.exitCode = EXIT.tampered
}
