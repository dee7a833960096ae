// `sisrua audit verify`: checks the log of a data folder, of an export bundle or of a running daemon, and leaves with a code that
// says what was found.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { openAnchor } from '../audit/anchor-note.ts'
import type { BundleVerdict } from '../audit/bundle-findings.ts'
import { verifyBundle } from '../audit/bundle-verify.ts'
import type { AnchorFolderState } from '../audit/known-anchors.ts'
import type { LedgerState } from '../audit/ledger.ts'
import type { LogReader } from '../audit/log-reader.ts'
import { verifyLog } from '../audit/log-verify.ts'
import { AppError } from '../base/errors.ts'
import { EXIT } from '../base/exit-codes.ts'
import { readingLog } from './audit-reading.ts'
import type { CliContext } from './context.ts'
import { type DaemonOptions, openDaemonClient } from './daemon-client.ts'
import type { Terminal } from './terminal.ts'
import { cliText } from './texts.ts'

export interface VerifyOptions extends DaemonOptions {
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

/** What a check covers. A bundle has no columns, and its data are always read. */
const scopeOf = ({ bundle, quick }: VerifyOptions): string[] =>
  bundle !== undefined ? ['entries', 'data'] : quick ? ['entries'] : ['entries', 'data', 'columns']

export async function verify(options: VerifyOptions, context: CliContext): Promise<void> {
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
  const [verdict, anchorFolder]: [BundleVerdict, AnchorFolderState] =
    options.bundle === undefined
      ? await readingLog(context, (log) => [verifyHere(log, options, notes), log.anchorFolder])
      : [verifyBundle(options.bundle, { vkeys: options.vkey, anchors: notes }), 'none']
  const { code, firstBad, reason, size, signedSize } = verdict
  const document = {
    ...(anchorFolder === 'none' ? {} : { anchor_folder: anchorFolder }),
    ...{ code, first_bad: firstBad, reason, scope, signed_size: signedSize, size },
  }
  const place = firstBad === null ? '' : ` (first at audit id ${firstBad + 1})`
  const limits = scope.length === 1 ? `${cliText(terminal.language, 'quickOnly')}\n` : ''
  await terminal.result(
    terminal.json
      ? `${JSON.stringify(document)}\n`
      : `${reason}${place}: ${size} entries, ${signedSize} signed\n${limits}${folderLine(terminal, anchorFolder)}`,
  )
  if (code !== 0) process.exitCode = EXIT_OF[code]
}

/** What a person should know of the second anchor folder; nothing when all is well. */
function folderLine({ language }: Terminal, state: AnchorFolderState): string {
  if (state === 'unread') return `${cliText(language, 'secondUnread')}\n`
  return state === 'unknown_key' ? `${cliText(language, 'secondUnknownKey')}\n` : ''
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
  unchecked?: number
  integrity: number
  chain_ok: boolean
  root_ok: boolean
  anchors_ok: boolean
  state: LedgerState
  rollbacks: number
  anchor_folder: AnchorFolderState
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
  const { valid, total, chain_ok, root_ok, anchors_ok, state, rollbacks } = report
  // As for a folder: what the log tells of stays told, also when somebody has taken note of it.
  const rolledBack = !anchors_ok || rollbacks > 0
  const told = rolledBack ? `${cliText(terminal.language, 'toldRollback')}\n` : ''
  const unchecked = report.unchecked
    ? `${report.unchecked} ${cliText(terminal.language, 'uncheckedSignatures')}\n`
    : ''
  await terminal.result(
    terminal.json
      ? `${JSON.stringify(report)}\n`
      : `${report.valid} / ${report.total} (${report.integrity})\n${unchecked}${told}${folderLine(terminal, report.anchor_folder)}`,
  )
  const isBroken = valid < total || !chain_ok || !root_ok || state === 'broken'
  if (isBroken) process.exitCode = EXIT.tampered
  else if (rolledBack) process.exitCode = EXIT.rolledBack
}
