// Health and sessions on the wire.
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
export const ShutdownRequest = z
  .object({
    boot_id: z.string().nullish().openapi({
      description: 'Of the ready line: stops that run of the program and no later one.',
    }),
  })
  .openapi('ShutdownRequest')
export const ShutdownAnswer = z
  .object({ status: z.literal('shutting_down') })
  .openapi('ShutdownAnswer')
