// A job and its states; which change is allowed. Pure.
import type { PlainError } from '../base/errors.ts'

/** The finer state, kept in the row (reliability design, section 9.2). */
export type JobState =
  | 'queued'
  | 'running'
  | 'cancelling'
  | 'retry_wait'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'dead'

/** The word on the wire. */
export type JobStatus = 'pending' | 'running' | 'completed' | 'failed'

export type JobKind = 'osm' | 'geojson' | 'contours' | 'mesh'

/** Where the work stands; a stable word, put into the user's language by the door. */
export type JobStep =
  | 'created'
  | 'started'
  | 'collecting'
  | 'computing'
  | 'saving'
  | 'done'
  | 'cancelled'
  | 'failed'
  | 'waiting_retry'

/** A stored result or artifact: bytes with their hash. */
export interface StoredBytes {
  sha256: string
  size: number
  mediaType: string
}

export interface Job {
  /** UUID v4. */
  id: string
  kind: JobKind
  /** `osm-site@1`. */
  pipeline: string
  /** The version of a service whose run this is. */
  serviceVersionId: string | null
  state: JobState
  /** 0…1. */
  progress: number
  step: JobStep
  error: PlainError | null
  /** How often it was started. */
  attempt: number
  maxAttempts: number
  crashCount: number
  retryOf: string | null
  priority: number
  /** Milliseconds since 1970 UTC. */
  createdAt: number
  updatedAt: number
  startedAt: number | null
  finishedAt: number | null
  result: StoredBytes | null
  createdBy: string
  projectId: string | null
}

/** What the wire calls a state. A cancelled job is `failed` with error `CANCELLED`. */
export function statusOf(state: JobState): JobStatus {
  switch (state) {
    case 'queued':
    case 'retry_wait':
      return 'pending'
    case 'running':
    case 'cancelling':
      return 'running'
    case 'succeeded':
      return 'completed'
    default:
      return 'failed'
  }
}
