// One row of the original's audit log: whether its signature holds, and what of it goes into our log.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { sha256Hex } from '../base/hash.ts'
import type { LegacyAuditRow, LegacyValue } from '../store/legacy-audit.ts'
import { pythonFloat, pythonJson } from './python-text.ts'

/** `unchecked`: the original's key is not there, or the data is no JSON. */
export type SignatureCheck = 'valid' | 'invalid' | 'unchecked'

/** A longer value is named by its hash: no entry of ours may be longer either. */
const MOST_TEXT = 65_536

/** `key`: bytes of the original's `.audit_secret`; null when it is not there. */
export function checkSignature(row: LegacyAuditRow, key: Uint8Array | null): SignatureCheck {
  const { event_type, entity_type, entity_id, user_id, signature, data_json } = row
  const isText = (value: LegacyValue): value is string => typeof value === 'string'
  const isTextOrNull = (value: LegacyValue): value is string | null =>
    value === null || isText(value)
  const timestamp = typeof row.timestamp === 'number' ? row.timestamp : null
  // The original only ever wrote these types.
  const asWritten =
    isText(event_type) &&
    isText(entity_type) &&
    isTextOrNull(entity_id) &&
    isTextOrNull(user_id) &&
    isText(data_json) &&
    isText(signature) &&
    /^[0-9a-f]{64}$/.test(signature) &&
    timestamp !== null
  if (!asWritten) return 'invalid'
  if (key === null) return 'unchecked'
  const data = pythonJson(data_json)
  if (data === null) return 'unchecked'
  const time = row.timestamp_type === 'integer' ? String(timestamp) : pythonFloat(timestamp)
  const message = [event_type, entity_type, entity_id || '', user_id || 'system', time, data]
  const wanted = createHmac('sha256', key).update(message.join('|')).digest()
  return timingSafeEqual(wanted, Buffer.from(signature, 'hex')) ? 'valid' : 'invalid'
}

/** The row as JSON. `data_json` stays the text it was, so that its signature can be checked again. */
export function legacyData(row: LegacyAuditRow) {
  return {
    audit_id: plain(row.audit_id),
    event_type: plain(row.event_type),
    entity_type: plain(row.entity_type),
    entity_id: plain(row.entity_id),
    user_id: plain(row.user_id),
    timestamp: plain(row.timestamp),
    data_json: plain(row.data_json),
    signature: plain(row.signature),
    created_at: plain(row.created_at),
  }
}

function plain(value: LegacyValue): string | number | null {
  if (value === null) return null
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value.length > MOST_TEXT) return `sha256:${sha256Hex(value)}`
  return typeof value === 'string' ? value : `x'${value.toString('hex')}'`
}
