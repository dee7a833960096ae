// Stopping the program, and the cloud synchronisation that this program does not have.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import { type App, actorOf, languageOf } from '../context.ts'
import { answers, unixSeconds } from '../contract/common.ts'
import { ShutdownAnswer, ShutdownRequest } from '../contract/service.ts'
import { SyncAnswer } from '../contract/tools.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['management']

export function mountManagement(app: App, rooms: Rooms): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/management/shutdown',
      tags,
      summary: 'Answer, then stop in order within three seconds; only with the owner token',
      request: {
        body: { required: false, content: { 'application/json': { schema: ShutdownRequest } } },
      },
      responses: answers(ShutdownAnswer, 'Stopping'),
    }),
    (c) => {
      if (actorOf(c).id !== 'owner') {
        throw new AppError('FORBIDDEN', 'Only who started the program may stop it.')
      }
      const { boot_id } = c.req.valid('json')
      if (boot_id != null && boot_id !== rooms.bootId) {
        throw new AppError('REQUEST_INVALID', 'That was another run of the program (boot_id).')
      }
      rooms.log.info('Stop asked for by a client.', { principal: actorOf(c).id })
      // After this answer has left.
      setTimeout(() => rooms.shutdown('endpoint'), 20)
      return c.json({ status: 'shutting_down' as const }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/sync/cloud',
      tags,
      summary: 'Not available: this program keeps everything on this machine',
      responses: answers(SyncAnswer, 'Nothing was sent'),
    }),
    (c) =>
      c.json(
        {
          status: 'local_only',
          synced_features: 0,
          cloud_node: null,
          timestamp: unixSeconds(rooms.clock.now()),
          message:
            languageOf(c) === 'en'
              ? 'There is no cloud service. Everything stays on this machine; nothing was sent.'
              : 'Não há serviço de nuvem. Tudo fica nesta máquina; nada foi enviado.',
        },
        200,
      ),
  )
}
