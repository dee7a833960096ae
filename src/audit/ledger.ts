// What the doors can ask of the tree over the audit log: checkpoints, proofs, anchors, keys, erasure. Built by `ledger-service.ts`.
import type { Readable } from 'node:stream'
import type { CheckpointRow } from '../store/audit-tree.ts'
import type { BundleFile } from './bundle.ts'
import type { Digest } from './digest.ts'
import type { AnchorFolderState } from './known-anchors.ts'
import type { CheckpointReason } from './signing.ts'

/**
 * `ok`; `rolled_back`: the database is older than, or contradicts, a checkpoint that was seen outside of it, and a new epoch
 * was begun; `key_lost`: the signing key was gone, and a new epoch was begun without its word; `key_locked`: it is sealed with key
 * material that was not given this time, so nothing is signed until it is; `broken`: the log contradicts a checkpoint of its own, so
 * nothing is signed.
 */
export type LedgerState = 'ok' | 'rolled_back' | 'key_lost' | 'key_locked' | 'broken'

/** Proof that an entry is in the log (RFC 6962). */
export interface InclusionProof {
  /** The entry's `seq`. */
  index: number
  size: number
  /** Lowest first. */
  hashes: Digest[]
  checkpoint: CheckpointRow
  /** Canonical text of the entry: its leaf is what is proved. */
  entry: string
}

export interface ConsistencyProof {
  from: number
  to: number
  hashes: Digest[]
  /** Roots of the two trees. */
  fromRoot: Digest
  toRoot: Digest
}

interface LogKey {
  vkey: string
  epoch: number
  /** Entries the log had when it came into force. */
  fromSize: number
  createdAt: number
  retiredAt: number | null
}

export interface Erasure {
  /** How many entries lost their data. */
  erased: number
  /** The entry that tells of it, as `auditId`; null when nothing was left to erase. */
  auditId: number | null
  /** Backups made before, which still hold the data until they are thrown out. */
  backups: number
}

export interface Ledger {
  /** Compares the log with every anchor known (the second folder's as far as it was read before), begins the epoch it needs. Once, before anything is recorded. */
  open(): void
  start(): void
  /** Signs what is unsigned; no timer runs after it. */
  stop(): void
  state(): LedgerState
  /** Signs where the log stands, unless that is signed already. Throws AUDIT_INCONSISTENT, AUDIT_KEY_LOCKED. */
  checkpoint(reason: CheckpointReason): CheckpointRow
  /**
   * A note kept outside (the drawing, the plugin). Throws REQUEST_INVALID when no key of this log opens it. Answers false when
   * the log does not fulfil it; the log is then `rolled_back`.
   */
  learn(note: string): boolean
  /** Against the signed tree of `size` entries, or the smallest that holds the entry. Throws AUDIT_NOT_FOUND, PARAMS_INVALID. */
  prove(auditId: number, size: number | null): InclusionProof
  /** Throws PARAMS_INVALID when the log never had these sizes. */
  consistency(from: number, to: number): ConsistencyProof
  /** The first `width` hashes of a tile, 32 bytes each. Throws NOT_FOUND. */
  tile(level: number, n: number, width: number): Uint8Array
  keys(): LogKey[]
  /** Begins a new epoch with a new key; the old one vouches for it, unless it is locked, and is destroyed. */
  rotate(): LogKey
  /** Takes away the data of entries, for good. Throws AUDIT_NOT_FOUND, PARAMS_INVALID, AUDIT_KEY_LOCKED. */
  erase(auditIds: readonly number[], why: string, actor: { id: string; role: string }): Erasure
  /** The export bundle, up to where the log stands now. Throws AUDIT_INCONSISTENT, AUDIT_KEY_LOCKED. */
  bundle(): BundleFile[]
  /**
   * The same as a ZIP archive, made in a thread, which `signal` or destroying the stream ends. Throws besides QUEUE_FULL, CANCELLED,
   * SHUTDOWN; the stream fails with STORE_UNAVAILABLE when data is erased before it is read.
   */
  archive(signal?: AbortSignal): Promise<Readable>
  /** Entries of the smallest checkpoint that holds this one; null when none does yet. */
  signedSize(auditId: number): number | null
  /** What is wrong with the newest checkpoint: its signature or its root; null when nothing is. */
  rootFault(): string | null
  /** Reads and compares a second anchor folder that could not be read at the start; at most once a minute. Never rejects. */
  lookAtSecond(): Promise<void>
  /** How the second anchor folder is; what could not be read of it was not compared. */
  anchorFolder(): AnchorFolderState
  /** How many epochs were begun because of a rollback. */
  rollbacks(): number
  /** Whether the log fulfils every anchor it knows of; it does not while it is `rolled_back`, though it has begun a new epoch. */
  anchorsHold(): boolean
}
