// Every step from an empty file to today's schema, in order. A released step is never edited: a test fixes its checksum.
import type { Connection } from '../sqlite.ts'
import { INITIAL_SQL } from './0001-initial.ts'
import { JOB_SEAL_SQL, sealJobs } from './0002-job-seal.ts'
import { LIVE_JOBS_SQL } from './0003-live-jobs.ts'
import { AUDIT_LOOKUP_SQL } from './0004-audit-lookup.ts'
import { WEBHOOK_ORDER_SQL } from './0005-webhook-order.ts'
import { FEATURE_ORIGINS_SQL } from './0006-feature-origins.ts'
import { LIVE_KEY_SQL } from './0007-live-key.ts'
import { JOB_CHECKS_SQL } from './0008-job-checks.ts'
import { WEBHOOK_NEXT_SQL } from './0009-webhook-next.ts'
import { JOB_NUMBER_SQL } from './0010-job-number.ts'
import { WEBHOOK_BODY_SQL } from './0011-webhook-body.ts'
import { JOB_EVENT_BATCHES_SQL } from './0012-job-event-batches.ts'
import { WEBHOOK_PAUSE_SQL } from './0013-webhook-pause.ts'

export interface Migration {
  /** `user_version` after this step. */
  version: number
  name: string
  sql: string
  /** What the step does to rows that SQL alone cannot; in the same transaction, after `sql`. */
  fill?: (connection: Connection) => void
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'initial', sql: INITIAL_SQL },
  { version: 2, name: 'job-seal', sql: JOB_SEAL_SQL, fill: sealJobs },
  { version: 3, name: 'live-jobs', sql: LIVE_JOBS_SQL },
  { version: 4, name: 'audit-lookup', sql: AUDIT_LOOKUP_SQL },
  { version: 5, name: 'webhook-order', sql: WEBHOOK_ORDER_SQL },
  { version: 6, name: 'feature-origins', sql: FEATURE_ORIGINS_SQL },
  { version: 7, name: 'live-key', sql: LIVE_KEY_SQL },
  { version: 8, name: 'job-checks', sql: JOB_CHECKS_SQL },
  { version: 9, name: 'webhook-next', sql: WEBHOOK_NEXT_SQL },
  { version: 10, name: 'job-number', sql: JOB_NUMBER_SQL },
  { version: 11, name: 'webhook-body', sql: WEBHOOK_BODY_SQL },
  { version: 12, name: 'job-event-batches', sql: JOB_EVENT_BATCHES_SQL },
  { version: 13, name: 'webhook-pause', sql: WEBHOOK_PAUSE_SQL },
]
