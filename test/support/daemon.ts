// A real daemon on a free port with an empty data folder: real sockets, real SQLite, real threads.
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createSilentLog } from '../../src/base/log.ts'
import { type Config, type ConfigSources, loadConfig } from '../../src/config.ts'
import { createDaemon, type Daemon, type Overrides } from '../../src/daemon.ts'

export const TOKEN = 'test-token-123'

/** Tests of other things are faster than any user; a test of a limit hands in its own. */
const NO_LIMITS = { write: [], session: [], heavy: [], failed: [] }

export interface Reply {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any
}

export interface TestDaemon {
  daemon: Daemon
  config: Config
  port: number
  /** JSON in, JSON out; `token: null` sends none. */
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { token?: string | null; headers?: Record<string, string> },
  ): Promise<Reply>
  /** Waits until the job is completed or failed. */
  finished(jobId: string, timeoutMs?: number): Promise<Reply>
  /** Writes these bytes to a new socket; answers what comes until it closes or falls silent. */
  raw(bytes: Uint8Array | string, waitMs?: number): Promise<string>
  stop(): Promise<void>
}

export async function startDaemon(
  flags: NonNullable<ConfigSources['flags']> = {},
  overrides: Overrides = {},
): Promise<TestDaemon> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const config = loadConfig({
    flags: {
      dataDir,
      port: 0,
      overpassUrls: [],
      threads: 1,
      jobRate: '0',
      readRate: '0',
      ...flags,
    },
    env: { SISRUA_AUTH_TOKEN: 'authToken' in flags ? undefined : TOKEN },
  })
  const daemon = await createDaemon(config, {
    log: createSilentLog(),
    ...overrides,
    rates: { ...NO_LIMITS, ...overrides.rates },
  })
  const { port } = daemon.ready

  const call: TestDaemon['call'] = (method, target, body, options = {}) => {
    const token = options.token === undefined ? TOKEN : options.token
    const text =
      body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const headers: Record<string, string> = {
      ...(token === null ? {} : { 'X-SisRua-Token': token }),
      ...(text === undefined
        ? {}
        : {
            'Content-Type': 'application/json',
            'Content-Length': String(Buffer.byteLength(text)),
          }),
      ...options.headers,
    }
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port, method, path: target, headers, agent: false },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const all = Buffer.concat(chunks).toString('utf8')
            let json: unknown
            try {
              json = JSON.parse(all)
            } catch {
              json = undefined
            }
            resolve({ status: response.statusCode!, headers: response.headers, text: all, json })
          })
        },
      )
      request.on('error', reject)
      request.end(text)
    })
  }

  return {
    daemon,
    config,
    port,
    call,
    async finished(jobId, timeoutMs = 20_000) {
      for (const end = Date.now() + timeoutMs; ; ) {
        const reply = await call('GET', `/api/v1/jobs/${jobId}`)
        if (reply.json?.status === 'completed' || reply.json?.status === 'failed') return reply
        if (Date.now() > end) throw new Error(`job ${jobId} is still ${reply.json?.status}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    raw: (bytes, waitMs = 3_000) =>
      new Promise((resolve) => {
        let text = ''
        const socket = net.connect(port, '127.0.0.1', () => void socket.write(bytes))
        socket.setTimeout(waitMs, () => socket.destroy())
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1')
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve(text))
      }),
    async stop() {
      await daemon.stop('test')
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
