// The house's bell: rooms ring after a commit, listeners (WebSocket hub, webhooks, runner) hear it in the same turn.

/** One stored change of a job (store/job-events.ts). `seq` grows without end and is what a client replays from. */
export interface JobEvent {
  seq: number
  type:
    | 'job.created'
    | 'job.started'
    | 'job.progress'
    | 'job.completed'
    | 'job.failed'
    | 'job.cancelled'
    | 'job.requeued'
    | 'job.dead'
  jobId: string
  /** JobState of jobs/job.ts. */
  state: string
  /** 0…1. */
  progress: number
  /** JobStep of jobs/job.ts; the door turns it into the user's language. */
  step: string
  /** Milliseconds since 1970 UTC. */
  at: number
  /** Code of base/errors.ts when the job failed. */
  errorCode?: string
}

/** Progress between two stored events: told to listeners, never stored, so it has no number of its own. */
export interface JobProgress {
  jobId: string
  state: string
  progress: number
  step: string
  at: number
}

export interface WebhookDisabled {
  webhookId: string
  host: string
  /** It answered 410, or nothing but failures came of it for days. */
  reason: 'gone' | 'failing'
  /** Milliseconds since 1970 UTC. */
  at: number
}

export interface EventMap {
  /** After the commit that stored it. */
  'job.event': JobEvent
  'job.progress': JobProgress
  /** A line of a job's log was stored. */
  'job.log': { jobId: string; n: number; at: number; level: string; line: string }
  /** An endpoint of webhooks is told nothing more until a person enables it. Not stored: health goes on telling it. */
  'webhook.disabled': WebhookDisabled
  /** Something waits in the outbox. */
  'outbox.ready': Record<string, never>
}

export interface Events {
  /** Calls every listener now, in the order they came; one that throws is reported and does not stop the others. */
  emit<K extends keyof EventMap>(name: K, event: EventMap[K]): void
  /** Answers the function that stops listening. */
  on<K extends keyof EventMap>(name: K, listener: (event: EventMap[K]) => void): () => void
}

/** `onError` hears what a listener threw. */
export function createEvents(onError: (error: unknown) => void = () => {}): Events {
  const listeners = new Map<keyof EventMap, Set<(event: never) => void>>()
  return {
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          listener(event as never)
        } catch (error) {
          onError(error)
        }
      }
    },
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener))
      return () => void set.delete(listener)
    },
  }
}
