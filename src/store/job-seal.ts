// The seal of a job's row: a checksum over every field that is served, kept beside them. SQLite does not notice a flipped bit
// inside a value; this does. It is no protection against a person, who could seal anew: that is the audit log's work.
import { crc32 } from 'node:zlib'
import type { JobRow } from './job-row.ts'

const bytes = (value: Buffer | null): string => (value === null ? 'null' : value.latin1Slice())

/** Jobs of one moment say the same times over and over, and the text of so large a number costs as much as a short checksum. */
const times = [Number.NaN, Number.NaN, Number.NaN]
const timeTexts = ['', '', '']
let oldest = 0
function timeText(time: number | null): string {
  if (time === null) return 'null'
  if (time === times[0]) return timeTexts[0]!
  if (time === times[1]) return timeTexts[1]!
  if (time === times[2]) return timeTexts[2]!
  oldest = (oldest + 1) % times.length
  times[oldest] = time
  const text = `${time}`
  timeTexts[oldest] = text
  return text
}

/** Most jobs have none: a text of fewer pieces is sooner in one piece. */
const errorText = ({ errorCode, errorMessage, errorData }: Unsealed): string =>
  errorCode === null && errorMessage === null && errorData === null
    ? 'null|null|null'
    : `${errorCode}|${errorMessage}|${errorData}`

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
      `${timeText(row.leaseUntil)}|${timeText(row.runAfter)}|${row.progress}|${row.step}|${errorText(row)}|` +
      `${bytes(row.resultSha256)}|${row.resultSize}|${timeText(row.startedAt)}|${timeText(row.finishedAt)}|` +
      `${timeText(row.updatedAt)}`,
    core,
  )
}

/** The seal the row should have. */
export const sealOf = (row: Unsealed): number => sealFrom(coreOf(row), row)

/** Stands where a row was found damaged: no checksum is negative, so it never matches. */
export const BROKEN_SEAL = -1
