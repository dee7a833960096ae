// Health, sessions, webhooks and events on the wire.
import { z } from '@hono/zod-openapi'

export const AuthCheck = z
  .object({ status: z.literal('ok'), message: z.string(), role: z.string() })
  .openapi('AuthCheck')
export const Ready = z.object({ ready: z.boolean() }).openapi('Ready')

export const Hello = z
  .object({ boot_id: z.string(), version: z.string(), proof: z.string().nullable() })
  .openapi('Hello')
export const HelloQuery = z.object({ nonce: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/) })

export const DetailedHealth = z
  .object({
    status: z.enum(['ok', 'degraded', 'error']),
    timestamp: z.number(),
    version: z.string(),
    services: z.record(z.string(), z.enum(['ok', 'degraded', 'error'])),
    components: z.record(
      z.string(),
      z.object({
        status: z.enum(['up', 'down', 'degraded']),
        details: z.string().nullable(),
        latency_ms: z.number(),
      }),
    ),
    system_latency_ms: z.number(),
  })
  .openapi('DetailedHealth')

export const SessionAnswer = z
  .object({ session_token: z.string(), expires_in: z.number().int() })
  .openapi('SessionAnswer')
export const TicketAnswer = z
  .object({ ticket: z.string(), expires_in: z.number().int() })
  .openapi('TicketAnswer')
export const ShutdownAnswer = z
  .object({ status: z.literal('shutting_down') })
  .openapi('ShutdownAnswer')

export const WebhookRequest = z
  .object({
    url: z.string().min(1).max(2_048),
    events: z
      .array(z.string().regex(/^[a-z0-9_.*]{1,64}$/))
      .max(64)
      .nullish(),
  })
  .openapi('WebhookRequest')
export const WebhookAnswer = z
  .object({
    status: z.literal('ok'),
    id: z.string(),
    secret: z.string().nullable().openapi({ description: 'Shown once, when the URL is new.' }),
  })
  .openapi('WebhookAnswer')

export const EmitRequest = z
  .object({
    event_type: z.string().regex(/^[a-z0-9_.]{1,64}$/),
    payload: z.record(z.string(), z.unknown()),
  })
  .openapi('EmitRequest')
