// Tokens for other programs: made, listed and revoked by an administrator; each step leaves an audit entry.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import { type App, actorOf } from '../context.ts'
import { Client, ClientCreate, ClientCreated, ClientList, clientBody } from '../contract/clients.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['auth']
const path = '/api/v1/auth/clients' as const

export function mountClients(app: App, { sessions, audit }: Rooms): void {
  app.openapi(
    createRoute({
      method: 'post',
      path,
      tags,
      summary: 'A token for another program, with a name, a role and perhaps an end',
      description:
        'The token is answered once. Only its hash is kept, in memory: a restart voids it.',
      request: jsonBody(ClientCreate),
      responses: {
        ...answers(ClientCreated, 'Not used'),
        201: {
          description: 'Created',
          content: { 'application/json': { schema: ClientCreated } },
        },
      },
    }),
    async (c) => {
      const { name, role, expires_in } = c.req.valid('json')
      const input = { name, role, expiresInSeconds: expires_in ?? null }
      const { client, token } = sessions.clients.create(input, actorOf(c).id)
      try {
        const data = { name, role, expires_in: input.expiresInSeconds }
        const entry = {
          eventType: 'client.created',
          entityType: 'client',
          entityId: client.id,
          data,
        }
        await audit.append(entry, actorOf(c))
      } catch (error) {
        // Nobody gets a token that the log does not know.
        sessions.clients.revoke(client.id)
        throw error
      }
      return c.json({ ...clientBody(client), token }, 201)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path,
      tags,
      summary: 'Programs that have a token',
      responses: answers(ClientList, 'Clients, without their tokens'),
    }),
    (c) => {
      const clients = sessions.clients.list().map(clientBody)
      return c.json({ count: clients.length, clients }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'delete',
      path: `${path}/{client_id}`,
      tags,
      summary: 'Revoke a token, with the sessions and the tokens that were made with it',
      request: { params: pathParameter('client_id', 'The client’s id.') },
      responses: { ...answers(Client, 'Not used'), 204: { description: 'Revoked' } },
    }),
    async (c) => {
      const { client_id } = c.req.valid('param')
      // First of all it is kept out; the entry follows.
      if (!sessions.clients.revoke(client_id)) {
        throw new AppError('NOT_FOUND', 'There is no such client. See GET /api/v1/auth/clients.')
      }
      const entry = { eventType: 'client.revoked', entityType: 'client', entityId: client_id }
      await audit.append(entry, actorOf(c))
      return c.body(null, 204)
    },
  )
}
