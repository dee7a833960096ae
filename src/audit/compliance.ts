// The log as a table for a person in charge: CSV (RFC 4180), the original's columns and then what ties a row to the signed tree.
import { createHash } from 'node:crypto'
import type { Audit } from './audit.ts'

/** As many rows as the original gave. */
const ROWS = 5_000
const PAGE = 1_000
const COLUMNS =
  'audit_id,timestamp,event_type,entity_type,entity_id,user_id,signature,leaf,chain,checkpoint_size'

/** The newest entries, newest first. `signedSize`: entries of the smallest checkpoint over an entry, null when none covers it. */
export function* complianceCsv(
  audit: Audit,
  signedSize: (auditId: number) => number | null,
): Generator<string> {
  yield `${COLUMNS}\r\n`
  let before: number | undefined
  for (let rows = 0; rows < ROWS; rows += PAGE) {
    const page = audit.list({ limit: PAGE, ...(before === undefined ? {} : { before }) })
    for (const entry of page) {
      const fields = [
        entry.auditId,
        new Date(entry.at).toISOString(),
        entry.eventType,
        entry.entityType,
        entry.entityId,
        entry.userId,
        entry.signature,
        entry.leaf,
        entry.chain,
        signedSize(entry.auditId),
      ]
      yield `${fields.map(csvField).join(',')}\r\n`
    }
    if (page.length < PAGE) return
    before = page.at(-1)!.auditId
  }
}

/** A spreadsheet must not take a name for a formula. */
function csvField(value: string | number | null): string {
  if (value === null || typeof value === 'number') return String(value ?? '')
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Short enough for a title block: size and the first 50 bits of the note's SHA-256 as base32 (RFC 4648). */
export function shortCode(size: number, note: string): string {
  const digest = createHash('sha256').update(note).digest()
  let code = ''
  for (let i = 0; i < 10; i++) {
    const at = i * 5
    const pair = digest.readUInt16BE(at >> 3)
    code += BASE32[(pair >> (11 - (at & 7))) & 31]
  }
  return `${size}-${code}`
}
