// Proofs out of the stored tree, and the text forms others read: tlog-proof (c2sp.org/tlog-proof) and tile paths (tlog-tiles).
import { AppError } from '../base/errors.ts'
import type { CheckpointRow } from '../store/audit-tree.ts'
import { base64Of } from './digest.ts'
import type { ConsistencyProof, InclusionProof } from './ledger.ts'
import { consistencyProof, inclusionProof } from './merkle.ts'
import { TILE_WIDTH, type Tree } from './tree.ts'

/** `size`: the tree asked for, which must be a signed one; null takes that of `checkpoint`. */
export function proveInclusion(
  tree: Tree,
  row: { seq: number; entry: string },
  checkpoint: CheckpointRow,
  size: number | null,
): InclusionProof {
  if (size !== null && checkpoint.size !== size) {
    throw new AppError(
      'PARAMS_INVALID',
      'No checkpoint of that size was signed over this entry. Leave size out to get the smallest.',
      { data: { nearest: checkpoint.size } },
    )
  }
  return {
    index: row.seq,
    size: checkpoint.size,
    hashes: inclusionProof(row.seq, checkpoint.size, tree.subtree),
    checkpoint,
    entry: row.entry,
  }
}

export function proveConsistency(tree: Tree, from: number, to: number): ConsistencyProof {
  const size = tree.size()
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from <= to && to <= size)) {
    throw new AppError('PARAMS_INVALID', `from and to must be in order and at most ${size}.`, {
      data: { size },
    })
  }
  return {
    from,
    to,
    hashes: consistencyProof(from, to, tree.subtree),
    fromRoot: tree.root(from),
    toRoot: tree.root(to),
  }
}

/** The proof as text that any tlog-proof reader takes. */
export function tlogProofText({ index, hashes, checkpoint }: InclusionProof): string {
  const lines = hashes.map((hash) => `${base64Of(hash)}\n`).join('')
  return `c2sp.org/tlog-proof@v1\nindex ${index}\n${lines}\n${checkpoint.note}`
}

/** Level, number and width out of a tile's path: `0/005`, `0/x001/234`, `1/000.p/17`. Null for any other text. */
export function parseTilePath(path: string): { level: number; n: number; width: number } | null {
  const found = /^(\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path)
  if (found === null) return null
  const width = found[3] === undefined ? TILE_WIDTH : Number(found[3])
  if (width > TILE_WIDTH) return null
  return { level: Number(found[1]), n: Number(found[2]!.replace(/[x/]/g, '')), width }
}
