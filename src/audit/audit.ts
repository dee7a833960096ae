// What the doors can ask of the audit log. Writing alongside a change is `record.ts`; the body is built by `audit-service.ts`.
import type { AnchorFolderState } from './known-anchors.ts'
import type { LedgerState } from './ledger.ts'

/** An entry as it is read. Hashes are lower-case hex. */
export interface AuditEntry {
  /** Number on the wire: counts from 1 (the log's own `seq` + 1). */
  auditId: number
  eventType: string
  entityType: string
  entityId: string | null
  userId: string | null
  /** Milliseconds since 1970 UTC. */
  at: number
  /** Parsed JSON; null when there was none or it was erased. */
  data: unknown
  erased: boolean
  /** It agrees with its own hashes and signature. Whether it stands where it was written is for `verify`. */
  intact: boolean
  /** HMAC-SHA256 of the canonical entry. */
  signature: string
  keyId: string
  leaf: string
  chain: string
}

export interface AuditInput {
  /** Each 1…64 of letters, digits, `.`, `_`, `-`, `:`. */
  eventType: string
  entityType: string
  entityId?: string | null
  userId?: string | null
  /** Any JSON, at most 64 KiB as text. */
  data?: unknown
}

interface AuditFilter {
  entityType?: string
  entityId?: string
  eventType?: string
  /** 1…1000, default 100; newest first. */
  limit?: number
  /** Only entries with a smaller `auditId`, for paging. */
  before?: number
}

interface AuditVerdict {
  auditId: number
  valid: boolean
  /** English: what was found. */
  message: string
}

export interface AuditReport {
  /** Entries looked at. */
  total: number
  valid: number
  invalid: number
  /** Of the valid ones, those whose HMAC nobody here can check: the log tells that their key was in force, and it is not here. */
  unchecked: number
  /** valid / total; 1 for an empty log. */
  integrity: number
  /** The chain is whole over all entries looked at, and its end is the head the log remembers. */
  chainOk: boolean
  /** The newest checkpoint is signed by a key of this log, and the tree leads to its root. True where nothing was signed. */
  rootOk: boolean
  /** The log fulfils every checkpoint kept outside of it; false, too, as long as nobody has taken note of a rollback. */
  anchorsOk: boolean
  /** `broken` also when an entry looked at is. */
  state: LedgerState
  /** Rollbacks that the log tells of; they stay in it also when somebody has taken note of them. */
  rollbacks: number
  /** How the second anchor folder is: what could not be read was not compared. */
  anchorFolder: AnchorFolderState
  /** First entry that is wrong or missing, as `auditId`; null when there is none. */
  firstBad: number | null
}

interface AuditStats {
  totalLogs: number
  recent24h: number
  byEntityType: Record<string, number>
  byEventType: Record<string, number>
}

/** Where the log stands. */
interface AuditHead {
  /** Number of entries. */
  size: number
  /** Hex of the last chain hash; 64 zeros for an empty log. */
  chain: string
  /** Id of this log. */
  log: string
}

export interface Audit {
  /** Appends an entry from outside; answers its `auditId` after the commit. Throws PARAMS_INVALID. */
  append(input: AuditInput, actor: { id: string; role: string }): Promise<number>
  /** Throws AUDIT_NOT_FOUND. */
  get(auditId: number): AuditEntry
  list(filter?: AuditFilter): AuditEntry[]
  /** Checks one entry: signature, leaf, data commitment, place in the chain. Throws AUDIT_NOT_FOUND. */
  verify(auditId: number): AuditVerdict
  /**
   * Checks the newest `limit` entries, or all of them when it is null; many of them in a thread, which `signal` ends. Throws
   * QUEUE_FULL when as many readings as there may be are under way, CANCELLED, SHUTDOWN.
   */
  verifyAll(limit: number | null, signal?: AbortSignal): Promise<AuditReport>
  stats(): AuditStats
  head(): AuditHead
}
