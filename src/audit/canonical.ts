// RFC 8785 (JSON Canonicalization Scheme) text: the one spelling of a value that hashes are taken over.
import canonicalize from 'canonicalize'
import { AppError } from '../base/errors.ts'

/** Throws PARAMS_INVALID for what has no canonical form: NaN, infinities, lone surrogates, cycles. */
export function canonicalJson(value: unknown): string {
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
  /** Id of the log, so that entries of two logs cannot be mixed. */
  log: string
  seq: number
  /** Milliseconds since 1970 UTC. */
  at: number
  boot: string
  event_type: string
  entity_type: string
  entity_id: string | null
  actor_id: string
  actor_role: string
  /** Hex commitment to salted data; null without data. */
  data_commit: string | null
}

/**
 * Canonical text of an entry. Its shape is fixed, so it is written straight, keys already in order; a test holds it
 * equal to `canonicalJson`. JSON.stringify of a string without lone surrogates is RFC 8785's spelling of it.
 */
export function entryText(fields: EntryFields): string {
  const commit = fields.data_commit === null ? 'null' : `"${fields.data_commit}"`
  const entity = fields.entity_id === null ? 'null' : JSON.stringify(fields.entity_id)
  return (
    `{"actor":{"id":${JSON.stringify(fields.actor_id)},"role":${JSON.stringify(fields.actor_role)}},"at":${fields.at}` +
    `,"boot":${JSON.stringify(fields.boot)},"data_commit":${commit},"entity_id":${entity}` +
    `,"entity_type":${JSON.stringify(fields.entity_type)},"event_type":${JSON.stringify(fields.event_type)}` +
    `,"log":${JSON.stringify(fields.log)},"seq":${fields.seq},"v":1}`
  )
}
