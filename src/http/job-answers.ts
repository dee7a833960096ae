// How a job is answered, and a new one counted against the limit: the same for a job asked for by hand and for a run of a service.
import type { Job } from '../jobs/job.ts'
import type { SubmitRequest } from '../jobs/jobs.ts'
import { type AnyContext, actorOf, isHead, languageOf } from './context.ts'
import { jobHeader } from './contract/jobs.ts'
import { tooManyRequests } from './guard.ts'
import { isKnown } from './preconditions.ts'
import type { Rooms } from './rooms.ts'
import { sendParts } from './send.ts'

export function createJobAnswers(rooms: Rooms) {
  const { jobs } = rooms
  const positionOf = (job: Job): number | null =>
    job.state === 'queued' || job.state === 'retry_wait' ? jobs.queuePosition(job.id) : null

  return {
    /** The job without its result. */
    brief: (c: AnyContext, job: Job) => ({
      ...jobHeader(job, positionOf(job), languageOf(c)),
      result: null,
    }),

    /** The job with its result: the stored bytes go out between two small texts. `more` stands before it. */
    async whole(c: AnyContext, job: Job, headers = {}, more = {}): Promise<Response> {
      const header = { ...jobHeader(job, positionOf(job), languageOf(c)), ...more }
      const etag = `"${job.id.slice(0, 8)}-${job.updatedAt.toString(36)}-${Math.round(header.progress * 1e6).toString(36)}-${languageOf(c)}"`
      if (isKnown(c.req.header('If-None-Match'), etag)) return c.body(null, 304, { ETag: etag })
      const head = `${JSON.stringify(header).slice(0, -1)},"result":`
      const result = job.state === 'succeeded' ? await jobs.result(job.id) : null
      return sendParts(
        [Buffer.from(head), result ?? Buffer.from('null'), Buffer.from('}')],
        { 'Content-Type': 'application/json', ETag: etag, ...headers },
        isHead(c),
      )
    },

    /** Stores the job; one that is answered by an earlier one does not count. Throws RATE_LIMITED, and as `jobs.submit`. */
    async submit(c: AnyContext, request: SubmitRequest) {
      const actor = actorOf(c)
      const known = await jobs.peek(request, actor)
      if (known === null) {
        const verdict = rooms.rates.take(actor.id, 'create')
        if (verdict !== null && !verdict.ok) throw tooManyRequests(verdict)
      }
      return jobs.submit(request, actor)
    },
  }
}
