// The product of Host, Origin, Sec-Fetch-Site and method, over HTTP and as upgrade, each with the RIGHT token: a page of another
// site, or a name rebound to this machine, that somehow knows it. Only what names us and comes from us may pass.
import net from 'node:net'
import { TOKEN } from './daemon.ts'

export interface HostileReport {
  /** Requests that may not pass. */
  hostile: number
  /** Hostile ones that were let in. */
  accepted: string[]
  legal: number
  /** Legal ones that were not let in, and hostile ones with an answer that no rule gives. */
  odd: string[]
}

/** Status of one raw request; 0 when the connection ends without one. */
export function statusOf(port: number, text: string): Promise<number> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = net.connect(port, '127.0.0.1', () => void socket.write(text))
    const done = (): void => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0))
    }
    socket.setTimeout(5_000, done)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (answer.includes('\r\n')) done()
    })
    socket.on('error', done)
    socket.on('close', done)
  })
}

const REFUSALS = [400, 403, 421]
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

/** Sends all of them. */
export async function sendHostileRequests(port: number): Promise<HostileReport> {
  const own = `127.0.0.1:${port}`
  const hosts = [
    own,
    `localhost:${port}`,
    'evil.example',
    `evil.example:${port}`,
    `0.0.0.0:${port}`,
    `[::1]:${port}`,
    `2130706433:${port}`,
    `127.0.0.1.:${port}`,
    '',
    `user@${own}`,
    `LOCALHOST:${port}`,
    `127.0.0.1:${port + 1}`,
    null,
  ]
  const origins = [
    null,
    `http://${own}`,
    `http://localhost:${port}`,
    'null',
    'https://evil.example',
    `https://${own}`,
    'http://127.0.0.1:1',
    `http://evil.example:${port}`,
  ]
  const sites = [null, 'same-origin', 'none', 'same-site', 'cross-site']
  const methods = ['GET', 'HEAD', 'POST', 'OPTIONS', 'upgrade']
  const report: HostileReport = { hostile: 0, accepted: [], legal: 0, odd: [] }
  const one = async (
    host: string | null,
    origin: string | null,
    site: string | null,
    method: string,
  ): Promise<void> => {
    const ours = host === own || host === `localhost:${port}`
    const fromUs = origin === null || origins.slice(1, 3).includes(origin)
    const topLevel = site === 'none' && method !== 'POST' && method !== 'OPTIONS'
    const legal =
      ours &&
      fromUs &&
      (site === null || site === 'same-origin' || topLevel) &&
      method !== 'OPTIONS'
    const target =
      method === 'upgrade'
        ? 'GET /api/v1/ws'
        : method === 'POST'
          ? 'POST /api/v1/ws/ticket'
          : `${method} /api/v1/auth/check`
    const lines = [
      `${target} HTTP/1.1`,
      host === null ? null : `Host: ${host}`,
      origin === null ? null : `Origin: ${origin}`,
      site === null ? null : `Sec-Fetch-Site: ${site}`,
      `X-SisRua-Token: ${TOKEN}`,
      method === 'upgrade' ? UPGRADE : 'Connection: close',
    ]
    const text = `${lines.filter((line) => line !== null).join('\r\n')}\r\n\r\n`
    const status = await statusOf(port, text)
    const name = `${method} ${host} ${origin} ${site}: ${status}`
    const passed = status === (method === 'upgrade' ? 101 : 200)
    if (legal) report.legal++
    else report.hostile++
    if (!legal && passed) report.accepted.push(name)
    if (legal ? !passed : !passed && !REFUSALS.includes(status)) report.odd.push(name)
  }
  for (const host of hosts) {
    for (const origin of origins) {
      await Promise.all(
        sites.flatMap((site) => methods.map((method) => one(host, origin, site, method))),
      )
    }
  }
  return report
}
