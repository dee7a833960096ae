// Writes the export bundle: every file as a name and chunks of bytes, read from the database a few thousand rows at a time. It
// always ends at the newest signed checkpoint, so that every entry in it is signed for.
import { AppError } from '../base/errors.ts'
import type { AuditRows } from '../store/audit.ts'
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { openAnchor } from './anchor-note.ts'
import { ANCHORS_EXPORTED, BUNDLE_FILES, METHOD_TEXT } from './bundle-format.ts'
import { GENESIS } from './chain.ts'
import { hexOf } from './digest.ts'
import type { AnchorFolderState, KnownAnchors } from './known-anchors.ts'
import { PYTHON_VERIFIER } from './python-verifier.ts'

export interface BundleFile {
  name: string
  /** May be used after the next chunk was asked for. */
  chunks: Iterable<Uint8Array>
}

/** What an export reads; a connection opened for reading only will do. */
export interface BundleSource {
  audit: Pick<AuditRows, 'texts' | 'leaves' | 'data' | 'bySeq' | 'isErasedSince'>
  auditTree: Pick<AuditTreeRows, 'checkpoints' | 'keys' | 'newestCheckpoint'>
  logId: string
  known: Pick<KnownAnchors, 'all' | 'folderState'>
}

type Notes = ReturnType<KnownAnchors['all']>['notes']

const ROWS_AT_ONCE = 4096
/** Each may have 64 KiB. */
const DATA_AT_ONCE = 512
/** Each costs the check of a signature. */
const NOTES_AT_ONCE = 128

const FOLDER_TEXTS: Readonly<Record<AnchorFolderState, string>> = {
  none: 'was not set',
  read: 'was read',
  unread: 'could not be read: notes that only it has are missing',
  unknown_key: 'was read; notes in it by keys that this log never had are left out',
}

/** Throws AUDIT_NOT_FOUND when nothing was signed yet; reading the data STORE_UNAVAILABLE when some was erased since. */
export function bundleFiles(source: BundleSource): BundleFile[] {
  // Before the size is: while somebody writes, no note may speak of more than is exported.
  const { notes, leftOut } = source.known.all(ANCHORS_EXPORTED)
  const newest = source.auditTree.newestCheckpoint()
  if (newest === undefined) {
    throw new AppError('AUDIT_NOT_FOUND', 'No checkpoint was signed yet; ask for one first.')
  }
  const { size } = newest
  const chain = size === 0 ? hexOf(GENESIS) : source.audit.bySeq(size - 1)?.chain.toString('hex')
  const manifest = `{"chain":"${chain}","log":"${source.logId}","size":${size},"v":1}\n`
  const text = (content: string): Uint8Array[] => [Buffer.from(content, 'utf8')]
  const strings = (list: readonly string[]): Uint8Array[] =>
    text(list.map((one) => `${JSON.stringify(one)}\n`).join(''))
  return [
    { name: BUNDLE_FILES.manifest, chunks: text(manifest) },
    { name: BUNDLE_FILES.method, chunks: text(METHOD_TEXT + anchorsText(source, leftOut)) },
    { name: BUNDLE_FILES.verifier, chunks: text(PYTHON_VERIFIER) },
    { name: BUNDLE_FILES.keys, chunks: strings(source.auditTree.keys().map((key) => key.keyId)) },
    { name: BUNDLE_FILES.checkpoints, chunks: strings(lastOfEpochs(source)) },
    { name: BUNDLE_FILES.anchors, chunks: anchorLines(source, notes) },
    { name: BUNDLE_FILES.entries, chunks: entryLines(source, size) },
    { name: BUNDLE_FILES.leaves, chunks: leaves(source, size) },
    { name: BUNDLE_FILES.data, chunks: dataLines(source, size) },
  ]
}

/** One checkpoint an epoch says all that its earlier ones said. */
function lastOfEpochs({ auditTree }: BundleSource): string[] {
  const last = new Map(auditTree.checkpoints().map(({ epoch, note }) => [epoch, note]))
  return [...last.values()]
}

function anchorsText({ known }: BundleSource, leftOut: number): string {
  return `In this bundle ${leftOut} older notes were left out of anchors.ndjson. The second anchor folder ${FOLDER_TEXTS[known.folderState()]}.\n`
}

/** Only what the log's own keys signed: a note by another key under the name of an epoch would be taken for a forged one. */
function* anchorLines({ auditTree, logId }: BundleSource, notes: Notes): Iterable<Uint8Array> {
  const vkeys = new Map(auditTree.keys().map((key) => [key.epoch, key.keyId]))
  for (let from = 0; from < notes.length; from += NOTES_AT_ONCE) {
    const own = notes.slice(from, from + NOTES_AT_ONCE).filter((one) => {
      const opened = openAnchor(one)
      return opened?.log === logId && (vkeys.get(opened.epoch) ?? one.vkey) === one.vkey
    })
    yield Buffer.from(own.map(({ note }) => `${JSON.stringify(note)}\n`).join(''), 'utf8')
  }
}

function* entryLines({ audit }: BundleSource, size: number): Iterable<Uint8Array> {
  for (let from = 0; from < size; from += ROWS_AT_ONCE) {
    const text = audit.texts(from, Math.min(from + ROWS_AT_ONCE, size))
    for (let at = text.indexOf(0, 1); at >= 0; at = text.indexOf(0, at + 1)) text[at] = 10
    yield Buffer.concat([text.subarray(1), Uint8Array.of(10)])
  }
}

function* leaves({ audit }: BundleSource, size: number): Iterable<Uint8Array> {
  for (let from = 0; from < size; from += ROWS_AT_ONCE) {
    yield audit.leaves(from, Math.min(from + ROWS_AT_ONCE, size))
  }
}

function* dataLines({ audit }: BundleSource, size: number): Iterable<Uint8Array> {
  for (let from = 0; from < size; from += DATA_AT_ONCE) {
    const lines = audit
      .data(from, Math.min(from + DATA_AT_ONCE, size))
      .map(
        ([seq, data, salt]) =>
          `{"data":${JSON.stringify(data)},"salt":"${salt.toString('hex')}","seq":${seq}}\n`,
      )
    // The entry that tells of an erasure would not be in the bundle: who checks it would take the data for removed in silence.
    if (audit.isErasedSince(size)) {
      throw new AppError(
        'STORE_UNAVAILABLE',
        'Data was erased while the log was exported. Export it again.',
      )
    }
    yield Buffer.from(lines.join(''), 'utf8')
  }
}
