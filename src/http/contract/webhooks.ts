// Webhooks and events on the wire. `register` and `emit` are the original's; everything else is ours.
import { z } from '@hono/zod-openapi'
import { unixSeconds } from './common.ts'

export const WebhookRequest = z
  .object({
    url: z.string().min(1).max(2_048),
    events: z
      .array(z.string().regex(/^[a-z0-9_.*]{1,64}$/))
      .max(64)
      .nullish()
      .openapi({
        description: 'Names such as `job_completed` or `job.*`; absent = all.',
        example: ['job.*'],
      }),
    allow_insecure: z
      .boolean()
      .nullish()
      .openapi({ description: 'Send to a public host without TLS.' }),
    strict_order: z.boolean().nullish().openapi({
      description:
        'A message waits until the one before it was delivered or given up; one that fails holds up all others.',
    }),
    asymmetric: z.boolean().nullish().openapi({
      description:
        'Sign with Ed25519 too (`v1a` in webhook-signature, over `id.timestamp.body`); the answer holds the public key.',
    }),
    body_version: z
      .union([z.literal(1), z.literal(2)])
      .nullish()
      .openapi({
        description:
          '1 (default): `id`, `type`, `event`, `timestamp` in seconds, `n`, `data`. 2: `type`, `timestamp` as ISO 8601, `n`, `data`.',
      }),
  })
  .openapi('WebhookRequest')
export const WebhookAnswer = z
  .object({
    status: z.literal('ok'),
    id: z.string(),
    secret: z.string().nullable().openapi({ description: 'Shown once, when the URL is new.' }),
    public_key: z
      .string()
      .optional()
      .openapi({ description: '`whpk_` and base64; only with `asymmetric`.' }),
  })
  .openapi('WebhookAnswer')

export const EmitRequest = z
  .object({
    event_type: z.string().regex(/^[a-z0-9_.]{1,64}$/),
    payload: z.record(z.string(), z.unknown()),
  })
  .openapi('EmitRequest')

export const WebhookList = z
  .object({
    count: z.number().int(),
    webhooks: z.array(
      z.object({
        id: z.string(),
        url: z.string(),
        events: z.array(z.string()).nullable(),
        allow_insecure: z.boolean(),
        strict_order: z.boolean(),
        public_key: z.string().nullable(),
        body_version: z.union([z.literal(1), z.literal(2)]),
        state: z.enum(['enabled', 'disabled']),
        failures: z.number().int().openapi({ description: 'Since the last success.' }),
        failing_since: z.number().nullable(),
        paused_until: z
          .number()
          .nullable()
          .openapi({ description: 'It asked by `Retry-After` to be left alone until then.' }),
        created_at: z.number(),
        waiting: z.number().int(),
        delivered: z.number().int(),
        given_up: z.number().int(),
      }),
    ),
  })
  .openapi('WebhookList')

export const WebhookSecret = z
  .object({
    status: z.literal('ok'),
    secret: z.string().openapi({ description: 'The former one signs beside it for a day.' }),
  })
  .openapi('WebhookSecret')
export const WebhookTest = z
  .object({ status: z.literal('ok'), message_id: z.string() })
  .openapi('WebhookTest')
export const WebhookQueued = z
  .object({ status: z.literal('ok'), deliveries: z.number().int() })
  .openapi('WebhookQueued')

export const RecoverRequest = z
  .object({
    since: z.number().min(0).max(4_102_444_800).openapi({ description: 'Unix seconds.' }),
  })
  .openapi('RecoverRequest')

export const DeliveryQuery = z.object({
  state: z.enum(['waiting', 'delivered', 'given_up']).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
export const DeliveryLog = z
  .object({
    count: z.number().int(),
    deliveries: z.array(
      z.object({
        message_id: z.string(),
        event: z.string(),
        n: z.number().int(),
        state: z.enum(['waiting', 'delivered', 'given_up']).openapi({
          description:
            'Given up before the last attempt: the endpoint was disabled; `recover` sends it.',
        }),
        created_at: z.number(),
        next_at: z.number().nullable(),
        attempts: z.array(
          z.object({
            attempt: z.number().int(),
            at: z.number(),
            status: z.number().int().nullable(),
            duration_ms: z.number().int(),
            error: z.string().nullable(),
            response: z.string().nullable(),
          }),
        ),
      }),
    ),
  })
  .openapi('DeliveryLog')

export const HookRequest = z
  .object({ data: z.record(z.string(), z.unknown()) })
  .openapi('HookRequest', { description: '`data` is the body of POST /api/v1/jobs/prepare.' })
export const HookAnswer = z
  .object({ status: z.literal('ok'), job_id: z.string() })
  .openapi('HookAnswer')

/** Milliseconds or null, as the wire's seconds or null. */
export const secondsOrNull = (milliseconds: number | null): number | null =>
  milliseconds === null ? null : unixSeconds(milliseconds)
