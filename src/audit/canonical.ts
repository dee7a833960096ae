// RFC 8785 (JSON Canonicalization Scheme) text: the one spelling of a value that hashes are taken over.
import canonicalize from 'canonicalize'
import { AppError } from '../base/errors.ts'

/** Half a character, which has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u

const MOST_WORDS = 256

/** JSON spelling of words that come back again and again. */
function createQuoter(): (word: string) => string {
  const quoted = new Map<string, string>()
  return (word) => {
    let text = quoted.get(word)
    if (text === undefined) {
      text = JSON.stringify(word)
      if (quoted.size >= MOST_WORDS) quoted.clear()
      quoted.set(word, text)
    }
    return text
  }
}

const quoteKey = createQuoter()

/** In place, by UTF-16 code units; the few keys of one object are sorted sooner by hand than by `sort`. */
function sortKeys(keys: string[]): void {
  if (keys.length > 16) {
    keys.sort()
    return
  }
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!
    let at = i
    for (; at > 0 && key < keys[at - 1]!; at--) keys[at] = keys[at - 1]!
    keys[at] = key
  }
}

/** RFC 8785 text of a plain value; null when it is anything else. */
function plainJson(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : null
  if (typeof value === 'string') return LONE_SURROGATE.test(value) ? null : JSON.stringify(value)
  return value === null || typeof value === 'boolean' ? `${value}` : null
}

/** Text of a flat object of short plain values, which most data is; null when it is anything else. */
function flatJson(value: object): string | null {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return null
  const keys = Object.keys(value)
  sortKeys(keys)
  let text = ''
  for (const key of keys) {
    const plain = plainJson((value as Record<string, unknown>)[key])
    if (plain === null || LONE_SURROGATE.test(key)) return null
    text += text === '' ? `${quoteKey(key)}:${plain}` : `,${quoteKey(key)}:${plain}`
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

/**
 * Writes the canonical text of entries. Its shape is fixed, so it is written straight, keys already in order; a test holds it
 * equal to `canonicalJson`. JSON.stringify of a string without lone surrogates is RFC 8785's spelling of it. `log`: id of the
 * log, so that entries of two logs cannot be mixed; `boot`: of this run of the program.
 */
export function createEntryWriter(log: string, boot: string): (fields: EntryFields) => string {
  const afterTime = `,"boot":${JSON.stringify(boot)},"data_commit":`
  const beforeNumber = `,"log":${JSON.stringify(log)},"seq":`
  const quote = createQuoter()
  // Neighbours mostly speak of the same people and kinds; and a text of fewer pieces is sooner in one piece.
  let actor = ''
  let role = ''
  let opening = ''
  let entityType = ''
  let eventType = ''
  let kind = ''
  return (fields) => {
    if (fields.actor_id !== actor || fields.actor_role !== role || opening === '') {
      actor = fields.actor_id
      role = fields.actor_role
      opening = `{"actor":{"id":${quote(actor)},"role":${quote(role)}},"at":`
    }
    if (fields.entity_type !== entityType || fields.event_type !== eventType || kind === '') {
      entityType = fields.entity_type
      eventType = fields.event_type
      kind = `,"entity_type":${quote(entityType)},"event_type":${quote(eventType)}${beforeNumber}`
    }
    const commit = fields.data_commit === null ? 'null' : `"${fields.data_commit}"`
    const entity = fields.entity_id === null ? 'null' : JSON.stringify(fields.entity_id)
    return `${opening}${fields.at}${afterTime}${commit},"entity_id":${entity}${kind}${fields.seq},"v":1}`
  }
}
