// Clients on the wire: other programs with a token of their own.
import { z } from '@hono/zod-openapi'
import type { Client as Stored } from '../clients.ts'
import { unixSeconds } from './common.ts'

const role = z.enum(['viewer', 'operator', 'maintainer', 'admin'])
const DAYS_30 = 30 * 86_400

export const ClientCreate = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(128)
      .regex(/^[^\p{C}]+$/u, 'Only printable characters'),
    role,
    expires_in: z
      .number()
      .int()
      .min(1)
      .max(DAYS_30)
      .nullish()
      .openapi({ description: 'Seconds; absent: until it is revoked or the program ends.' }),
  })
  .openapi('ClientCreate')

export const Client = z
  .object({
    client_id: z.string(),
    name: z.string(),
    role,
    created_at: z.number(),
    expires_at: z.number().nullable(),
  })
  .openapi('Client')

export const ClientCreated = Client.extend({
  token: z.string().openapi({ description: 'Told once; send it as X-SisRua-Token.' }),
}).openapi('ClientCreated')

export const ClientList = z
  .object({ count: z.number().int(), clients: z.array(Client) })
  .openapi('ClientList')

export function clientBody({ id, name, role, createdAt, expiresAt }: Stored) {
  return {
    client_id: id,
    name,
    role: role as z.output<typeof Client>['role'],
    created_at: unixSeconds(createdAt),
    expires_at: expiresAt === null ? null : unixSeconds(expiresAt),
  }
}
