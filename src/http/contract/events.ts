// A job's event on the WebSocket and the SSE stream, and what else the WebSocket tells.
import type { JobEvent, JobProgress, WebhookDisabled } from '../../base/events.ts'
import { disabledText, type Language, stepText } from '../../base/texts.ts'
import { type JobState, statusOf } from '../../jobs/job.ts'
import { unixSeconds } from './common.ts'

/** `seq` is null for progress between two stored events: it is never replayed. */
export function eventMessage(event: JobEvent | JobProgress, language: Language) {
  const stored = 'seq' in event ? event : null
  return {
    seq: stored?.seq ?? null,
    type: stored?.type ?? 'job.progress',
    job_id: event.jobId,
    state: event.state,
    status: statusOf(event.state as JobState),
    progress: event.progress,
    message: stepText(language, event.step),
    at: unixSeconds(event.at),
    ...(stored?.errorCode === undefined ? {} : { error_code: stored.errorCode }),
  }
}

/** An endpoint of webhooks was disabled; not a job's, so without `job_id`, and never replayed. */
export function disabledMessage(event: WebhookDisabled, language: Language) {
  return {
    seq: null,
    type: 'webhook.disabled',
    webhook_id: event.webhookId,
    host: event.host,
    reason: event.reason,
    message: disabledText(language, event),
    at: unixSeconds(event.at),
  }
}

/** Whether nothing more will come for this job. */
export function isLast(event: JobEvent): boolean {
  return ['job.completed', 'job.failed', 'job.cancelled', 'job.dead'].includes(event.type)
}

/** The number of an event as a client writes it: digits, no more than a number holds exactly. Null for anything else. */
export function eventNumber(text: string): number | null {
  const number = Number(text)
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(number) ? number : null
}
