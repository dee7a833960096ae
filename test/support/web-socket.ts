// A WebSocket client that keeps what it hears, and waits for what a test expects.
import { type ClientOptions, WebSocket } from 'ws'
import { TOKEN } from './daemon.ts'

// biome-ignore lint/suspicious/noExplicitAny: messages of any shape
export type Message = any

export interface Socket {
  ws: WebSocket
  messages: Message[]
  /** Resolves with the first message (old or new) that fits. */
  until(fits: (message: Message) => boolean): Promise<Message>
  /** The close code. */
  closed: Promise<number>
}

/** Rejects with the HTTP status as message when the upgrade is refused. */
export function openSocket(
  port: number,
  protocols: string[] = ['sisrua.v1'],
  headers: Record<string, string> = { 'X-SisRua-Token': TOKEN },
  options: ClientOptions & { after?: number; query?: string } = {},
): Promise<Socket> {
  const { after, query = after === undefined ? '' : `?after=${after}`, ...rest } = options
  const url = `ws://127.0.0.1:${port}/api/v1/ws${query}`
  const ws = new WebSocket(url, protocols, { headers, ...rest })
  const messages: Message[] = []
  const waiting = new Set<() => void>()
  ws.on('message', (data) => {
    messages.push(JSON.parse(String(data)))
    for (const look of waiting) look()
  })
  const closed = new Promise<number>((resolve) => ws.on('close', resolve))
  const until: Socket['until'] = (fits) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no such message in ${JSON.stringify(messages).slice(0, 2_000)}`)),
        15_000,
      )
      const look = (): void => {
        const found = messages.find(fits)
        if (found === undefined) return
        clearTimeout(timer)
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return new Promise((resolve, reject) => {
    ws.on('open', () => resolve({ ws, messages, until, closed }))
    ws.on('unexpected-response', (request, response) => {
      request.destroy()
      reject(new Error(String(response.statusCode)))
    })
    ws.on('error', reject)
  })
}
