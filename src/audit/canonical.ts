// RFC 8785 (JSON Canonicalization Scheme) text: the one spelling of a value that hashes are taken over.
import canonicalize from 'canonicalize'
import { AppError } from '../base/errors.ts'

/** Half a character, which has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** Text of a flat object of short plain values, which most data is; null when it is anything else. */
function flatJson(value: object): string | null {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return null
  const keys = Object.keys(value)
  for (let i = 1; i < keys.length; i++) {
    if (keys[i]! < keys[i - 1]!) {
      keys.sort()
      break
    }
  }
  let text = ''
  for (const key of keys) {
    const one = (value as Record<string, unknown>)[key]
    const isPlain =
      one === null ||
      typeof one === 'boolean' ||
      (typeof one === 'number' && Number.isFinite(one)) ||
      (typeof one === 'string' && !LONE_SURROGATE.test(one))
    if (!isPlain || LONE_SURROGATE.test(key)) return null
    // JSON.stringify writes numbers and well-formed strings as RFC 8785 wants them.
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(one)}`
  }
  return `{${text}}`
}

/** Throws PARAMS_INVALID for what has no canonical form: NaN, infinities, lone surrogates, cycles. */
export function canonicalJson(value: unknown): string {
  const flat = typeof value === 'object' && value !== null ? flatJson(value) : null
  if (flat !== null) return flat
  let text: string | undefined
  try {
    text = canonicalize(value)
  } catch (error) {
    throw new AppError('PARAMS_INVALID', 'The data cannot be written as canonical JSON.', {
      cause: error,
    })
  }
  return text ?? 'null'
}

/** What an entry says; the names are those of its canonical text. */
export interface EntryFields {
  seq: number
  /** Milliseconds since 1970 UTC. */
  at: number
  event_type: string
  entity_type: string
  entity_id: string | null
  actor_id: string
  actor_role: string
  /** Hex commitment to salted data; null without data. */
  data_commit: string | null
}

const MOST_WORDS = 256

/**
 * Writes the canonical text of entries. Its shape is fixed, so it is written straight, keys already in order; a test holds it
 * equal to `canonicalJson`. JSON.stringify of a string without lone surrogates is RFC 8785's spelling of it. `log`: id of the
 * log, so that entries of two logs cannot be mixed; `boot`: of this run of the program.
 */
export function createEntryWriter(log: string, boot: string): (fields: EntryFields) => string {
  const quotedBoot = JSON.stringify(boot)
  const quotedLog = JSON.stringify(log)
  // A few words come back in every entry.
  const quoted = new Map<string, string>()
  const quote = (word: string): string => {
    let text = quoted.get(word)
    if (text === undefined) {
      text = JSON.stringify(word)
      if (quoted.size >= MOST_WORDS) quoted.clear()
      quoted.set(word, text)
    }
    return text
  }
  return (fields) => {
    const commit = fields.data_commit === null ? 'null' : `"${fields.data_commit}"`
    const entity = fields.entity_id === null ? 'null' : JSON.stringify(fields.entity_id)
    return (
      `{"actor":{"id":${quote(fields.actor_id)},"role":${quote(fields.actor_role)}},"at":${fields.at}` +
      `,"boot":${quotedBoot},"data_commit":${commit},"entity_id":${entity}` +
      `,"entity_type":${quote(fields.entity_type)},"event_type":${quote(fields.event_type)}` +
      `,"log":${quotedLog},"seq":${fields.seq},"v":1}`
    )
  }
}
