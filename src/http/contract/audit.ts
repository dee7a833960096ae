// The audit log on the wire: the original's fields, and what a verifier needs besides.
import { z } from '@hono/zod-openapi'
import type { AuditEntry as Entry } from '../../audit/audit.ts'
import { unixSeconds } from './common.ts'

const word = z.string().min(1).max(64)

export const AuditRequest = z
  .object({
    event_type: word,
    entity_type: word,
    entity_id: z.string().max(256).nullish(),
    user_id: z.string().max(256).nullish(),
    data: z.unknown().optional(),
  })
  .openapi('AuditRequest')

export const AuditCreated = z.object({ audit_id: z.number().int() }).openapi('AuditCreated')

export const AuditEntry = z
  .object({
    audit_id: z.number().int(),
    event_type: z.string(),
    entity_type: z.string(),
    entity_id: z.string().nullable(),
    user_id: z.string().nullable(),
    timestamp: z.number(),
    data: z.any(),
    data_json: z.string().nullable(),
    erased: z.boolean(),
    intact: z.boolean().openapi({
      description:
        'Agrees with its own hashes and signature; `/verify` also asks whether it stands where it was written.',
    }),
    signature: z.string(),
    key_id: z.string(),
    leaf: z.string(),
    chain: z.string(),
  })
  .openapi('AuditEntry')

export const AuditList = z
  .object({ count: z.number().int(), total: z.number().int(), logs: z.array(AuditEntry) })
  .openapi('AuditList')

export const AuditVerdict = z
  .object({
    audit_id: z.number().int(),
    valid: z.boolean(),
    is_valid: z.boolean(),
    message: z.string(),
  })
  .openapi('AuditVerdict')

const LogState = z.enum(['ok', 'rolled_back', 'key_lost', 'key_locked', 'broken'])

export const VerifyAllRequest = z
  .object({ limit: z.number().int().min(1).max(1_000_000_000).nullish() })
  .openapi('VerifyAllRequest')

export const AuditReport = z
  .object({
    total: z.number().int(),
    valid: z.number().int(),
    invalid: z.number().int(),
    unchecked: z.number().int().openapi({
      description:
        'Of the valid ones, those whose HMAC key is not here any more, as the log itself tells.',
    }),
    integrity: z.number(),
    chain_ok: z.boolean(),
    root_ok: z.boolean(),
    anchors_ok: z.boolean(),
    first_bad: z.number().int().nullable(),
    state: LogState,
    rollbacks: z.number().int().openapi({
      description: 'Rollbacks that the log tells of, also those somebody has taken note of.',
    }),
    anchor_folder: z.enum(['none', 'read', 'unread', 'unknown_key']).openapi({
      description:
        'The second anchor folder; notes of one that is unread were not compared. unknown_key: it holds notes of this log by a key that it never had.',
    }),
  })
  .openapi('AuditReport')

export const AuditStats = z
  .object({
    total_logs: z.number().int(),
    recent_24h: z.number().int(),
    by_entity_type: z.record(z.string(), z.number()),
    by_event_type: z.record(z.string(), z.number()),
  })
  .openapi('AuditStats')

export const AuditHead = z
  .object({ size: z.number().int(), chain: z.string(), log: z.string() })
  .openapi('AuditHead')

export function auditBody(entry: Entry) {
  return {
    audit_id: entry.auditId,
    event_type: entry.eventType,
    entity_type: entry.entityType,
    entity_id: entry.entityId,
    user_id: entry.userId,
    timestamp: unixSeconds(entry.at),
    data: entry.data,
    data_json: entry.data === null ? null : JSON.stringify(entry.data),
    erased: entry.erased,
    intact: entry.intact,
    signature: entry.signature,
    key_id: entry.keyId,
    leaf: entry.leaf,
    chain: entry.chain,
  }
}

export const CheckpointRequest = z
  .object({
    note: z
      .string()
      .max(8192)
      .nullish()
      .openapi({ description: 'The highest note you have kept; the log must fulfil it.' }),
  })
  .openapi('CheckpointRequest')

export const Checkpoint = z
  .object({
    size: z.number().int(),
    epoch: z.number().int(),
    root: z.string().openapi({ description: 'Base64.' }),
    note: z.string().openapi({ description: 'Signed note (c2sp.org/tlog-checkpoint).' }),
    vkey: z.string(),
    short_code: z.string(),
    state: LogState,
    known_ok: z
      .boolean()
      .nullable()
      .openapi({ description: 'Whether the log fulfils the note handed in; null without one.' }),
  })
  .openapi('Checkpoint')

export const LogKeys = z
  .object({
    vkey: z.string().openapi({ description: 'Verifier key in force: name+id+base64.' }),
    state: z.string(),
    keys: z.array(
      z.object({
        vkey: z.string(),
        epoch: z.number().int(),
        from_size: z.number().int(),
        created_at: z.number(),
        retired_at: z.number().nullable(),
      }),
    ),
  })
  .openapi('LogKeys')

export const Consistency = z
  .object({
    from: z.number().int(),
    to: z.number().int(),
    from_root: z.string(),
    to_root: z.string(),
    hashes: z.array(z.string()).openapi({ description: 'Base64 (RFC 6962, 2.1.2).' }),
  })
  .openapi('Consistency')

export const Inclusion = z
  .object({
    audit_id: z.number().int(),
    index: z.number().int(),
    size: z.number().int(),
    entry: z.string(),
    hashes: z.array(z.string()).openapi({ description: 'Base64, lowest first.' }),
    checkpoint: z.string(),
  })
  .openapi('Inclusion')

export const LegacyAuditRequest = z
  .object({
    path: z.string().min(1).max(4096).nullish().openapi({
      description:
        'Full path of a projects.db on this computer; by default the one in the data folder. The original’s key .audit_secret is looked for beside it.',
    }),
  })
  .openapi('LegacyAuditRequest')

export const LegacyAuditReport = z
  .object({
    imported: z.number().int(),
    known: z.number().int().openapi({ description: 'Rows taken over before.' }),
    valid: z.number().int().openapi({ description: 'Signatures that hold, of the rows imported.' }),
    invalid: z.number().int(),
    unchecked: z.number().int().openapi({ description: 'No key beside the file, or no JSON.' }),
    missing: z.number().int().openapi({ description: 'Numbers no row has: removed rows.' }),
  })
  .openapi('LegacyAuditReport')

export const EraseRequest = z
  .object({
    audit_ids: z.array(z.number().int().min(1)).min(1).max(10_000),
    reason: z
      .string()
      .min(1)
      .max(500)
      .openapi({ description: 'Goes into the log: must not repeat what is erased.' }),
  })
  .openapi('EraseRequest')

export const Erased = z
  .object({
    erased: z.number().int(),
    audit_id: z.number().int().nullable(),
    backups: z
      .number()
      .int()
      .openapi({ description: 'Backups made before; they hold the data until they are replaced.' }),
  })
  .openapi('Erased')
