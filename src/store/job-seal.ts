// The seal of a job's row: a checksum over every field that is served, kept beside them. SQLite does not notice a flipped bit
// inside a value; this does. It is no protection against a person, who could seal anew: that is the audit log's work.
import { crc32 } from 'node:zlib'
import type { JobRow } from './job-row.ts'

const bytes = (value: Buffer | null): string => (value === null ? 'null' : value.latin1Slice())

type Unsealed = Omit<JobRow, 'seal'>

/** Checksum over what a job keeps all its life: `sealFrom` goes on from it. Without a service the text is that of older programs. */
export function coreOf(row: Unsealed): number {
  // Undefined in the schema step that sealed the first rows.
  const service = row.serviceVersionId == null ? '' : `${row.serviceVersionId}|`
  return crc32(
    `${row.id}|${row.kind}|${row.pipeline}|${bytes(row.inputSha256)}|${row.retryOf}|${row.maxAttempts}|${row.softMs}|` +
      `${row.hardMs}|${row.traceId}|${row.createdBy}|${row.projectId}|${row.createdAt}|${service}${row.payload}`,
  )
}

/** CRC-32 over all fields, given that over the lasting ones. A change of these texts needs a step that seals all rows anew. */
export function sealFrom(core: number, row: Unsealed): number {
  return crc32(
    `${row.state}|${row.priority}|${bytes(row.idempotencyKey)}|${row.attempt}|${row.crashCount}|${row.leaseToken}|` +
      `${row.leaseUntil}|${row.runAfter}|${row.progress}|${row.step}|${row.errorCode}|${row.errorMessage}|` +
      `${row.errorData}|${bytes(row.resultSha256)}|${row.resultSize}|${row.startedAt}|${row.finishedAt}|${row.updatedAt}`,
    core,
  )
}

/** The seal the row should have. */
export const sealOf = (row: Unsealed): number => sealFrom(coreOf(row), row)

/** Stands where a row was found damaged: no checksum is negative, so it never matches. */
export const BROKEN_SEAL = -1
