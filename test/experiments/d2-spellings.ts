// D2: every route in forty spellings with every kind of bad credential; nothing but a refusal may come back. Control: a Hono
// middleware that asks for the token below /api/v1/, instead of the gate on the raw request, and the same paths without token.
import { ACCESS } from '../../src/http/access.ts'
import { startDaemon } from '../support/daemon.ts'
import { statusOf } from '../support/hostile-requests.ts'
import { startPrefixGate } from '../support/open-gate.ts'
import type { Experiment } from './support/experiment.ts'

const REFUSED = [400, 401, 403, 404, 405, 415, 421]

/** Ways to write a path that some layer may read as the plain one. */
function spellings(path: string, port: number): string[] {
  const at = (i: number, text: string): string => path.slice(0, i) + text + path.slice(i)
  const letter = path.search(/[a-z]/)
  const encoded = `%${path.charCodeAt(letter).toString(16)}`
  return [
    path,
    `${path}/`,
    `/${path}`,
    `//${path}`,
    `/.${path}`,
    `/..${path}`,
    `/x/..${path}`,
    `/%2e${path}`,
    `/%2e%2e${path}`,
    `/x/%2e%2e${path}`,
    path.replaceAll('/', '//'),
    path.replaceAll('/', '/./'),
    path.replaceAll('/', '\\'),
    path.replaceAll('/', '%2f'),
    path.replaceAll('/', '%2F'),
    path.replaceAll('/', '%5c'),
    path.replaceAll('/', '%252f'),
    path.toUpperCase(),
    path.replace('/api', '/Api'),
    path.slice(0, letter) + encoded + path.slice(letter + 1),
    path.slice(0, letter) + encoded.toUpperCase() + path.slice(letter + 1),
    `${path};`,
    `${path};a=b`,
    at(1, ';/'),
    `${path}%00`,
    `${path}%00.json`,
    `${path}%20`,
    `${path}%0a`,
    `${path}%0d%0a`,
    `${path}.`,
    `${path}..`,
    `${path}/.`,
    `${path}/..`,
    `${path}?`,
    `${path}?x=/api/v1/health`,
    `${path}#`,
    `${path}#/api/v1/health`,
    `http://127.0.0.1:${port}${path}`,
    `http://evil.example${path}`,
    `${path}%`,
    `/api/v1/health/..${path}`,
    `/docs/..${path}`,
    `${path}/${'a'.repeat(2_100)}`,
  ]
}

export const d2: Experiment = {
  id: 'D2',
  title: 'default deny of every route and spelling',
  async run({ quick }) {
    let time = 1_000
    const clock = { now: () => Date.now(), monotonic: () => time }
    const house = await startDaemon({}, { clock })
    const other = await startDaemon()
    try {
      const session = async (daemon: typeof house): Promise<string> =>
        (await daemon.call('POST', '/api/v1/auth/session', {})).json.session_token
      const expired = await session(house)
      time += 31 * 60_000
      const ticket = (await house.call('POST', '/api/v1/ws/ticket')).json.ticket as string
      const elsewhere = await session(other)
      const credentials = [null, 'wrong-token-123', '', expired, ticket, elsewhere]
      const routes = Object.entries(ACCESS).filter(([, { role }]) => role !== 'public')
      const accepted: string[] = []
      let trials = 0
      const one = async (method: string, target: string, token: string | null): Promise<void> => {
        const header = token === null ? '' : `X-SisRua-Token: ${token}\r\n`
        const text = `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${house.port}\r\n${header}Connection: close\r\n\r\n`
        const status = await statusOf(house.port, text)
        trials++
        if (!REFUSED.includes(status)) accepted.push(`${method} ${target} ${status}`)
      }
      for (const [key] of quick ? routes.slice(0, 8) : routes) {
        const [method = '', pattern = ''] = key.split(' ')
        const path = pattern.replace(/\{\w+\}/g, 'x1')
        for (const target of spellings(path, house.port)) {
          await Promise.all(credentials.map((token) => one(method, target, token)))
        }
      }
      const around = new Set<string>()
      const prefix = await startPrefixGate('/api/v1/*')
      try {
        for (const [key] of routes) {
          const [method = '', pattern = ''] = key.split(' ')
          // Its routes have no rooms behind them; an export would begin to stream before that shows.
          if (pattern.includes('export')) continue
          const path = pattern.replace(/\{\w+\}/g, 'x1')
          for (const target of spellings(path, prefix.port)) {
            const text = `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${prefix.port}\r\nConnection: close\r\n\r\n`
            const status = await statusOf(prefix.port, text)
            if (status !== 0 && !REFUSED.includes(status)) around.add(key)
          }
          if (quick && around.size > 0) break
        }
      } finally {
        await prefix.server.close(100)
      }
      return {
        trials,
        failures: accepted.length,
        control: {
          expected: 'a prefix middleware instead of the gate is walked around',
          seen: `${around.size} routes were reached without a token, e.g. ${[...around][0]}`,
          ok: around.size > 0,
        },
        figures: {
          routes: routes.length,
          'let in': accepted.slice(0, 5).join('; ') || 0,
        },
      }
    } finally {
      await house.stop()
      await other.stop()
    }
  },
}
