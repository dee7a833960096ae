// The audit log under the original's path and the versioned one. `stats` and `head` stand before `{audit_id}`.
import { createRoute, z } from '@hono/zod-openapi'
import { AUDIT_PREFIXES } from '../access.ts'
import { type App, actorOf } from '../context.ts'
import {
  AuditCreated,
  AuditEntry,
  AuditHead,
  AuditList,
  AuditReport,
  AuditRequest,
  AuditStats,
  AuditVerdict,
  auditBody,
  VerifyAllRequest,
} from '../contract/audit.ts'
import { answers, jsonBody } from '../contract/common.ts'
import type { Rooms } from '../rooms.ts'
import { mountAuditProofs } from './audit-proofs.ts'

const tags = ['audit']
const params = z.object({
  audit_id: z.coerce
    .number()
    .int()
    .min(1)
    .openapi({ param: { name: 'audit_id', in: 'path' } }),
})

export function mountAudit(app: App, rooms: Rooms): void {
  for (const prefix of AUDIT_PREFIXES) {
    mountAuditProofs(app, rooms, prefix)
    mountAt(app, rooms.audit, prefix)
  }
}

function mountAt(app: App, audit: Rooms['audit'], prefix: (typeof AUDIT_PREFIXES)[number]): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: prefix,
      tags,
      summary: 'Append an entry',
      request: jsonBody(AuditRequest),
      responses: {
        ...answers(AuditCreated, 'Not used'),
        201: { description: 'Appended', content: { 'application/json': { schema: AuditCreated } } },
      },
    }),
    async (c) => {
      const { event_type, entity_type, entity_id, user_id, data } = c.req.valid('json')
      const input = {
        eventType: event_type,
        entityType: entity_type,
        entityId: entity_id ?? null,
        userId: user_id ?? null,
        data: data ?? null,
      }
      return c.json({ audit_id: await audit.append(input, actorOf(c)) }, 201)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: prefix,
      tags,
      summary: 'Entries, newest first',
      request: {
        query: z.object({
          entity_type: z.string().max(64).optional(),
          entity_id: z.string().max(256).optional(),
          event_type: z.string().max(64).optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          before: z.coerce
            .number()
            .int()
            .min(1)
            .optional()
            .openapi({ description: 'Only entries with a smaller audit_id.' }),
        }),
      },
      responses: answers(AuditList, 'Entries'),
    }),
    (c) => {
      const { entity_type, entity_id, event_type, limit, before } = c.req.valid('query')
      const logs = audit
        .list({
          limit,
          ...(entity_type === undefined ? {} : { entityType: entity_type }),
          ...(entity_id === undefined ? {} : { entityId: entity_id }),
          ...(event_type === undefined ? {} : { eventType: event_type }),
          ...(before === undefined ? {} : { before }),
        })
        .map(auditBody)
      return c.json({ count: logs.length, total: audit.head().size, logs }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/stats`,
      tags,
      summary: 'Counts',
      responses: answers(AuditStats, 'Counts'),
    }),
    (c) => {
      const { totalLogs, recent24h, byEntityType, byEventType } = audit.stats()
      return c.json(
        {
          total_logs: totalLogs,
          recent_24h: recent24h,
          by_entity_type: byEntityType,
          by_event_type: byEventType,
        },
        200,
      )
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/head`,
      tags,
      summary: 'Size and last hash: keep it outside to notice a cut',
      responses: answers(AuditHead, 'Head'),
    }),
    (c) => c.json(audit.head(), 200),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${prefix}/verify-all`,
      tags,
      summary: 'Check the newest entries, 1000 unless asked otherwise',
      request: {
        body: { required: false, content: { 'application/json': { schema: VerifyAllRequest } } },
      },
      responses: answers(AuditReport, 'What was found'),
    }),
    async (c) => {
      const report = await audit.verifyAll(c.req.valid('json').limit ?? 1000, c.req.raw.signal)
      const { total, valid, invalid, unchecked, integrity, chainOk, rootOk, anchorsOk, firstBad } =
        report
      const { state, rollbacks, anchorFolder } = report
      return c.json(
        {
          total,
          valid,
          invalid,
          unchecked,
          integrity,
          chain_ok: chainOk,
          root_ok: rootOk,
          anchors_ok: anchorsOk,
          first_bad: firstBad,
          state,
          rollbacks,
          anchor_folder: anchorFolder,
        },
        200,
      )
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/{audit_id}`,
      tags,
      summary: 'An entry',
      request: { params },
      responses: answers(AuditEntry, 'The entry'),
    }),
    (c) => c.json(auditBody(audit.get(c.req.valid('param').audit_id)), 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/{audit_id}/verify`,
      tags,
      summary: 'Check an entry',
      request: { params },
      responses: answers(AuditVerdict, 'What was found'),
    }),
    (c) => {
      const { auditId, valid, message } = audit.verify(c.req.valid('param').audit_id)
      return c.json({ audit_id: auditId, valid, is_valid: valid, message }, 200)
    },
  )
}
