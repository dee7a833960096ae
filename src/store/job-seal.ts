// The seal of a job's row: a checksum over every field that is served, kept beside them. SQLite does not notice a flipped bit
// inside a value; this does. It is no protection against a person, who could seal anew: that is the audit log's work.
import { crc32 } from 'node:zlib'
import type { JobRow } from './job-row.ts'

const bytes = (value: Buffer | null): string => (value === null ? 'null' : value.toString('latin1'))

/** CRC-32 over the row's fields in a fixed order. A change of this text needs a schema step that seals all rows anew. */
export function sealOf(row: Omit<JobRow, 'seal'>): number {
  return crc32(
    `${row.id}|${row.kind}|${row.pipeline}|${row.state}|${row.priority}|${bytes(row.inputSha256)}|` +
      `${bytes(row.idempotencyKey)}|${row.retryOf}|${row.attempt}|${row.maxAttempts}|${row.crashCount}|${row.leaseToken}|` +
      `${row.leaseUntil}|${row.runAfter}|${row.softMs}|${row.hardMs}|${row.progress}|${row.step}|${row.errorCode}|` +
      `${row.errorMessage}|${row.errorData}|${bytes(row.resultSha256)}|${row.resultSize}|${row.traceId}|${row.createdBy}|` +
      `${row.projectId}|${row.createdAt}|${row.startedAt}|${row.finishedAt}|${row.updatedAt}|${row.payload}`,
  )
}

/** The row with its seal. */
export function sealed(row: Omit<JobRow, 'seal'>): JobRow {
  return { ...row, seal: sealOf(row) }
}

/** Stands where a row was found damaged: no checksum is negative, so it never matches. */
export const BROKEN_SEAL = -1
