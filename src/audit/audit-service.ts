// The audit log as the doors see it: append from outside, read, check. `record.ts` writes, `verify.ts` checks.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { AuditRow } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import type { Audit, AuditEntry, AuditInput } from './audit.ts'
import { canonicalJson } from './canonical.ts'
import { chainDigest, GENESIS } from './chain.ts'
import { digestOf, hexOf } from './digest.ts'
import type { AuditKey } from './key.ts'
import type { Ledger } from './ledger.ts'
import { inclusionProof, leafDigest, verifyInclusion } from './merkle.ts'
import { IN_DATA, openData, withPerson } from './person.ts'
import type { ReadingsAside } from './readings-aside.ts'
import type { Change, Recorder } from './record.ts'
import { createLogCheck, faultOf } from './verify.ts'

const NAME = /^[A-Za-z0-9._:-]{1,64}$/
/** Entries about keys, runs and erasures, which every verifier believes: nobody outside the log writes one. */
const OWN_ENTITIES = 'audit.'
const DATA_LIMIT = 65_536
const DAY_MS = 86_400_000

/** Entries that are checked here, between two answers to others: some milliseconds. More of them go into a thread. */
const MOST_HERE = 1_000

/**
 * Without a ledger (tools, tests) nothing is signed and the tree stands for itself. `formerKeys`: other keys of the HMAC column that
 * are here. Without `aside` every check is done here.
 */
export function createAudit(options: {
  store: Store
  recorder: Recorder
  clock: Clock
  ledger?: Ledger
  aside?: Pick<ReadingsAside, 'check'>
  formerKeys?: readonly AuditKey[]
}): Audit {
  const { store, recorder, clock, ledger, aside, formerKeys = [] } = options
  const known = [recorder.key, ...formerKeys]
  const check = createLogCheck(store.audit, known)

  function rowOf(auditId: number): AuditRow {
    const row = Number.isSafeInteger(auditId) ? store.audit.bySeq(auditId - 1) : undefined
    if (row === undefined) throw new AppError('AUDIT_NOT_FOUND', 'Audit entry not found')
    return row
  }

  function toEntry(row: AuditRow): AuditEntry {
    return {
      auditId: row.seq + 1,
      eventType: row.eventType,
      entityType: row.entityType,
      entityId: row.entityId,
      at: row.at,
      ...openData(row),
      erased: row.data === null && !row.entry.includes('"data_commit":null'),
      intact: faultOf(row, check.keys.stateOf(row), check.isErased) === null,
      signature: row.signature.toString('hex'),
      keyId: row.keyId,
      leaf: row.leaf.toString('hex'),
      chain: row.chain.toString('hex'),
    }
  }

  /** Whether the entry itself, not the hash stored beside it, is in the tree; in the signed one when it covers the entry. */
  function isIncluded(row: AuditRow): boolean {
    const { tree } = recorder
    const signed = store.auditTree.checkpointCovering(row.seq + 1)
    const size = signed?.size ?? tree.size()
    const root = signed === undefined ? tree.root() : digestOf(signed.root)
    try {
      const proof = inclusionProof(row.seq, size, tree.subtree)
      return verifyInclusion(leafDigest(row.entry), row.seq, size, proof, root)
    } catch {
      return false
    }
  }

  return {
    async append(input, actor) {
      checkInput(input)
      const seq = await recorder.recordGrouped((trail) =>
        trail.audit({
          eventType: input.eventType,
          entityType: input.entityType,
          entityId: input.entityId ?? null,
          ...told(input, actor),
        }),
      )
      return seq + 1
    },

    get: (auditId) => toEntry(rowOf(auditId)),

    list: (filter = {}) =>
      store.audit
        .list({
          entityType: filter.entityType ?? null,
          entityId: filter.entityId ?? null,
          eventType: filter.eventType ?? null,
          before: filter.before === undefined ? null : filter.before - 1,
          limit: Math.min(Math.max(filter.limit ?? 100, 1), 1000),
        })
        .map(toEntry),

    verify(auditId) {
      const row = rowOf(auditId)
      const before = row.seq === 0 ? null : store.audit.bySeq(row.seq - 1)
      const linked =
        before !== undefined &&
        chainDigest(before === null ? GENESIS : digestOf(before.chain), digestOf(row.leaf)) ===
          digestOf(row.chain)
      const signature = check.keys.stateOf(row)
      const fault =
        faultOf(row, signature, check.isErased) ??
        (linked ? null : 'Link to the entry before is broken') ??
        (isIncluded(row) ? null : 'Entry is not in the signed tree')
      const sound =
        signature === 'right'
          ? 'Signature valid'
          : 'Entry, link and tree valid; the key of its signature is not here any more'
      return { auditId, valid: fault === null, message: fault ?? sound }
    },

    async verifyAll(limit, signal) {
      const isLong = Math.min(check.size(), limit ?? Number.POSITIVE_INFINITY) > MOST_HERE
      const rows =
        isLong && aside !== undefined
          ? await aside.check({ limit, keys: known }, signal)
          : await check.newest(limit)
      const sound = rows.chainOk && rows.invalid === 0
      return {
        ...rows,
        rootOk: (ledger?.rootFault() ?? null) === null,
        anchorsOk: ledger?.anchorsHold() ?? true,
        state: sound ? (ledger?.state() ?? 'ok') : 'broken',
        rollbacks: ledger?.rollbacks() ?? 0,
        anchorFolder: ledger?.anchorFolder() ?? 'none',
      }
    },

    stats: () => ({
      totalLogs: check.size(),
      recent24h: store.audit.countSince(clock.now() - DAY_MS),
      byEntityType: counts(store.audit.byEntity()),
      byEventType: counts(store.audit.byEvent()),
    }),

    head() {
      const last = store.audit.last()
      return {
        size: (last?.seq ?? -1) + 1,
        chain: last?.chain.toString('hex') ?? hexOf(GENESIS),
        log: recorder.logId,
      }
    },
  }
}

function checkInput(input: AuditInput): void {
  for (const name of ['eventType', 'entityType'] as const) {
    if (!NAME.test(input[name])) {
      throw new AppError(
        'PARAMS_INVALID',
        'event_type and entity_type must be 1 to 64 letters, digits, dots, dashes, colons or underscores.',
        { data: { field: name } },
      )
    }
  }
  if (input.entityType.startsWith(OWN_ENTITIES)) {
    throw new AppError(
      'PARAMS_INVALID',
      'Entity types that begin with "audit." are the log\'s own. Use another one.',
      { data: { field: 'entityType' } },
    )
  }
  for (const name of ['entityId', 'userId'] as const) {
    const value = input[name]
    if (value !== undefined && value !== null && (value.length > 256 || !canonicalJson(value))) {
      throw new AppError(
        'PARAMS_INVALID',
        'entity_id and user_id must be at most 256 characters.',
        {
          data: { field: name },
        },
      )
    }
  }
  if (Buffer.byteLength(canonicalJson(input.data ?? null)) > DATA_LIMIT) {
    throw new AppError(
      'PARAMS_INVALID',
      'The data of an audit entry must be at most 64 KiB of JSON.',
      {
        data: { field: 'data' },
      },
    )
  }
}

/** Actor and data of the entry. The role tells who really spoke, whatever name the client states. */
function told({ userId, data }: AuditInput, { id, role }: Change['actor']) {
  if (typeof userId === 'string') {
    return { actor: { id: IN_DATA, role }, data: withPerson(userId, data) }
  }
  return { actor: { id, role }, ...(data === undefined || data === null ? {} : { data }) }
}

function counts(rows: { name: string; count: number }[]): Record<string, number> {
  return Object.fromEntries(rows.map((row) => [row.name, row.count]))
}
