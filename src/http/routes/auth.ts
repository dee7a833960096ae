// Token check, session tokens for the panel, tickets for its WebSocket.
import { createRoute } from '@hono/zod-openapi'
import { type App, actorOf } from '../context.ts'
import { answers } from '../contract/common.ts'
import { AuthCheck, SessionAnswer, TicketAnswer } from '../contract/service.ts'
import { checked } from '../instant.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['auth']

export function mountAuth(app: App, rooms: Rooms): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/auth/check',
      tags,
      summary: 'Whether the token is accepted',
      responses: answers(AuthCheck, 'Accepted'),
    }),
    (c) => c.json(checked(actorOf(c)), 200),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/auth/session',
      tags,
      summary: 'A session token that can do less than the owner token and ends by itself',
      responses: answers(SessionAnswer, 'Session'),
    }),
    (c) => {
      const { token, expiresInSeconds } = rooms.sessions.open(actorOf(c))
      return c.json({ session_token: token, expires_in: expiresInSeconds }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ws/ticket',
      tags,
      summary: 'A one-time ticket for the WebSocket: subprotocols `sisrua.v1, ticket.<ticket>`',
      responses: answers(TicketAnswer, 'Ticket'),
    }),
    (c) => {
      const { ticket, expiresInSeconds } = rooms.sessions.ticket(actorOf(c))
      return c.json({ ticket, expires_in: expiresInSeconds }, 200)
    },
  )
}
