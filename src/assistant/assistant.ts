// Chat over any OpenAI-compatible service that the settings name. Only what the user wrote is sent: no results, no audit log.
import { AppError } from '../base/errors.ts'
import { createOutbound, type Outbound } from '../base/outbound.ts'

const SYSTEM =
  'You help users of sisRUA, which turns OpenStreetMap and terrain into CAD drawings in SIRGAS 2000 / UTM. Explain; do not invent data, and do not compute coordinates. Answer in the language of the question.'

/** `baseUrl`: the address before `/chat/completions`. */
function createAssistant(options: {
  baseUrl: string
  apiKey: string | null
  model: string
  outbound: Outbound
}) {
  const { baseUrl, apiKey, model, outbound } = options
  return {
    /** Throws UPSTREAM_UNAVAILABLE. */
    async answer(message: string): Promise<string> {
      const answer = await outbound.request({
        url: `${baseUrl.replace(/\/$/, '')}/chat/completions`,
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify({
          model,
          temperature: 0.3,
          max_tokens: 1024,
          messages: [
            { role: 'system', content: SYSTEM },
            { role: 'user', content: message },
          ],
        }),
        timeoutMs: 30_000,
        maxBytes: 1024 * 1024,
      })
      const text = answer.status === 200 ? contentOf(answer.bytes) : null
      if (text === null)
        throw new AppError(
          'UPSTREAM_UNAVAILABLE',
          `The chat service answered with status ${answer.status}.`,
        )
      return text
    },
  }
}

function contentOf(bytes: Uint8Array): string | null {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString('utf8'))
    const content: unknown = body?.choices?.[0]?.message?.content
    return typeof content === 'string' ? content : null
  } catch {
    return null
  }
}

/** The assistant that the settings name, with a connection to its host and no other; null when they name none. */
export function openAssistant(settings: {
  assistantUrl: string | null
  assistantKey: string | null
  assistantModel: string
  userAgent: string
}) {
  const { assistantUrl: baseUrl, assistantKey: apiKey, assistantModel: model, userAgent } = settings
  if (baseUrl === null) return null
  const { host } = new URL(baseUrl)
  const outbound = createOutbound({ userAgent, allow: (asked) => asked.host === host })
  return createAssistant({ baseUrl, apiKey, model, outbound })
}
