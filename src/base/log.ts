// JSON lines to a rotating file (10 MB × 5), in this thread, nothing on stdout. The only file that knows pino.
import path from 'node:path'
import pino from 'pino'
import { redact, redactText } from './redact.ts'
import { openRotatingFile } from './rotating-file.ts'
import { COMMIT, VERSION } from './version.ts'

type Fields = Record<string, unknown>

/** A message is a constant English sentence; what varies goes into fields, which are redacted. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** The same log with a room's name on each line. */
  room(name: string): Log
  close(): void
}

const MAX_BYTES = 10_000_000
const KEEP = 5

/** Python's words, as the stock plugin passes them, become pino's. */
const LEVELS: Record<string, string> = { warning: 'warn', critical: 'fatal' }

/** Opens `folder`/sisrua.log. Level: pino's or Python's words. */
export function createLog(folder: string, level: string): Log {
  const file = openRotatingFile(path.join(folder, 'sisrua.log'), MAX_BYTES, KEEP)
  const logger = pino(
    {
      level: LEVELS[level] ?? level,
      base: { pid: process.pid, version: VERSION, ...(COMMIT === null ? {} : { commit: COMMIT }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: file.write },
  )
  return wrap(logger, file.close)
}

/** A log that keeps nothing: tests, and commands that run without a daemon. */
export function createSilentLog(): Log {
  return wrap(pino({ level: 'silent' }, { write() {} }), () => {})
}

function wrap(logger: pino.Logger, close: () => void): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}) => {
      if (logger.isLevelEnabled(level)) logger[level](redact(fields) as Fields, redactText(message))
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    room: (name) => wrap(logger.child({ room: name }), close),
    close,
  }
}
