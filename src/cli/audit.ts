// `sisrua audit`: has the log checked (audit-verify.ts); exports, proves, signs, erases.
import path from 'node:path'
import type { Command } from 'commander'
import { bundleFiles } from '../audit/bundle.ts'
import { base64Of } from '../audit/digest.ts'
import { proveInclusion, tlogProofText } from '../audit/proofs.ts'
import { createTree } from '../audit/tree.ts'
import { AppError } from '../base/errors.ts'
import { EXIT } from '../base/exit-codes.ts'
import { readingLog } from './audit-reading.ts'
import { type VerifyOptions, verify } from './audit-verify.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'
import { cliText } from './texts.ts'
import { PiecedFile, writeFiles } from './write-file.ts'

const collect = (value: string, before: string[]): string[] => [...before, value]

export function registerAudit(program: Command, context: CliContext): void {
  const audit = program.command('audit').description('the tamper-evident log')
  addDaemonOptions(
    audit
      .command('verify')
      .option('--bundle <folder>', 'an unpacked export instead of the data folder')
      .option('--vkey <key>', 'verifier key to believe; may be repeated', collect, [])
      .option('--anchor <file>', 'signed note kept elsewhere; may be repeated', collect, [])
      .option('--quick', cliText(context.terminal.language, 'quickOption'))
      .description(
        'checks every entry; exit code 12 tampered, 13 rolled back or cut short, 14 cannot decide',
      )
      .action((options: VerifyOptions) => verify(options, context)),
  )
  audit
    .command('export')
    .requiredOption('-o, --output <folder>', 'folder to write')
    .option('--json', 'one JSON document')
    .description('all a third party needs to check the log, with a verifier in Python')
    .action((options: { output: string }) => exportBundle(options, context))
  audit
    .command('prove')
    .argument('<id>', 'audit id')
    .option('--json', 'one JSON document')
    .description('proof that an entry is in the signed log (tlog-proof)')
    .action((id: string) => prove(id, context))
  addDaemonOptions(
    audit
      .command('checkpoint')
      .description('a running daemon signs where its log stands; prints the note')
      .action((options: DaemonOptions) => checkpoint(options, context)),
  )
  addDaemonOptions(
    audit
      .command('import')
      .argument('[file]', "the original's projects.db; by default the one in the data folder")
      .description(
        'a running daemon takes over the audit log of the original, each row once; exit code 12 when rows were altered or removed',
      )
      .action((file: string | undefined, options: DaemonOptions) =>
        importLegacy(file, options, context),
      ),
  )
  addDaemonOptions(
    audit
      .command('erase')
      .argument('<ids...>', 'audit ids')
      .requiredOption('--reason <text>', 'goes into the log; must not repeat what is erased')
      .description('a running daemon erases the personal data of entries for good')
      .action((ids: string[], options: DaemonOptions & { reason: string }) =>
        erase(ids, options, context),
      ),
  )
}

interface LegacyReport {
  imported: number
  known: number
  valid: number
  invalid: number
  unchecked: number
  missing: number
}

async function importLegacy(
  file: string | undefined,
  options: DaemonOptions,
  context: CliContext,
): Promise<void> {
  const client = await openDaemonClient(options, context)
  const body = file === undefined ? {} : { path: path.resolve(file) }
  const report = (await client.call('POST', '/api/v1/audit/import', body)) as LegacyReport
  const { imported, known, valid, invalid, unchecked, missing } = report
  await context.terminal.result(
    context.terminal.json
      ? `${JSON.stringify(report)}\n`
      : `${imported} taken over (${valid} valid, ${invalid} invalid, ${unchecked} unchecked), ${known} known, ${missing} missing\n`,
  )
  if (invalid + missing > 0) process.exitCode = EXIT.tampered
}

async function exportBundle({ output }: { output: string }, context: CliContext): Promise<void> {
  await readingLog(context, async (log) => {
    let bytes = 0
    const files = bundleFiles(log).map(({ name, chunks }) => {
      const file = path.join(output, name)
      return { file, chunks, bytes: new PiecedFile(file) }
    })
    try {
      for (const one of files) {
        one.bytes.append(Buffer.alloc(0))
        for (const chunk of one.chunks) {
          one.bytes.append(chunk)
          bytes += chunk.length
        }
      }
      await writeFiles(files, context.terminal.signal)
    } catch (error) {
      for (const one of files) one.bytes.discard()
      throw error
    }
    const size = log.auditTree.newestCheckpoint()?.size ?? 0
    await context.terminal.result(
      context.terminal.json
        ? `${JSON.stringify({ bytes, folder: output, size })}\n`
        : `${output}: ${size} entries; check with python3 ${path.join(output, 'verify.py')}\n`,
    )
  })
}

async function prove(id: string, context: CliContext): Promise<void> {
  await readingLog(context, async (log) => {
    const auditId = Number(id)
    const row = Number.isSafeInteger(auditId) ? log.audit.bySeq(auditId - 1) : undefined
    const covering = row && log.auditTree.checkpointCovering(auditId)
    if (row === undefined || covering === undefined) {
      throw new AppError(
        'AUDIT_NOT_FOUND',
        'There is no signed audit entry of this number. Ask for a checkpoint first.',
      )
    }
    const tree = createTree(log.auditTree, () => (log.audit.last()?.seq ?? -1) + 1)
    const proof = proveInclusion(tree, row, covering, null)
    const { index, size, entry, hashes, checkpoint: signed } = proof
    await context.terminal.result(
      context.terminal.json
        ? `${JSON.stringify({ checkpoint: signed.note, entry, hashes: hashes.map(base64Of), index, size })}\n`
        : tlogProofText(proof),
    )
  })
}

async function checkpoint(options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const answer = (await client.call('POST', '/api/v1/audit/checkpoint', {})) as { note: string }
  await context.terminal.result(context.terminal.json ? `${JSON.stringify(answer)}\n` : answer.note)
}

async function erase(
  ids: string[],
  options: DaemonOptions & { reason: string },
  context: CliContext,
): Promise<void> {
  const client = await openDaemonClient(options, context)
  const answer = (await client.call('POST', '/api/v1/audit/erase', {
    audit_ids: ids.map(Number),
    reason: options.reason,
  })) as { erased: number; backups: number }
  await context.terminal.result(
    context.terminal.json
      ? `${JSON.stringify(answer)}\n`
      : `${answer.erased} erased; ${answer.backups} older backups still hold the data\n`,
  )
}
