// The one line that a parent writes to our standard input: token, and what else must not stand on a command line.
import type { Readable } from 'node:stream'
import { AppError } from './errors.ts'

export interface Bootstrap {
  token: string
  /** Key material for the audit log, base64 or base64url. */
  auditKey: string | null
}

const MAX_BYTES = 8 * 1024

/** Reads the first line; what follows stays unread. Throws REQUEST_INVALID when it is late, too long or not understood. */
export function readBootstrapLine(input: Readable, timeoutMs: number): Promise<Bootstrap> {
  return new Promise((resolve, reject) => {
    let text = ''
    const done = (finish: () => void): void => {
      clearTimeout(timer)
      input.off('data', onData)
      input.off('end', onEnd)
      finish()
    }
    const fail = (why: string): void =>
      done(() =>
        reject(
          new AppError(
            'REQUEST_INVALID',
            `The start-up line ${why}. Write one JSON line with a token.`,
          ),
        ),
      )
    const onEnd = (): void => fail('did not come before standard input closed')
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('utf8')
      const end = text.indexOf('\n')
      if (end < 0 && text.length <= MAX_BYTES) return
      const bootstrap = end >= 0 && end <= MAX_BYTES ? parse(text.slice(0, end)) : null
      if (bootstrap === null) fail('was not understood')
      else done(() => resolve(bootstrap))
    }
    const timer = setTimeout(() => fail('did not come in time'), timeoutMs)
    input.on('data', onData)
    input.once('end', onEnd)
  })
}

function parse(line: string): Bootstrap | null {
  try {
    const { token, audit_key: auditKey } = JSON.parse(line) as Record<string, unknown>
    if (typeof token !== 'string' || !/^[\x21-\x7e]{8,128}$/.test(token)) return null
    return { token, auditKey: typeof auditKey === 'string' ? auditKey : null }
  } catch {
    return null
  }
}
