// Takes secrets and places out of what goes to the log: by key, and by pattern inside texts.

const SECRET_KEY = /token|authori[sz]ation|cookie|secret|ticket|passw|api_?key|^key$|dsn|seed/i
const PLACE_KEY = /^(lat|lon|lng|latitude|longitude)$/i
const SECRET_TEXT =
  /\b(whsec_|sess_|ticket\.)[A-Za-z0-9+/=_-]+|((?:token|bearer)\W{1,3})[A-Za-z0-9_-]{16,}/gi
const QUERY = /(https?:\/\/[^\s?"']+)\?[^\s"']*/g

/** A text without tokens and without the query part of addresses. */
export function redactText(text: string): string {
  return text
    .replace(SECRET_TEXT, (_, prefix?: string, word?: string) => `${prefix ?? word}[hidden]`)
    .replace(QUERY, '$1?[hidden]')
}

/** A copy fit for the log: secrets hidden, coordinates rounded to about a kilometre, depth and width bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value.slice(0, 2_000))
  if (value === null || typeof value !== 'object') return value
  if (depth > 5) return '[deep]'
  if (value instanceof Error) {
    const { name, message, stack } = value
    const code = (value as { code?: unknown }).code
    const cause = value.cause === undefined ? {} : { cause: redact(value.cause, depth + 1) }
    return { name, code, message: redactText(message), stack: redactText(stack ?? ''), ...cause }
  }
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1))
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value).slice(0, 50)) {
    if (SECRET_KEY.test(key)) copy[key] = '[hidden]'
    else if (PLACE_KEY.test(key) && typeof item === 'number')
      copy[key] = Math.round(item * 100) / 100
    else copy[key] = redact(item, depth + 1)
  }
  return copy
}
