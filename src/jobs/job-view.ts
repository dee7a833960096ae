// Rows to what the doors see. Pure.

import { ERRORS, type ErrorCode, type ErrorData, type PlainError } from '../base/errors.ts'
import type { JobEvent } from '../base/events.ts'
import type { EventRow } from '../store/job-events.ts'
import type { JobRow } from '../store/jobs.ts'
import type { Job, JobKind, JobState, JobStep } from './job.ts'

export const RESULT_MEDIA_TYPE = 'application/json'

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind as JobKind,
    pipeline: row.pipeline,
    serviceVersionId: row.serviceVersionId,
    state: row.state as JobState,
    progress: row.progress,
    step: row.step as JobStep,
    // A waiting job may still carry the error of its last attempt.
    error: row.finishedAt === null ? null : errorOf(row),
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    crashCount: row.crashCount,
    retryOf: row.retryOf,
    priority: row.priority,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    result:
      row.resultSha256 === null || row.resultSize === null
        ? null
        : {
            sha256: row.resultSha256.toString('hex'),
            size: row.resultSize,
            mediaType: RESULT_MEDIA_TYPE,
          },
    createdBy: row.createdBy,
    projectId: row.projectId,
  }
}

function errorOf(row: JobRow): PlainError | null {
  if (row.errorCode === null) return null
  // A row may outlive a code of an older program.
  const code: ErrorCode = row.errorCode in ERRORS ? (row.errorCode as ErrorCode) : 'INTERNAL'
  const data = row.errorData === null ? {} : (JSON.parse(row.errorData) as ErrorData)
  return { code, message: row.errorMessage ?? ERRORS[code].title, data }
}

export function toEvent(row: EventRow): JobEvent {
  const { seq, jobId, type, state, progress, step, at, errorCode } = row
  const event: JobEvent = { seq, jobId, type: type as JobEvent['type'], state, progress, step, at }
  if (errorCode !== null) event.errorCode = errorCode
  return event
}
