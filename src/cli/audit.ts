// `sisrua audit`: checks the log, of a data folder, of an export bundle or of a running daemon; exports, proves, signs, erases.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { openAnchor } from '../audit/anchors.ts'
import { bundleFiles } from '../audit/bundle.ts'
import type { BundleVerdict } from '../audit/bundle-findings.ts'
import { verifyBundle } from '../audit/bundle-verify.ts'
import { base64Of } from '../audit/digest.ts'
import { type LogReader, openLogReader } from '../audit/log-reader.ts'
import { verifyLog } from '../audit/log-verify.ts'
import { proveInclusion, tlogProofText } from '../audit/proofs.ts'
import { createTree } from '../audit/tree.ts'
import { sqliteAddon } from '../base/assets.ts'
import { AppError } from '../base/errors.ts'
import { EXIT } from '../base/exit-codes.ts'
import { readProblem } from '../store/inspect.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'
import { cliText } from './texts.ts'
import { PiecedFile, writeFiles } from './write-file.ts'

interface VerifyOptions extends DaemonOptions {
  bundle?: string
  vkey: string[]
  anchor: string[]
  quick?: true
}

/** What a verifier found, as the program ends. */
const EXIT_OF: Record<BundleVerdict['code'], number> = {
  0: EXIT.ok,
  2: EXIT.tampered,
  3: EXIT.rolledBack,
  4: EXIT.undecided,
}

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

/** Damage that shows only while the log is read is told as what it is, too. */
async function reading<T>(
  { config }: CliContext,
  read: (log: LogReader) => T | Promise<T>,
): Promise<T> {
  const log = openLogReader(config.folders.data, { nativeBinding: sqliteAddon() })
  try {
    return await read(log)
  } catch (error) {
    throw readProblem(error)
  } finally {
    log.close()
  }
}

/** What a check covers. A bundle has no columns, and its data are always read. */
const scopeOf = ({ bundle, quick }: VerifyOptions): string[] =>
  bundle !== undefined ? ['entries', 'data'] : quick ? ['entries'] : ['entries', 'data', 'columns']

async function verify(options: VerifyOptions, context: CliContext): Promise<void> {
  if (options.url !== undefined) return verifyThere(options, context)
  const { terminal } = context
  if (options.bundle !== undefined && options.quick) {
    throw new AppError(
      'PARAMS_INVALID',
      'A bundle is always checked whole: --bundle goes without --quick.',
    )
  }
  const scope = scopeOf(options)
  const notes = options.anchor.map(readNote)
  const verdict =
    options.bundle === undefined
      ? await reading(context, (log) => verifyHere(log, options, notes))
      : verifyBundle(options.bundle, { vkeys: options.vkey, anchors: notes })
  const { code, firstBad, reason, size, signedSize } = verdict
  const document = { code, first_bad: firstBad, reason, scope, signed_size: signedSize, size }
  const place = firstBad === null ? '' : ` (first at audit id ${firstBad + 1})`
  const limits = scope.length === 1 ? `${cliText(terminal.language, 'quickOnly')}\n` : ''
  await terminal.result(
    terminal.json
      ? `${JSON.stringify(document)}\n`
      : `${reason}${place}: ${size} entries, ${signedSize} signed\n${limits}`,
  )
  if (code !== 0) process.exitCode = EXIT_OF[code]
}

function readNote(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `The note ${path.basename(file)} cannot be read.`, {
      cause,
    })
  }
}

function verifyHere(
  log: LogReader,
  options: VerifyOptions,
  notes: readonly string[],
): BundleVerdict {
  const vkeys = [...options.vkey, ...log.auditTree.keys().map((key) => key.keyId)]
  const given = notes.map((note) => vkeys.map((vkey) => ({ note, vkey })))
  const verdict = verifyLog(log, [...log.anchors, ...given.flat()], options.quick === true)
  const stranger = options.vkey.some(
    (vkey) => !log.auditTree.keys().some((key) => key.keyId === vkey),
  )
  const unread = given.some((tries) => tries.every((one) => openAnchor(one) === null))
  // The folder's own notes outlive the database: another one in its place has signed none of them.
  const newest = log.anchors.at(-1)
  const kept = newest === undefined ? null : openAnchor(newest)
  if (verdict.code !== 2 && kept !== null && kept.log !== log.logId) {
    return { ...verdict, code: 3, reason: 'the newest note in the folder is of another log' }
  }
  if (verdict.code !== 0 || !(stranger || unread)) return verdict
  return { ...verdict, code: 4, reason: 'a key or a note from elsewhere is not of this log' }
}

/** The most that the route takes; without a limit it checks the newest 1000. */
const EVERY_ENTRY = 1_000_000_000

interface Report {
  total: number
  valid: number
  integrity: number
  chain_ok: boolean
  root_ok: boolean
  anchors_ok: boolean
}

async function verifyThere(options: VerifyOptions, context: CliContext): Promise<void> {
  const { terminal } = context
  const { bundle, quick, vkey, anchor } = options
  if (bundle !== undefined || quick || vkey.length + anchor.length > 0) {
    throw new AppError(
      'PARAMS_INVALID',
      'A running daemon checks every entry by its own keys and notes: --url goes without --bundle, --vkey, --anchor and --quick.',
    )
  }
  const client = await openDaemonClient(options, context)
  const report = (await client.call('POST', '/api/audit/verify-all', {
    limit: EVERY_ENTRY,
  })) as Report
  await terminal.result(
    terminal.json
      ? `${JSON.stringify(report)}\n`
      : `${report.valid} / ${report.total} (${report.integrity})\n`,
  )
  const { valid, total, chain_ok, root_ok, anchors_ok } = report
  if (valid < total || !chain_ok || !root_ok) process.exitCode = EXIT.tampered
  else if (!anchors_ok) process.exitCode = EXIT.rolledBack
}

async function exportBundle({ output }: { output: string }, context: CliContext): Promise<void> {
  await reading(context, async (log) => {
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
  await reading(context, async (log) => {
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
