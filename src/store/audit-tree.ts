// Rows that stand beside the audit log: full tiles of its tree, signed checkpoints, keys, anchors, digests of segments.
import { type HeldRows, NOTHING_HELD } from './audit.ts'
import type { Connection } from './sqlite.ts'

export interface CheckpointRow {
  size: number
  epoch: number
  root: Buffer
  /** The whole signed note. */
  note: string
  reason: string
  signedAt: number
}

interface SigningKeyRow {
  /** The verifier key `name+id+base64`. */
  keyId: string
  epoch: number
  /** Entries the log had when the key came into force. */
  fromSize: number
  createdAt: number
  retiredAt: number | null
}

export interface AnchorRow {
  /** The note itself, so that one is kept once. */
  id: string
  size: number
  root: Buffer
  sink: string
  /** Verifier key that opened the note. */
  reference: string
  at: number
}

export interface SegmentRow {
  n: number
  firstSeq: number
  lastSeq: number
  digest: Buffer
}

const CHECKPOINT = 'size, epoch, root, note, reason, signed_at AS signedAt'

export type AuditTreeRows = ReturnType<typeof createAuditTreeRows>

/** `held`: entries that are not written yet; they are before their leaves are read. */
export function createAuditTreeRows(connection: Connection, held: HeldRows = NOTHING_HELD) {
  const tile = connection
    .prepare('SELECT hashes FROM audit_tiles WHERE level = ? AND n = ?')
    .pluck()
  const putTile = connection.prepare('INSERT INTO audit_tiles (level, n, hashes) VALUES (?, ?, ?)')
  const tileCount = connection
    .prepare('SELECT coalesce(max(n) + 1, 0) FROM audit_tiles WHERE level = ?')
    .pluck()
  const tileTally = connection.prepare('SELECT count(*) FROM audit_tiles WHERE level = ?').pluck()
  const dropTiles = connection.prepare('DELETE FROM audit_tiles')
  const leaves = connection
    .prepare('SELECT leaf FROM audit_log WHERE seq >= ? AND seq < ? ORDER BY seq')
    .pluck()
  const putCheckpoint = connection.prepare(
    'INSERT INTO audit_checkpoints (size, epoch, root, note, reason, signed_at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const newest = connection.prepare(
    `SELECT ${CHECKPOINT} FROM audit_checkpoints ORDER BY epoch DESC, size DESC LIMIT 1`,
  )
  const dropBeyond = connection.prepare('DELETE FROM audit_checkpoints WHERE size > ?')
  const covering = connection.prepare(
    `SELECT ${CHECKPOINT} FROM audit_checkpoints WHERE size >= ? ORDER BY size LIMIT 1`,
  )
  const checkpoints = connection.prepare(
    `SELECT ${CHECKPOINT} FROM audit_checkpoints ORDER BY size`,
  )
  const putKey = connection.prepare(
    `INSERT INTO audit_keys (key_id, epoch, algorithm, public_key, from_size, created_at)
     VALUES (?, ?, 'ed25519', ?, ?, ?)`,
  )
  const retireKeys = connection.prepare(
    'UPDATE audit_keys SET retired_at = ? WHERE epoch < ? AND retired_at IS NULL',
  )
  const keys = connection.prepare(
    `SELECT key_id AS keyId, epoch, from_size AS fromSize, created_at AS createdAt, retired_at AS retiredAt
     FROM audit_keys WHERE algorithm = 'ed25519' ORDER BY epoch`,
  )
  const putAnchor = connection.prepare(
    'INSERT OR IGNORE INTO audit_anchors (id, size, root, sink, reference, at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const anchors = connection.prepare(
    'SELECT id, size, root, sink, reference, at FROM audit_anchors ORDER BY size, at',
  )
  const putSegment = connection.prepare(
    'INSERT INTO audit_segments (n, first_seq, last_seq, digest) VALUES (?, ?, ?, ?)',
  )
  const segments = connection.prepare(
    'SELECT n, first_seq AS firstSeq, last_seq AS lastSeq, digest FROM audit_segments ORDER BY n',
  )
  const lastSegment = connection.prepare(
    `SELECT n, first_seq AS firstSeq, last_seq AS lastSeq, digest FROM audit_segments
     ORDER BY n DESC LIMIT 1`,
  )
  return {
    tile: (level: number, n: number) => tile.get(level, n) as Buffer | undefined,
    putTile: (level: number, n: number, hashes: Uint8Array) => void putTile.run(level, n, hashes),
    /** How many full tiles the level has. */
    tileCount: (level: number) => tileCount.get(level) as number,
    /** The same, counted one by one. */
    tileTally: (level: number) => tileTally.get(level) as number,
    dropTiles: () => void dropTiles.run(),
    /** Leaf hashes of entries `from` ≤ seq < `to`. */
    leaves(from: number, to: number): Buffer[] {
      held.flush()
      return leaves.all(from, to) as Buffer[]
    },
    putCheckpoint: (row: CheckpointRow) =>
      void putCheckpoint.run(row.size, row.epoch, row.root, row.note, row.reason, row.signedAt),
    /** Forgets checkpoints over more entries than there are. */
    dropCheckpointsBeyond: (size: number) => void dropBeyond.run(size),
    /** The last of the newest epoch. */
    newestCheckpoint: () => newest.get() as CheckpointRow | undefined,
    /** The smallest checkpoint over at least `size` entries. */
    checkpointCovering: (size: number) => covering.get(size) as CheckpointRow | undefined,
    checkpoints: () => checkpoints.all() as CheckpointRow[],
    putKey: (vkey: string, epoch: number, publicKey: Uint8Array, fromSize: number, at: number) =>
      void putKey.run(vkey, epoch, publicKey, fromSize, at),
    /** Marks the keys of all epochs before this one. */
    retireKeys: (before: number, at: number) => void retireKeys.run(at, before),
    keys: () => keys.all() as SigningKeyRow[],
    putAnchor: (row: AnchorRow) =>
      void putAnchor.run(row.id, row.size, row.root, row.sink, row.reference, row.at),
    anchors: () => anchors.all() as AnchorRow[],
    putSegment: (row: SegmentRow) =>
      void putSegment.run(row.n, row.firstSeq, row.lastSeq, row.digest),
    segments: () => segments.all() as SegmentRow[],
    lastSegment: () => lastSegment.get() as SegmentRow | undefined,
  }
}
