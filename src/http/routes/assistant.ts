// The chat: always 200, as its clients expect. Off unless a service is configured, and then it says so; nothing is invented.
import { createRoute } from '@hono/zod-openapi'
import type { Language } from '../../base/texts.ts'
import { type App, languageOf } from '../context.ts'
import { answers, jsonBody } from '../contract/common.ts'
import { ChatAnswer, ChatRequest } from '../contract/tools.ts'
import type { Rooms } from '../rooms.ts'

const OFF: Record<Language, string> = {
  'pt-BR':
    'O assistente está desligado: nenhum serviço foi configurado (SISRUA_AI_URL). Nada foi enviado.',
  en: 'The assistant is off: no service is configured (SISRUA_AI_URL). Nothing was sent.',
}
const FAILED: Record<Language, string> = {
  'pt-BR': 'O assistente não respondeu. Tente de novo mais tarde.',
  en: 'The assistant did not answer. Try again later.',
}

export function mountAssistant(app: App, rooms: Rooms): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ai/chat',
      tags: ['tools'],
      summary: 'Ask the assistant',
      request: jsonBody(ChatRequest),
      responses: answers(ChatAnswer, 'What it said'),
    }),
    async (c) => {
      const language = languageOf(c)
      if (rooms.assistant === null) return c.json({ response: OFF[language] }, 200)
      const { message } = c.req.valid('json')
      try {
        return c.json({ response: await rooms.assistant.answer(message) }, 200)
      } catch (error) {
        rooms.log.warn('The assistant did not answer.', { error })
        return c.json({ response: FAILED[language] }, 200)
      }
    },
  )
}
