// What ties the audit log to the outside: checkpoints, keys, proofs, tiles, export, erasure. Fixed words before `{audit_id}`.
import { Readable } from 'node:stream'
import { createRoute, z } from '@hono/zod-openapi'
import { complianceCsv, shortCode } from '../../audit/compliance.ts'
import { base64Of } from '../../audit/digest.ts'
import { parseTilePath, tlogProofText } from '../../audit/proofs.ts'
import { AppError } from '../../base/errors.ts'
import type { AUDIT_PREFIXES } from '../access.ts'
import { type AnyContext, type App, actorOf, isHead } from '../context.ts'
import {
  Checkpoint,
  CheckpointRequest,
  Consistency,
  Erased,
  EraseRequest,
  Inclusion,
  LegacyAuditReport,
  LegacyAuditRequest,
  LogKeys,
} from '../contract/audit.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['audit']
const text = { 'Content-Type': 'text/plain; charset=utf-8' }
/** Digits only: nothing at all, or a space, is no size of 0. */
const count = z
  .string()
  .regex(/^\d{1,16}$/, 'Not a whole number')
  .transform(Number)
  .pipe(z.number().int().max(Number.MAX_SAFE_INTEGER))
  .openapi({ type: 'integer', minimum: 0 })
const idParams = z.object({
  audit_id: z.coerce
    .number()
    .int()
    .min(1)
    .openapi({ param: { name: 'audit_id', in: 'path' } }),
})
/** A file or text that no JSON schema describes. */
const plain = (description: string, type: string) =>
  ({ 200: { description, content: { [type]: { schema: z.string() } } } }) as const

const wantsJson = (c: AnyContext): boolean =>
  (c.req.header('Accept') ?? '').includes('application/json')

export function mountAuditProofs(
  app: App,
  rooms: Rooms,
  prefix: (typeof AUDIT_PREFIXES)[number],
): void {
  mountCheckpoints(app, rooms, prefix)
  mountProofs(app, rooms, prefix)
  mountExport(app, rooms, prefix)
}

function mountCheckpoints(app: App, { ledger }: Rooms, prefix: string): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/checkpoint`,
      tags,
      summary: 'Where the log stands, signed: a note to keep elsewhere',
      responses: plain('Signed note', 'text/plain'),
    }),
    (c) => c.body(ledger.checkpoint('request').note, 200, text),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${prefix}/checkpoint`,
      tags,
      summary: 'The same as JSON; compares the log with a note kept before',
      request: jsonBody(CheckpointRequest),
      responses: answers(Checkpoint, 'Signed checkpoint'),
    }),
    (c) => {
      const { note: known } = c.req.valid('json')
      const knownOk = typeof known === 'string' ? ledger.learn(known) : null
      const { size, epoch, root, note } = ledger.checkpoint('request')
      return c.json(
        {
          size,
          epoch,
          root: root.toString('base64'),
          note,
          vkey: ledger.keys().find((key) => key.epoch === epoch)?.vkey ?? '',
          short_code: shortCode(size, note),
          state: ledger.state(),
          known_ok: knownOk,
        },
        200,
      )
    },
  )
  const keysBody = () => {
    const keys = ledger.keys().map((key) => ({
      vkey: key.vkey,
      epoch: key.epoch,
      from_size: key.fromSize,
      created_at: key.createdAt / 1000,
      retired_at: key.retiredAt === null ? null : key.retiredAt / 1000,
    }))
    return { vkey: keys.at(-1)?.vkey ?? '', state: ledger.state(), keys }
  }
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/key`,
      tags,
      summary: 'Verifier keys, one an epoch, oldest first',
      responses: answers(LogKeys, 'Keys'),
    }),
    (c) => c.json(keysBody(), 200),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${prefix}/key/rotate`,
      tags,
      summary: 'Begin a new epoch; the old key vouches for the new one and is destroyed',
      responses: answers(LogKeys, 'Keys'),
    }),
    (c) => {
      ledger.rotate()
      return c.json(keysBody(), 200)
    },
  )
}

function mountProofs(app: App, { ledger }: Rooms, prefix: string): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/consistency`,
      tags,
      summary: 'Proof that the tree of `from` entries is the beginning of that of `to`',
      request: { query: z.object({ from: count, to: count }) },
      responses: answers(Consistency, 'Proof (RFC 6962)'),
    }),
    (c) => {
      const { from, to } = c.req.valid('query')
      const { hashes, fromRoot, toRoot } = ledger.consistency(from, to)
      return c.json(
        {
          from,
          to,
          from_root: base64Of(fromRoot),
          to_root: base64Of(toRoot),
          hashes: hashes.map(base64Of),
        },
        200,
      )
    },
  )
  for (const names of [
    ['level', 'n'],
    ['level', 'n', 'rest'],
    ['level', 'n', 'rest', 'last'],
  ]) {
    const params = names.reduce(
      (schema, name) => schema.extend(pathParameter(name, 'See c2sp.org/tlog-tiles.').shape),
      z.object({}),
    )
    app.openapi(
      createRoute({
        method: 'get',
        path: `${prefix}/tile/${names.map((name) => `{${name}}`).join('/')}`,
        tags,
        summary: 'A tile of the tree: up to 256 hashes of 32 bytes',
        request: { params },
        responses: plain('Hashes', 'application/octet-stream'),
      }),
      (c) => {
        const tile = parseTilePath(c.req.path.slice(`${prefix}/tile/`.length))
        if (tile === null) throw new AppError('NOT_FOUND', 'The log has no such tile.')
        const bytes = new Uint8Array(ledger.tile(tile.level, tile.n, tile.width))
        return c.body(bytes, 200, { 'Content-Type': 'application/octet-stream' })
      },
    )
  }
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/{audit_id}/proof`,
      tags,
      summary: 'Proof that an entry is in the log, as tlog-proof text, or as JSON when asked for',
      request: { params: idParams, query: z.object({ size: count.optional() }) },
      responses: answers(Inclusion, 'Proof (c2sp.org/tlog-proof)'),
    }),
    (c) => {
      const { audit_id } = c.req.valid('param')
      const proof = ledger.prove(audit_id, c.req.valid('query').size ?? null)
      if (!wantsJson(c)) return c.body(tlogProofText(proof), 200, text) as never
      const { index, size, entry, hashes, checkpoint } = proof
      return c.json(
        {
          audit_id,
          index,
          size,
          entry,
          hashes: hashes.map(base64Of),
          checkpoint: checkpoint.note,
        },
        200,
      )
    },
  )
}

function mountExport(app: App, { ledger, audit, legacyImport }: Rooms, prefix: string): void {
  const stream = (chunks: Readable, type: string, name: string) =>
    new Response(Readable.toWeb(chunks) as ReadableStream<Uint8Array>, {
      headers: { 'Content-Type': type, 'Content-Disposition': `attachment; filename="${name}"` },
    })
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/export`,
      tags,
      summary: 'Everything a third party needs to check the log, with a verifier in Python (ZIP)',
      responses: plain('Bundle', 'application/zip'),
    }),
    async (c) => {
      if (isHead(c)) return c.body(null, 200, { 'Content-Type': 'application/zip' })
      const archive = await ledger.archive(c.req.raw.signal)
      return stream(archive, 'application/zip', 'sisrua-audit.zip') as never
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${prefix}/export/compliance`,
      tags,
      summary: 'The newest 5000 entries as a table (CSV)',
      responses: plain('Table', 'text/csv'),
    }),
    () => {
      const rows = complianceCsv(audit, (auditId) => ledger.signedSize(auditId))
      return stream(Readable.from(rows), 'text/csv; charset=utf-8', 'sisrua-audit.csv') as never
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${prefix}/erase`,
      tags,
      summary: 'Erase the personal data of entries for good; the log still verifies',
      request: jsonBody(EraseRequest),
      responses: answers(Erased, 'What was erased'),
    }),
    (c) => {
      const { audit_ids, reason } = c.req.valid('json')
      const { erased, auditId, backups } = ledger.erase(audit_ids, reason, actorOf(c))
      return c.json({ erased, audit_id: auditId, backups }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${prefix}/import`,
      tags,
      summary: 'Take over the audit log of the original backend, which is only read; each row once',
      request: jsonBody(LegacyAuditRequest),
      responses: answers(LegacyAuditReport, 'What was taken over, and how its signatures stand'),
    }),
    async (c) => c.json(await legacyImport.run(c.req.valid('json').path ?? null, actorOf(c)), 200),
  )
}
