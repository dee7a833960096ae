// A running daemon, as a command finds it: address and token from flags, environment, or the files the plugin keeps.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { AppError, ERRORS, type ErrorCode } from '../base/errors.ts'
import { createOutbound } from '../base/outbound.ts'
import type { CliContext } from './context.ts'

export interface DaemonOptions {
  url?: string
  tokenStdin?: true
}

export interface DaemonClient {
  /** Answers parsed JSON; a problem document becomes the AppError it names. */
  call(method: 'GET' | 'POST' | 'DELETE', place: string, body?: unknown): Promise<unknown>
  /** The bytes of an answer that need not be JSON. */
  fetch(place: string): Promise<Uint8Array>
}

/** A hundred thousand features are stored or drawn within this time even on a slow disk. */
const TIMEOUT_MS = 120_000
const MAX_BYTES = 536_870_912

export function addDaemonOptions(command: Command): Command {
  return command
    .option('--url <address>', 'address of the daemon, e.g. http://127.0.0.1:5050')
    .option('--token-stdin', 'read the token from standard input')
    .option('--json', 'one JSON document')
}

/** Only loopback addresses are called, so that a mistyped address never gets the token. */
export async function openDaemonClient(
  options: DaemonOptions,
  { config, terminal }: CliContext,
): Promise<DaemonClient> {
  const port =
    config.port === 0 ? await ownFile(config.folders.data, 'backend_port.txt') : config.port
  const address = options.url ?? (port === null ? null : `http://127.0.0.1:${port}`)
  if (address === null || !URL.canParse(address)) {
    throw new AppError(
      'PARAMS_INVALID',
      'Say where the daemon listens: --url http://127.0.0.1:PORT.',
    )
  }
  const token = options.tokenStdin
    ? (await readAll(process.stdin)).trim()
    : (config.authToken ?? (await ownFile(config.folders.data, 'backend_token.txt')))
  if (token === null || token === '') {
    throw new AppError('AUTH_REQUIRED', 'Give the token on standard input with --token-stdin.')
  }
  const outbound = createOutbound({
    userAgent: config.userAgent,
    allow: (url) => ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname),
  })
  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    place: string,
    content?: unknown,
  ): Promise<Uint8Array> => {
    const answer = await outbound.request({
      url: new URL(place, address).href,
      method,
      headers: {
        'X-SisRua-Token': token,
        'Accept-Language': terminal.language,
        ...(content === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      signal: terminal.signal,
    })
    if (answer.status < 400) return answer.bytes
    const { code, detail } = parse(answer.bytes) as { code?: string; detail?: string }
    const known =
      code !== undefined && code in ERRORS ? (code as ErrorCode) : 'UPSTREAM_UNAVAILABLE'
    throw new AppError(known, detail ?? `The daemon answered ${answer.status}.`)
  }
  return {
    call: async (method, place, content) => parse(await ask(method, place, content)),
    fetch: (place) => ask('GET', place),
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return {}
  }
}

/** What the plugin writes beside our data; null when it is not there. */
async function ownFile(folder: string, name: string): Promise<string | null> {
  const text = await readFile(path.join(folder, name), 'utf8').catch(() => null)
  return text === null || text.startsWith('DPAPI:') ? null : text.trim()
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece
  return text
}
